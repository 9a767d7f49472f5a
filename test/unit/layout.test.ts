/** The generator of runtime/native/layout.h. */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const { layoutHeader } = await import(new URL('../../../runtime/native/layout.mjs', import.meta.url).href);
const test = suite('layout');

const defines = (source: string) =>
  Object.fromEntries([...layoutHeader(source).matchAll(/^#define (OURO_\w+) (\S+)$/gm)].map(([, name, value]) => [name, Number(value)]));

test('constants, sums of constants, and comments', () => {
  const source = `/** export const NOT: u32 = 1; */
    export const A: u32 = 0x1f; // export const NEITHER: u32 = 2;
    export const B_SIZE: u32 = A + 8 * (1 << 2);`;
  assert.equal(defines(source), { OURO_A: 31, OURO_B_SIZE: 63 });
});

test('enums count on', () => {
  assert.equal(defines('export const enum TrapCode {\n  None = 0,\n  OutOfBounds,\n  Late = 7,\n  Last,\n}'), {
    OURO_TRAP_CODE_NONE: 0,
    OURO_TRAP_CODE_OUT_OF_BOUNDS: 1,
    OURO_TRAP_CODE_LATE: 7,
    OURO_TRAP_CODE_LAST: 8,
  });
});

test('functions are left out, anything else that is exported is an error', () => {
  assert.equal(defines('export const A: u32 = 1;\nexport function f(a: u32): u32 {\n  return a + A;\n}'), { OURO_A: 1 });
  assert.throws(() => layoutHeader('export let a: u32 = 1;'), /only plain constants/);
  assert.throws(() => layoutHeader('export const A: u32 = B;'), /unknown name B/);
});

test.run();
