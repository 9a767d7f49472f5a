/** The compiler compiles itself: under V8, natively, and natively again; all three artifacts are the same bytes. */

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bootstrap } from '../../host/selfhost/bootstrap.js';
import { compilerWasm } from '../../host/compile/cores.js';
import { Engine } from '../../host/index.js';

const test = suite('bootstrap');
const folder = mkdtempSync(join(tmpdir(), 'ouro-bootstrap-'));
process.env.OURO_CACHE = folder;
test.after(() => rmSync(folder, { recursive: true, force: true }));

test('three stages', () => {
  const { stages, path } = bootstrap();
  assert.equal(
    stages.map(({ runsOn }) => runsOn),
    ['V8', 'native', 'native'],
  );
  for (const { artifact } of stages) assert.is(Buffer.compare(artifact, stages[0].artifact), 0);
  assert.ok(path.startsWith(folder));
  assert.is(Buffer.compare(readFileSync(path), stages[0].artifact), 0);
});

test('an engine uses the native compiler, with the same result', () => {
  const wasm = compilerWasm();
  for (const optLevel of ['none', 'speed'] as const) {
    const native = new Engine({ optLevel, compiler: 'native' }).precompileModule(wasm);
    const underV8 = new Engine({ optLevel, compiler: 'wasm' }).precompileModule(wasm);
    assert.is(Buffer.compare(native, underV8), 0);
  }
  assert.ok(existsSync(folder));
});

test.run();
