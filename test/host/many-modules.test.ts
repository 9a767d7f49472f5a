/** More modules than a process has mappings for, more wasm stacks than it has memory for: an error, and the process lives on. */

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { root } from '../support/shared.js';
import { skip } from '../support/skip.js';

const limit = '/proc/sys/vm/max_map_count';
/** More would take long, and gigabytes. */
const MOST = 70_000;

const prelude = `
  const { Engine, Instance, Module, Store } = await import(${JSON.stringify(pathToFileURL(join(root, 'build', 'host', 'index.js')).href)});`;

const program = `${prelude}
  const wasm = Buffer.from('0061736d0100000001070160027f7f017f030201000503010001070d02036d656d02000361646400000a09010700200020016a0b', 'hex');
  const engine = new Engine();
  const artifact = new Module(engine, wasm).serialize();
  const modules = [];
  const fill = () => {
    try {
      for (;;) modules.push(Module.deserialize(engine, artifact));
    } catch ({ name, code }) {
      return name + ' ' + code;
    }
  };
  const instances = (count) => Array.from({ length: count }, (_, i) => new Instance(new Store(engine), modules[i], [])).length;
  // V8 has room left: for its heap, and for memories.
  const objects = () => Array.from({ length: 1_000_000 }, (_, i) => ({ i })).length;
  console.log(fill(), instances(1000), objects(), fill());
  const full = modules.length;
  for (const module of modules.splice(200)) module.dispose();
  // Those with instances stay.
  console.log(fill(), modules.length > full - 1010, instances(100));`;

if (!existsSync(limit) || Number(readFileSync(limit, 'utf8')) > MOST)
  skip('a process without mappings', `${limit} is not there, or above ${MOST}`);
else
  test('a process without mappings', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' });
    assert.is(stderr, '');
    assert.is(stdout, 'OuroError OUT_OF_MEMORY 1000 1000000 OuroError OUT_OF_MEMORY\nOuroError OUT_OF_MEMORY true 100\n');
    assert.is(status, 0);
  });

test('no memory for a wasm stack', () => {
  const stacks = `${prelude}
    const make = (i) => new Store(new Engine({ maxWasmStack: 2 ** 30 - 4096 * i, compiler: 'wasm' }));
    try {
      for (let i = 0; ; i++) make(i);
    } catch ({ name, code, message }) {
      console.log(name, code, message.split(';')[0]);
    }
    console.log(make(0) instanceof Store);`;
  // Kibibytes.
  const limited = ['-c', 'ulimit -v 8000000; exec "$0" "$@"', process.execPath, '--input-type=module', '--eval', stacks];
  const { stdout, stderr } = spawnSync('sh', limited, { encoding: 'utf8' });
  assert.is(stdout, 'OuroError OUT_OF_MEMORY there is no memory for a wasm stack\ntrue\n', stderr);
});

test.run();
