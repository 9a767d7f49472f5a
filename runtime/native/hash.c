/* SHA-256 off the JS thread: in libuv's pool, for files whose hash takes long. The bytes stay until the promise settles: of a mapping by the
 * caller's care, of a JS object by a reference (Node waits for the pool before it ends an environment). */
#include "ouro.h"

#include <stdlib.h>
#include <string.h>

struct job {
  const uint8_t *bytes;
  size_t size, gap, gap_size;
  uint8_t hash[32];
  napi_ref owner;
  napi_deferred deferred;
  napi_async_work work;
};

static void work(napi_env env, void *data) {
  (void)env;
  struct job *job = data;
  ouro_sha256(job->bytes, job->size, job->gap, job->gap_size, job->hash);
}

static void done(napi_env env, napi_status status, void *data) {
  struct job *job = data;
  napi_value buffer = NULL;
  void *bytes;
  if (status == napi_ok && napi_create_arraybuffer(env, sizeof job->hash, &bytes, &buffer) == napi_ok) {
    memcpy(bytes, job->hash, sizeof job->hash);
    napi_resolve_deferred(env, job->deferred, buffer);
  } else if (napi_get_undefined(env, &buffer) == napi_ok) {
    napi_reject_deferred(env, job->deferred, buffer);
  }
  napi_delete_async_work(env, job->work);
  if (job->owner) napi_delete_reference(env, job->owner);
  free(job);
}

/* A promise of an ArrayBuffer with the hash; bytes [gap, gap + gap_size) count as zeros. `owner`: the JS object whose bytes they are, or null.
 * Null where it cannot be made. */
napi_value ouro_hash_later(napi_env env, napi_value owner, const uint8_t *bytes, size_t size, size_t gap, size_t gap_size) {
  struct job *job = malloc(sizeof *job);
  napi_value promise, name;
  if (!job) return NULL;
  *job = (struct job){.bytes = bytes, .size = size, .gap = gap, .gap_size = gap_size};
  if ((!owner || napi_create_reference(env, owner, 1, &job->owner) == napi_ok) &&
      napi_create_string_utf8(env, "ouro:hash", NAPI_AUTO_LENGTH, &name) == napi_ok &&
      napi_create_async_work(env, NULL, name, work, done, job, &job->work) == napi_ok) {
    if (napi_create_promise(env, &job->deferred, &promise) == napi_ok && napi_queue_async_work(env, job->work) == napi_ok) return promise;
    napi_delete_async_work(env, job->work);
  }
  if (job->owner) napi_delete_reference(env, job->owner);
  free(job);
  return NULL;
}
