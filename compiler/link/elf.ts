/** elf: the ELF side of the artifact: file header, program headers, section headers, symbols, and what a shared object must have.
 *  In: the section table of layout.ts, the function table.  Out: a file that readelf, objdump, gdb, perf and dlopen accept.
 *  Ref: System V ABI, ELF-64 object file format. */

import { Buffer } from '../base/buffer';
import { at } from '../base/entity';
import { DefinedFunc, functionCodeOffset, functionCodeSize, functionCount } from '../emit/output';
import { target } from '../options';
import { importedFuncCount } from '../wasm/module';
import * as layout from './layout';
import { Word, sectionWord } from './layout';
import { functionName } from './names';

const ELF_HEADER_SIZE: u32 = 64;
const PROGRAM_HEADER_SIZE: u32 = 56;
const SECTION_HEADER_SIZE: u32 = 64;
const SYMBOL_SIZE: u32 = 24;
const ET_DYN: u32 = 3;
const PT_LOAD: u32 = 1;
const PT_DYNAMIC: u32 = 2;
const PT_GNU_EH_FRAME: u32 = 0x6474e550;
const PT_GNU_STACK: u32 = 0x6474e551;
const PF_X: u32 = 1;
const PF_W: u32 = 2;
const PF_R: u32 = 4;
const STT_FUNC: u32 = 2;

let dynsym: u32 = 0;
let dynstr: u32 = 0;
let hash: u32 = 0;
let dynamic: u32 = 0;

/** `.dynsym`, `.dynstr`, `.hash`: no symbols. */
export function writeDynamicSymbols(out: Buffer): void {
  dynsym = layout.openSection('.dynsym', layout.SHT_DYNSYM, layout.SHF_ALLOC, 8, SYMBOL_SIZE);
  layout.setLink(dynsym, dynsym + 1, 1);
  out.zeros(SYMBOL_SIZE);
  layout.closeSection();
  dynstr = layout.openSection('.dynstr', layout.SHT_STRTAB, layout.SHF_ALLOC, 1, 0);
  out.u8(0);
  layout.closeSection();
  hash = layout.openSection('.hash', layout.SHT_HASH, layout.SHF_ALLOC, 8, 4);
  layout.setLink(hash, dynsym, 0);
  out.u32(1); // buckets
  out.u32(1); // chains
  out.u64(0);
  layout.closeSection();
}

function writeDynamicEntry(out: Buffer, tag: u32, value: u32): void {
  out.u64(tag);
  out.u64(value);
}

export function writeDynamic(out: Buffer): void {
  // On pages of its own: dlopen may write to it.
  dynamic = layout.openSection('.dynamic', layout.SHT_DYNAMIC, layout.SHF_ALLOC | layout.SHF_WRITE, 8, 16);
  layout.setLink(dynamic, dynstr, 0);
  writeDynamicEntry(out, 4, sectionWord(hash, Word.Offset)); // DT_HASH
  writeDynamicEntry(out, 5, sectionWord(dynstr, Word.Offset)); // DT_STRTAB
  writeDynamicEntry(out, 6, sectionWord(dynsym, Word.Offset)); // DT_SYMTAB
  writeDynamicEntry(out, 10, sectionWord(dynstr, Word.Size)); // DT_STRSZ
  writeDynamicEntry(out, 11, SYMBOL_SIZE); // DT_SYMENT
  writeDynamicEntry(out, 0, 0);
  layout.closeSection();
}

/** Size of `.symtab`. */
export function symbolsSize(): u32 {
  return (functionCount + 1) * SYMBOL_SIZE;
}

/** `.symtab`; `.strtab` must follow. `text`: section index and address of `.text`. */
export function writeSymbols(out: Buffer, textSection: u32, text: u32): void {
  const symtab = layout.openSection('.symtab', layout.SHT_SYMTAB, 0, 8, SYMBOL_SIZE);
  // All symbols are local.
  layout.setLink(symtab, symtab + 1, functionCount + 1);
  out.zeros(SYMBOL_SIZE);
  for (let i: u32 = 0; i < functionCount; i++) {
    const func = at<DefinedFunc>(i + 1);
    out.u32(functionName(importedFuncCount + i));
    out.u8(STT_FUNC);
    out.u8(0);
    out.u16(textSection);
    out.u64(text + functionCodeOffset[func]);
    out.u64(functionCodeSize[func]);
  }
  layout.closeSection();
}

/** Section headers at the end of the file; returns their offset. */
function writeSectionHeaders(out: Buffer): u32 {
  out.align(8);
  const start = out.length;
  const count = layout.sectionCount();
  for (let section: u32 = 0; section < count; section++) {
    const flags = sectionWord(section, Word.Flags);
    const offset = sectionWord(section, Word.Offset);
    out.u32(sectionWord(section, Word.Name));
    out.u32(sectionWord(section, Word.Type));
    out.u64(flags);
    out.u64((flags & layout.SHF_ALLOC) != 0 ? offset : 0);
    out.u64(offset);
    out.u64(sectionWord(section, Word.Size));
    out.u32(sectionWord(section, Word.Link));
    out.u32(sectionWord(section, Word.Info));
    out.u64(sectionWord(section, Word.Align));
    out.u64(sectionWord(section, Word.EntrySize));
  }
  return start;
}

let programHeaderAt: u32 = 0;

function putProgramHeader(out: Buffer, type: u32, flags: u32, offset: u32, size: u32, alignment: u32): void {
  const start = programHeaderAt;
  programHeaderAt += PROGRAM_HEADER_SIZE;
  out.putU32(start, type);
  out.putU32(start + 4, flags);
  out.putU64(start + 8, offset);
  out.putU64(start + 16, offset);
  out.putU64(start + 24, offset);
  out.putU64(start + 32, size);
  out.putU64(start + 40, size);
  out.putU64(start + 48, alignment);
}

/** Section headers, program headers, file header; nothing may be appended after it. `.shstrtab` is the last section.
 *  `readOnlySize`: bytes from the start of the file up to `.text`; `unwindHeader`: section index of `.eh_frame_hdr`. */
export function finishElf(out: Buffer, readOnlySize: u32, text: u32, textSize: u32, unwindHeader: u32): void {
  const sections = writeSectionHeaders(out);
  programHeaderAt = ELF_HEADER_SIZE;
  putProgramHeader(out, PT_LOAD, PF_R, 0, readOnlySize, layout.pageSize());
  if (textSize != 0) putProgramHeader(out, PT_LOAD, PF_R | PF_X, text, layout.pageAligned(textSize), layout.pageSize());
  const dynamicOffset = sectionWord(dynamic, Word.Offset);
  const dynamicSize = sectionWord(dynamic, Word.Size);
  putProgramHeader(out, PT_LOAD, PF_R | PF_W, dynamicOffset, dynamicSize, layout.pageSize());
  putProgramHeader(out, PT_DYNAMIC, PF_R | PF_W, dynamicOffset, dynamicSize, 8);
  putProgramHeader(out, PT_GNU_EH_FRAME, PF_R, sectionWord(unwindHeader, Word.Offset), sectionWord(unwindHeader, Word.Size), 4);
  putProgramHeader(out, PT_GNU_STACK, PF_R | PF_W, 0, 0, 16);
  const programHeaders = (programHeaderAt - ELF_HEADER_SIZE) / PROGRAM_HEADER_SIZE;

  out.putU32(0, 0x464c457f);
  out.putU32(4, 0x00010102); // 64 bits, little-endian, version 1, System V
  out.putU32(16, ET_DYN | (target << 16));
  out.putU32(20, 1);
  out.putU64(24, 0);
  out.putU64(32, ELF_HEADER_SIZE);
  out.putU64(40, sections);
  out.putU32(48, 0);
  out.putU32(52, ELF_HEADER_SIZE | (PROGRAM_HEADER_SIZE << 16));
  out.putU32(56, programHeaders | (SECTION_HEADER_SIZE << 16));
  out.putU32(60, layout.sectionCount() | ((layout.sectionCount() - 1) << 16));
}
