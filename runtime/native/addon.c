/* The addon's exports. Addresses are JS numbers (all are below 2^53). Calls with bad arguments throw; what an address points to is the
 * caller's business, but for stacks and mappings, which are looked up. */
#include "ouro.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_ARGUMENTS 10

static const struct {
  int number;
  const char *name;
} error_names[] = {{ENOENT, "ENOENT"}, {EACCES, "EACCES"}, {EPERM, "EPERM"},   {EISDIR, "EISDIR"}, {ENOTDIR, "ENOTDIR"}, {EINVAL, "EINVAL"},
                   {ENOMEM, "ENOMEM"}, {EBADF, "EBADF"}, {EMFILE, "EMFILE"}, {ENFILE, "ENFILE"}, {ELOOP, "ELOOP"},   {EFAULT, "EFAULT"},   {EIO, "EIO"},
                   {ENODEV, "ENODEV"}, {ENAMETOOLONG, "ENAMETOOLONG"}};

/* Throws `what: <the system's message>` with the code of errno. */
static napi_value throw_errno(napi_env env, const char *what) {
  int error = errno;
  const char *code = "ERR_SYSTEM";
  for (size_t i = 0; i < sizeof error_names / sizeof *error_names; i++) {
    if (error_names[i].number == error) code = error_names[i].name;
  }
  char message[512];
  snprintf(message, sizeof message, "%s: %s", what, strerror(error));
  napi_throw_error(env, code, message);
  return NULL;
}

static napi_value throw_text(napi_env env, const char *message) {
  napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", message);
  return NULL;
}

/* The arguments of a call, of which there must be at least `count`. */
static bool get_arguments(napi_env env, napi_callback_info info, size_t count, napi_value *values) {
  size_t given = MAX_ARGUMENTS;
  if (napi_get_cb_info(env, info, &given, values, NULL, NULL) == napi_ok && given >= count) return true;
  throw_text(env, "too few arguments for the native helper");
  return false;
}

/* `count` arguments that are non-negative integers below 2^53. */
static bool get_numbers(napi_env env, napi_value *values, size_t count, uint64_t *numbers) {
  for (size_t i = 0; i < count; i++) {
    double number;
    if (napi_get_value_double(env, values[i], &number) != napi_ok || !(number >= 0 && number < 9007199254740992.0)) {
      throw_text(env, "the native helper wants a non-negative integer");
      return false;
    }
    numbers[i] = (uint64_t)number;
  }
  return true;
}

static bool get_number_arguments(napi_env env, napi_callback_info info, size_t count, uint64_t *numbers) {
  napi_value values[MAX_ARGUMENTS];
  return get_arguments(env, info, count, values) && get_numbers(env, values, count, numbers);
}

static napi_value number_value(napi_env env, uint64_t number) {
  napi_value value = NULL;
  napi_create_double(env, (double)number, &value);
  return value;
}

static napi_value boolean_value(napi_env env, bool boolean) {
  napi_value value = NULL;
  napi_get_boolean(env, boolean, &value);
  return value;
}

/* The bytes behind a typed array, a DataView or an ArrayBuffer. (For a SharedArrayBuffer pass a typed array.) */
static bool get_bytes(napi_env env, napi_value value, uint8_t **data, size_t *size) {
  bool is = false;
  void *found = NULL;
  *size = 0;
  if (napi_is_typedarray(env, value, &is) == napi_ok && is) {
    napi_typedarray_type type;
    size_t length = 0;
    static const uint8_t widths[] = {1, 1, 1, 2, 2, 4, 4, 4, 8, 8, 8, 2};
    napi_get_typedarray_info(env, value, &type, &length, &found, NULL, NULL);
    *size = (size_t)type < sizeof widths ? length * widths[type] : 0;
  } else if (napi_is_arraybuffer(env, value, &is) == napi_ok && is) {
    napi_get_arraybuffer_info(env, value, &found, size);
  } else if (napi_is_dataview(env, value, &is) == napi_ok && is) {
    napi_get_dataview_info(env, value, size, &found, NULL, NULL);
  } else {
    throw_text(env, "the native helper wants a typed array or an ArrayBuffer");
    return false;
  }
  *data = found;
  return true;
}

/* slots(): ArrayBuffer */
static napi_value slots(napi_env env, napi_callback_info info) {
  (void)info;
  struct thread *thread = ouro_thread;
  napi_value buffer = NULL;
  if (thread->slots_env) napi_get_reference_value(thread->slots_env, thread->slots_buffer, &buffer);
  if (!buffer) throw_text(env, "the slots' environment has ended");
  return buffer;
}

/* address(bytes): number */
static napi_value address(napi_env env, napi_callback_info info) {
  napi_value values[MAX_ARGUMENTS];
  uint8_t *data;
  size_t size;
  if (!get_arguments(env, info, 1, values) || !get_bytes(env, values[0], &data, &size)) return NULL;
  return number_value(env, (uintptr_t)data);
}

/* entries(): { trapEntry, leaveHostFunc, leaveImport, leaveImportInts, builtins } */
static napi_value entries(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value object = NULL;
  napi_create_object(env, &object);
  napi_set_named_property(env, object, "trapEntry", number_value(env, (uintptr_t)ouro_trap_entry));
  napi_set_named_property(env, object, "leaveHostFunc", number_value(env, (uintptr_t)ouro_leave_host_func));
  napi_set_named_property(env, object, "leaveImport", number_value(env, (uintptr_t)ouro_leave_import));
  napi_set_named_property(env, object, "leaveImportInts", number_value(env, (uintptr_t)ouro_leave_import_ints));
  napi_set_named_property(env, object, "builtins", number_value(env, (uintptr_t)ouro_builtins));
  return object;
}

/* createStack(size): number */
static napi_value create_stack(napi_env env, napi_callback_info info) {
  uint64_t size;
  if (!get_number_arguments(env, info, 1, &size)) return NULL;
  struct activity *activity = ouro_create_stack(size);
  return activity ? number_value(env, (uintptr_t)activity) : throw_errno(env, "cannot create a wasm stack");
}

/* destroyStack(activity) */
static napi_value destroy_stack(napi_env env, napi_callback_info info) {
  uint64_t wanted;
  if (!get_number_arguments(env, info, 1, &wanted)) return NULL;
  struct activity *activity = ouro_thread->activities;
  while (activity && (uintptr_t)activity != wanted) activity = activity->next;
  if (!activity) return throw_text(env, "no such wasm stack in this thread");
  if (ouro_stack_in_use(activity)) return throw_text(env, "the wasm stack is in use");
  ouro_destroy_stack(activity);
  return NULL;
}

static napi_value throw_nothing_left(napi_env env) {
  napi_throw_error(env, "ERR_INVALID_STATE", "no wasm code has left to the host");
  return NULL;
}

/* unwind(): drops the innermost activation, which has left. */
static napi_value unwind(napi_env env, napi_callback_info info) {
  (void)info;
  if (!ouro_state()->frame) return throw_nothing_left(env);
  ouro_end_activation();
  return NULL;
}

/* trap(): unwind() for a trap of a host builtin: the backtrace of what has left is in the slots. */
static napi_value trap(napi_env env, napi_callback_info info) {
  (void)info;
  if (!ouro_state()->frame) return throw_nothing_left(env);
  ouro_trapped(0, ouro_state()->native_sp, OURO_TRAP_KIND_HOST, 0);
  return NULL;
}

/* { address, size, buffer } of a new mapping. */
static napi_value mapping_value(napi_env env, struct mapping *mapping) {
  napi_value object = NULL, buffer = NULL;
  if (napi_create_external_arraybuffer(env, mapping->base, mapping->size, NULL, NULL, &buffer) != napi_ok ||
      napi_create_reference(env, buffer, 1, &mapping->buffer) != napi_ok) {
    ouro_unmap(mapping);
    napi_throw_error(env, "ERR_SYSTEM", "this host allows no external ArrayBuffer");
    return NULL;
  }
  mapping->env = env;
  napi_create_object(env, &object);
  napi_set_named_property(env, object, "address", number_value(env, (uintptr_t)mapping->base));
  napi_set_named_property(env, object, "size", number_value(env, mapping->size));
  napi_set_named_property(env, object, "buffer", buffer);
  return object;
}

/* A path, to be freed; null, and an error is thrown, for what is none. */
static char *get_path(napi_env env, napi_value value) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, NULL, 0, &length) != napi_ok) {
    throw_text(env, "a path must be a string");
    return NULL;
  }
  char *path = malloc(length + 1);
  if (!path) {
    throw_errno(env, "cannot take a path");
    return NULL;
  }
  napi_get_value_string_utf8(env, value, path, length + 1, &length);
  if (strlen(path) == length) return path;
  free(path);
  throw_text(env, "a path holds no zero bytes");
  return NULL;
}

/* free() that leaves errno as it is. */
static void release(void *memory) {
  int error = errno;
  free(memory);
  errno = error;
}

/* mapFile(path): { address, size, buffer } */
static napi_value map_file(napi_env env, napi_callback_info info) {
  napi_value values[MAX_ARGUMENTS];
  char *path;
  if (!get_arguments(env, info, 1, values) || !(path = get_path(env, values[0]))) return NULL;
  struct mapping *mapping = ouro_map_file(path);
  release(path);
  return mapping ? mapping_value(env, mapping) : throw_errno(env, "cannot map the file");
}

/* fileState(path): size and time of a file, which tell one state of it from others */
static napi_value file_state(napi_env env, napi_callback_info info) {
  napi_value values[MAX_ARGUMENTS], state = NULL;
  char *path, text[40];
  struct stat stats;
  if (!get_arguments(env, info, 1, values) || !(path = get_path(env, values[0]))) return NULL;
  bool found = stat(path, &stats) == 0;
  release(path);
  if (!found) return throw_errno(env, "cannot find the file");
  snprintf(text, sizeof text, "%llx-%llx", (unsigned long long)stats.st_size, (unsigned long long)stats.st_mtim.tv_sec);
  napi_create_string_latin1(env, text, NAPI_AUTO_LENGTH, &state);
  return state;
}

/* folderAccess(path): [access, path without symbolic links]; undefined when there is no such folder */
static napi_value folder_access(napi_env env, napi_callback_info info) {
  napi_value values[MAX_ARGUMENTS], pair = NULL, text;
  char *path, real[PATH_MAX];
  const char *access;
  if (!get_arguments(env, info, 1, values) || !(path = get_path(env, values[0]))) return NULL;
  bool found = ouro_folder_access(path, &access, real);
  release(path);
  if (!found) return throw_errno(env, "cannot find out who can write to a folder");
  if (!access || napi_create_array_with_length(env, 2, &pair) != napi_ok) return NULL;
  napi_create_string_latin1(env, access, NAPI_AUTO_LENGTH, &text);
  napi_set_element(env, pair, 0, text);
  napi_create_string_utf8(env, real, NAPI_AUTO_LENGTH, &text);
  napi_set_element(env, pair, 1, text);
  return pair;
}

/* readText(path): the bytes of a regular file as characters */
static napi_value read_text(napi_env env, napi_callback_info info) {
  napi_value values[MAX_ARGUMENTS], text = NULL;
  char *path;
  struct stat stats;
  if (!get_arguments(env, info, 1, values) || !(path = get_path(env, values[0]))) return NULL;
  int file = ouro_open_regular(path, &stats);
  release(path);
  if (file < 0) return throw_errno(env, "cannot read the file");
  char *bytes = malloc((size_t)stats.st_size + 1);
  bool whole = bytes && ouro_read_all(file, bytes, (size_t)stats.st_size);
  int error = errno;
  close(file);
  errno = error;
  if (!whole) throw_errno(env, "cannot read the file");
  else if (napi_create_string_latin1(env, bytes, (size_t)stats.st_size, &text) != napi_ok) throw_text(env, "the file is too large");
  free(bytes);
  return text;
}

/* readHashed(path, tag): [bytes, user, mode, time of change in ms] of a regular file that begins with the hash of all that follows, and then the
 * tag; undefined when there is none */
static napi_value read_hashed(napi_env env, napi_callback_info info) {
  napi_value values[MAX_ARGUMENTS], list = NULL, buffer = NULL;
  char *path, tag[256];
  size_t tag_size;
  struct stat stats;
  void *bytes;
  uint8_t hash[32];
  if (!get_arguments(env, info, 2, values) || !(path = get_path(env, values[0]))) return NULL;
  int file = ouro_open_regular(path, &stats);
  free(path);
  if (file < 0) return NULL;
  size_t size = (size_t)stats.st_size;
  bool good = napi_get_value_string_latin1(env, values[1], tag, sizeof tag, &tag_size) == napi_ok && size >= sizeof hash + tag_size &&
              napi_create_arraybuffer(env, size, &bytes, &buffer) == napi_ok && ouro_read_all(file, bytes, size);
  close(file);
  if (!good || memcmp((char *)bytes + sizeof hash, tag, tag_size) != 0) return NULL;
  ouro_sha256(bytes, size, 0, sizeof hash, hash);
  if (memcmp(bytes, hash, sizeof hash) != 0 || napi_create_array_with_length(env, 4, &list) != napi_ok) return NULL;
  double changed = (double)stats.st_mtim.tv_sec * 1000 + (double)(stats.st_mtim.tv_nsec / 1000000);
  napi_value changed_value = NULL;
  napi_create_double(env, changed, &changed_value);
  napi_set_element(env, list, 0, buffer);
  napi_set_element(env, list, 1, number_value(env, stats.st_uid));
  napi_set_element(env, list, 2, number_value(env, stats.st_mode));
  napi_set_element(env, list, 3, changed_value);
  return list;
}

/* mapBytes(bytes): { address, size, buffer } */
static napi_value map_bytes(napi_env env, napi_callback_info info) {
  napi_value values[MAX_ARGUMENTS];
  uint8_t *data;
  size_t size;
  if (!get_arguments(env, info, 1, values) || !get_bytes(env, values[0], &data, &size)) return NULL;
  struct mapping *mapping = ouro_map_bytes(data, size);
  return mapping ? mapping_value(env, mapping) : throw_errno(env, "cannot map the bytes");
}

/* mapOpenFile(file descriptor): { address, size, buffer }; the caller keeps the descriptor */
static napi_value map_open_file(napi_env env, napi_callback_info info) {
  uint64_t file;
  if (!get_number_arguments(env, info, 1, &file)) return NULL;
  if (file > INT32_MAX) return throw_text(env, "no file descriptor is that large");
  struct mapping *mapping = ouro_map_open_file((int)file);
  return mapping ? mapping_value(env, mapping) : throw_errno(env, "cannot map the open file");
}

static struct mapping *find_mapping(napi_env env, uint64_t base) {
  struct mapping *mapping = ouro_thread->mappings;
  while (mapping && (uintptr_t)mapping->base != base) mapping = mapping->next;
  if (!mapping) throw_text(env, "no such mapping in this thread");
  return mapping;
}

/* registerCode(mapping address, text offset, text size, function table offset, function count) */
static napi_value register_code(napi_env env, napi_callback_info info) {
  uint64_t n[5];
  if (!get_number_arguments(env, info, 5, n)) return NULL;
  struct mapping *mapping = find_mapping(env, n[0]);
  if (!mapping) return NULL;
  if (n[4] > UINT32_MAX) return throw_text(env, "too many functions");
  if (!ouro_make_executable(mapping, n[1], n[2], n[3], (uint32_t)n[4])) return throw_errno(env, "cannot make the code executable");
  return NULL;
}

/* closeFile(mapping address): no more images from it; gives its file descriptor back. */
static napi_value close_file(napi_env env, napi_callback_info info) {
  uint64_t base;
  if (!get_number_arguments(env, info, 1, &base)) return NULL;
  struct mapping *mapping = find_mapping(env, base);
  if (mapping) ouro_close_file(mapping);
  return NULL;
}

/* unmap(mapping address, buffer): the buffer becomes empty. No code of it may be running or be called again. A shared mapping may be open more than
 * once in a thread, by several copies of the host; the buffer, where it is given, tells them apart. */
static napi_value unmap(napi_env env, napi_callback_info info) {
  napi_value values[MAX_ARGUMENTS], buffer = NULL;
  napi_valuetype type = napi_undefined;
  uint64_t base;
  bool same = false;
  if (!get_arguments(env, info, 1, values) || !get_numbers(env, values, 1, &base)) return NULL;
  napi_typeof(env, values[1], &type);
  struct mapping *mapping = ouro_thread->mappings;
  for (; mapping; mapping = mapping->next) {
    if ((uintptr_t)mapping->base != base) continue;
    if (napi_get_reference_value(mapping->env, mapping->buffer, &buffer) != napi_ok) buffer = NULL;
    if (type != napi_object || (buffer && napi_strict_equals(env, buffer, values[1], &same) == napi_ok && same)) break;
  }
  if (!mapping) return throw_text(env, "no such mapping in this thread");
  if (buffer) napi_detach_arraybuffer(env, buffer);
  napi_delete_reference(mapping->env, mapping->buffer);
  ouro_unmap(mapping);
  return NULL;
}

/* textView(mapping address): ArrayBuffer, writable without effect on the code, which outlives the mapping; undefined where there is none */
static napi_value text_view(napi_env env, napi_callback_info info) {
  uint64_t base;
  if (!get_number_arguments(env, info, 1, &base)) return NULL;
  struct mapping *mapping = find_mapping(env, base);
  return mapping && mapping->view ? ouro_view_value(env, mapping->view) : NULL;
}

/* shareMapping(mapping address): [id, nonce] as BigInts. The file stays as it is, open or closed. */
static napi_value share_mapping(napi_env env, napi_callback_info info) {
  uint64_t base, numbers[2];
  napi_value pair, number;
  if (!get_number_arguments(env, info, 1, &base)) return NULL;
  struct mapping *mapping = find_mapping(env, base);
  if (!mapping) return NULL;
  if (!ouro_share(mapping, &numbers[0], &numbers[1])) return throw_errno(env, "cannot share the mapping");
  napi_create_array_with_length(env, 2, &pair);
  for (uint32_t i = 0; i < 2; i++) {
    napi_create_bigint_uint64(env, numbers[i], &number);
    napi_set_element(env, pair, i, number);
  }
  return pair;
}

/* openShared(id, nonce): { address, size, buffer }; undefined when there is no such mapping in this process. */
static napi_value open_shared(napi_env env, napi_callback_info info) {
  napi_value values[MAX_ARGUMENTS];
  uint64_t numbers[2];
  if (!get_arguments(env, info, 2, values)) return NULL;
  for (int i = 0; i < 2; i++) {
    bool whole;
    if (napi_get_value_bigint_uint64(env, values[i], &numbers[i], &whole) != napi_ok || !whole) return throw_text(env, "openShared wants two numbers of 64 bits");
  }
  struct mapping *mapping = ouro_open_shared(numbers[0], numbers[1]);
  if (mapping) return mapping_value(env, mapping);
  return errno == ENOENT ? NULL : throw_errno(env, "cannot open the shared mapping");
}

/* hashMapping(mapping address, how many of its bytes, offset and size of a gap that counts as zeros): a promise of an ArrayBuffer with the
 * SHA-256. No unmap meanwhile. */
static napi_value hash_mapping(napi_env env, napi_callback_info info) {
  uint64_t n[4];
  if (!get_number_arguments(env, info, 4, n)) return NULL;
  struct mapping *mapping = find_mapping(env, n[0]);
  if (!mapping) return NULL;
  if (n[1] > mapping->size || n[2] > n[1] || n[3] > n[1] - n[2]) return throw_text(env, "hashMapping: out of range");
  napi_value promise = ouro_hash_later(env, NULL, mapping->base, n[1], n[2], n[3]);
  return promise ? promise : throw_text(env, "cannot hash in another thread");
}

/* hashBytes(bytes): the same of bytes that JS leaves alone, unchanged and undetached, until the promise settles */
static napi_value hash_bytes(napi_env env, napi_callback_info info) {
  napi_value values[MAX_ARGUMENTS];
  uint8_t *data;
  size_t size;
  if (!get_arguments(env, info, 1, values) || !get_bytes(env, values[0], &data, &size)) return NULL;
  napi_value promise = ouro_hash_later(env, values[0], data, size, 0, 0);
  return promise ? promise : throw_text(env, "cannot hash in another thread");
}

/* prefetch(mapping address, offset, size): lets the system read in what will be needed soon */
static napi_value prefetch(napi_env env, napi_callback_info info) {
  uint64_t n[3];
  if (!get_number_arguments(env, info, 3, n)) return NULL;
  struct mapping *mapping = find_mapping(env, n[0]);
  if (mapping) ouro_prefetch(mapping, n[1], n[2]);
  return NULL;
}

/* probeGuard(address, byte length, reserved bytes): boolean */
static napi_value probe_guard(napi_env env, napi_callback_info info) {
  uint64_t n[3];
  if (!get_number_arguments(env, info, 3, n)) return NULL;
  return boolean_value(env, ouro_probe_guard(n[0], n[1], n[2]));
}

/* mapImage(destination address, mapping address, file offset, length) */
static napi_value map_image(napi_env env, napi_callback_info info) {
  uint64_t n[4];
  if (!get_number_arguments(env, info, 4, n)) return NULL;
  struct mapping *mapping = find_mapping(env, n[1]);
  if (!mapping) return NULL;
  return ouro_map_image(n[0], mapping, n[2], n[3]) ? NULL : throw_errno(env, "cannot map an image over the memory");
}

/* copyIn(destination address, source address, length) */
static napi_value copy_in(napi_env env, napi_callback_info info) {
  uint64_t n[3];
  if (!get_number_arguments(env, info, 3, n)) return NULL;
  memmove((void *)n[0], (const void *)n[1], n[2]);
  return NULL;
}

/* initFunctions(vmcontext, offset of the FuncRefs, records address, FuncRef count, code base, code size, instance id, type ids address, type
 * count, function import count): boolean, false for records that cannot be. FUNCIMPORT_REF of each import is there. */
static napi_value init_functions(napi_env env, napi_callback_info info) {
  uint64_t n[10];
  if (!get_number_arguments(env, info, 10, n)) return NULL;
  uint8_t *vmcontext = (uint8_t *)n[0];
  uint8_t *ref = vmcontext + n[1];
  const uint8_t *record = (const uint8_t *)n[2];
  const uint32_t *type_ids = (const uint32_t *)n[7];
  uint8_t *imports = vmcontext + OURO_VMCONTEXT_HEADER_SIZE;
  for (uint64_t i = 0; i < n[9]; i++) {
    uint8_t *import = imports + i * OURO_FUNCIMPORT_SIZE;
    const uint8_t *imported = *(const uint8_t *const *)(import + OURO_FUNCIMPORT_REF);
    const uint8_t *context = *(const uint8_t *const *)(imported + OURO_FUNCREF_VMCONTEXT);
    bool host = *(const uint32_t *)(imported + OURO_FUNCREF_INSTANCE_ID) == (uint32_t)OURO_HOST_INSTANCE_ID;
    *(uint64_t *)(import + OURO_FUNCIMPORT_CODE) = *(const uint64_t *)(host ? context + OURO_HOSTFUNC_LEAVE : imported + OURO_FUNCREF_CODE);
    *(const uint8_t **)(import + OURO_FUNCIMPORT_VMCONTEXT) = context;
  }
  for (uint64_t i = 0; i < n[3]; i++, ref += OURO_FUNCREF_SIZE, record += OURO_FUNCREF_RECORD_SIZE) {
    uint32_t index = *(const uint32_t *)(record + OURO_FUNCREF_RECORD_FUNC);
    uint32_t code = *(const uint32_t *)(record + OURO_FUNCREF_RECORD_CODE);
    uint32_t type = *(const uint32_t *)(record + OURO_FUNCREF_RECORD_TYPE);
    bool is_import = index < n[9];
    if (type >= n[8] || (is_import ? code != OURO_NONE : code >= n[5])) return boolean_value(env, false);
    const uint8_t *imported = is_import ? *(const uint8_t *const *)(imports + (uint64_t)index * OURO_FUNCIMPORT_SIZE + OURO_FUNCIMPORT_REF) : NULL;
    if (is_import && *(const uint32_t *)(imported + OURO_FUNCREF_TYPE) != type_ids[type]) return boolean_value(env, false);
    *(uint64_t *)(ref + OURO_FUNCREF_CODE) = is_import ? *(const uint64_t *)(imported + OURO_FUNCREF_CODE) : n[4] + code;
    *(uint64_t *)(ref + OURO_FUNCREF_VMCONTEXT) = is_import ? *(const uint64_t *)(imported + OURO_FUNCREF_VMCONTEXT) : n[0];
    *(uint32_t *)(ref + OURO_FUNCREF_TYPE) = type_ids[type];
    *(uint32_t *)(ref + OURO_FUNCREF_FUNC_INDEX) = index;
    *(uint32_t *)(ref + OURO_FUNCREF_INSTANCE_ID) = (uint32_t)n[6];
  }
  return boolean_value(env, true);
}

/* putFuncRefs(table address, slots address, count, vmcontext, offset of the FuncRefs, FuncRef count, function import count): boolean,
 * false for a slot that cannot be. Writes the references of FuncRef slots into a table; a function that is imported has the reference that came with it. */
static napi_value put_func_refs(napi_env env, napi_callback_info info) {
  uint64_t n[7];
  if (!get_number_arguments(env, info, 7, n)) return NULL;
  uint64_t *element = (uint64_t *)n[0];
  const uint32_t *slot = (const uint32_t *)n[1];
  uint8_t *vmcontext = (uint8_t *)n[3];
  for (uint64_t i = 0; i < n[2]; i++, slot++, element++) {
    if (*slot == OURO_NONE) {
      *element = 0;
      continue;
    }
    if (*slot >= n[5]) return boolean_value(env, false);
    uint8_t *ref = vmcontext + n[4] + (uint64_t)*slot * OURO_FUNCREF_SIZE;
    uint32_t index = *(uint32_t *)(ref + OURO_FUNCREF_FUNC_INDEX);
    const uint8_t *import = vmcontext + OURO_VMCONTEXT_HEADER_SIZE + (uint64_t)index * OURO_FUNCIMPORT_SIZE;
    *element = index < n[6] ? *(const uint64_t *)(import + OURO_FUNCIMPORT_REF) : (uintptr_t)ref;
  }
  return boolean_value(env, true);
}

/* notePassiveDatas(records address, count, segment bytes address, their size, address of the VMContext's data segments): boolean, false for one that
 * cannot be. */
static napi_value note_passive_datas(napi_env env, napi_callback_info info) {
  uint64_t n[5];
  if (!get_number_arguments(env, info, 5, n)) return NULL;
  for (uint64_t i = 0; i < n[1]; i++) {
    const uint8_t *record = (const uint8_t *)n[0] + i * OURO_DATA_SIZE;
    if (*(const uint32_t *)(record + OURO_DATA_MODE) != OURO_SEGMENT_MODE_PASSIVE) continue;
    uint64_t from = *(const uint32_t *)(record + OURO_DATA_BYTES);
    uint64_t length = *(const uint32_t *)(record + OURO_DATA_LENGTH);
    if (from + length > n[3]) return boolean_value(env, false);
    uint8_t *segment = (uint8_t *)n[4] + i * OURO_DATASEGMENT_SIZE;
    *(uint64_t *)(segment + OURO_DATASEGMENT_ADDRESS) = n[2] + from;
    *(uint64_t *)(segment + OURO_DATASEGMENT_LENGTH) = length;
  }
  return boolean_value(env, true);
}

/* copyDatas(records address, count, first, segment bytes address, their size, memory address, its size): the number of the first data segment from
 * `first` on that is to be copied and cannot be copied here; the count when there is none. Those before have been copied to memory 0. */
static napi_value copy_datas(napi_env env, napi_callback_info info) {
  uint64_t n[7];
  if (!get_number_arguments(env, info, 7, n)) return NULL;
  uint64_t i = n[2];
  for (; i < n[1]; i++) {
    const uint8_t *record = (const uint8_t *)n[0] + i * OURO_DATA_SIZE;
    uint32_t mode = *(const uint32_t *)(record + OURO_DATA_MODE);
    if (mode == OURO_SEGMENT_MODE_IMAGE || mode == OURO_SEGMENT_MODE_PASSIVE) continue;
    uint64_t from = *(const uint32_t *)(record + OURO_DATA_BYTES);
    uint64_t length = *(const uint32_t *)(record + OURO_DATA_LENGTH);
    if (from + length > n[4]) break;
    const uint8_t *offset = record + OURO_DATA_OFFSET;
    uint64_t to = *(const uint32_t *)(offset + OURO_INIT_VALUE);
    bool here = mode == OURO_SEGMENT_MODE_ACTIVE && *(const uint32_t *)(record + OURO_DATA_MEMORY) == 0 &&
                *(const uint32_t *)(offset + OURO_INIT_KIND) == OURO_INIT_KIND_CONST;
    if (!here || to + length > n[6]) break;
    if (length > 0) memcpy((void *)(n[5] + to), (const void *)(n[3] + from), length);
  }
  napi_value next;
  return napi_create_double(env, (double)i, &next) == napi_ok ? next : NULL;
}

/* sha256(bytes, offset and size of a gap that counts as zeros, hash): 32 bytes into `hash` */
static napi_value sha256(napi_env env, napi_callback_info info) {
  napi_value values[MAX_ARGUMENTS];
  uint64_t n[2];
  uint8_t *bytes, *hash;
  size_t size, hash_size;
  if (!get_arguments(env, info, 4, values) || !get_bytes(env, values[0], &bytes, &size) || !get_numbers(env, values + 1, 2, n) ||
      !get_bytes(env, values[3], &hash, &hash_size)) {
    return NULL;
  }
  if (n[0] > size || n[1] > size - n[0] || hash_size < 32) return throw_text(env, "sha256: out of range");
  ouro_sha256(bytes, size, n[0], n[1], hash);
  return NULL;
}

/* callsFast(): boolean */
static napi_value calls_fast(napi_env env, napi_callback_info info) {
  (void)info;
  return boolean_value(env, ouro_calls_fast());
}

/* hashesFast(): boolean */
static napi_value hashes_fast(napi_env env, napi_callback_info info) {
  (void)info;
  return boolean_value(env, ouro_hashes_fast());
}

/* readFuncRef(address): the FuncRef's bytes into SLOT_STACK. */
static napi_value read_func_ref(napi_env env, napi_callback_info info) {
  uint64_t ref;
  if (!get_number_arguments(env, info, 1, &ref)) return NULL;
  if (ref == 0) return throw_text(env, "a null reference has no function");
  memcpy(ouro_slots + OURO_SLOT_STACK, (const void *)ref, OURO_FUNCREF_SIZE);
  return NULL;
}

/* cpuFeatures(): bits of runtime/cpu.ts */
static napi_value cpu_features(napi_env env, napi_callback_info info) {
  (void)info;
  return number_value(env, ouro_cpu_features());
}

/* The strings of an array, and a null, in one block; a null pointer when that cannot be. */
static char **get_strings(napi_env env, napi_value array) {
  uint32_t count;
  if (napi_get_array_length(env, array, &count) != napi_ok) return NULL;
  size_t size = 0;
  napi_value value;
  for (uint32_t i = 0; i < count; i++) {
    size_t length;
    if (napi_get_element(env, array, i, &value) != napi_ok || napi_get_value_string_utf8(env, value, NULL, 0, &length) != napi_ok) return NULL;
    size += length + 1;
  }
  char **list = malloc((count + 1) * sizeof *list + size);
  if (!list) return NULL;
  char *at = (char *)(list + count + 1);
  for (uint32_t i = 0; i < count; i++) {
    size_t length;
    if (napi_get_element(env, array, i, &value) != napi_ok ||
        napi_get_value_string_utf8(env, value, at, (size_t)((char *)(list + count + 1) + size - at), &length) != napi_ok) {
      free(list);
      return NULL;
    }
    list[i] = at;
    at += length + 1;
  }
  list[count] = NULL;
  return list;
}

/* startAside(arguments, environment, names, contents): the process's id. `arguments`, of which the first is the program, and `environment` are
 * strings; `names` two for each of the `contents`: the file's name while it is written, and its own. */
static napi_value start_aside(napi_env env, napi_callback_info info) {
  napi_value values[MAX_ARGUMENTS];
  if (!get_arguments(env, info, 4, values)) return NULL;
  uint32_t count = 0, name_count = 0;
  char **arguments = get_strings(env, values[0]), **environment = get_strings(env, values[1]), **names = get_strings(env, values[2]);
  struct aside_file *files = NULL;
  napi_value pid = NULL, content;
  if (!arguments || !arguments[0] || !environment || !names || napi_get_array_length(env, values[2], &name_count) != napi_ok ||
      napi_get_array_length(env, values[3], &count) != napi_ok || name_count != 2 * (uint64_t)count) {
    throw_text(env, "startAside wants lists of strings, and two names for each content");
  } else if (!(files = calloc(count + 1, sizeof *files))) {
    throw_errno(env, "cannot start a process");
  } else {
    uint32_t i = 0;
    for (; i < count; i++) {
      uint8_t *bytes;
      files[i].part = names[2 * i];
      files[i].path = names[2 * i + 1];
      if (napi_get_element(env, values[3], i, &content) != napi_ok || !get_bytes(env, content, &bytes, &files[i].size)) break;
      files[i].bytes = bytes;
    }
    struct aside aside = {.arguments = arguments, .environment = environment, .files = files, .file_count = count};
    if (i == count) pid = ouro_start_aside(&aside) ? number_value(env, (uint64_t)aside.pid) : throw_errno(env, "cannot start a process");
  }
  free(arguments);
  free(environment);
  free(names);
  free(files);
  return pid;
}

static bool create_slots(napi_env env, struct thread *thread) {
  napi_value buffer;
  void *data;
  if (napi_create_arraybuffer(env, OURO_SLOTS_SIZE, &data, &buffer) != napi_ok ||
      napi_create_reference(env, buffer, 1, &thread->slots_buffer) != napi_ok) {
    return false;
  }
  ouro_slots = data;
  thread->slots_env = env;
  return true;
}

/* Whatever the host calls. To make all functions takes a fresh process 100 us. */
static const struct function {
  const char *name;
  napi_callback call;
  /* It looks at no argument, throws nothing, and calls nothing of the host's. */
  bool fast;
  /* Every process that runs something needs it; others are made when they are asked for. */
  bool early;
} functions[] = {
    {"slots", slots, false, true},
    {"unwind", unwind, false, true},
    {"createStack", create_stack, false, true},
    {"entries", entries, false, true},
    {"mapFile", map_file, false, true},
    {"fileState", file_state, false, true},
    {"folderAccess", folder_access, false, true},
    {"readText", read_text, false, true},
    {"readHashed", read_hashed, false, true},
    {"registerCode", register_code, false, true},
    {"closeFile", close_file, false, true},
    {"address", address, false, true},
    {"initFunctions", init_functions, false, true},
    {"sha256", sha256, false, true},
    {"cpuFeatures", cpu_features, false, true},
    {"enter", ouro_enter, true, false},
    {"enter32", ouro_enter_32, true, false},
    {"enterInts", ouro_enter_ints, true, false},
    {"enterInts32", ouro_enter_ints_32, true, false},
    {"enterLeaf", ouro_enter_leaf, true, false},
    {"enterLeaf32", ouro_enter_leaf_32, true, false},
    {"enterLeafPair", ouro_enter_leaf_pair, true, false},
    {"enterLeafPair32", ouro_enter_leaf_pair_32, true, false},
    {"resume", ouro_resume, true, false},
    {"trap", trap, false, false},
    {"destroyStack", destroy_stack, false, false},
    {"mapBytes", map_bytes, false, false},
    {"mapOpenFile", map_open_file, false, false},
    {"textView", text_view, false, false},
    {"shareMapping", share_mapping, false, false},
    {"openShared", open_shared, false, false},
    {"hashMapping", hash_mapping, false, false},
    {"hashBytes", hash_bytes, false, false},
    {"prefetch", prefetch, false, false},
    {"unmap", unmap, false, false},
    {"probeGuard", probe_guard, false, false},
    {"mapImage", map_image, false, false},
    {"copyIn", copy_in, false, false},
    {"putFuncRefs", put_func_refs, false, false},
    {"notePassiveDatas", note_passive_datas, false, false},
    {"copyDatas", copy_datas, false, false},
    {"readFuncRef", read_func_ref, false, false},
    {"hashesFast", hashes_fast, false, false},
    {"callsFast", calls_fast, false, false},
    {"startAside", start_aside, false, false},
};
#define FUNCTION_COUNT (sizeof functions / sizeof *functions)

/* Null where it cannot be made. */
static napi_value make_function(napi_env env, const struct function *wanted) {
  napi_value key, function = NULL;
  if (wanted->fast && napi_create_string_utf8(env, wanted->name, NAPI_AUTO_LENGTH, &key) == napi_ok) {
    function = ouro_fast_function(key, wanted->call);
  }
  if (!function && napi_create_function(env, wanted->name, NAPI_AUTO_LENGTH, wanted->call, NULL, &function) != napi_ok) return NULL;
  return function;
}

/* make(name): a function that is no property of the exports; undefined where there is none of this name */
static napi_value make(napi_env env, napi_callback_info info) {
  napi_value values[MAX_ARGUMENTS], function;
  char name[40];
  size_t length;
  if (!get_arguments(env, info, 1, values)) return NULL;
  if (napi_get_value_string_utf8(env, values[0], name, sizeof name, &length) != napi_ok) return throw_text(env, "a name must be a string");
  for (size_t i = 0; i < FUNCTION_COUNT; i++) {
    if (strcmp(functions[i].name, name) != 0) continue;
    function = make_function(env, &functions[i]);
    return function ? function : throw_text(env, "cannot make a function of the native helper");
  }
  return NULL;
}

NAPI_MODULE_INIT() {
  static const struct function maker = {"make", make, false, true};
  struct thread *thread = ouro_begin_environment(env);
  if (!thread || (!ouro_slots && !create_slots(env, thread))) return throw_text(env, "cannot set up the native helper's thread");
  if (!ouro_install_signal_handlers()) return throw_errno(env, "cannot install signal handlers");
  for (size_t i = 0; i <= FUNCTION_COUNT; i++) {
    const struct function *each = i < FUNCTION_COUNT ? &functions[i] : &maker;
    if (!each->early) continue;
    napi_value function = make_function(env, each);
    if (!function || napi_set_named_property(env, exports, each->name, function) != napi_ok) {
      return throw_text(env, "cannot export the native helper's functions");
    }
  }
  return exports;
}
