/** The reader against wrong, cut and garbled files: an ArtifactError or the right content, never anything else. */

import { createHash } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Artifact, parseArtifact } from '../../host/artifact/artifact.js';
import type { ParseOptions } from '../../host/artifact/records.js';
import { ArtifactError } from '../../host/base/errors.js';
import * as A from '../../runtime/artifact.js';
import { emitRich, linkText, richModule } from './sample.js';

const test = suite('damaged artifacts');
const target = A.TARGET_X64;
const { artifact: good, wasm } = await linkText(richModule, { emit: emitRich });
const imageText = `(module (memory 1) (data (i32.const 100) "${'x'.repeat(20000)}"))`;
const { artifact: withImage } = await linkText(imageText);

/** A copy with changed header fields; the hash is made right again. */
function changed(fields: Record<number, number>, source = good): Uint8Array {
  const bytes = source.slice();
  const view = new DataView(bytes.buffer);
  for (const [field, value] of Object.entries(fields)) view.setUint32(A.HEADER_AT + Number(field), value, true);
  bytes.fill(0, A.HEADER_AT + A.H_HASH, A.HEADER_AT + A.H_HASH + A.HASH_SIZE);
  bytes.set(createHash('sha256').update(bytes).digest(), A.HEADER_AT + A.H_HASH);
  return bytes;
}

function errorOf(bytes: Uint8Array, options: ParseOptions = {}): ArtifactError {
  try {
    parseArtifact(bytes, { target, ...options });
  } catch (error) {
    if (error instanceof ArtifactError) return error;
    throw error;
  }
  throw new Error('no error');
}

/** Asks for everything that an artifact can tell. */
function readAll(artifact: Artifact): unknown[] {
  const { counts } = artifact;
  const each = <T>(count: number, read: (index: number) => T) => Array.from({ length: count }, (_, i) => read(i));
  const end = artifact.text.size;
  return [
    artifact.name,
    artifact.producer,
    artifact.image,
    artifact.types(),
    artifact.imports(),
    artifact.exports(),
    artifact.exportByName('zeta'),
    each(counts.tables, (i) => artifact.table(i)),
    each(counts.memories, (i) => artifact.memory(i)),
    each(counts.globals, (i) => artifact.global(i)),
    each(counts.elems, (i) => artifact.elem(i)),
    each(counts.datas, (i) => artifact.data(i)),
    each(counts.funcRefs, (i) => artifact.funcRef(i)),
    each(counts.functions, (i) => [artifact.function(i), artifact.functionType(i), artifact.accessor(i)]),
    each(counts.addresses, (i) => artifact.address(i)),
    each(counts.functions + counts.funcImports, (i) => artifact.funcRefSlot(i)),
    each(end + 2, (i) => [artifact.functionAt(i)?.index, artifact.trapAt(i), artifact.wasmOffsetAt(i)]),
    [...artifact.addressMap()],
  ];
}

/** Runs what may throw nothing but an ArtifactError. */
function survives(bytes: Uint8Array, what: string): 'read' | 'refused' {
  try {
    readAll(parseArtifact(bytes, { target, verifyHash: false }));
    return 'read';
  } catch (error) {
    if (!(error instanceof ArtifactError)) throw new Error(`${what}: ${(error as Error).stack}`);
    return 'refused';
  }
}

test('each check has its code and a plain sentence', () => {
  const cases: [Uint8Array, ArtifactError['code'], RegExp, ParseOptions?][] = [
    [new Uint8Array(0), 'ARTIFACT_NOT_AN_ARTIFACT', /^this is not an artifact of ouro$/],
    [new Uint8Array(5000), 'ARTIFACT_NOT_AN_ARTIFACT', /not an artifact/],
    [wasm, 'ARTIFACT_NOT_AN_ARTIFACT', /^this is a wasm binary, not an artifact of ouro$/],
    [changed({ [A.H_MAGIC1]: 1 }), 'ARTIFACT_NOT_AN_ARTIFACT', /an ELF file, but not an artifact/],
    [good.subarray(0, 700), 'ARTIFACT_WRONG_SIZE', /truncated at byte 700, inside its header/],
    [good.subarray(0, 5000), 'ARTIFACT_WRONG_SIZE', new RegExp(`truncated at byte 5000 of ${good.length}`)],
    [Buffer.concat([good, new Uint8Array(3)]), 'ARTIFACT_WRONG_SIZE', new RegExp(`${good.length + 3} bytes instead of ${good.length}`)],
    [
      changed({ [A.H_FORMAT_VERSION]: 99 }),
      'ARTIFACT_WRONG_VERSION',
      /of a newer ouro: its format version is 99, that of this ouro is \d+/,
    ],
    [changed({ [A.H_ABI_VERSION]: 98 }), 'ARTIFACT_WRONG_VERSION', /ABI version is 98/],
    [changed({ [A.H_TARGET]: A.TARGET_A64 }), 'ARTIFACT_WRONG_ARCHITECTURE', /is for aarch64, this machine is x86-64/],
    [good, 'ARTIFACT_CPU_LACKS_FEATURE', /needs a CPU with bmi2, which/, { cpuFeatures: 1n, cpuFeatureNames: ['avx', 'x', 'bmi2'] }],
    [changed({ [A.H_PAGE_SIZE]: 1 }), 'ARTIFACT_DAMAGED', /page size 1/],
    [changed({ [A.H_DIRECTORY + 8 * A.Section.Types]: 0x7fffffff }), 'ARTIFACT_DAMAGED', /section 5 of the directory is out of bounds/],
    [changed({ [A.H_DIRECTORY + 8 * A.Section.Text]: 4097 }), 'ARTIFACT_DAMAGED', /section 0 of the directory/],
    [changed({ [A.H_FUNC_COUNT]: 5 }), 'ARTIFACT_DAMAGED', /size of the section of functions/],
    [changed({ [A.H_FUNC_IMPORT_COUNT]: 3 }), 'ARTIFACT_DAMAGED', /counts of the imports/],
    [changed({ [A.H_VMCONTEXT_SIZE]: 8 }), 'ARTIFACT_DAMAGED', /layout of the VMContext/],
    [changed({ [A.H_START_FUNC]: 6 }), 'ARTIFACT_DAMAGED', /start function: index 6 of 6/],
    [changed({ [A.H_IMAGE_ADDRESS]: 65536 }, withImage), 'ARTIFACT_DAMAGED', /data image is larger than the memory/],
    [changed({ [A.H_IMAGE_ADDRESS]: 100 }, withImage), 'ARTIFACT_DAMAGED', /whole pages/],
  ];
  for (const [bytes, code, message, options] of cases) {
    const error = errorOf(bytes, options);
    assert.is(error.code, code, error.message);
    assert.match(error.message, message);
  }
});

test('the hash covers every byte', () => {
  for (let i = 0; i < 64; i++) {
    const bytes = good.slice();
    const at = Math.floor((i * (good.length - 1)) / 63);
    bytes[at] ^= 1 << (i & 7);
    assert.instance(errorOf(bytes), ArtifactError, `byte ${at}`);
  }
  const last = good.slice();
  last[last.length - 1] ^= 1;
  assert.is(errorOf(last).code, 'ARTIFACT_HASH_MISMATCH');
});

test('cut at any place', () => {
  for (let length = 0; length < good.length; length += length < 1100 ? 1 : 13) {
    assert.instance(errorOf(good.subarray(0, length), { verifyHash: false }), ArtifactError, `${length} bytes`);
    const bytes = good.slice(0, length);
    if (length < A.HEADER_AT + A.HEADER_SIZE) continue;
    new DataView(bytes.buffer).setUint32(A.HEADER_AT + A.H_FILE_SIZE, length, true);
    survives(bytes, `cut at ${length}`);
  }
});

test('flipped bits and changed words, without the hash (fixed seed)', () => {
  let seed = 12345;
  const random = (limit: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return Math.floor((seed / 2 ** 32) * limit);
  };
  const interesting = [0, 1, 4, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff];
  const seen = { read: 0, refused: 0 };
  for (const source of [good, withImage]) {
    const artifact = parseArtifact(source, { target });
    // Where the metadata is: between the text (and image) and the names.
    const first = artifact.section(A.Section.Types).offset || artifact.section(A.Section.Memories).offset;
    for (let round = 0; round < 1500; round++) {
      const bytes = source.slice();
      const view = new DataView(bytes.buffer);
      for (let change = random(3); change >= 0; change--) {
        const inHeader = random(2) === 0;
        const at = inHeader ? A.HEADER_AT + random(A.HEADER_SIZE - 4) : first + random(source.length - first - 4);
        if (random(2) === 0) bytes[at] ^= 1 << random(8);
        else view.setUint32(at & ~3, interesting[random(interesting.length)], true);
      }
      seen[survives(bytes, `round ${round}`)]++;
    }
  }
  assert.ok(seen.read > 100 && seen.refused > 100, JSON.stringify(seen));
});

test('indices that do not exist', () => {
  const artifact = parseArtifact(good, { target });
  const typed = (error: unknown) => error instanceof ArtifactError;
  for (const index of [-1, 1000, 2 ** 31, Number.NaN]) {
    assert.throws(() => artifact.type(index), typed);
    assert.throws(() => artifact.function(index), typed);
    assert.throws(() => artifact.funcRef(index), typed);
  }
});

test.run();
