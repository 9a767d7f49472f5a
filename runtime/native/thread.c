/* The state of a thread: made when its first environment loads the addon, freed when its last one ends. */
#include "ouro.h"

#include <stdlib.h>

__thread struct thread *ouro_thread __attribute__((tls_model("initial-exec")));
__thread uint8_t *ouro_slots __attribute__((tls_model("initial-exec")));

static void end_thread(struct thread *thread) {
  while (thread->activities) ouro_destroy_stack(thread->activities);
  while (thread->mappings) ouro_unmap(thread->mappings);
  ouro_remove_signal_stack(thread->signal_stack);
  ouro_thread = NULL;
  ouro_slots = NULL;
  free(thread);
}

static void end_environment(void *environment) {
  struct thread *thread = ouro_thread;
  if (thread->slots_env == *(napi_env *)environment) thread->slots_env = NULL; /* its references end with it */
  free(environment);
  if (--thread->users == 0) end_thread(thread);
}

/* The thread's state, with one user more, until `env` ends. Null when memory is short. */
struct thread *ouro_begin_environment(napi_env env) {
  napi_env *environment = malloc(sizeof *environment);
  if (!environment) return NULL;
  *environment = env;
  if (!ouro_thread) {
    ouro_thread = calloc(1, sizeof *ouro_thread);
    if (!ouro_thread) {
      free(environment);
      return NULL;
    }
    ouro_thread->signal_stack = ouro_install_signal_stack();
  }
  ouro_thread->users++;
  napi_add_env_cleanup_hook(env, end_environment, environment);
  return ouro_thread;
}
