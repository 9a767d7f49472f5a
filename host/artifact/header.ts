/** header: reads and checks the header of an artifact: magic number, hash, platform, CPU, directory, counts, the layout of the VMContext.
 *  In: the file's bytes, of which nothing is believed; or `field`, which reads the word at an offset in the header.
 *  Out: the directory, the counts and the layout; an ArtifactError where something is wrong. The error has both sides: what was found, what is
 *  wanted.
 *  Cost: O(1), but for the hash of the whole file. Ref: runtime/ARTIFACT.md. */

import * as A from '../../runtime/artifact.js';
import * as L from '../../runtime/layout.js';
import { ArtifactError, type ArtifactErrorCode, damaged } from '../base/errors.js';
import { native } from '../helper/native.js';
import type { ContextLayout, Counts, ParseOptions, Range } from './records.js';

/** Reads a word of the header. */
type Field = (offset: number) => number;

function fail(code: ArtifactErrorCode, message: string): never {
  throw new ArtifactError(code, message);
}

const architectures: Record<string, number> = { x64: A.TARGET_X64, arm64: A.TARGET_A64 };

function targetName(target: number | undefined): string {
  return target === A.TARGET_X64
    ? 'x86-64'
    : target === A.TARGET_A64
      ? 'aarch64'
      : target === undefined
        ? process.arch
        : `machine ${target}`;
}

function wrongVersion(what: string, found: number, wanted: number): never {
  const age = found < wanted ? 'an older' : 'a newer';
  fail('ARTIFACT_WRONG_VERSION', `the artifact is of ${age} ouro: its ${what} is ${found}, that of this ouro is ${wanted}: compile again`);
}

/** The sections whose records the header counts: the size of a record, and the offset of the count in the header. */
const tables: readonly (readonly [section: A.Section, recordSize: number, count: number, name: string])[] = [
  [A.Section.Types, A.TYPE_SIZE, A.H_TYPE_COUNT, 'types'],
  [A.Section.Imports, A.IMPORT_SIZE, A.H_IMPORT_COUNT, 'imports'],
  [A.Section.Functions, A.FUNCTION_SIZE, A.H_FUNC_COUNT, 'functions'],
  [A.Section.Tables, A.TABLE_SIZE, A.H_TABLE_COUNT, 'tables'],
  [A.Section.Memories, A.MEMORY_SIZE, A.H_MEMORY_COUNT, 'memories'],
  [A.Section.Globals, A.GLOBAL_RECORD_SIZE, A.H_GLOBAL_COUNT, 'globals'],
  [A.Section.Exports, A.EXPORT_SIZE, A.H_EXPORT_COUNT, 'exports'],
  [A.Section.ExportIndex, 4, A.H_EXPORT_COUNT, 'export index'],
  [A.Section.Elems, A.ELEM_SIZE, A.H_ELEM_COUNT, 'element segments'],
  [A.Section.Datas, A.DATA_SIZE, A.H_DATA_COUNT, 'data segments'],
  [A.Section.FuncRefs, A.FUNCREF_RECORD_SIZE, A.H_FUNCREF_COUNT, 'function references'],
  [A.Section.Traps, A.TRAP_SIZE, A.H_TRAP_COUNT, 'traps'],
  [A.Section.AddressMap, A.ADDRESS_SIZE, A.H_ADDRESS_COUNT, 'address map'],
];

/** Sections of single bytes, which may begin anywhere. */
const unaligned = new Set<A.Section>([A.Section.Strings, A.Section.Exprs, A.Section.Wasm]);

/** Throws unless the bytes begin as an artifact does. */
export function checkMagic(bytes: Uint8Array, view: DataView): void {
  const elf = bytes.length >= 20 && view.getUint32(0) === 0x7f454c46 && bytes[4] === 2 && bytes[5] === 1;
  if (!elf) {
    const wasm = bytes.length >= 4 && view.getUint32(0) === 0x0061736d;
    fail('ARTIFACT_NOT_AN_ARTIFACT', `this is ${wasm ? 'a wasm binary, not' : 'not'} an artifact of ouro`);
  }
  if (bytes.length < A.HEADER_AT + A.HEADER_SIZE)
    fail('ARTIFACT_WRONG_SIZE', `the artifact is truncated at byte ${bytes.length}, inside its header`);
  const field = (offset: number) => view.getUint32(A.HEADER_AT + offset, true);
  if (field(A.H_MAGIC0) !== A.HEADER_MAGIC0 || field(A.H_MAGIC1) !== A.HEADER_MAGIC1) {
    fail('ARTIFACT_NOT_AN_ARTIFACT', 'this is an ELF file, but not an artifact of ouro');
  }
}

/** Checks versions, size and hash. */
export function checkContent(bytes: Uint8Array, field: Field, { verifyHash, contentHash }: ParseOptions): void {
  const version = field(A.H_FORMAT_VERSION);
  if (version !== A.FORMAT_VERSION) wrongVersion('format version', version, A.FORMAT_VERSION);
  const size = field(A.H_FILE_SIZE);
  if (size !== bytes.length) {
    const what = size > bytes.length ? `is truncated at byte ${bytes.length} of ${size}` : `has ${bytes.length} bytes instead of ${size}`;
    fail('ARTIFACT_WRONG_SIZE', `the artifact ${what}`);
  }
  if (verifyHash !== false && !hashMatches(bytes, contentHash)) {
    fail('ARTIFACT_HASH_MISMATCH', 'the artifact is damaged: its content does not match its hash');
  }
  const abi = field(A.H_ABI_VERSION);
  if (abi !== L.ABI_VERSION) wrongVersion('ABI version', abi, L.ABI_VERSION);
}

/** Throws unless `found`, the platform that the artifact is for, is `wanted`; the default is this machine's. */
export function checkTarget(found: number, wanted = architectures[process.arch]): void {
  if (found !== wanted) {
    fail('ARTIFACT_WRONG_ARCHITECTURE', `the artifact is for ${targetName(found)}, this machine is ${targetName(wanted)}`);
  }
}

/** Throws unless this CPU has all features that the code needs. */
export function checkCpu(needed: bigint, options: ParseOptions): void {
  if (options.cpuFeatures === undefined) return;
  const missing = needed & ~options.cpuFeatures;
  if (missing === 0n) return;
  const list = (bits: bigint) => featureNames(bits, options.cpuFeatureNames ?? []).join(', ') || 'none';
  fail(
    'ARTIFACT_CPU_LACKS_FEATURE',
    `the artifact needs a CPU with ${list(missing)}, which this one lacks (it needs ${list(needed)}; this CPU has ${list(options.cpuFeatures)})`,
  );
}

function featureNames(bits: bigint, known: readonly string[]): string[] {
  const names: string[] = [];
  for (let bit = 0; bit < 64; bit++) if ((bits >> BigInt(bit)) & 1n) names.push(known[bit] ?? `feature ${bit}`);
  return names;
}

/** The sections by their ids. An absent one has size 0. */
export function readDirectory(fileSize: number, pageSize: number, field: Field): Range[] {
  const sections: Range[] = [];
  for (let id = 0; id < A.Section.Count; id++) {
    const at = A.H_DIRECTORY + id * A.DIRECTORY_ENTRY_SIZE;
    const offset = field(at);
    const size = field(at + 4);
    const paged = id === A.Section.Text || id === A.Section.Image;
    const alignment = paged ? pageSize : id === A.Section.Rodata ? 16 : unaligned.has(id) ? 1 : 8;
    if (size === 0) {
      sections.push({ offset: 0, size: 0 });
      continue;
    }
    if (offset < A.HEADER_AT + A.HEADER_SIZE || offset + size > fileSize || offset % alignment !== 0) {
      damaged(`section ${id} of the directory is out of bounds`);
    }
    sections.push({ offset, size });
  }
  for (const [id, recordSize, count, name] of tables) {
    if (sections[id].size !== field(count) * recordSize) damaged(`size of the section of ${name}`);
  }
  return sections;
}

/** The counts of the header, checked against each other. */
export function readCounts(field: Field): Counts {
  const counts: Counts = {
    types: field(A.H_TYPE_COUNT),
    imports: field(A.H_IMPORT_COUNT),
    funcImports: field(A.H_FUNC_IMPORT_COUNT),
    tableImports: field(A.H_TABLE_IMPORT_COUNT),
    memoryImports: field(A.H_MEMORY_IMPORT_COUNT),
    globalImports: field(A.H_GLOBAL_IMPORT_COUNT),
    functions: field(A.H_FUNC_COUNT),
    tables: field(A.H_TABLE_COUNT),
    memories: field(A.H_MEMORY_COUNT),
    globals: field(A.H_GLOBAL_COUNT),
    exports: field(A.H_EXPORT_COUNT),
    elems: field(A.H_ELEM_COUNT),
    datas: field(A.H_DATA_COUNT),
    funcRefs: field(A.H_FUNCREF_COUNT),
    traps: field(A.H_TRAP_COUNT),
    addresses: field(A.H_ADDRESS_COUNT),
  };
  const { funcImports, tableImports, memoryImports, globalImports } = counts;
  if (funcImports + tableImports + memoryImports + globalImports !== counts.imports) damaged('counts of the imports');
  if (tableImports > counts.tables || memoryImports > counts.memories || globalImports > counts.globals) damaged('counts of the imports');
  return counts;
}

/** The offsets of the VMContext's parts. They must be those that runtime/layout.ts computes from the counts. */
export function readContext(field: Field, counts: Counts): ContextLayout {
  const { funcImports, tableImports, memoryImports, globalImports } = counts;
  const memories = L.vmcontextMemories(funcImports, tableImports + memoryImports + globalImports);
  const tablesAt = L.vmcontextTables(memories, counts.memories - memoryImports);
  const dataSegments = L.vmcontextDataSegments(tablesAt, counts.tables - tableImports);
  const typeIds = L.vmcontextTypeIds(dataSegments, counts.datas);
  const globals = L.vmcontextGlobals(typeIds, counts.types);
  const funcRefs = L.vmcontextFuncRefs(globals, counts.globals - globalImports);
  const size = L.vmcontextSize(funcRefs, counts.funcRefs);
  const same =
    field(A.H_VMCONTEXT_MEMORIES) === memories &&
    field(A.H_VMCONTEXT_TABLES) === tablesAt &&
    field(A.H_VMCONTEXT_DATA_SEGMENTS) === dataSegments &&
    field(A.H_VMCONTEXT_TYPE_IDS) === typeIds &&
    field(A.H_VMCONTEXT_GLOBALS) === globals &&
    field(A.H_VMCONTEXT_FUNCREFS) === funcRefs &&
    field(A.H_VMCONTEXT_SIZE) === size;
  if (!same) damaged('layout of the VMContext');
  return { size, memories, tables: tablesAt, dataSegments, typeIds, globals, funcRefs };
}

/** Whether the file's content has the hash that stands in its header: SHA-256 of the file with zeros in the place of the hash. `known`: the hash,
 *  where it has been computed before. */
function hashMatches(bytes: Uint8Array, known?: Uint8Array): boolean {
  const at = A.HEADER_AT + A.H_HASH;
  const hash = known ?? new Uint8Array(A.HASH_SIZE);
  if (!known) native().sha256(bytes, at, A.HASH_SIZE, hash);
  return hash.every((byte, i) => byte === bytes[at + i]);
}

/** The artifact and its signature, of a file that may have one. Does not look at anything else. */
export function splitSignature(file: Uint8Array): { artifact: Uint8Array; signature: Uint8Array | undefined } {
  if (file.length >= A.HEADER_AT + A.HEADER_SIZE + A.SIGNATURE_SIZE) {
    const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
    const at = file.length - A.SIGNATURE_SIZE;
    if (
      view.getUint32(A.HEADER_AT + A.H_FILE_SIZE, true) === at &&
      view.getUint32(at + A.SIGNATURE_MAGIC0, true) === A.HEADER_MAGIC0 &&
      view.getUint32(at + A.SIGNATURE_MAGIC1, true) === A.SIGNATURE_MAGIC
    ) {
      return { artifact: file.subarray(0, at), signature: file.subarray(at) };
    }
  }
  return { artifact: file, signature: undefined };
}
