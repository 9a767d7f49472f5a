/* The end of an activation by a trap: backtrace and trap fields into the slots. Runs on the host's stack. */
#include "ouro.h"

#define MAX_TRACE 256
_Static_assert(MAX_TRACE <= OURO_SLOT_STACK_WORDS, "the trace fits into the slots");

#define SLOT(type, offset) (*(type *)(ouro_slots + (offset)))

/* Is there a word of the innermost activation at the address? */
static bool on_stack(uintptr_t address) {
  const struct frame *frame = ouro_state()->frame;
  return frame && address % 8 == 0 && address >= frame->activity->low && address + 8 <= (uintptr_t)frame;
}

/* Program counters from innermost to outermost, into SLOT_STACK. `called`: pc is a return address. Returns how many. */
static uint32_t walk(uintptr_t pc, uintptr_t sp, bool called) {
  uint64_t *words = &SLOT(uint64_t, OURO_SLOT_STACK);
  const struct code *code = NULL;
  uint32_t length = 0;
  while (length < MAX_TRACE && pc != (uintptr_t)ouro_returned) {
    uintptr_t inside = pc - called; /* a call may be the last instruction of its function */
    if (!code || inside < code->start || inside >= code->end) code = ouro_find_code(inside);
    const struct function_record *function = code ? ouro_find_function(code, inside) : NULL;
    if (!function) break;
    words[length++] = pc;
    bool at_first_byte = !called && pc == code->start + function->code_offset;
    uintptr_t slot = sp + (at_first_byte ? 0 : function->frame_size);
    if (!on_stack(slot)) break;
    pc = *(const uintptr_t *)slot;
    sp = slot + 8;
    called = true;
  }
  return length;
}

void ouro_trapped(uintptr_t pc, uintptr_t sp, uint32_t kind, uintptr_t address) {
  bool called = kind == OURO_TRAP_KIND_EXPLICIT || kind == OURO_TRAP_KIND_HOST;
  bool leaf = kind != OURO_TRAP_KIND_STACK_OVERFLOW && !ouro_on_wasm_stack(sp); /* on the host's stack, without an activation */
  if (!leaf && !ouro_find_code(pc - called)) { /* in a builtin or a stub: begin at its caller */
    uintptr_t slot = ouro_state()->native_sp;
    if (on_stack(slot)) {
      pc = *(const uintptr_t *)slot;
      sp = slot + 8;
      called = true;
    }
  }
  SLOT(uint64_t, OURO_SLOT_TRAP_PC) = pc;
  SLOT(uint64_t, OURO_SLOT_TRAP_ADDRESS) = address;
  SLOT(uint32_t, OURO_SLOT_TRAP_KIND) = kind;
  SLOT(uint32_t, OURO_SLOT_TRACE_LENGTH) = walk(pc, sp, called);
  SLOT(uint32_t, OURO_SLOT_STATUS) = OURO_EXIT_TRAPPED;
  if (!leaf) ouro_end_activation();
  if (kind == OURO_TRAP_KIND_STACK_OVERFLOW) ouro_use_signal_stack();
}

/* A trap of no code. */
static void trap_at_once(uint32_t kind) {
  SLOT(uint64_t, OURO_SLOT_TRAP_PC) = 0;
  SLOT(uint64_t, OURO_SLOT_TRAP_ADDRESS) = 0;
  SLOT(uint32_t, OURO_SLOT_TRAP_KIND) = kind;
  SLOT(uint32_t, OURO_SLOT_TRACE_LENGTH) = 0;
  SLOT(uint32_t, OURO_SLOT_STATUS) = OURO_EXIT_TRAPPED;
}

/* The stack has no room for another activation; none was begun. */
void ouro_enter_overflow(void) {
  SLOT(uint64_t, OURO_SLOT_STACK_ARGS) = 0; /* and SLOT_STACK_RESULTS */
  trap_at_once(OURO_TRAP_KIND_STACK_OVERFLOW);
}

/* Nothing has left: a mistake of the host's, which finds no code that has trapped. */
void ouro_resume_nothing(void) { trap_at_once(OURO_TRAP_KIND_EXPLICIT); }
