/* What the files of the helper share: the structures behind a thread, a stack, a mapping and a code range.
 * Offsets that enter_x64.S uses stand here once, checked by static assertions. */
#ifndef OURO_H
#define OURO_H

#include "layout.h"

/* What the helper keeps in the slots, where entering and leaving find it at once (struct state). */
#define STATE_FRAME (OURO_SLOT_HELPER + 0)
#define STATE_ACTIVITY (OURO_SLOT_HELPER + 8)
#define STATE_TOP (OURO_SLOT_HELPER + 16)
#define STATE_HOST_SP (OURO_SLOT_HELPER + 24)
#define STATE_NATIVE_SP (OURO_SLOT_HELPER + 32)

/* memory.fill of so many bytes looks first whether there is anything to clear. */
#define OURO_LARGE_FILL (1 << 20)

/* Field offsets of struct activity and struct frame. */
#define ACTIVITY_TOP 0
#define ACTIVITY_LIMIT 8
#define FRAME_PREVIOUS 0
#define FRAME_ACTIVITY 8
#define FRAME_SIZE 16

#ifndef __ASSEMBLER__

#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* An activation: one entry into wasm that has not come back yet. Stands at the top of its part of the wasm stack. */
struct frame {
  struct frame *previous; /* of the thread, on whatever stack */
  struct activity *activity;
};

/* A wasm stack, and the activations on it. */
struct activity {
  uintptr_t top;              /* state.top, while it is not the present activity */
  uintptr_t limit;            /* no activation begins below */
  uintptr_t guard, low, high; /* guard: [guard, low); stack: [low, high) */
  struct activity *next;
};

/* The running state of a thread, in its slots. */
struct state {
  struct frame *frame;       /* the innermost activation, or null */
  struct activity *activity; /* the present one: the last that was entered or resumed, or null */
  uintptr_t top;             /* where the next activation begins; while wasm is left: its saved registers */
  uintptr_t host_sp;         /* while wasm runs: the host's saved registers */
  uintptr_t native_sp;       /* stack pointer at the last call out of compiled code into the helper */
};

/* A thread that has loaded the addon; environments of one thread share it. */
struct thread {
  uint32_t users; /* environments */
  napi_env slots_env;
  napi_ref slots_buffer;
  struct activity *activities;
  struct mapping *mappings;
  void *signal_stack;
};

_Static_assert(offsetof(struct state, frame) + OURO_SLOT_HELPER == STATE_FRAME, "state.frame");
_Static_assert(offsetof(struct state, activity) + OURO_SLOT_HELPER == STATE_ACTIVITY, "state.activity");
_Static_assert(offsetof(struct state, top) + OURO_SLOT_HELPER == STATE_TOP, "state.top");
_Static_assert(offsetof(struct state, host_sp) + OURO_SLOT_HELPER == STATE_HOST_SP, "state.host_sp");
_Static_assert(offsetof(struct state, native_sp) + OURO_SLOT_HELPER == STATE_NATIVE_SP, "state.native_sp");
_Static_assert(STATE_FRAME == OURO_SLOT_ACTIVATION, "the activation's identity");
_Static_assert(OURO_SLOT_HELPER + sizeof(struct state) <= OURO_SLOT_STACK, "state");
_Static_assert(offsetof(struct activity, top) == ACTIVITY_TOP, "activity.top");
_Static_assert(offsetof(struct activity, limit) == ACTIVITY_LIMIT, "activity.limit");
_Static_assert(offsetof(struct frame, previous) == FRAME_PREVIOUS, "frame.previous");
_Static_assert(offsetof(struct frame, activity) == FRAME_ACTIVITY, "frame.activity");
_Static_assert(sizeof(struct frame) == FRAME_SIZE && FRAME_SIZE % 16 == 0, "frame");

/* One record of an artifact's function table, sorted by code offset. */
struct function_record {
  uint32_t code_offset; /* from the start of the text */
  uint32_t code_size;
  uint32_t frame_size; /* N of ABI.md */
  uint32_t rest[5];
};
_Static_assert(offsetof(struct function_record, code_offset) == OURO_FUNCTION_CODE_OFFSET, "code offset");
_Static_assert(offsetof(struct function_record, code_size) == OURO_FUNCTION_CODE_SIZE, "code size");
_Static_assert(offsetof(struct function_record, frame_size) == OURO_FUNCTION_FRAME_SIZE, "frame size");
_Static_assert(sizeof(struct function_record) == OURO_FUNCTION_SIZE, "function record");

/* Code that a mapping has made executable. */
struct code {
  uintptr_t start, end;
  const struct function_record *functions;
  uint32_t function_count;
};

/* An artifact in memory, as one thread has it. */
struct mapping {
  uint8_t *base;
  size_t size;
  int file; /* for images, or -1 */
  struct code code;
  struct code_entry *entry; /* in the registry, or null */
  struct view *view;        /* of the text, or null */
  struct shared *shared;    /* then base, file and entry belong to it */
  napi_env env;
  napi_ref buffer;
  struct mapping *next;
};

/* Both null in a thread that has not loaded the addon. Read by signal handlers, hence the model. */
extern __thread struct thread *ouro_thread __attribute__((tls_model("initial-exec")));
extern __thread uint8_t *ouro_slots __attribute__((tls_model("initial-exec")));

static inline struct state *ouro_state(void) { return (struct state *)(ouro_slots + OURO_SLOT_HELPER); }

/* thread.c */
struct thread *ouro_begin_environment(napi_env env);

/* enter_x64.S */
napi_value ouro_enter(napi_env env, napi_callback_info info);
napi_value ouro_enter_32(napi_env env, napi_callback_info info);
napi_value ouro_enter_ints(napi_env env, napi_callback_info info);
napi_value ouro_enter_ints_32(napi_env env, napi_callback_info info);
napi_value ouro_enter_leaf(napi_env env, napi_callback_info info);
napi_value ouro_enter_leaf_32(napi_env env, napi_callback_info info);
napi_value ouro_enter_leaf_pair(napi_env env, napi_callback_info info);
napi_value ouro_enter_leaf_pair_32(napi_env env, napi_callback_info info);
napi_value ouro_resume(napi_env env, napi_callback_info info);
void ouro_leave_host_func(void);
void ouro_leave_import(void);
void ouro_leave_import_ints(void);
void ouro_trap_entry(void);
void ouro_trap_landing(void);
void ouro_returned(void); /* the return address of every activation */
extern const uintptr_t ouro_builtins[OURO_BUILTIN_COUNT];

/* trace.c: called by enter_x64.S on the host's stack */
void ouro_trapped(uintptr_t pc, uintptr_t sp, uint32_t kind, uintptr_t address);
void ouro_enter_overflow(void);
void ouro_resume_nothing(void);

/* code.c */
struct code_entry *ouro_register_code(const struct code *code);
void ouro_unregister_code(struct code_entry *entry);
const struct code *ouro_find_code(uintptr_t pc);
const struct function_record *ouro_find_function(const struct code *code, uintptr_t pc);

/* stack.c */
struct activity *ouro_create_stack(size_t size);
void ouro_destroy_stack(struct activity *activity);
bool ouro_stack_in_use(const struct activity *activity);
bool ouro_on_wasm_stack(uintptr_t sp);
void ouro_end_activation(void);

/* load.c */
struct mapping *ouro_map_file(const char *path);
struct mapping *ouro_map_bytes(const void *bytes, size_t size);
struct mapping *ouro_map_open_file(int file);
struct mapping *ouro_add_mapping(uint8_t *base, size_t size, int file);
bool ouro_write_all(int file, const uint8_t *bytes, size_t size);
bool ouro_make_executable(struct mapping *mapping, size_t text_offset, size_t text_size, size_t table_offset, uint32_t table_count);
void ouro_close_file(struct mapping *mapping);
void ouro_prefetch(const struct mapping *mapping, uint64_t offset, uint64_t size);
void ouro_unmap(struct mapping *mapping);

/* files.c */
struct stat;
int ouro_open_regular(const char *path, struct stat *stats);
bool ouro_read_all(int file, void *bytes, size_t size);
bool ouro_folder_access(const char *path, const char **access, char *real);

/* view.c */
struct view *ouro_make_view(int file, size_t offset, size_t size);
struct view *ouro_retain_view(struct view *view);
void ouro_release_view(struct view *view);
napi_value ouro_view_value(napi_env env, struct view *view);

/* share.c */
bool ouro_share(struct mapping *mapping, uint64_t *id, uint64_t *nonce);
struct mapping *ouro_open_shared(uint64_t id, uint64_t nonce);
bool ouro_release_shared(struct mapping *mapping);

/* hash.c */
napi_value ouro_hash_later(napi_env env, napi_value owner, const uint8_t *bytes, size_t size, size_t gap, size_t gap_size);

/* aside.c */
struct aside_file {
  char *part, *path; /* written under the first name, then renamed */
  const uint8_t *bytes;
  size_t size;
};
struct aside {
  char **arguments, **environment; /* as of execve; the program is the first argument */
  const struct aside_file *files;
  size_t file_count;
  pid_t pid; /* out */
  int error;
  void *stack;
};
bool ouro_start_aside(struct aside *aside);

/* memory.c */
bool ouro_probe_guard(uintptr_t address, uint64_t length, uint64_t reserved);
bool ouro_map_image(uintptr_t address, const struct mapping *mapping, uint64_t offset, uint64_t length);
void ouro_fill_large(uint8_t *to, int byte, size_t count);

/* trap_posix.c */
bool ouro_install_signal_handlers(void);
void ouro_use_signal_stack(void);
void *ouro_install_signal_stack(void);
void ouro_remove_signal_stack(void *stack);

/* cpu_x64.c */
uint32_t ouro_cpu_features(void);

/* fast.c */
bool ouro_calls_fast(void);
napi_value ouro_fast_function(napi_value name, napi_callback code);

/* sha256.c */
bool ouro_hashes_fast(void);
void ouro_sha256(const uint8_t *bytes, size_t size, size_t gap, size_t gap_size, uint8_t hash[32]);

#endif
#endif
