/** Traps: explicit, memory faults, stack overflow; backtraces; V8's own traps beside them. */

import { spawnSync } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as layout from '../../runtime/layout.js';
import { add, callPrevious, hugeFrame, load, recurse, recurseToImport, trapIfZero } from '../support/codes.js';
import { loadHelper, Machine, type Trap, TrapError } from '../support/machine.js';

/** A V8 function that loads out of bounds, and one that divides by zero. */
const v8 = new WebAssembly.Instance(
  new WebAssembly.Module(
    Buffer.from(
      '0061736d01000000' + // magic, version
        '01060160017f017f' + // (i32) -> i32
        '0303020000' + // two functions
        '0503010001' + // one page
        '070e02046c6f6164000003646976' +
        '0001' + // exports
        '0a110207002000280200' +
        '0b07004101' +
        '20006d0b', // i32.load; 1 / x
      'hex',
    ),
  ),
).exports as { load(address: number): number; div(by: number): number };

function v8Traps(): void {
  assert.is(v8.load(16), 0);
  assert.throws(() => v8.load(-4), WebAssembly.RuntimeError);
  assert.throws(() => v8.div(0), WebAssembly.RuntimeError);
}

v8Traps();
const helper = loadHelper();
const memory = new WebAssembly.Memory({ initial: 1 });
const memoryBase = helper.address(new Uint8Array(memory.buffer));
const codes = [trapIfZero, callPrevious, load, callPrevious, recurse, hugeFrame, add, recurseToImport];
const at = (code: (typeof codes)[number]) => codes.indexOf(code);
const machine = (stack?: number) => new Machine(helper, codes, { stack, memory: memoryBase });

function trapOf(run: () => void): Trap {
  try {
    run();
  } catch (error) {
    if (error instanceof TrapError) return error.trap;
    throw error;
  }
  throw new Error('no trap');
}

test('an explicit trap, with its backtrace', () => {
  const m = machine();
  assert.is(m.call(at(trapIfZero), 5), 5);
  const direct = trapOf(() => m.call(at(trapIfZero), 0));
  assert.equal([direct.kind, direct.pc, direct.address], [layout.TRAP_KIND_EXPLICIT, 10, 0]);
  assert.equal(direct.trace, ['0+10']);
  assert.equal(trapOf(() => m.call(1, 0)).trace, ['0+10', '1+9']);
  assert.is(m.call(1, 8), 8);
  m.close();
});

test('a load beyond the memory', () => {
  const m = machine();
  new DataView(memory.buffer).setInt32(65532, 1234, true);
  assert.is(m.call(at(load), 65532), 1234);
  for (const address of [65536, 65533, 0x7fffffff, 0xffffffff]) {
    const trap = trapOf(() => m.call(at(load), address));
    assert.is(trap.kind, layout.TRAP_KIND_FAULT);
    assert.is(trap.pc, m.offsets[at(load)]);
    assert.is(trap.address, Math.max(memoryBase + address, memoryBase + 65536));
    assert.equal(trap.trace, ['2+0']);
  }
  assert.equal(trapOf(() => m.call(3, 65536)).trace, ['2+0', '3+9']);
  memory.grow(1);
  assert.is(m.call(at(load), 65536), 0);
  m.close();
});

test('traps of leaves', () => {
  const m = machine();
  const traps = () => {
    for (const entry of ['enterLeaf', 'enterLeaf32', 'enterLeafPair', 'enterLeafPair32'] as const) {
      const activation = m.words[layout.SLOT_ACTIVATION / 8];
      assert.is(m.callBy(entry, at(trapIfZero), 5), 5);
      const explicit = trapOf(() => m.callBy(entry, at(trapIfZero), 0));
      assert.equal([explicit.kind, explicit.pc, ...explicit.trace], [layout.TRAP_KIND_EXPLICIT, 10, '0+10']);
      const fault = trapOf(() => m.callBy(entry, at(load), 0xffffffff));
      assert.equal([fault.kind, fault.address, ...fault.trace], [layout.TRAP_KIND_FAULT, memoryBase + 0xffffffff, '2+0']);
      assert.is(m.words[layout.SLOT_ACTIVATION / 8], activation, 'no other activation ends');
    }
  };
  traps();
  let count = 0;
  m.hostImport(0, () => {
    if (++count < 3) m.call(at(recurseToImport), count);
    traps();
  });
  m.call(at(recurseToImport), 4);
  assert.is(count, 3);
  assert.is(m.words[layout.SLOT_ACTIVATION / 8], 0n);
  m.close();
});

test('stack overflow by recursion', () => {
  for (const stack of [4096, 100_000, 1 << 20]) {
    const m = machine(stack);
    const trap = trapOf(() => m.call(at(recurse), 1));
    assert.is(trap.kind, layout.TRAP_KIND_STACK_OVERFLOW);
    assert.is(trap.trace.length, 256);
    assert.ok(trap.trace.slice(1).every((place) => place === '4+14'));
    assert.is(m.call(at(add), 20, 22), 42);
    m.close();
  }
});

test('stack overflow by a frame larger than the guard', () => {
  const large = machine();
  assert.is(large.call(at(hugeFrame)), 1);
  large.close();
  const m = machine(50_000);
  const trap = trapOf(() => m.call(at(hugeFrame)));
  assert.is(trap.kind, layout.TRAP_KIND_STACK_OVERFLOW);
  assert.equal(trap.trace, ['5+12']);
  m.close();
});

test('stack overflow at any instruction on the way out to the host', () => {
  const m = machine(4096);
  let calls = 0;
  let traps = 0;
  m.hostImport(0, () => {
    calls++;
  });
  for (let depth = 0; depth < 1000; depth++) {
    try {
      m.call(at(recurseToImport), depth);
    } catch (error) {
      assert.instance(error, TrapError);
      const { trap } = error as TrapError;
      assert.is(trap.kind, layout.TRAP_KIND_STACK_OVERFLOW);
      assert.ok(trap.trace.length > 0 && trap.trace.every((place) => place.startsWith('7+')), trap.trace.join(' '));
      traps++;
    }
  }
  assert.ok(calls > 500 && traps > 300, `${calls} calls, ${traps} traps`);
  m.close();
});

test('stack overflow while stack words are copied', () => {
  const m = machine(4096);
  m.halves[layout.SLOT_STACK_ARGS / 4] = 2048;
  assert.is(m.call(at(add), 1, 2), 3);
  const addresses: number[] = [];
  m.hostImport(0, () => {
    m.halves[layout.SLOT_STACK_ARGS / 4] = 2048;
    const trap = trapOf(() => m.call(at(add), 1, 2));
    assert.equal([trap.kind, trap.trace], [layout.TRAP_KIND_STACK_OVERFLOW, []]);
    addresses.push(trap.address);
    assert.is(m.words[layout.SLOT_STACK_ARGS / 8], 0n);
  });
  for (let depth = 124; depth < 126; depth++) m.call(at(recurseToImport), depth);
  assert.ok(addresses[0] > 0, 'room for the activation, not for the words');
  assert.is(addresses[1], 0, 'no room for the activation');
  m.close();
});

test('a trap inside a nested entry ends that entry only', () => {
  const m = machine();
  let traps = 0;
  m.hostImport(0, () => {
    for (const run of [() => m.call(1, 0), () => m.call(3, 1 << 20), () => m.call(at(recurse))]) {
      trapOf(run);
      traps++;
    }
    v8Traps();
  });
  m.call(at(recurseToImport), 3);
  assert.is(traps, 3);
  m.close();
});

test('many traps, V8 traps between them', () => {
  const m = machine();
  for (let i = 0; i < 2000; i++) {
    trapOf(() => m.call(at(load), 1 << 24));
    trapOf(() => m.call(at(trapIfZero), 0));
    if (i % 100 === 0) v8Traps();
  }
  m.close();
});

test('a memory without pages, then with some', () => {
  const empty = new WebAssembly.Memory({ initial: 0, maximum: 10 });
  const base = helper.address(new Uint8Array(empty.buffer));
  empty.grow(1);
  assert.is(helper.address(new Uint8Array(empty.buffer)), base);
});

/** Runs a script in a process of its own, with the test's machine and codes at hand. */
function child(script: string, ...options: string[]) {
  const url = (name: string) => JSON.stringify(new URL(`../support/${name}.js`, import.meta.url).href);
  const text = `import { loadHelper, Machine, TrapError } from ${url('machine')}; import * as codes from ${url('codes')};\n${script}`;
  return spawnSync(process.execPath, [...options, '--input-type=module', '-e', text], { encoding: 'utf8' });
}

test('without V8 trap handling there is no guard, and faults of ours are still traps', () => {
  const { stdout, stderr } = child(
    `const helper = loadHelper();
    const memory = new WebAssembly.Memory({ initial: 1 });
    const base = helper.address(new Uint8Array(memory.buffer));
    const machine = new Machine(helper, [codes.load], { memory: 0 });
    try { machine.call(0, 8); } catch (error) { console.log(error instanceof TrapError, error.trap.address); }
    console.log(helper.probeGuard(base, 65536, 2 ** 33));`,
    '--disable-wasm-trap-handler',
  );
  assert.is(stdout, 'true 8\nfalse\n', stderr);
});

test('a fault that is not ours, or a signal that was sent, still ends the process', () => {
  const sent = child(`loadHelper(); process.kill(process.pid, 'SIGSEGV'); setTimeout(() => console.log('alive'), 1000);`);
  assert.equal([sent.signal, sent.stdout], ['SIGSEGV', '']);
  const fault = child(`loadHelper().copyIn(8, 8, 8); console.log('alive');`);
  assert.equal([fault.signal, fault.stdout], ['SIGSEGV', '']);
});

test('signals with handlers that run on our stack', () => {
  const { stdout, stderr, signal } = child(
    `const machine = new Machine(loadHelper(), [codes.importLoop, codes.recurse], { stack: 65536 });
    machine.hostImport(0, () => {});
    let traps = 0;
    for (const end = Date.now() + 700; Date.now() < end || traps <= 100; ) {
      machine.call(0, 1000);
      try { machine.call(1); } catch (error) { if (error.trap.kind === 2) traps++; }
    }
    console.log(traps > 100);`,
    '--cpu-prof',
    '--cpu-prof-interval=100',
    '--cpu-prof-dir=/dev/null/none',
  );
  assert.equal([stdout, signal], ['true\n', null], stderr);
});

test.run();
