/** `ouro self-compile`, and compilers that were compiled in other ways than that: whatever made the compiler, it gives the same bytes.
 *  The three stages themselves are tested in test/bootstrap. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Code } from '../../host/artifact/code.js';
import { compilerWasm, nativeCore, wasmCore } from '../../host/compile/cores.js';
import { type Config, Engine } from '../../host/index.js';
import { root } from '../support/shared.js';

const test = suite('self-compile');
const folder = mkdtempSync(join(tmpdir(), 'ouro-self-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

const wasm = compilerWasm();
const options = (config: Config) => new Engine({ compiler: 'wasm', ...config }).compileOptions;
const same = (one: Uint8Array, other: Uint8Array) => Buffer.compare(one, other) === 0;

function ouro(...args: string[]) {
  const env = { ...process.env, OURO_CACHE: folder, NO_COLOR: '1' };
  return spawnSync(process.execPath, [join(root, 'dist', 'cli.js'), ...args], { encoding: 'utf8', cwd: folder, env });
}

test('the command keeps the native compiler, which then gives the same bytes as the one under V8', () => {
  const compile = (output: string) => {
    const { status, stderr } = ouro('compile', join(root, 'dist', 'compiler.wasm'), '-o', output);
    assert.equal([status, stderr], [0, '']);
    return readFileSync(join(folder, output));
  };
  const underV8 = compile('v8.ouro');
  const { status, stdout, stderr } = ouro('self-compile');
  assert.equal([status, stderr], [0, '']);
  assert.match(
    stdout,
    /^ +stage 1 +V8 .*\n +stage 2 +native .*\n +stage 3 +native .*\n\nThe artifacts of all three stages are byte-identical\.$/m,
  );
  const kept = readdirSync(folder).filter((name) => name.startsWith('compiler-'));
  assert.is(kept.length, 1);
  assert.ok(same(readFileSync(join(folder, kept[0])), underV8));
  assert.ok(same(compile('native.ouro'), underV8));
});

test('a damaged native compiler costs speed alone', () => {
  const [kept] = readdirSync(folder).filter((name) => name.startsWith('compiler-'));
  const path = join(folder, kept);
  const bytes = readFileSync(path);
  const damaged = bytes.slice();
  damaged[damaged.length >> 1] ^= 1;
  for (const content of [damaged, bytes.subarray(0, bytes.length >> 1), Buffer.alloc(0)]) {
    rmSync(path, { force: true });
    writeFileSync(path, content);
    const { status, stderr } = ouro('validate', join(root, 'dist', 'compiler.wasm'));
    assert.equal([status, stderr], [0, '']);
  }
});

const expected = {
  none: wasmCore().compile(wasm, options({ optLevel: 'none' })),
  speed: wasmCore().compile(wasm, options({ optLevel: 'speed' })),
};

const variants: Record<string, Config> = {
  'without optimisation': { optLevel: 'none' },
  'for the oldest CPU': { cpu: 'x86-64-v2' },
  'for the oldest CPU, without optimisation': { cpu: 'x86-64-v2', optLevel: 'none' },
  'with explicit bounds checks': { memoryPolicy: 'explicit' },
};
for (const [name, config] of Object.entries(variants)) {
  test(`a compiler compiled ${name} gives the same bytes`, () => {
    const core = nativeCore(Code.fromBytes(wasmCore().compile(wasm, options(config))));
    for (const optLevel of ['none', 'speed'] as const) {
      assert.ok(same(core.compile(wasm, options({ optLevel })), expected[optLevel]), `at level ${optLevel}`);
    }
  });
}

test.run();
