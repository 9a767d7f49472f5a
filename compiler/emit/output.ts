/** output: what code generation leaves for the linker, for the whole module.
 *  In: functions are emitted in index order, each appends to `code`.  Out: code, rodata, and the tables below, read by link/.
 *  Everything counts from the start of this output, so that it may be a part of the module as well as the whole.
 *  Requires: `resetOutput` before the first function. Traps and addresses are added in ascending order of code offset.
 *  Cost: amortised O(1) an entry. */

import { Buffer } from '../base/buffer';
import { Column } from '../base/column';
import { Entity, at } from '../base/entity';
import { FIRST_ENTRIES, grownCapacity } from '../base/memory';
import { TrapCode } from '../../runtime/traps';
import { addressMap } from '../options';

/** The text; offset 0 is the start of `.text`. */
export const code: Buffer = Buffer.create();
/** Constants and jump tables. Whoever appends aligns first, and notes what it is. */
export const rodata: Buffer = Buffer.create();
/** What lies in rodata, in its order, by `note…`: enough to put it together again when parts are joined. */
export const rodataItems: Buffer = Buffer.create();

/** First byte of an item. Other values are the size of a constant: 4, 8 or 16. */
export const enum RodataItem {
  /** Number of targets: 4 bytes. */
  JumpTable = 1,
  /** Table, canonical type: 4 bytes each. */
  FunctionTable = 2,
}

const FUNCTION_ALIGNMENT: u32 = 16;

/** A relocation in `code` or `rodata`, from 1. */
@unmanaged
@final
export class Relocation extends Entity {}

/** A function defined in the module: defined index + 1. */
@unmanaged
@final
export class DefinedFunc extends Entity {}

/** An entry of the trap table, from 1. */
@unmanaged
@final
export class TrapEntry extends Entity {}

/** An entry of the address map, from 1. */
@unmanaged
@final
export class AddressEntry extends Entity {}

export const enum RelocationKind {
  /** code, 4 bytes: distance from the end of the field to the code of function `target` (function index of the module, not imported). */
  X64Call = 1,
  /** code, 4 bytes: distance from the end of the instruction (field end + addend) to rodata offset `target`. */
  X64Rodata = 2,
  /** rodata, 4 bytes: distance from rodata offset `addend` (the table's start) to code offset `target`. */
  TableCode = 3,
  /** rodata, 4 bytes: distance from rodata offset `addend` (the table's start) to the code of function `target`. */
  TableFunction = 4,
}

export let relocationCount: u32 = 0;
let relocationCapacity: u32 = 0;
export let relocationKind: Column<Relocation, u8> = Column.none<Relocation, u8>();
/** Where the field is: offset in `code` (X64…) or in `rodata` (Table…). */
export let relocationOffset: Column<Relocation, u32> = Column.none<Relocation, u32>();
export let relocationTarget: Column<Relocation, u32> = Column.none<Relocation, u32>();
export let relocationAddend: Column<Relocation, u32> = Column.none<Relocation, u32>();

/** Functions recorded so far: the next one is defined function `functionCount`. */
export let functionCount: u32 = 0;
let functionCapacity: u32 = 0;
export let functionCodeOffset: Column<DefinedFunc, u32> = Column.none<DefinedFunc, u32>();
export let functionCodeSize: Column<DefinedFunc, u32> = Column.none<DefinedFunc, u32>();
/** N of ABI.md: what the first instruction subtracts from the stack pointer; 0 when there is no such instruction. */
export let functionFrameSize: Column<DefinedFunc, u32> = Column.none<DefinedFunc, u32>();
/** Callee-saved registers stored in the frame: bit r for hardware register r. The lowest is at [sp + N - 8], the next at [sp + N - 16] … */
export let functionSavedRegisters: Column<DefinedFunc, u16> = Column.none<DefinedFunc, u16>();
/** FUNCTION_FLAG_… of the artifact. */
export let functionFlags: Column<DefinedFunc, u16> = Column.none<DefinedFunc, u16>();

export let trapCount: u32 = 0;
let trapCapacity: u32 = 0;
export let trapCodeOffset: Column<TrapEntry, u32> = Column.none<TrapEntry, u32>();
export let trapKind: Column<TrapEntry, u8> = Column.none<TrapEntry, u8>();

export let addressCount: u32 = 0;
let addressCapacity: u32 = 0;
export let addressCodeOffset: Column<AddressEntry, u32> = Column.none<AddressEntry, u32>();
export let addressWasmOffset: Column<AddressEntry, u32> = Column.none<AddressEntry, u32>();

/** The next function begins here. What stands between functions is `int3`. */
export function alignFunction(): void {
  while ((code.length & (FUNCTION_ALIGNMENT - 1)) != 0) code.u8(0xcc);
}

/** Forgets the module before. */
export function resetOutput(): void {
  code.clear();
  rodata.clear();
  rodataItems.clear();
  relocationCount = 0;
  functionCount = 0;
  trapCount = 0;
  addressCount = 0;
}

/** Forgets all relocations and traps and the first `addresses` addresses: they are packed. */
export function dropEntries(addresses: u32): void {
  relocationCount = 0;
  trapCount = 0;
  const left = addressCount - addresses;
  for (let i: u32 = 1; i <= left; i++) {
    addressCodeOffset[at<AddressEntry>(i)] = addressCodeOffset[at<AddressEntry>(i + addresses)];
    addressWasmOffset[at<AddressEntry>(i)] = addressWasmOffset[at<AddressEntry>(i + addresses)];
  }
  addressCount = left;
}

/** Gives back the tables of relocations, traps and addresses; all are packed. */
export function freeEntries(): void {
  relocationKind = Column.free<Relocation, u8>(relocationKind);
  relocationOffset = Column.free<Relocation, u32>(relocationOffset);
  relocationTarget = Column.free<Relocation, u32>(relocationTarget);
  relocationAddend = Column.free<Relocation, u32>(relocationAddend);
  relocationCapacity = 0;
  trapCodeOffset = Column.free<TrapEntry, u32>(trapCodeOffset);
  trapKind = Column.free<TrapEntry, u8>(trapKind);
  trapCapacity = 0;
  addressCodeOffset = Column.free<AddressEntry, u32>(addressCodeOffset);
  addressWasmOffset = Column.free<AddressEntry, u32>(addressWasmOffset);
  addressCapacity = 0;
}

/** See RelocationKind for the meaning of target and addend. */
export function addRelocation(kind: RelocationKind, offset: u32, target: u32, addend: u32): void {
  const index = ++relocationCount;
  if (index >= relocationCapacity) {
    const old = relocationCapacity;
    relocationCapacity = grownCapacity(old, FIRST_ENTRIES);
    relocationKind = Column.grown<Relocation, u8>(relocationKind, old, relocationCapacity);
    relocationOffset = Column.grown<Relocation, u32>(relocationOffset, old, relocationCapacity);
    relocationTarget = Column.grown<Relocation, u32>(relocationTarget, old, relocationCapacity);
    relocationAddend = Column.grown<Relocation, u32>(relocationAddend, old, relocationCapacity);
  }
  const entry = at<Relocation>(index);
  relocationKind[entry] = kind as u8;
  relocationOffset[entry] = offset;
  relocationTarget[entry] = target;
  relocationAddend[entry] = addend;
}

/** A constant of `size` bytes, aligned to its size, comes next. */
export function noteConstant(size: u32): void {
  rodataItems.u8(size);
}

/** A jump table comes next. */
export function noteJumpTable(targets: u32): void {
  rodataItems.u8(RodataItem.JumpTable);
  rodataItems.u32(targets);
}

/** The distances of a static table of the module, seen with a canonical type, come next. */
export function noteFunctionTable(table: u32, type: u32): void {
  rodataItems.u8(RodataItem.FunctionTable);
  rodataItems.u32(table);
  rodataItems.u32(type);
}

/** Appends the next entry of the jump table that starts at rodata offset `tableStart`; code finds the target at table address + entry. */
export function addJumpTableEntry(tableStart: u32, codeOffset: u32): void {
  addRelocation(RelocationKind.TableCode, rodata.length, codeOffset, tableStart);
  rodata.u32(0);
}

/** Appends the next entry of the static function table that starts at rodata offset `tableStart`. */
export function addFunctionTableEntry(tableStart: u32, funcIndex: u32): void {
  addRelocation(RelocationKind.TableFunction, rodata.length, funcIndex, tableStart);
  rodata.u32(0);
}

/** Records the next defined function, in index order. */
export function addFunction(codeOffset: u32, codeSize: u32, frameSize: u32, savedRegisters: u32, flags: u32): void {
  const index = ++functionCount;
  if (index >= functionCapacity) {
    const old = functionCapacity;
    functionCapacity = grownCapacity(old, FIRST_ENTRIES);
    functionCodeOffset = Column.grown<DefinedFunc, u32>(functionCodeOffset, old, functionCapacity);
    functionCodeSize = Column.grown<DefinedFunc, u32>(functionCodeSize, old, functionCapacity);
    functionFrameSize = Column.grown<DefinedFunc, u32>(functionFrameSize, old, functionCapacity);
    functionSavedRegisters = Column.grown<DefinedFunc, u16>(functionSavedRegisters, old, functionCapacity);
    functionFlags = Column.grown<DefinedFunc, u16>(functionFlags, old, functionCapacity);
  }
  const entry = at<DefinedFunc>(index);
  functionCodeOffset[entry] = codeOffset;
  functionCodeSize[entry] = codeSize;
  functionFrameSize[entry] = frameSize;
  functionSavedRegisters[entry] = savedRegisters as u16;
  functionFlags[entry] = flags as u16;
}

/** `codeOffset`: of the faulting instruction, or the return address of the trap stub's call (see ABI.md). Ascending. */
export function addTrap(codeOffset: u32, trap: TrapCode): void {
  const index = ++trapCount;
  if (index >= trapCapacity) {
    const old = trapCapacity;
    trapCapacity = grownCapacity(old, FIRST_ENTRIES);
    trapCodeOffset = Column.grown<TrapEntry, u32>(trapCodeOffset, old, trapCapacity);
    trapKind = Column.grown<TrapEntry, u8>(trapKind, old, trapCapacity);
  }
  const entry = at<TrapEntry>(index);
  assert(index == 1 || trapCodeOffset[at<TrapEntry>(index - 1)] < codeOffset);
  trapCodeOffset[entry] = codeOffset;
  trapKind[entry] = trap as u8;
}

/** From `codeOffset` on, code comes from this offset of the wasm binary (0: from none). Ascending; repetitions are dropped,
 *  and everything when the option addressMap is off.
 *  Each function adds an entry at its first byte, so that none inherits the last one of the function before. */
export function addAddress(codeOffset: u32, wasmOffset: u32): void {
  if (!addressMap) return;
  if (addressCount != 0) {
    const last = at<AddressEntry>(addressCount);
    assert(addressCodeOffset[last] <= codeOffset);
    // No code came of the entry before: it is replaced.
    if (addressCodeOffset[last] == codeOffset) addressCount -= 1;
    if (addressCount != 0 && addressWasmOffset[at<AddressEntry>(addressCount)] == wasmOffset) return;
  }
  const index = ++addressCount;
  if (index >= addressCapacity) {
    const old = addressCapacity;
    addressCapacity = grownCapacity(old, FIRST_ENTRIES);
    addressCodeOffset = Column.grown<AddressEntry, u32>(addressCodeOffset, old, addressCapacity);
    addressWasmOffset = Column.grown<AddressEntry, u32>(addressWasmOffset, old, addressCapacity);
  }
  const entry = at<AddressEntry>(index);
  addressCodeOffset[entry] = codeOffset;
  addressWasmOffset[entry] = wasmOffset;
}
