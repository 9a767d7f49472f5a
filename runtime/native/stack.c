/* Wasm stacks. A mapping is: guard, room for a foreign signal's frame, the usable part, and above it the activity itself. */
#define _GNU_SOURCE
#include "ouro.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#define GUARD_SIZE (64 * 1024)
/* Other people's handlers may run on our stack: a frame with AVX-512 and AMX state takes 12 KiB. */
#define SIGNAL_ROOM (16 * 1024)
#define MAX_STACK ((size_t)1 << 36)

/* A stack of `size` usable bytes for the present thread, or null with errno. */
struct activity *ouro_create_stack(size_t size) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  if (size == 0 || size > MAX_STACK) {
    errno = EINVAL;
    return NULL;
  }
  size_t usable = (size + SIGNAL_ROOM + page - 1) / page * page;
  size_t total = GUARD_SIZE + usable + page;
  uint8_t *base = mmap(NULL, total, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED) return NULL;
  if (mprotect(base + GUARD_SIZE, usable + page, PROT_READ | PROT_WRITE) != 0) {
    int error = errno;
    munmap(base, total);
    errno = error;
    return NULL;
  }
  struct activity *activity = (struct activity *)(base + GUARD_SIZE + usable);
  activity->guard = (uintptr_t)base;
  activity->low = (uintptr_t)base + GUARD_SIZE;
  activity->high = (uintptr_t)activity;
  activity->limit = activity->low + SIGNAL_ROOM;
  activity->top = activity->high;
  activity->next = ouro_thread->activities;
  ouro_thread->activities = activity;
  ouro_use_signal_stack();
  return activity;
}

void ouro_destroy_stack(struct activity *activity) {
  struct activity **link = &ouro_thread->activities;
  while (*link != activity) link = &(*link)->next;
  *link = activity->next;
  if (ouro_state()->activity == activity) ouro_state()->activity = NULL;
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  munmap((void *)activity->guard, activity->high + page - activity->guard);
}

/* Is there an activation on it? */
bool ouro_stack_in_use(const struct activity *activity) {
  const struct frame *frame = ouro_state()->frame;
  while (frame && frame->activity != activity) frame = frame->previous;
  return frame != NULL;
}

/* Does the stack pointer belong to the innermost activation? */
bool ouro_on_wasm_stack(uintptr_t sp) {
  const struct frame *frame = ouro_state()->frame;
  return frame && sp >= frame->activity->guard && sp <= frame->activity->high;
}

/* Drops the thread's innermost activation. */
void ouro_end_activation(void) {
  struct state *state = ouro_state();
  struct frame *frame = state->frame;
  uintptr_t *top = frame->activity == state->activity ? &state->top : &frame->activity->top;
  *top = (uintptr_t)(frame + 1);
  state->frame = frame->previous;
}
