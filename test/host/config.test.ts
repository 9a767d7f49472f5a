/** Configurations: defaults, and what is refused. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Engine, OuroError } from '../../host/index.js';
import { throws } from './support.js';

test('defaults', () => {
  const { config } = new Engine();
  assert.is(config.optLevel, 'speed');
  assert.is(config.cpu, 'native');
  assert.is(config.maxWasmStack, 2 ** 20);
  assert.is(config.memoryPolicy, 'auto');
  assert.is(config.generateAddressMap, true);
  assert.is(new Engine({ optLevel: undefined }).config.optLevel, 'speed');
});

test('what cannot be is refused with the reason', () => {
  const cases: [unknown, RegExp][] = [
    [{ optLevel: 'fast' }, /optLevel cannot be "fast": it is one of none, speed/],
    [{ cpu: 'z80' }, /cpu cannot be "z80"/],
    [{ target: 'aarch64-linux' }, /target cannot be/],
    [{ maxWasmStack: 100 }, /maxWasmStack must be a number of bytes from 65536/],
    [{ maxWasmStack: '1 MB' }, /maxWasmStack/],
    [{ wasmBulkMemory: 1 }, /wasmBulkMemory must be true or false/],
    [{ wasmBulkMemory: false }, /wasmReferenceTypes needs wasmBulkMemory/],
    [{ optlevel: 'none' }, /unknown option optlevel/],
    [5, /configured by an object/],
  ];
  for (const [config, message] of cases) throws(() => new Engine(config as object), OuroError, message, 'CONFIG_INVALID');
});

test.run();
