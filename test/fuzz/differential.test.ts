/** Random modules behave on Ouro as on V8, at both levels and on two CPUs. OURO_FUZZ_SEED and OURO_FUZZ_COUNT choose others. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { configurations, difference } from './compare.js';
import { generate } from './generate.js';

const first = Number(process.env.OURO_FUZZ_SEED ?? 1);
const count = Number(process.env.OURO_FUZZ_COUNT ?? 60);

for (const config of configurations) {
  test(`${count} random modules from seed ${first}, level ${config.optLevel}, ${config.cpu}, ${config.memoryPolicy} bounds`, () => {
    for (let seed = first; seed < first + count; seed++) {
      let found: string | undefined;
      try {
        found = difference(generate(seed), seed, config);
      } catch (error) {
        found = String((error as Error).stack ?? error);
      }
      assert.is(found, undefined, `seed ${seed}: ${found}`);
    }
  });
}

test.run();
