/** traps: trap codes, as they stand in an artifact's trap table. Import-free: compiled by asc and tsc. */

export const enum TrapCode {
  None = 0,
  Unreachable = 1,
  MemoryOutOfBounds = 2,
  TableOutOfBounds = 3,
  IndirectCallToNull = 4,
  BadSignature = 5,
  IntegerOverflow = 6,
  IntegerDivisionByZero = 7,
  BadConversionToInteger = 8,
  StackOverflow = 9,
  NullReference = 10,
  HeapMisaligned = 11,
  Interrupt = 12,
}
