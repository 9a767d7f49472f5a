/** artifact: joins code, constants, tables and the module's description into one file.
 *  In: the decoded module, its VMContext layout (`prepareContext`), emit/output, options.  Out: the artifact's bytes.
 *  Requires: every defined function has been emitted.
 *  Cost: linear in the output.  Ref: runtime/ARTIFACT.md. */

import { Buffer } from '../base/buffer';
import * as A from '../../runtime/artifact';
import { ABI_VERSION } from '../../runtime/layout';
import * as output from '../emit/output';
import { packRest, packedAddressCount, packedTrapCount } from '../emit/packed';
import * as options from '../options';
import * as context from '../wasm/context';
import { features } from '../wasm/features';
import * as module from '../wasm/module';
import { resetConstants } from './constant';
import { finishElf, symbolsSize, writeDynamic, writeDynamicSymbols, writeSymbols } from './elf';
import { writeHash } from './hash';
import { hasImage, imageAddress, imageSize, prepareImage, writeImage } from './image';
import * as layout from './layout';
import { metadataSize, writeMetadata } from './metadata';
import { addString, collectFunctionNames, strings } from './names';
import { relocate } from './relocate';
import { unwindHeaderSize, unwindSize, writeUnwind, writeUnwindHeader } from './unwind';

/** What stands between functions and the end of the page: `int3`. */
const TRAP_BYTE: u32 = 0xcc;

/** Writes the artifact into `out`, whose content before is lost. */
export function linkArtifact(out: Buffer): void {
  assert(output.functionCount == module.funcCount - module.importedFuncCount);
  packRest();
  output.code.compact();
  out.free();
  resetConstants();
  prepareImage();
  collectFunctionNames();
  layout.startFile(out, A.HEADER_AT + A.HEADER_SIZE);
  const header = layout.addSection('.ouro.header', layout.SHT_PROGBITS, layout.SHF_ALLOC, A.HEADER_AT, 8, 0);
  layout.setSize(header, A.HEADER_SIZE);
  writeDynamicSymbols(out);

  layout.openListed(A.Section.Rodata, '.rodata', layout.SHT_PROGBITS, layout.SHF_ALLOC, 16, 0);
  const rodata = out.length;
  out.bytes(output.rodata.data, output.rodata.length);
  layout.closeSection();

  // The sizes of the unwind tables are known, so the place of the text behind them is, too.
  const unwindHeader = layout.openSection('.eh_frame_hdr', layout.SHT_PROGBITS, layout.SHF_ALLOC, 8, 0);
  const frame = (out.length + unwindHeaderSize() + 7) & ~7;
  const readOnlySize = frame + unwindSize();
  const text = layout.pageAligned(readOnlySize);
  const codeSize = output.code.length;
  // The file is the largest thing in memory: room for nearly all of it at once, as growing leaves room unused.
  const content = layout.pageAligned(text + codeSize) + (options.keepWasm ? module.bytesLength : 0);
  const image = hasImage ? imageSize + layout.pageSize() : 0;
  out.resize(content + image + metadataSize() + symbolsSize() + strings.length);
  writeUnwindHeader(out, frame, text);
  layout.closeSection();
  layout.openSection('.eh_frame', layout.SHT_PROGBITS, layout.SHF_ALLOC, 8, 0);
  writeUnwind(out, text);
  layout.closeSection();

  const page = layout.pageSize();
  const textSection = layout.openListed(A.Section.Text, '.text', layout.SHT_PROGBITS, layout.SHF_ALLOC | layout.SHF_EXECINSTR, page, 0);
  out.bytes(output.code.data, codeSize);
  output.code.free();
  layout.closeSection();
  while ((out.length & (page - 1)) != 0) out.u8(TRAP_BYTE);
  // Beyond this point text and rodata keep their places.
  relocate(out, text, rodata);

  if (hasImage) {
    layout.openListed(A.Section.Image, '.ouro.image', layout.SHT_PROGBITS, 0, page, 0);
    writeImage(out);
    layout.closeSection();
  }
  writeDynamic(out);
  writeMetadata(out);
  if (options.keepWasm) {
    layout.openMetadata(A.Section.Wasm, '.ouro.wasm', 1);
    out.bytes(module.bytesStart, module.bytesLength);
    layout.closeSection();
  }
  writeHeader(out);
  writeSymbols(out, textSection, text);
  // Beyond this point no new strings are added.
  layout.openListed(A.Section.Strings, '.strtab', layout.SHT_STRTAB, 0, 1, 0);
  out.bytes(strings.data, strings.length);
  layout.closeSection();
  layout.writeSectionNames();
  finishElf(out, readOnlySize, text, codeSize, unwindHeader);
  put(out, A.H_FILE_SIZE, out.length);
  writeHash(out, A.HEADER_AT + A.H_HASH);
}

function put(out: Buffer, field: u32, value: u32): void {
  out.putU32(A.HEADER_AT + field, value);
}

function writeHeader(out: Buffer): void {
  put(out, A.H_MAGIC0, A.HEADER_MAGIC0);
  put(out, A.H_MAGIC1, A.HEADER_MAGIC1);
  put(out, A.H_FORMAT_VERSION, A.FORMAT_VERSION);
  put(out, A.H_ABI_VERSION, ABI_VERSION);
  put(out, A.H_TARGET, options.target);
  let flags: u32 = 0;
  if (options.memoryExplicit) flags |= A.FLAG_EXPLICIT_BOUNDS;
  if (options.nanCanonicalization) flags |= A.FLAG_NAN_CANONICALIZATION;
  put(out, A.H_FLAGS, flags);
  out.putU64(A.HEADER_AT + A.H_CPU_FEATURES, options.cpuFeatures);
  put(out, A.H_WASM_FEATURES, features);
  put(out, A.H_OPT_LEVEL, options.optLevel);
  put(out, A.H_PAGE_SIZE, layout.pageSize());
  put(out, A.H_TYPE_COUNT, module.typeCount);
  put(out, A.H_IMPORT_COUNT, module.importCount);
  put(out, A.H_FUNC_IMPORT_COUNT, module.importedFuncCount);
  put(out, A.H_TABLE_IMPORT_COUNT, module.importedTableCount);
  put(out, A.H_MEMORY_IMPORT_COUNT, module.importedMemoryCount);
  put(out, A.H_GLOBAL_IMPORT_COUNT, module.importedGlobalCount);
  put(out, A.H_FUNC_COUNT, output.functionCount);
  put(out, A.H_TABLE_COUNT, module.tableCount);
  put(out, A.H_MEMORY_COUNT, module.memoryCount);
  put(out, A.H_GLOBAL_COUNT, module.globalCount);
  put(out, A.H_EXPORT_COUNT, module.exportCount);
  put(out, A.H_ELEM_COUNT, module.elemCount);
  put(out, A.H_DATA_COUNT, module.dataCount);
  put(out, A.H_FUNCREF_COUNT, context.funcRefCount);
  put(out, A.H_TRAP_COUNT, packedTrapCount);
  put(out, A.H_ADDRESS_COUNT, packedAddressCount);
  put(out, A.H_START_FUNC, module.startFunc < 0 ? A.NONE : module.startFunc);
  const hasName = module.moduleNameLength != 0;
  put(out, A.H_MODULE_NAME, hasName ? addString(module.moduleNameOffset, module.moduleNameLength) : A.NONE);
  put(out, A.H_MODULE_NAME + 4, module.moduleNameLength);
  put(out, A.H_PRODUCER, strings.length);
  const producerStart = strings.length;
  strings.text('ouro');
  put(out, A.H_PRODUCER + 4, strings.length - producerStart);
  strings.u8(0);
  put(out, A.H_IMAGE_ADDRESS, imageAddress);
  put(out, A.H_VMCONTEXT_SIZE, context.contextSize);
  put(out, A.H_VMCONTEXT_MEMORIES, context.memoriesOffset);
  put(out, A.H_VMCONTEXT_TABLES, context.tablesOffset);
  put(out, A.H_VMCONTEXT_DATA_SEGMENTS, context.dataSegmentsOffset);
  put(out, A.H_VMCONTEXT_TYPE_IDS, context.typeIdsOffset);
  put(out, A.H_VMCONTEXT_GLOBALS, context.globalsOffset);
  put(out, A.H_VMCONTEXT_FUNCREFS, context.funcRefsOffset);
}
