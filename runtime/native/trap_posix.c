/* Faults in compiled code become traps: the handler for SIGSEGV and SIGBUS, and the alternate stack that it needs. */
#define _GNU_SOURCE
#include "ouro.h"
#include "context.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#define SIGNAL_STACK_SIZE (64 * 1024)
#define SIGNAL_STACK_GUARD (4 * 1024)
/* So near to the guard the kernel may have failed to write a signal's frame. */
#define SIGNAL_ROOM (16 * 1024)
#define MAX_CHAIN 8

/* Handlers that were there when ours was installed, oldest first. More than one when somebody replaced ours. */
static struct chain {
  int number;
  struct sigaction previous[MAX_CHAIN];
  atomic_int count;
} chains[] = {{.number = SIGSEGV}, {.number = SIGBUS}};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* How many of our handlers are active in this thread: a later handler may chain back to ours, which must then go on to an earlier one. */
static __thread volatile int depth __attribute__((tls_model("initial-exec")));

static void on_signal(int number, siginfo_t *info, void *context);

/* Is the fault compiled code's or our stack's? Then the activation, or the leaf, ends at the landing pad. */
static bool recover(siginfo_t *info, ucontext_t *context) {
  if (!ouro_slots || info->si_code <= 0) return false; /* si_code: sent by somebody */
  static const struct activity none;
  const struct frame *frame = ouro_state()->frame;
  const struct activity *activity = frame ? frame->activity : &none; /* a leaf needs none */
  uintptr_t pc = context_pc(context), sp = context_sp(context), address = (uintptr_t)info->si_addr;
  bool compiled = ouro_find_code(pc) != NULL;
  bool on_stack = ouro_on_wasm_stack(sp);
  bool in_guard = address >= activity->guard && address < activity->low;
  bool no_frame = info->si_code == SI_KERNEL && on_stack && sp < activity->low + SIGNAL_ROOM;
  uintptr_t kind;
  if ((compiled || on_stack) && (in_guard || no_frame)) kind = OURO_TRAP_KIND_STACK_OVERFLOW;
  else if (compiled) kind = OURO_TRAP_KIND_FAULT;
  else return false;
  uintptr_t arguments[4] = {pc, sp, kind, address};
  context_redirect(context, (uintptr_t)ouro_trap_landing, ouro_state()->host_sp, arguments);
  return true;
}

static void call_previous(struct chain *chain, siginfo_t *info, void *context) {
  int index = atomic_load(&chain->count) - 1 - depth;
  const struct sigaction *previous = index >= 0 ? &chain->previous[index] : NULL;
  if (!previous || (!(previous->sa_flags & SA_SIGINFO) && (previous->sa_handler == SIG_DFL || previous->sa_handler == SIG_IGN))) {
    signal(chain->number, SIG_DFL); /* the fault comes again and ends the process */
    if (info->si_code <= 0) raise(chain->number); /* sent by somebody: it would not come again */
    return;
  }
  depth++;
  if (previous->sa_flags & SA_SIGINFO) previous->sa_sigaction(chain->number, info, context);
  else previous->sa_handler(chain->number);
  depth--;
}

static void on_signal(int number, siginfo_t *info, void *context) {
  if (recover(info, context)) return;
  call_previous(number == SIGSEGV ? &chains[0] : &chains[1], info, context);
}

/* Lets other people's handlers run on the alternate stack: on ours they could meet the guard, and those that block all signals, as libuv's do,
 * would end the process. Handlers that are installed later are found at the next environment, wasm stack or stack overflow. */
void ouro_use_signal_stack(void) {
  for (int number = 1; number < 32; number++) {
    struct sigaction present;
    if (number == SIGKILL || number == SIGSTOP || sigaction(number, NULL, &present) != 0) continue;
    bool handled = (present.sa_flags & SA_SIGINFO) || (present.sa_handler != SIG_DFL && present.sa_handler != SIG_IGN);
    if (!handled || (present.sa_flags & SA_ONSTACK)) continue;
    present.sa_flags |= SA_ONSTACK;
    sigaction(number, &present, NULL);
  }
}

/* Makes ours the present handlers. Called at every environment's start: Node replaces handlers without chaining. False with errno. */
bool ouro_install_signal_handlers(void) {
  struct sigaction ours;
  memset(&ours, 0, sizeof ours);
  ours.sa_sigaction = on_signal;
  ours.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&ours.sa_mask);
  bool done = true;
  pthread_mutex_lock(&lock);
  for (size_t i = 0; i < sizeof chains / sizeof *chains; i++) {
    struct chain *chain = &chains[i];
    struct sigaction present;
    int count = atomic_load(&chain->count);
    done = done && sigaction(chain->number, NULL, &present) == 0;
    if (!done || ((present.sa_flags & SA_SIGINFO) && present.sa_sigaction == on_signal)) continue;
    bool known = count > 0 && memcmp(&chain->previous[count - 1].sa_sigaction, &present.sa_sigaction, sizeof present.sa_sigaction) == 0;
    if (!known && count < MAX_CHAIN) {
      chain->previous[count] = present;
      atomic_store(&chain->count, count + 1);
    }
    done = sigaction(chain->number, &ours, NULL) == 0;
  }
  ouro_use_signal_stack();
  pthread_mutex_unlock(&lock);
  return done;
}

/* An alternate signal stack for this thread, unless it has one that is large enough. Null with nothing to remove. */
void *ouro_install_signal_stack(void) {
  stack_t present;
  if (sigaltstack(NULL, &present) == 0 && !(present.ss_flags & SS_DISABLE) && present.ss_size >= SIGNAL_STACK_SIZE) return NULL;
  uint8_t *base = mmap(NULL, SIGNAL_STACK_GUARD + SIGNAL_STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED) return NULL;
  mprotect(base, SIGNAL_STACK_GUARD, PROT_NONE);
  stack_t ours = {.ss_sp = base + SIGNAL_STACK_GUARD, .ss_size = SIGNAL_STACK_SIZE};
  sigaltstack(&ours, NULL);
  return base;
}

void ouro_remove_signal_stack(void *stack) {
  stack_t present;
  if (!stack) return;
  if (sigaltstack(NULL, &present) == 0 && present.ss_sp == (uint8_t *)stack + SIGNAL_STACK_GUARD) {
    stack_t none = {.ss_flags = SS_DISABLE};
    sigaltstack(&none, NULL);
  }
  munmap(stack, SIGNAL_STACK_GUARD + SIGNAL_STACK_SIZE);
}
