/* Starts a program aside: a process that nobody waits for, in a session of its own, at the lowest priority, which writes files first. It is a fork, so
 * the bytes of the files are those of this moment, whatever this process does with them afterwards, even end: nothing is copied here but page
 * tables. Where V8 keeps memory out of forks (its heap, wasm memories) the bytes are not there, and their file is not made. */
#define _GNU_SOURCE
#include "ouro.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOWEST_PRIORITY 19
#define PRIORITY_TEXT "19"
/* For the process in the middle: a few system calls. */
#define STACK_SIZE (64 << 10)
/* Without close_range descriptors above this one stay open until the program begins. */
#define MAX_DESCRIPTOR 65536

static void close_all(void) {
  if (syscall(SYS_close_range, 0, ~0U, 0) == 0) return;
  struct rlimit limit;
  rlim_t end = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < MAX_DESCRIPTOR ? limit.rlim_cur : MAX_DESCRIPTOR;
  for (rlim_t i = 0; i < end; i++) close((int)i);
}

/* A whole file or none. */
static bool write_file(const struct aside_file *file) {
  int part = open(file->part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (part < 0) return false;
  bool whole = ouro_write_all(part, file->bytes, file->size);
  if (close(part) == 0 && whole && rename(file->part, file->path) == 0) return true;
  unlink(file->part);
  return false;
}

/* The new process, with the one thread that made it: system calls alone, until the program begins. */
static int run(void *data) {
  const struct aside *aside = data;
  /* What the application waits for to be closed must not wait for us. */
  close_all();
  if (open("/dev/null", O_RDWR) != 0 || dup(0) != 1 || dup(0) != 2) _exit(1);
  setsid();
  setpriority(PRIO_PROCESS, 0, LOWEST_PRIORITY);
  /* And the session's: sched(7), "The autogroup feature". */
  int group = open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC);
  if (group >= 0 && write(group, PRIORITY_TEXT, strlen(PRIORITY_TEXT)) < 0) errno = 0; /* the program tries again */
  if (group >= 0) close(group);

  /* The handlers are this process's; a file that grows too large is an error, and no signal, whatever the application has made of that. */
  for (int number = 1; number < NSIG; number++) signal(number, number == SIGXFSZ || number == SIGPIPE ? SIG_IGN : SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);

  size_t written = 0;
  for (size_t i = 0; i < aside->file_count; i++) written += write_file(&aside->files[i]);
  if (aside->file_count == 0 || written > 0) execve(aside->arguments[0], aside->arguments, aside->environment);
  _exit(1);
}

/* The process in the middle, which shares this one's memory, while the thread that made it waits. When it has ended, nobody is the parent of what
 * it has made but the system, and nobody here has to wait for that. Not fork(), which would run handlers on our memory. */
static int middle(void *data) {
  struct aside *aside = data;
  long pid;
  if (aside->file_count == 0) pid = clone(run, aside->stack, CLONE_VM | CLONE_VFORK | SIGCHLD, aside);
  else if ((pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0)) == 0) run(aside);
  aside->error = pid < 0 ? errno : 0;
  aside->pid = (pid_t)pid;
  _exit(0);
}

/* Whether orphans come to this process: the first of a container, as a rule. */
static bool is_reaper(void) {
  int reaps = 0;
  return getpid() == 1 || (prctl(PR_GET_CHILD_SUBREAPER, &reaps, 0, 0, 0) == 0 && reaps != 0);
}

static void *await(void *pid) {
  while (waitpid((pid_t)(intptr_t)pid, NULL, 0) < 0 && errno == EINTR) continue;
  return NULL;
}

/* Then somebody here has to wait for the new process: a thread that has no other work, gets no signals, and keeps this process from nothing. */
static void await_aside(pid_t pid) {
  pthread_t thread;
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return;
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, STACK_SIZE);
  pthread_create(&thread, &attributes, await, (void *)(intptr_t)pid);
  pthread_attr_destroy(&attributes);
}

/* False with errno. */
bool ouro_start_aside(struct aside *aside) {
  uint8_t *stack = malloc(STACK_SIZE);
  if (!stack) return false;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  aside->error = 0;
  aside->stack = stack + STACK_SIZE / 2;
  /* No signal tells of its end, so it is none of the children that Node knows. */
  pid_t pid = clone(middle, stack + STACK_SIZE, CLONE_VM | CLONE_VFORK, aside);
  int error = pid < 0 ? errno : aside->error;
  if (pid >= 0) {
    while (waitpid(pid, NULL, __WCLONE) < 0 && errno == EINTR) continue;
    if (error == 0 && is_reaper()) await_aside(aside->pid);
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  free(stack);
  errno = error;
  return error == 0;
}
