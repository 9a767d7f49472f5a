/* Mappings that several threads use: one record a process for each, counted, found by an id that comes with a random number, so that what a
 * thread is handed by others can be checked. A record lives as long as some thread has the mapping; the token itself holds nothing. */
#define _GNU_SOURCE
#include "ouro.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>

struct shared {
  struct mapping whole; /* as the thread that shared it had it */
  uint64_t id, nonce;
  uint32_t users; /* mappings */
  struct shared *next;
};

static struct shared *all;
static uint64_t last_id;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* False with errno. Sharing twice gives the same numbers. */
bool ouro_share(struct mapping *mapping, uint64_t *id, uint64_t *nonce) {
  struct shared *shared = mapping->shared;
  if (!shared) {
    shared = calloc(1, sizeof *shared);
    if (!shared) return false;
    if (getrandom(&shared->nonce, sizeof shared->nonce, 0) != sizeof shared->nonce) {
      int error = errno;
      free(shared);
      errno = error;
      return false;
    }
    shared->whole = *mapping;
    shared->users = 1;
    mapping->shared = shared;
    pthread_mutex_lock(&lock);
    shared->id = ++last_id;
    shared->next = all;
    all = shared;
    pthread_mutex_unlock(&lock);
  }
  *id = shared->id;
  *nonce = shared->nonce;
  return true;
}

/* This thread's mapping of what was shared, a new one. Null with errno: ENOENT when the numbers are of nothing that is still there. */
struct mapping *ouro_open_shared(uint64_t id, uint64_t nonce) {
  struct mapping *mapping = NULL;
  pthread_mutex_lock(&lock);
  struct shared *shared = all;
  while (shared && (shared->id != id || shared->nonce != nonce)) shared = shared->next;
  if (!shared) {
    errno = ENOENT;
  } else if ((mapping = ouro_add_mapping(shared->whole.base, shared->whole.size, shared->whole.file))) {
    shared->users++;
    mapping->code = shared->whole.code;
    mapping->entry = shared->whole.entry;
    mapping->view = ouro_retain_view(shared->whole.view);
    mapping->shared = shared;
  }
  pthread_mutex_unlock(&lock);
  return mapping;
}

/* One user less. True when the caller was the last, or the only one ever: what the mapping holds is then its own to give back. */
bool ouro_release_shared(struct mapping *mapping) {
  struct shared *shared = mapping->shared;
  if (!shared) return true;
  pthread_mutex_lock(&lock);
  bool last = --shared->users == 0;
  if (last) {
    struct shared **link = &all;
    while (*link != shared) link = &(*link)->next;
    *link = shared->next;
  }
  pthread_mutex_unlock(&lock);
  if (last) {
    mapping->file = shared->whole.file;
    mapping->shared = NULL;
    free(shared);
  }
  return last;
}
