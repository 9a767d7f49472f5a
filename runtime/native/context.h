/* What the signal handler reads and changes in a signal's context; one block for each system and architecture. */
#ifndef OURO_CONTEXT_H
#define OURO_CONTEXT_H

#include <stdint.h>
#include <ucontext.h>

#if defined(__linux__) && defined(__x86_64__)

static inline uintptr_t context_pc(const ucontext_t *context) { return (uintptr_t)context->uc_mcontext.gregs[REG_RIP]; }
static inline uintptr_t context_sp(const ucontext_t *context) { return (uintptr_t)context->uc_mcontext.gregs[REG_RSP]; }

/* Continues at `target` on the stack `sp` with four arguments in the registers of the C calling convention. */
static inline void context_redirect(ucontext_t *context, uintptr_t target, uintptr_t sp, const uintptr_t arguments[4]) {
  greg_t *registers = context->uc_mcontext.gregs;
  registers[REG_RDI] = (greg_t)arguments[0];
  registers[REG_RSI] = (greg_t)arguments[1];
  registers[REG_RDX] = (greg_t)arguments[2];
  registers[REG_RCX] = (greg_t)arguments[3];
  registers[REG_RSP] = (greg_t)sp;
  registers[REG_RIP] = (greg_t)target;
  registers[REG_EFL] &= ~(greg_t)0x400; /* the direction flag */
}

#else
#error "no signal context for this system and architecture"
#endif
#endif
