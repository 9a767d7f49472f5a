/** cpu: bits for what a CPU has and what code may use (H_CPU_FEATURES of an artifact). Import-free: compiled by asc and tsc, and turned
 *  into native/layout.h. A bit means that the system saves the registers it needs, too. Bits keep their meaning for ever. */

export const CPU_X64_SSE3: u32 = 1 << 0;
export const CPU_X64_SSSE3: u32 = 1 << 1;
export const CPU_X64_SSE41: u32 = 1 << 2;
export const CPU_X64_SSE42: u32 = 1 << 3;
export const CPU_X64_POPCNT: u32 = 1 << 4;
export const CPU_X64_CX16: u32 = 1 << 5;
export const CPU_X64_LAHF: u32 = 1 << 6;
export const CPU_X64_AVX: u32 = 1 << 7;
export const CPU_X64_AVX2: u32 = 1 << 8;
export const CPU_X64_BMI1: u32 = 1 << 9;
export const CPU_X64_BMI2: u32 = 1 << 10;
export const CPU_X64_LZCNT: u32 = 1 << 11;
export const CPU_X64_FMA: u32 = 1 << 12;
export const CPU_X64_F16C: u32 = 1 << 13;
export const CPU_X64_MOVBE: u32 = 1 << 14;
export const CPU_X64_AVX512F: u32 = 1 << 15;
export const CPU_X64_AVX512BW: u32 = 1 << 16;
export const CPU_X64_AVX512CD: u32 = 1 << 17;
export const CPU_X64_AVX512DQ: u32 = 1 << 18;
export const CPU_X64_AVX512VL: u32 = 1 << 19;

// The levels of the x86-64 psABI. Level 2 is what all generated code may use.
export const CPU_X64_V2: u32 = CPU_X64_SSE3 | CPU_X64_SSSE3 | CPU_X64_SSE41 | CPU_X64_SSE42 | CPU_X64_POPCNT | CPU_X64_CX16 | CPU_X64_LAHF;
export const CPU_X64_V3: u32 =
  CPU_X64_V2 | CPU_X64_AVX | CPU_X64_AVX2 | CPU_X64_BMI1 | CPU_X64_BMI2 | CPU_X64_LZCNT | CPU_X64_FMA | CPU_X64_F16C | CPU_X64_MOVBE;
export const CPU_X64_V4: u32 = CPU_X64_V3 | CPU_X64_AVX512F | CPU_X64_AVX512BW | CPU_X64_AVX512CD | CPU_X64_AVX512DQ | CPU_X64_AVX512VL;
