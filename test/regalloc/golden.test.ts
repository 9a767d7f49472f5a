/** Register allocation of small functions, as text; each is checked too. */

import * as assert from 'uvu/assert';
import { freshCore } from '../support/core.js';
import { goldenSuite } from '../support/golden.js';
import { build, check, parse, print } from './machine.js';

goldenSuite('register allocation', 'regalloc', (input, directives) => {
  const core = freshCore();
  const machine = parse(input);
  build(core, machine, Number(directives.get('ints') ?? 12), Number(directives.get('floats') ?? 15));
  core.call('raAllocate');
  assert.is(check(core), '');
  return print(core, machine);
});
