/** Errors of compiling name the function, as far as the binary still tells. */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CompileError, Module, parseText } from '../../host/index.js';
import { locate } from '../../host/wasm/locate.js';
import { importsOf } from '../../host/wasm/outline.js';
import { engine, rejects, throws } from './support.js';

const test = suite('places of errors');

const text = `(module
  (import "a" "b" (func))
  (import "a" "m" (memory 1 2))
  (import "a" "t" (table 1 funcref))
  (import "a" "g" (global (mut i32)))
  (func $fine (result i32) (i32.const 1))
  (func $broken (export "shown") (result i32) (f64.const 0))
  (func))`;
const named = await parseText(text);
const unnamed = await parseText(text.replaceAll(/\$\w+/g, ''));

function errorOf(bytes: Uint8Array): CompileError {
  try {
    Module.validate(engine, bytes);
  } catch (error) {
    assert.instance(error, CompileError);
    return error as CompileError;
  }
  throw new Error('it is valid');
}

test('index and name', async () => {
  const error = errorOf(named);
  assert.is(error.funcIndex, 2);
  assert.is(error.funcName, 'broken');
  assert.match(error.message, /expected i32.* in function 2 'broken' \(at offset 0x[0-9a-f]+\)$/);
  throws(() => new Module(engine, named), CompileError, / in function 2 'broken' \(at offset/);
  await rejects(Module.compile(engine, named), CompileError, / in function 2 'broken' \(at offset/);
  throws(() => engine.precompileModule(named), CompileError, / in function 2 'broken' \(at offset/);
});

test('from an export where there are no names, else the index alone', async () => {
  assert.is(errorOf(unnamed).funcName, 'shown');
  const bare = errorOf(await parseText('(module (func) (func (result i32)))'));
  assert.is(bare.funcIndex, 1);
  assert.is(bare.funcName, undefined);
  assert.match(bare.message, / in function 1 \(at offset/);
});

test('outside of functions there is none', async () => {
  const error = errorOf(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 2, 1, 99]));
  assert.is(error.funcIndex, undefined);
  assert.not.match(error.message, /in function/);
});

test('a binary that is cut short', () => {
  // Up to the body of the function that is wrong: it is the last that the code section still shows.
  const { offset } = errorOf(named);
  const cut = named.subarray(0, offset);
  assert.equal(locate(cut, offset - 1), { funcIndex: 2, funcName: 'shown' });
});

test('imports of types that Ouro does not know yet', () => {
  const head = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  const types = [
    [3, 0x63, 0x70, 0], // a global of (ref null func)
    [1, 0x63, 0x70, 0, 1], // a table of them
    [2, 8, 1, 0], // a memory with pages of one byte
  ];
  for (const type of types) {
    const imports = [2, 1, 97, 1, 98, ...type, 1, 97, 1, 99, 0, 0];
    const bytes = Uint8Array.of(...head, 2, imports.length, ...imports, 10, 4, 1, 2, 0, 0x0b);
    assert.equal(locate(bytes, bytes.length - 1), { funcIndex: 1, funcName: undefined });
    assert.equal(
      importsOf(bytes).map(({ name }) => name),
      ['b', 'c'],
    );
  }
});

test('a long name is shortened, a wrong one shown as it can be', async () => {
  const long = errorOf(await parseText(`(module (func $${'n'.repeat(5000)} (result i32)))`));
  assert.ok(long.message.length < 300);
  assert.ok(long.funcName!.endsWith('…'));
});

test('whatever the bytes, no other error', () => {
  let state = 7;
  const random = (below: number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  for (let i = 0; i < 3000; i++) {
    const bytes = named.slice(0, random(4) === 0 ? random(named.length) : named.length);
    for (let n = random(4); n > 0 && bytes.length > 0; n--) bytes[random(bytes.length)] = random(256);
    const place = locate(bytes, random(named.length + 10));
    if (place) assert.type(place.funcIndex, 'number');
  }
});

test.run();
