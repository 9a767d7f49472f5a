/** layout: places the artifact's sections in the file, one after the other, and remembers them for the ELF section headers and for
 *  the directory of the Ouro header.
 *  In: open, write to the file, close.  Out: the file with its directory filled in; the section table.
 *  Virtual address = file offset, everywhere.  Ref: runtime/ARTIFACT.md. */

import { Buffer } from '../base/buffer';
import { Pool } from '../base/pool';
import { DIRECTORY_ENTRY_SIZE, H_DIRECTORY, HEADER_AT, PAGE_SIZE_A64, PAGE_SIZE_X64, Section, TARGET_X64 } from '../../runtime/artifact';
import { target } from '../options';

/** ELF section types and flags. */
export const SHT_PROGBITS: u32 = 1;
export const SHT_SYMTAB: u32 = 2;
export const SHT_STRTAB: u32 = 3;
export const SHT_HASH: u32 = 5;
export const SHT_DYNAMIC: u32 = 6;
export const SHT_DYNSYM: u32 = 11;
export const SHF_WRITE: u32 = 1;
export const SHF_ALLOC: u32 = 2;
export const SHF_EXECINSTR: u32 = 4;

/** Words of a section in the table. */
export const enum Word {
  Name = 0,
  Type = 1,
  Flags = 2,
  Offset = 3,
  Size = 4,
  Link = 5,
  Info = 6,
  Align = 7,
  EntrySize = 8,
  Count = 9,
}

const NO_DIRECTORY: u32 = 0xffffffff;

/** The section table: Word.Count words a section, the null section first. */
const table: Pool = Pool.create();
/** Content of `.shstrtab`. */
const names: Buffer = Buffer.create();
let file: Buffer = changetype<Buffer>(0 as usize);
let count: u32 = 0;
let directoryId: u32 = NO_DIRECTORY;

export function pageSize(): u32 {
  return target == TARGET_X64 ? PAGE_SIZE_X64 : PAGE_SIZE_A64;
}

export function pageAligned(offset: u32): u32 {
  return (offset + pageSize() - 1) & ~(pageSize() - 1);
}

/** Starts a file: its first `headerSize` bytes are zeros, for the headers. */
export function startFile(out: Buffer, headerSize: u32): void {
  file = out;
  out.clear();
  out.zeros(headerSize);
  table.clear();
  names.clear();
  names.u8(0);
  table.extend(Word.Count);
  for (let word: i32 = 0; word < Word.Count; word++) setWord(0, word, 0);
  count = 1;
}

export function sectionCount(): u32 {
  return count;
}

export function sectionWord(section: u32, word: Word): u32 {
  return table.get(1 + section * Word.Count + word);
}

function setWord(section: u32, word: Word, value: u32): void {
  table.set(1 + section * Word.Count + word, value);
}

/** Opens an ELF section at the next aligned offset; returns its index. */
export function openSection(name: string, type: u32, flags: u32, alignment: u32, entrySize: u32): u32 {
  file.align(alignment);
  return addSection(name, type, flags, file.length, alignment, entrySize);
}

/** A section that starts at `offset`, which lies behind or before the end of the file. */
export function addSection(name: string, type: u32, flags: u32, offset: u32, alignment: u32, entrySize: u32): u32 {
  const section = count++;
  table.extend(Word.Count);
  setWord(section, Word.Name, names.length);
  names.text(name);
  names.u8(0);
  setWord(section, Word.Type, type);
  setWord(section, Word.Flags, flags);
  setWord(section, Word.Offset, offset);
  setWord(section, Word.Size, 0);
  setWord(section, Word.Link, 0);
  setWord(section, Word.Info, 0);
  setWord(section, Word.Align, alignment);
  setWord(section, Word.EntrySize, entrySize);
  directoryId = NO_DIRECTORY;
  return section;
}

/** Opens a section that the directory lists. */
export function openListed(id: Section, name: string, type: u32, flags: u32, alignment: u32, entrySize: u32): u32 {
  const section = openSection(name, type, flags, alignment, entrySize);
  directoryId = id;
  return section;
}

/** Opens a section of metadata. */
export function openMetadata(id: Section, name: string, recordSize: u32): u32 {
  return openListed(id, name, SHT_PROGBITS, 0, 8, recordSize);
}

/** Ends the section that was opened last, at the end of the file. A listed section without content is dropped. */
export function closeSection(): void {
  const section = count - 1;
  const offset = sectionWord(section, Word.Offset);
  const size = file.length - offset;
  setWord(section, Word.Size, size);
  if (directoryId == NO_DIRECTORY) return;
  if (size == 0) {
    names.length = sectionWord(section, Word.Name);
    table.length -= Word.Count;
    count -= 1;
    return;
  }
  const entry = HEADER_AT + H_DIRECTORY + directoryId * DIRECTORY_ENTRY_SIZE;
  file.putU32(entry, offset);
  file.putU32(entry + 4, size);
}

export function setSize(section: u32, size: u32): void {
  setWord(section, Word.Size, size);
}

export function setLink(section: u32, link: u32, info: u32): void {
  setWord(section, Word.Link, link);
  setWord(section, Word.Info, info);
}

/** Writes `.shstrtab`; no section may be opened after it. */
export function writeSectionNames(): void {
  openSection('.shstrtab', SHT_STRTAB, 0, 1, 0);
  file.bytes(names.data, names.length);
  closeSection();
}
