/* What this CPU has, as bits of runtime/cpu.ts. */
#include "ouro.h"

#include <cpuid.h>
#include <stdatomic.h>

static uint32_t bit(uint32_t word, int position, uint32_t feature) { return (word >> position & 1) ? feature : 0; }

/* As few CPUID instructions as will do: a virtual machine traps each, at 20 us. Leaves 1 and 0x80000001 are there on every 64-bit CPU. */
static uint32_t find(void) {
  uint32_t a, b, c, d, highest, b7 = 0, c7, c81;
  __cpuid(0, highest, b, c, d);
  if (highest >= 7) __cpuid_count(7, 0, a, b7, c7, d);
  __cpuid(0x80000001, a, b, c81, d);
  __cpuid(1, a, b, c, d);
  uint32_t found = bit(c, 0, OURO_CPU_X64_SSE3) | bit(c, 9, OURO_CPU_X64_SSSE3) | bit(c, 19, OURO_CPU_X64_SSE41) |
                   bit(c, 20, OURO_CPU_X64_SSE42) | bit(c, 23, OURO_CPU_X64_POPCNT) | bit(c, 13, OURO_CPU_X64_CX16) |
                   bit(c, 22, OURO_CPU_X64_MOVBE) | bit(b7, 3, OURO_CPU_X64_BMI1) | bit(b7, 8, OURO_CPU_X64_BMI2) |
                   bit(c81, 0, OURO_CPU_X64_LAHF) | bit(c81, 5, OURO_CPU_X64_LZCNT);
  uint32_t saved = 0; /* XCR0: which registers the system saves */
  if (c >> 27 & 1) __asm__("xgetbv" : "=a"(saved), "=d"(d) : "c"(0));
  if ((saved & 0x06) == 0x06) { /* ymm */
    found |= bit(c, 28, OURO_CPU_X64_AVX) | bit(c, 12, OURO_CPU_X64_FMA) | bit(c, 29, OURO_CPU_X64_F16C) | bit(b7, 5, OURO_CPU_X64_AVX2);
  }
  if ((saved & 0xe6) == 0xe6) { /* zmm and masks */
    found |= bit(b7, 16, OURO_CPU_X64_AVX512F) | bit(b7, 17, OURO_CPU_X64_AVX512DQ) | bit(b7, 28, OURO_CPU_X64_AVX512CD) |
             bit(b7, 30, OURO_CPU_X64_AVX512BW) | bit(b7, 31, OURO_CPU_X64_AVX512VL);
  }
  return found;
}

uint32_t ouro_cpu_features(void) {
  static _Atomic(uint32_t) known; /* threads that ask at once find the same */
  uint32_t features = atomic_load_explicit(&known, memory_order_relaxed);
  if (features == 0) {
    features = find();
    atomic_store_explicit(&known, features, memory_order_relaxed);
  }
  return features;
}
