/** Machine code for tests of the native helper, x86-64, in the convention of ABI.md. */

import type { Code } from './machine.js';

/** (i32, i32) -> i32 */
export const add: Code = {
  hex: [
    '8d0437', // lea eax, [rdi + rsi]
    'c3', // ret
  ],
};

/** f64 0 * f64 7 in xmm0, f32 1 + f32 2 in xmm1 */
export const floats: Code = {
  hex: [
    'f20f59c7', // mulsd xmm0, xmm7
    'f30f58ca', // addss xmm1, xmm2
    'c3', // ret
  ],
};

/** 8 integers -> the sum of the first six, the seventh, the eighth, the first */
export const stackWords: Code = {
  hex: [
    '488d0437', // lea rax, [rdi + rsi]
    '4801d0', // add rax, rdx
    '4801c8', // add rax, rcx
    '4c01c0', // add rax, r8
    '4c01c8', // add rax, r9
    '488b542408', // mov rdx, [rsp + 8]
    '4c8b542410', // mov r10, [rsp + 16]
    '4c89542418', // mov [rsp + 24], r10
    '48897c2420', // mov [rsp + 32], rdi
    'c3', // ret
  ],
};

/** Import 0 with the same arguments; its i32 result + 1. */
export const callImport: Code = {
  frame: 24,
  hex: [
    '4883ec18', // sub rsp, 24
    '4c89742410', // mov [rsp + 16], r14
    '4d8b5e30', // mov r11, [r14 + 48]
    '4d8b7638', // mov r14, [r14 + 56]
    '4d8b7e10', // mov r15, [r14 + 16]
    '41ffd3', // call r11
    '4c8b742410', // mov r14, [rsp + 16]
    '4d8b7e10', // mov r15, [r14 + 16]
    '83c001', // add eax, 1
    '4883c418', // add rsp, 24
    'c3', // ret
  ],
};

/** Import 0 with stack words 7 and 8 and two stack results; the sum of its four results. */
export const callImportStack: Code = {
  frame: 40,
  hex: [
    '4883ec28', // sub rsp, 40
    '4c89742420', // mov [rsp + 32], r14
    '48c7042407000000', // mov qword ptr [rsp], 7
    '48c744240808000000', // mov qword ptr [rsp + 8], 8
    '4d8b5e30', // mov r11, [r14 + 48]
    '4d8b7638', // mov r14, [r14 + 56]
    '41ffd3', // call r11
    '4c8b742420', // mov r14, [rsp + 32]
    '4d8b7e10', // mov r15, [r14 + 16]
    '4801d0', // add rax, rdx
    '4803442410', // add rax, [rsp + 16]
    '4803442418', // add rax, [rsp + 24]
    '4883c428', // add rsp, 40
    'c3', // ret
  ],
};

/** 1 + 20 + 300 + 4000, held in callee-saved registers over a call of import 0. */
export const keepRegisters: Code = {
  frame: 56,
  hex: [
    '4883ec38', // sub rsp, 56
    '4c89742430', // mov [rsp + 48], r14
    '48895c2428', // mov [rsp + 40], rbx
    '48896c2420', // mov [rsp + 32], rbp
    '4c89642418', // mov [rsp + 24], r12
    '4c896c2410', // mov [rsp + 16], r13
    'bb01000000', // mov ebx, 1
    'bd14000000', // mov ebp, 20
    '41bc2c010000', // mov r12d, 300
    '41bda00f0000', // mov r13d, 4000
    '4d8b5e30', // mov r11, [r14 + 48]
    '4d8b7638', // mov r14, [r14 + 56]
    '41ffd3', // call r11
    '4c8b742430', // mov r14, [rsp + 48]
    '4d8b7e10', // mov r15, [r14 + 16]
    '8d042b', // lea eax, [rbx + rbp]
    '4401e0', // add eax, r12d
    '4401e8', // add eax, r13d
    '488b5c2428', // mov rbx, [rsp + 40]
    '488b6c2420', // mov rbp, [rsp + 32]
    '4c8b642418', // mov r12, [rsp + 24]
    '4c8b6c2410', // mov r13, [rsp + 16]
    '4883c438', // add rsp, 56
    'c3', // ret
  ],
};

/** i32 -> itself; 0 traps, and the trap's call is the last instruction. */
export const trapIfZero: Code = {
  hex: [
    '85ff', // test edi, edi
    '7403', // je .trap
    '89f8', // mov eax, edi
    'c3', // ret
    '41ff16', // .trap: call [r14]
  ],
};

/** i32.load of memory 0 at an i32 address */
export const load: Code = {
  hex: [
    '418b043f', // mov eax, [r15 + rdi]
    'c3', // ret
  ],
};

/** Calls the function that lies 16 bytes before it, as its frame's only content. */
export const callPrevious: Code = {
  frame: 8,
  hex: [
    '4883ec08', // sub rsp, 8
    'e8e7ffffff', // call -25
    '4883c408', // add rsp, 8
    'c3', // ret
  ],
};

/** Recurses for ever. */
export const recurse: Code = {
  frame: 24,
  hex: [
    '4883ec18', // sub rsp, 24
    '48897c2408', // mov [rsp + 8], rdi
    'e8f2ffffff', // call self
    '4883c418', // add rsp, 24
    'c3', // ret
  ],
};

/** i32 n: recurses n times, then calls import 0. */
export const recurseToImport: Code = {
  frame: 24,
  hex: [
    '4883ec18', // sub rsp, 24
    '85ff', // test edi, edi
    '740c', // je .call
    'ffcf', // dec edi
    'e8f1ffffff', // call self
    '4883c418', // add rsp, 24
    'c3', // ret
    '4c89742410', // .call: mov [rsp + 16], r14
    '4d8b5e30', // mov r11, [r14 + 48]
    '4d8b7638', // mov r14, [r14 + 56]
    '41ffd3', // call r11
    '4c8b742410', // mov r14, [rsp + 16]
    '4883c418', // add rsp, 24
    'c3', // ret
  ],
};

/** A frame of 200 KiB, touched page by page from the top. */
export const hugeFrame: Code = {
  frame: 204808,
  hex: [
    '4881ec08200300', // sub rsp, 204808
    'b900100300', // mov ecx, 200704
    '89040c', // .next: mov [rsp + rcx], eax
    '81e900100000', // sub ecx, 4096
    '75f5', // jne .next
    'b801000000', // mov eax, 1
    '4881c408200300', // add rsp, 204808
    'c3', // ret
  ],
};

/** Builtin 0 (memory copy), then builtin 8 (memory grow) with the same registers as far as they survive; its result. */
export const callBuiltins: Code = {
  frame: 8,
  hex: [
    '4883ec08', // sub rsp, 8
    '498b4618', // mov rax, [r14 + 24]
    'ff10', // call [rax]
    'bf03000000', // mov edi, 3
    'be04000000', // mov esi, 4
    '498b4618', // mov rax, [r14 + 24]
    'ff5040', // call [rax + 64]
    '4883c408', // add rsp, 8
    'c3', // ret
  ],
};

/** i32 n: calls import 0 with (n, 3) for n down to 1, as compiled code does. */
export const importLoop: Code = {
  frame: 24,
  hex: [
    '4883ec18', // sub rsp, 24
    '4c89742410', // mov [rsp + 16], r14
    '48895c2408', // mov [rsp + 8], rbx
    '89fb', // mov ebx, edi
    '4d8b5e30', // .again: mov r11, [r14 + 48]
    '4d8b7638', // mov r14, [r14 + 56]
    '89df', // mov edi, ebx
    'be03000000', // mov esi, 3
    '41f6c301', // test r11b, 1
    '751e', // jne .leave
    '4d8b7e10', // mov r15, [r14 + 16]
    '41ffd3', // call r11
    '4c8b742410', // .back: mov r14, [rsp + 16]
    '4d8b7e10', // mov r15, [r14 + 16]
    'ffcb', // dec ebx
    '75d7', // jne .again
    '488b5c2408', // mov rbx, [rsp + 8]
    '4883c418', // add rsp, 24
    'c3', // ret
    '488d0503000000', // .leave: lea rax, [rip + 3]
    '41ffe3', // jmp r11
    'ebdd', // jmp .back
  ],
};
