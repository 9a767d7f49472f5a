/* Views of an artifact's text for JS: a second mapping of the same file bytes, private and writable, never executable. JS cannot be kept from
 * writing into an ArrayBuffer; here that changes the view alone, and cannot fault. No bytes are copied until somebody writes.
 * Counted: the mapping that a view belongs to holds it, and so does each ArrayBuffer, which may outlive the mapping. */
#define _GNU_SOURCE
#include "ouro.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

struct view {
  uint8_t *base;
  size_t size;
  _Atomic(uint32_t) users;
};

/* Null where there is no file or no memory; the text is then copied when it is asked for. */
struct view *ouro_make_view(int file, size_t offset, size_t size) {
  if (file < 0) return NULL;
  struct view *view = malloc(sizeof *view);
  if (!view) return NULL;
  view->base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, file, (off_t)offset);
  view->size = size;
  atomic_init(&view->users, 1);
  if (view->base != MAP_FAILED) return view;
  free(view);
  return NULL;
}

struct view *ouro_retain_view(struct view *view) {
  if (view) atomic_fetch_add(&view->users, 1);
  return view;
}

void ouro_release_view(struct view *view) {
  if (!view || atomic_fetch_sub(&view->users, 1) != 1) return;
  munmap(view->base, view->size);
  free(view);
}

static void release(napi_env env, void *data, void *view) {
  (void)env;
  (void)data;
  ouro_release_view(view);
}

/* An ArrayBuffer over the view; null where the host allows none. */
napi_value ouro_view_value(napi_env env, struct view *view) {
  napi_value buffer = NULL;
  if (napi_create_external_arraybuffer(env, view->base, view->size, release, ouro_retain_view(view), &buffer) == napi_ok) return buffer;
  ouro_release_view(view);
  return NULL;
}
