/** Decoding and validation on hand-made binaries: exact messages and offsets, names, facts of the module, features. */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { freshCore } from '../support/core.js';
import { judge, opcodeError, opcodeName } from './validator.js';

const test = suite('wasm: decode and validate');
const core = freshCore();

const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const text = (value: string) => [...new TextEncoder().encode(value)];
const vector = (items: number[][]) => [items.length, ...items.flat()];
const sized = (bytes: number[]) => [bytes.length, ...bytes];
const section = (id: number, bytes: number[]) => [id, ...sized(bytes)];
const name = (value: string) => sized(text(value));
const module = (...sections: number[][]) => Uint8Array.from([...header, ...sections.flat()]);

const i32 = 0x7f;
const f64 = 0x7c;
const end = 0x0b;

/** A module with one function of this type and body (without locals); the body's first operator is at `codeAt`. */
function oneFunction(params: number[], results: number[], code: number[], ...before: number[][]): Uint8Array {
  return module(
    section(1, vector([[0x60, ...vector(params.map((type) => [type])), ...vector(results.map((type) => [type]))]])),
    section(3, vector([[0]])),
    ...before,
    section(10, vector([sized([0, ...code, end])])),
  );
}

function rejects(bytes: Uint8Array, code: string, message: string, offset: number): void {
  assert.equal(judge(core, bytes), { code, message, offset });
}

/** Offset of the first operator of `oneFunction`, counted from the end. */
const codeAt = (bytes: Uint8Array, code: number[]) => bytes.length - code.length - 1;

test('the empty module and a small one are valid', () => {
  assert.is(judge(core, module()).code, 'valid');
  assert.is(judge(core, oneFunction([i32, i32], [i32], [0x20, 0, 0x20, 1, 0x6a])).code, 'valid');
});

test('header', () => {
  rejects(Uint8Array.from([0, 0x61]), 'malformed', 'unexpected end of the header', 2);
  rejects(Uint8Array.from(text('\x7fELF....')), 'malformed', 'magic header not detected', 0);
  rejects(Uint8Array.from([0, 0x61, 0x73, 0x6d, 2, 0, 0, 0]), 'malformed', 'unknown binary version', 4);
});

test('sections', () => {
  rejects(module([0x2a, 0]), 'malformed', 'malformed section id: 42', 8);
  rejects(module([3, 1, 0], [1, 1, 0]), 'malformed', 'unexpected content after last section: section 1 is out of order', 11);
  rejects(module([1, 1, 0], [1, 1, 0]), 'malformed', 'unexpected content after last section: section 1 is there twice', 11);
  rejects(module([1, 5, 0]), 'malformed', 'length out of bounds: unexpected end of the section', 10);
  rejects(module([1, 2, 0, 0]), 'malformed', 'section size mismatch: unexpected content in the section', 11);
  rejects(module([0, 3, 2, 0xc0, 0x80]), 'malformed', 'malformed UTF-8 encoding', 11);
});

test('LEB128', () => {
  rejects(module([1, 6, 0x80, 0x80, 0x80, 0x80, 0x80, 0]), 'malformed', 'integer representation too long', 14);
  rejects(module([1, 5, 0x80, 0x80, 0x80, 0x80, 0x10]), 'malformed', 'integer too large', 14);
  assert.is(judge(core, module([1, 5, 0x80, 0x80, 0x80, 0x80, 0])).code, 'valid');
  const code = [0x41, 0xff, 0xff, 0xff, 0xff, 0x7f, 0x1a];
  assert.is(judge(core, oneFunction([], [], code)).code, 'valid');
  const large = oneFunction([], [], [0x41, 0xff, 0xff, 0xff, 0xff, 0x4f, 0x1a]);
  rejects(large, 'malformed', 'integer too large', codeAt(large, code) + 5);
});

test('type mismatches name both types and the operator', () => {
  const wrongOperand = oneFunction([f64], [i32], [0x20, 0, 0x41, 1, 0x6a]);
  rejects(wrongOperand, 'invalid', 'type mismatch: expected i32, found f64', wrongOperand.length - 2);
  const missing = oneFunction([], [i32], []);
  rejects(missing, 'invalid', 'type mismatch: expected i32 but nothing on stack', missing.length - 1);
  const extra = oneFunction([], [], [0x41, 0]);
  rejects(extra, 'invalid', 'type mismatch: values remaining on stack at end of block', extra.length - 1);
});

test('unknown indices', () => {
  const cases: [number[], string][] = [
    [[0x20, 3], 'unknown local 3: local index out of bounds'],
    [[0x23, 1], 'unknown global 1: global index out of bounds'],
    [[0x10, 9], 'unknown function 9: function index out of bounds'],
    [[0x0c, 5], 'unknown label 5: branch depth too large'],
    [[0x3f, 0], 'unknown memory 0: memory index out of bounds'],
    [[0xd2, 0], 'undeclared function reference'],
  ];
  for (const [code, message] of cases) {
    const bytes = oneFunction([], [], code);
    rejects(bytes, 'invalid', message, codeAt(bytes, code));
  }
});

test('alignment', () => {
  const code = [0x41, 0, 0x28, 3, 0, 0x1a];
  const bytes = oneFunction([], [], code, section(5, vector([[0, 1]])));
  rejects(bytes, 'invalid', 'alignment must not be larger than natural', codeAt(bytes, code) + 2);
});

test('a body that does not end, and one that goes on', () => {
  const open = oneFunction([], [], [0x02, 0x40]);
  rejects(open, 'malformed', 'unexpected end of section or function: END opcode expected', open.length);
  const long = oneFunction([], [], [end]);
  rejects(long, 'malformed', 'operators remaining after end of function', long.length - 1);
});

test('duplicate exports, however many', () => {
  const names = Array.from({ length: 100 }, (_, i) => `e${i}`);
  const make = (list: string[]) =>
    module(
      section(1, vector([[0x60, 0, 0]])),
      section(3, vector([[0]])),
      [7, ...leb(vector(list.map((item) => [...name(item), 0, 0])).length), ...vector(list.map((item) => [...name(item), 0, 0]))],
      section(10, vector([sized([0, end])])),
    );
  assert.is(judge(core, make(names)).code, 'valid');
  const { code, message } = judge(core, make([...names, 'e57']));
  assert.equal({ code, message }, { code: 'invalid', message: 'duplicate export name: e57' });
});

function leb(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...leb(value >>> 7)];
}

test('what is not supported says its name', () => {
  rejects(oneFunction([0x7b], [], []), 'unsupported', 'SIMD is not supported (type v128)', 13);
  const simd = oneFunction([], [], [0xfd, 0x0c]);
  rejects(simd, 'unsupported', 'SIMD is not supported (opcode v128.const)', simd.length - 3);
  const tail = oneFunction([], [], [0x12, 0]);
  rejects(tail, 'unsupported', 'tail calls are not supported (opcode return_call)', tail.length - 3);
  rejects(module(section(5, vector([[4, 1]]))), 'unsupported', 'memory64 is not supported (64-bit limits)', 11);
  assert.is(judge(core, module(section(5, vector([[3, 1, 1]])))).message, 'threads are not supported (shared memory)');
  assert.is(
    judge(
      core,
      module(
        section(
          5,
          vector([
            [0, 1],
            [0, 1],
          ]),
        ),
      ),
    ).message,
    'multi-memory is not supported (several memories)',
  );
  assert.is(judge(core, module([13, 1, 0])).message, 'exception handling is not supported (tag section)');
  assert.is(judge(core, module(section(1, vector([[0x5f, 0]])))).message, 'GC is not supported (struct type)');
  assert.is(judge(core, module(section(5, vector([[8, 1, 0]])))).message, 'custom page sizes are not supported (page size of a memory)');
});

test('names of opcodes', () => {
  assert.is(opcodeName(core, 0x28), 'i32.load');
  assert.is(opcodeName(core, 0xc4), 'i64.extend32_s');
  assert.is(opcodeName(core, 0xfc0a), 'memory.copy');
  assert.is(opcodeName(core, 0x27), undefined);
  assert.is(opcodeName(core, 0xfc17), undefined);
  assert.is(opcodeError(core, 0xfd23).message, 'SIMD is not supported (opcode i8x16.eq)');
  assert.is(opcodeError(core, 0xfdff).message, 'SIMD is not supported (opcode f64x2.convert_low_i32x4_u)');
  assert.is(opcodeError(core, 0xfd0113).message, 'relaxed SIMD is not supported (opcode i32x4.relaxed_dot_i8x16_i7x16_add_s)');
  assert.is(opcodeError(core, 0xfb1e).message, 'GC is not supported (opcode i31.get_u)');
  assert.is(opcodeError(core, 0xfe4e).message, 'threads are not supported (opcode i64.atomic.rmw32.cmpxchg_u)');
  assert.is(opcodeError(core, 0x27).message, 'illegal opcode 27');
  assert.is(opcodeError(core, 0xfd9a).message, 'illegal opcode fd 9a');
  assert.is(opcodeError(core, 0xfe04).message, 'illegal opcode fe 4');
});

test('a feature can be turned off', () => {
  const code = [0x41, 0, 0xc0, 0x1a];
  const bytes = oneFunction([], [], code);
  assert.is(judge(core, bytes).code, 'valid');
  core.call('test_setFeatures', 0xff & ~(1 << 2));
  rejects(bytes, 'unsupported', 'sign extension is turned off (opcode i32.extend8_s)', codeAt(bytes, code) + 2);
  core.call('test_setFeatures', 0xff);
});

test('deep nesting and wide types stay within bounds', () => {
  const deep = 200_000;
  const code = new Uint8Array(deep * 3);
  for (let i = 0; i < deep; i++) code.set([0x02, 0x40], i * 2);
  code.fill(end, deep * 2);
  assert.is(judge(core, bodyOf(code, 0)).code, 'valid');
  // unreachable, then a call with a thousand results, again and again
  const wide = Uint8Array.from([0x00, ...Array.from({ length: 2000 }, () => [0x10, 0]).flat(), 0x00]);
  assert.is(judge(core, bodyOf(wide, 1000)).code, 'valid');
});

/** One function with this code, of a type with so many i64 results. */
function bodyOf(code: Uint8Array, results: number): Uint8Array {
  const body = [...leb(code.length + 2), 0, ...code, end];
  const types = [1, 0x60, 0, ...leb(results), ...new Array(results).fill(0x7e)];
  return Uint8Array.from([...header, 1, ...leb(types.length), ...types, 3, 2, 1, 0, 10, ...leb(body.length + 1), 1, ...body]);
}

/** Accessors that hooks.ts numbers. */
const facts = [
  'typeCount',
  'canonicalType',
  'funcCount',
  'funcType',
  'bodyOffset',
  'bodyLength',
  'funcIsReferenced',
  'tableIsMutated',
  'importIndex',
  'elemItemFunc',
  'dataOffset',
  'dataLength',
  'funcNameOffset',
  'funcNameLength',
  'moduleNameOffset',
  'moduleNameLength',
  'funcHasLoops',
  'funcHasCalls',
  'tableInitLength',
  'globalInitLength',
] as const;
const fact = (which: (typeof facts)[number], index = 0, second = 0) => Number(core.call('test_fact', facts.indexOf(which), index, second));

test('facts of a module', () => {
  const names = [...name('name'), 0, 3, ...name('mo'), 1, 9, 2, 1, ...name('one'), 2, ...name('x')];
  const bytes = module(
    section(
      1,
      vector([
        [0x60, 0, 0],
        [0x60, 1, i32, 0],
        [0x60, 0, 0],
        [0x60, 0, 1, i32],
      ]),
    ),
    section(
      2,
      vector([
        [...name('m'), ...name('g'), 3, i32, 0],
        [...name('m'), ...name('f'), 0, 2],
      ]),
    ),
    section(3, vector([[0], [0], [3]])),
    section(
      4,
      vector([
        [0x70, 0, 4],
        [0x70, 0, 4],
      ]),
    ),
    section(5, vector([[0, 1]])),
    section(6, vector([[i32, 0, 0x23, 0, 0x41, 1, 0x6a, end]])),
    section(
      9,
      vector([
        [
          4,
          0x41,
          0,
          end,
          ...vector([
            [0xd2, 1, end],
            [0xd0, 0x70, end],
          ]),
        ],
      ]),
    ),
    section(
      10,
      vector([sized([0, 0x10, 2, end]), sized([0, 0x03, 0x40, end, end]), sized([0, 0x41, 0, 0x41, 0, 0x25, 0, 0x26, 1, 0x41, 0, end])]),
    ),
    section(11, vector([[0, 0x41, 0, end, ...sized(text('abc'))]])),
    [0, names.length, ...names],
  );
  assert.equal(judge(core, bytes), { code: 'valid', message: '', offset: 0 });
  const slice = (offset: number, length: number) => new TextDecoder().decode(bytes.slice(offset, offset + length));
  assert.is(fact('typeCount'), 4);
  assert.equal(
    [0, 1, 2, 3].map((type) => fact('canonicalType', type)),
    [0, 1, 0, 3],
  );
  assert.equal(
    [0, 1, 2, 3].map((func) => fact('funcIsReferenced', func)),
    [0, 1, 0, 0],
  );
  assert.equal(
    [1, 2, 3].map((func) => fact('funcHasLoops', func)),
    [0, 1, 0],
  );
  assert.equal(
    [1, 2, 3].map((func) => fact('funcHasCalls', func)),
    [1, 0, 0],
  );
  assert.equal(
    [0, 1].map((table) => fact('tableIsMutated', table)),
    [0, 1],
  );
  assert.equal(
    [0, 1].map((item) => fact('elemItemFunc', 0, item)),
    [1, -1],
  );
  assert.equal(
    [0, 1].map((global) => fact('globalInitLength', global)),
    [0, 6],
  );
  assert.is(slice(fact('dataOffset'), fact('dataLength')), 'abc');
  assert.equal([...bytes.slice(fact('bodyOffset', 1), fact('bodyOffset', 1) + fact('bodyLength', 1))], [0, 0x10, 2, end]);
  assert.is(slice(fact('moduleNameOffset'), fact('moduleNameLength')), 'mo');
  assert.is(slice(fact('funcNameOffset', 1), fact('funcNameLength', 1)), 'one');
  assert.is(slice(fact('funcNameOffset', 2), fact('funcNameLength', 2)), 'x');
  assert.is(fact('funcNameLength', 3), 0);
});

test('a broken name section is no error', () => {
  const broken = [...name('name'), 1, 8, 2, 0, ...name('ok'), 1, 77, 65];
  const bytes = module(section(1, vector([[0x60, 0, 0]])), section(3, vector([[0]])), section(10, vector([sized([0, end])])), [
    0,
    broken.length,
    ...broken,
  ]);
  assert.is(judge(core, bytes).code, 'valid');
  assert.is(fact('funcNameLength', 0), 2);
});

test.run();
