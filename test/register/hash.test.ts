/** Large modules whose bytes the application changes while they are hashed: on this thread where the CPU has instructions for it, aside on others. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { native } from '../../host/helper/native.js';
import { parseText } from '../../host/wasm/text.js';
import { useCache } from './support.js';

useCache('hash');
process.env.OURO_REGISTER = 'eager';
const { default: W } = await import('../../host/webassembly.js');
const { ModuleRecord } = await import('../../host/register/record.js');

/** 2 MiB, most of it a custom section. */
async function large(value: number): Promise<Uint8Array> {
  const bytes = await parseText(`(module (func (export "f") (result i32) (i32.const ${value})))`);
  return Buffer.concat([bytes, Buffer.from([0, 0x84, 0x80, 0x80, 0x01, 3]), Buffer.from('pad'), Buffer.alloc(2 ** 21)]);
}

for (const [place, isFast] of [
  ['on this thread', true],
  ['aside', false],
] as const) {
  test(`hashed ${place}`, async () => {
    const helper = native() as { hashesFast(): boolean };
    const original = helper.hashesFast;
    helper.hashesFast = () => isFast;
    try {
      const value = isFast ? 7 : 8;
      // Compiled, then found.
      for (let i = 0; i < 2; i++) {
        const bytes = await large(value);
        const compiling = W.compile(bytes as BufferSource);
        bytes.fill(0);
        const module = await compiling;
        assert.ok(ModuleRecord.of(module)!.code, 'native');
        assert.is((new W.Instance(module).exports as any).f(), value);
      }
    } finally {
      helper.hashesFast = original;
    }
  });
}

test.run();
