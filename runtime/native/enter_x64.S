/* Entry into compiled code and the ways out of it, x86-64, System V hosts. What stands where is in ABI.md and ouro.h.
 *
 * The processor predicts returns with a stack of its own, which leaving would put out of step: every return of the host above us would
 * be mispredicted. So enter and resume go through one call instruction, whose return address (ouro_returned) is what leaving returns
 * to first, after dropping the entry of the compiled call site; each host return then finds its own entry. */

#include "ouro.h"

#if defined(__x86_64__)
.intel_syntax noprefix

#define FUNCTION(name) .globl name; .hidden name; .type name, @function; .p2align 4; name:
#define END(name) .size name, . - name

.macro PUSH_REGISTERS
  push rbx
  push rbp
  push r12
  push r13
  push r14
  push r15
.endm

.macro POP_REGISTERS
  pop r15
  pop r14
  pop r13
  pop r12
  pop rbp
  pop rbx
.endm

/* Makes rdi the present activity; uses rax and rcx. */
.macro SWITCH_ACTIVITY slots
  mov rax, [\slots + STATE_ACTIVITY]
  test rax, rax
  jz 1f
  mov rcx, [\slots + STATE_TOP]
  mov [rax + ACTIVITY_TOP], rcx
1:
  mov rcx, [rdi + ACTIVITY_TOP]
  mov [\slots + STATE_TOP], rcx
  mov [\slots + STATE_ACTIVITY], rdi
.endm

.text

/* The host's registers saved, the callee found, an activation begun on its stack. Then rbp is its frame, r13 the slots, r11 the code.
 * `name` makes the labels for the cases out of line. */
.macro BEGIN_ACTIVATION name
  PUSH_REGISTERS
  mov rax, [rip + ouro_slots@GOTTPOFF]
  mov r13, fs:[rax]
  mov rbp, [r13 + STATE_TOP]
  mov rax, [r13 + OURO_SLOT_CALLEE]
  mov r14, [rax + OURO_FUNCREF_VMCONTEXT]
  mov r11, [rax + OURO_FUNCREF_CODE]
  mov rbx, [r14 + OURO_VMCONTEXT_ACTIVITY]
  mov r15, [r14 + OURO_VMCONTEXT_MEMORY0_BASE]
  cmp rbx, [r13 + STATE_ACTIVITY]
  jne .Lother_activity_\name
.Lactivity_\name:
  cmp rbp, [rbx + ACTIVITY_LIMIT]
  jb .Lenter_overflow
  sub rbp, FRAME_SIZE
  mov rcx, [r13 + STATE_FRAME]
  mov [rbp + FRAME_PREVIOUS], rcx
  mov [rbp + FRAME_ACTIVITY], rbx
  mov [r13 + STATE_FRAME], rbp
  mov [r13 + STATE_HOST_SP], rsp
.endm

.macro OTHER_ACTIVITY name
.Lother_activity_\name:
  mov rdi, rbx
  SWITCH_ACTIVITY r13
  mov rbp, [r13 + STATE_TOP]
  jmp .Lactivity_\name
.endm

.macro LOAD_INTS
  mov rdi, [r13 + OURO_SLOT_INTS]
  mov rsi, [r13 + OURO_SLOT_INTS + 8]
  mov rdx, [r13 + OURO_SLOT_INTS + 16]
  mov rcx, [r13 + OURO_SLOT_INTS + 24]
  mov r8, [r13 + OURO_SLOT_INTS + 32]
  mov r9, [r13 + OURO_SLOT_INTS + 40]
.endm

.macro LOAD_FLOATS
  movsd xmm0, [r13 + OURO_SLOT_FLOATS]
  movsd xmm1, [r13 + OURO_SLOT_FLOATS + 16]
  movsd xmm2, [r13 + OURO_SLOT_FLOATS + 32]
  movsd xmm3, [r13 + OURO_SLOT_FLOATS + 48]
  movsd xmm4, [r13 + OURO_SLOT_FLOATS + 64]
  movsd xmm5, [r13 + OURO_SLOT_FLOATS + 80]
  movsd xmm6, [r13 + OURO_SLOT_FLOATS + 96]
  movsd xmm7, [r13 + OURO_SLOT_FLOATS + 112]
.endm

/* For functions whose integer parameters have 32 bits: JS need not store the upper halves. It takes two stores to fill a word, and the processor
 * makes a load that needs both wait until they are in the cache: 1 ns less for the load, some more for the stores. */
.macro LOAD_INTS_32
  mov edi, [r13 + OURO_SLOT_INTS]
  mov esi, [r13 + OURO_SLOT_INTS + 8]
  mov edx, [r13 + OURO_SLOT_INTS + 16]
  mov ecx, [r13 + OURO_SLOT_INTS + 24]
  mov r8d, [r13 + OURO_SLOT_INTS + 32]
  mov r9d, [r13 + OURO_SLOT_INTS + 40]
.endm

/* napi_value ouro_enter_ints(env, info): ouro_enter for a function without float parameters and without stack words: 1 ns less. */
FUNCTION(ouro_enter_ints)
  BEGIN_ACTIVATION enter_ints
  xor r12d, r12d
  mov rsp, rbp
  LOAD_INTS
  jmp .Lcall
  OTHER_ACTIVITY enter_ints
END(ouro_enter_ints)

/* napi_value ouro_enter(env, info). While wasm runs: rbp frame, r12 counts of stack words, r13 slots; all are callee-saved and ours again
 * on return, as is rbx, which leaving sets to 0. */
FUNCTION(ouro_enter)
  BEGIN_ACTIVATION enter
  mov r12, [r13 + OURO_SLOT_STACK_ARGS] /* and SLOT_STACK_RESULTS in the upper half */
  mov rsp, rbp
  test r12, r12
  jnz .Lenter_stack_args
.Lenter_registers:
  LOAD_INTS
  LOAD_FLOATS
.Lcall:
  call r11

.globl ouro_returned
.hidden ouro_returned
ouro_returned:
  test rbx, rbx
  jz .Lto_host /* wasm was left */
  mov [r13 + OURO_SLOT_INTS], rax
  mov [r13 + OURO_SLOT_INTS + 8], rdx
  movsd [r13 + OURO_SLOT_FLOATS], xmm0
  movsd [r13 + OURO_SLOT_FLOATS + 16], xmm1
  mov eax, r12d
  shr r12, 32
  jnz .Lreturn_stack_results
.Lreturn:
  mov rcx, [rbp + FRAME_PREVIOUS]
  mov rsp, [r13 + STATE_HOST_SP]
  add rbp, FRAME_SIZE
  mov dword ptr [r13 + OURO_SLOT_STATUS], OURO_EXIT_RETURNED
  mov [r13 + STATE_FRAME], rcx
  mov [r13 + STATE_TOP], rbp
.Lto_host:
  POP_REGISTERS
  xor eax, eax
  ret

  OTHER_ACTIVITY enter

/* The area is a whole number of 16 bytes. An overflow here is a fault on our stack. */
.Lenter_stack_args:
  mov qword ptr [r13 + STATE_NATIVE_SP], 0
  mov qword ptr [r13 + OURO_SLOT_STACK_ARGS], 0 /* so that calls without stack words need not store zeros */
  mov ecx, r12d
  mov rax, r12
  shr rax, 32
  add eax, ecx
  inc eax
  and eax, -2
  neg rax
  lea rsp, [rsp + rax * 8]
  xor eax, eax
1:
  cmp eax, ecx
  jae .Lenter_registers
  mov rdx, [r13 + OURO_SLOT_STACK + rax * 8]
  mov [rsp + rax * 8], rdx
  inc eax
  jmp 1b

/* rax: argument words, r12: result words */
.Lreturn_stack_results:
  lea rsi, [rsp + rax * 8]
  xor eax, eax
1:
  mov rdx, [rsi + rax * 8]
  mov [r13 + OURO_SLOT_STACK + rax * 8], rdx
  inc rax
  cmp rax, r12
  jb 1b
  jmp .Lreturn

.Lenter_overflow:
  sub rsp, 8
  call ouro_enter_overflow
  add rsp, 8
  jmp .Lto_host
END(ouro_enter)

/* napi_value ouro_enter_leaf(env, info): ouro_enter_ints for a leaf, which runs on the host's stack, without an activation: 2 to 3 ns less.
 * It cannot leave; a trap takes the host's registers from host_sp as always. */
.macro BEGIN_LEAF
  PUSH_REGISTERS
  mov rax, [rip + ouro_slots@GOTTPOFF]
  mov r13, fs:[rax]
  mov r11, [r13 + OURO_SLOT_CALLEE]
  mov r14, [r11 + OURO_FUNCREF_VMCONTEXT]
  mov r15, [r14 + OURO_VMCONTEXT_MEMORY0_BASE]
  mov [r13 + STATE_HOST_SP], rsp
  sub rsp, 8
.endm

.macro END_LEAF
  mov [r13 + OURO_SLOT_INTS], rax
  mov dword ptr [r13 + OURO_SLOT_STATUS], OURO_EXIT_RETURNED
  mov r15, [rsp + 8] /* what we have changed; a leaf restores the others */
  mov r14, [rsp + 16]
  mov r13, [rsp + 24]
  add rsp, 56
  xor eax, eax
  ret
.endm

FUNCTION(ouro_enter_leaf)
  BEGIN_LEAF
  LOAD_INTS
.Lcall_leaf:
  call [r11 + OURO_FUNCREF_CODE]
  mov [r13 + OURO_SLOT_INTS + 8], rdx
  movsd [r13 + OURO_SLOT_FLOATS], xmm0
  movsd [r13 + OURO_SLOT_FLOATS + 16], xmm1
  END_LEAF
END(ouro_enter_leaf)

/* napi_value ouro_enter_leaf_pair(env, info): the same with at most two parameters, and no result or one integer. */
FUNCTION(ouro_enter_leaf_pair)
  BEGIN_LEAF
  mov rdi, [r13 + OURO_SLOT_INTS]
  mov rsi, [r13 + OURO_SLOT_INTS + 8]
  call [r11 + OURO_FUNCREF_CODE]
  END_LEAF
END(ouro_enter_leaf_pair)

/* napi_value ouro_resume(env, info): back into the innermost activation, which has left. */
FUNCTION(ouro_resume)
  PUSH_REGISTERS
  mov rax, [rip + ouro_slots@GOTTPOFF]
  mov r8, fs:[rax]
  mov rax, [r8 + STATE_FRAME]
  test rax, rax
  jz .Lresume_nothing
  mov rdi, [rax + FRAME_ACTIVITY]
  cmp rdi, [r8 + STATE_ACTIVITY]
  jne .Lresume_other_activity
.Lresume_activity:
  mov [r8 + STATE_HOST_SP], rsp
  mov rsp, [r8 + STATE_TOP]
  mov rax, [r8 + OURO_SLOT_INTS]
  mov rdx, [r8 + OURO_SLOT_INTS + 8]
  movsd xmm0, [r8 + OURO_SLOT_FLOATS]
  movsd xmm1, [r8 + OURO_SLOT_FLOATS + 16]
  pop rcx /* argument words, and result words in the upper half */
  POP_REGISTERS
  pop r10
  mov r9, rcx
  shr r9, 32
  jnz .Lresume_stack_results
.Lresume:
  lea r11, [rip + .Lresumed]
  jmp .Lcall
.Lresumed:
  add rsp, 8
  jmp r10

.Lresume_other_activity:
  SWITCH_ACTIVITY r8
  jmp .Lresume_activity

.Lresume_stack_results:
  mov ecx, ecx
  lea rsi, [rsp + rcx * 8]
  xor ecx, ecx
1:
  mov rdi, [r8 + OURO_SLOT_STACK + rcx * 8]
  mov [rsi + rcx * 8], rdi
  inc rcx
  cmp rcx, r9
  jb 1b
  jmp .Lresume

.Lresume_nothing:
  sub rsp, 8
  call ouro_resume_nothing
  add rsp, 8
  jmp .Lto_host
END(ouro_resume)

/* Saves what the host may change, on the wasm stack, and the arguments, in the slots. In: r14 HostFunc or VMContext, eax status, r10 counts
 * of stack words, the return address at [rsp]. Out: r13 the slots, r10 as it was. */
.macro LEAVE_INTS
  mov r11, [rip + ouro_slots@GOTTPOFF]
  mov r11, fs:[r11]
  mov [r11 + STATE_NATIVE_SP], rsp
  PUSH_REGISTERS
  push r10
  mov r13, r11
  mov [r13 + STATE_TOP], rsp
  mov [r13 + OURO_SLOT_INTS], rdi
  mov [r13 + OURO_SLOT_INTS + 8], rsi
  mov [r13 + OURO_SLOT_INTS + 16], rdx
  mov [r13 + OURO_SLOT_INTS + 24], rcx
  mov [r13 + OURO_SLOT_INTS + 32], r8
  mov [r13 + OURO_SLOT_INTS + 40], r9
  mov ecx, [r14 + OURO_VMCONTEXT_INSTANCE_ID] /* or HOSTFUNC_ID */
  mov [r13 + OURO_SLOT_STATUS], eax
  mov [r13 + OURO_SLOT_EXIT_ID], ecx
.endm

.macro LEAVE_FLOATS_AND_STACK
  movsd [r13 + OURO_SLOT_FLOATS], xmm0
  movsd [r13 + OURO_SLOT_FLOATS + 16], xmm1
  movsd [r13 + OURO_SLOT_FLOATS + 32], xmm2
  movsd [r13 + OURO_SLOT_FLOATS + 48], xmm3
  movsd [r13 + OURO_SLOT_FLOATS + 64], xmm4
  movsd [r13 + OURO_SLOT_FLOATS + 80], xmm5
  movsd [r13 + OURO_SLOT_FLOATS + 96], xmm6
  movsd [r13 + OURO_SLOT_FLOATS + 112], xmm7
  test r10d, r10d
  jz 2f
  lea rsi, [rsp + 7 * 8 + 8]
  mov ecx, r10d
  xor eax, eax
1:
  mov rdx, [rsi + rax * 8]
  mov [r13 + OURO_SLOT_STACK + rax * 8], rdx
  inc rax
  cmp rax, rcx
  jb 1b
2:
.endm

/* Returns where the last enter or resume called, and from there to the host. */
.macro RETURN_TO_HOST
  lea rax, [rip + ouro_returned]
  push rax
  ret
.endm

/* The code of host functions, called like any function: r14 is the HostFunc. */
FUNCTION(ouro_leave_host_func)
  mov eax, OURO_EXIT_HOST_FUNC
  mov r10, [r14 + OURO_HOSTFUNC_STACK_ARGS] /* and HOSTFUNC_STACK_RESULTS */
.Lleave:
  LEAVE_INTS
  LEAVE_FLOATS_AND_STACK
  xor ebx, ebx
  mov rsp, [r13 + STATE_HOST_SP]
  lea rax, [rip + .Lleave_drop] /* drops the prediction for the call site: the one mispredicted return */
  push rax
  ret
.Lleave_drop:
  RETURN_TO_HOST
END(ouro_leave_host_func)

/* The same for imports, which jump here with the return address in rax: no prediction to drop. The odd address tells them. */
.p2align 4
  int3
.globl ouro_leave_import
.hidden ouro_leave_import
.type ouro_leave_import, @function
ouro_leave_import:
  push rax
  mov eax, OURO_EXIT_HOST_FUNC
  mov r10, [r14 + OURO_HOSTFUNC_STACK_ARGS]
  LEAVE_INTS
  LEAVE_FLOATS_AND_STACK
  xor ebx, ebx
  mov rsp, [r13 + STATE_HOST_SP]
  RETURN_TO_HOST
END(ouro_leave_import)

/* The same for a function without float parameters and without stack words. */
.p2align 4
  int3
.globl ouro_leave_import_ints
.hidden ouro_leave_import_ints
.type ouro_leave_import_ints, @function
ouro_leave_import_ints:
  push rax
  mov eax, OURO_EXIT_HOST_FUNC
  xor r10d, r10d
  LEAVE_INTS
  xor ebx, ebx
  mov rsp, [r13 + STATE_HOST_SP]
  RETURN_TO_HOST
END(ouro_leave_import_ints)

/* One stub for each host builtin: r14 is the caller's VMContext. */
.set id, OURO_BUILTIN_FIRST_HOST
.p2align 4
.Lhost_builtins:
.rept OURO_BUILTIN_COUNT - OURO_BUILTIN_FIRST_HOST
  .p2align 4
  mov eax, OURO_EXIT_HOST_BUILTIN + id - OURO_BUILTIN_FIRST_HOST
  jmp .Lleave_builtin
  .set id, id + 1
.endr
.p2align 4
.Lleave_builtin:
  xor r10d, r10d
  jmp .Lleave

/* A failed check in compiled code calls this; the return address is the trap's key. */
FUNCTION(ouro_trap_entry)
  pop rdi
  mov rsi, rsp
  mov edx, OURO_TRAP_KIND_EXPLICIT
  xor ecx, ecx
  mov rax, [rip + ouro_slots@GOTTPOFF]
  mov rax, fs:[rax]
  mov rsp, [rax + STATE_HOST_SP]
/* The signal handler jumps here, with rsp = state.host_sp and the arguments of ouro_trapped in place. */
.globl ouro_trap_landing
.hidden ouro_trap_landing
ouro_trap_landing:
  sub rsp, 8
  call ouro_trapped
  add rsp, 8
  POP_REGISTERS
  xor eax, eax
  ret
END(ouro_trap_entry)

/* Native builtins: libc's functions, which can only fault in the stack's guard; native_sp is then where the trace begins. */
FUNCTION(ouro_memory_copy)
  mov rax, [rip + ouro_slots@GOTTPOFF]
  mov rax, fs:[rax]
  mov [rax + STATE_NATIVE_SP], rsp
  jmp [rip + memmove@GOTPCREL]
END(ouro_memory_copy)

FUNCTION(ouro_memory_fill)
  mov rax, [rip + ouro_slots@GOTTPOFF]
  mov rax, fs:[rax]
  mov [rax + STATE_NATIVE_SP], rsp
  cmp rdx, OURO_LARGE_FILL
  jae ouro_fill_large
  jmp [rip + memset@GOTPCREL]
END(ouro_memory_fill)

.section .data.rel.ro, "aw"
.globl ouro_builtins
.hidden ouro_builtins
.p2align 3
ouro_builtins:
  .quad ouro_memory_copy
  .quad ouro_memory_fill
  .fill OURO_BUILTIN_FIRST_HOST - OURO_BUILTIN_MEMORY_FILL - 1, 8, 0
.set id, 0
.rept OURO_BUILTIN_COUNT - OURO_BUILTIN_FIRST_HOST
  .quad .Lhost_builtins + 16 * id
  .set id, id + 1
.endr
.if OURO_BUILTIN_MEMORY_COPY != 0 || OURO_BUILTIN_MEMORY_FILL != 1
  .error "the table's order"
.endif

.text

/* napi_value ouro_enter_ints_32(env, info): the same for parameters of 32 bits. */
FUNCTION(ouro_enter_ints_32)
  BEGIN_ACTIVATION enter_ints_32
  xor r12d, r12d
  mov rsp, rbp
  LOAD_INTS_32
  jmp .Lcall
  OTHER_ACTIVITY enter_ints_32
END(ouro_enter_ints_32)

/* napi_value ouro_enter_32(env, info): ouro_enter for integer parameters of 32 bits, and no stack words. */
FUNCTION(ouro_enter_32)
  BEGIN_ACTIVATION enter_32
  xor r12d, r12d
  mov rsp, rbp
  LOAD_INTS_32
  LOAD_FLOATS
  jmp .Lcall
  OTHER_ACTIVITY enter_32
END(ouro_enter_32)

/* napi_value ouro_enter_leaf_32(env, info): the same for integer parameters of 32 bits, and float parameters. */
FUNCTION(ouro_enter_leaf_32)
  BEGIN_LEAF
  LOAD_INTS_32
  LOAD_FLOATS
  jmp .Lcall_leaf
END(ouro_enter_leaf_32)

/* napi_value ouro_enter_leaf_pair_32(env, info): the same for parameters of 32 bits. */
FUNCTION(ouro_enter_leaf_pair_32)
  BEGIN_LEAF
  mov edi, [r13 + OURO_SLOT_INTS]
  mov esi, [r13 + OURO_SLOT_INTS + 8]
  call [r11 + OURO_FUNCREF_CODE]
  END_LEAF
END(ouro_enter_leaf_pair_32)

.section .note.GNU-stack, "", @progbits
#endif
