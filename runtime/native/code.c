/* The registry of executable code. Read in signal handlers, so without locks; written under one. Shared by all threads. */
#include "ouro.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/* start is 0 while the entry is free, and is written last and cleared first. */
struct code_entry {
  _Atomic(uintptr_t) start, end;
  struct code code;
};

#define CHUNK_ENTRIES 128

/* Chunks are never freed: a handler may be reading them. */
struct chunk {
  struct code_entry entries[CHUNK_ENTRIES];
  _Atomic(struct chunk *) next;
};

static struct chunk first;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Null when memory is short. */
struct code_entry *ouro_register_code(const struct code *code) {
  struct code_entry *found = NULL;
  pthread_mutex_lock(&lock);
  for (struct chunk *chunk = &first; chunk && !found;) {
    for (int i = 0; i < CHUNK_ENTRIES && !found; i++) {
      if (atomic_load_explicit(&chunk->entries[i].start, memory_order_relaxed) == 0) found = &chunk->entries[i];
    }
    struct chunk *next = atomic_load(&chunk->next);
    if (!found && !next) {
      next = calloc(1, sizeof *next);
      if (next) atomic_store(&chunk->next, next);
    }
    chunk = next;
  }
  if (found) {
    found->code = *code;
    atomic_store(&found->end, code->end);
    atomic_store(&found->start, code->start);
  }
  pthread_mutex_unlock(&lock);
  return found;
}

void ouro_unregister_code(struct code_entry *entry) {
  pthread_mutex_lock(&lock);
  atomic_store(&entry->start, 0);
  pthread_mutex_unlock(&lock);
}

/* The code that `pc` lies in, or null. Safe in a signal handler. What is returned stays valid as long as its mapping, which the caller runs. */
const struct code *ouro_find_code(uintptr_t pc) {
  for (struct chunk *chunk = &first; chunk; chunk = atomic_load(&chunk->next)) {
    for (int i = 0; i < CHUNK_ENTRIES; i++) {
      struct code_entry *entry = &chunk->entries[i];
      uintptr_t start = atomic_load(&entry->start);
      if (start == 0 || pc < start || pc >= atomic_load(&entry->end)) continue;
      if (atomic_load(&entry->start) == start) return &entry->code;
    }
  }
  return NULL;
}

/* The record of the function that `pc` lies in, or null. */
const struct function_record *ouro_find_function(const struct code *code, uintptr_t pc) {
  uint64_t offset = pc - code->start;
  uint32_t low = 0, high = code->function_count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (code->functions[middle].code_offset <= offset) low = middle + 1;
    else high = middle;
  }
  if (low == 0) return NULL;
  const struct function_record *function = &code->functions[low - 1];
  return offset - function->code_offset < function->code_size ? function : NULL;
}
