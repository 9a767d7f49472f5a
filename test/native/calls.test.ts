/** Calls into compiled code and back: arguments and results of each kind, host functions, nesting, exceptions. */

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { runInNewContext } from 'node:vm';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as layout from '../../runtime/layout.js';
import {
  add,
  callBuiltins,
  callImport,
  callImportStack,
  floats,
  importLoop,
  keepRegisters,
  recurseToImport,
  stackWords,
} from '../support/codes.js';
import { loadHelper, Machine, TrapError } from '../support/machine.js';

const helper = loadHelper();
const codes = [add, floats, stackWords, callImport, callImportStack, keepRegisters, callBuiltins, recurseToImport, importLoop];
const at = (code: (typeof codes)[number]) => codes.indexOf(code);
const machine = (options?: { stack?: number; activity?: number }) => new Machine(helper, codes, options);

test('integers in registers', () => {
  const m = machine();
  assert.is(m.call(at(add), 2, 40), 42);
  assert.is(m.call(at(add), -1, 1), 0);
  assert.is(m.call(at(add), 0x7fffffff, 1), -0x80000000);
  assert.is(m.words[0], 0x80000000n, 'the upper half is zero');
  m.close();
});

test('optimised code of the V8s that are known calls in directly, unless that is switched off', () => {
  assert.is(helper.callsFast(), process.env.OURO_FAST_CALLS !== 'off');
  if (!helper.callsFast()) return;
  const without = spawnSync(process.execPath, [fileURLToPath(import.meta.url)], { env: { ...process.env, OURO_FAST_CALLS: 'off' } });
  assert.is(without.status, 0, `${without.stdout}${without.stderr}`);
});

test('enterInts leaves and returns as enter does', () => {
  const m = machine();
  m.hostImport(0, () => {
    m.words[0] = BigInt(m.call(at(add), m.halves[0], 1));
  });
  m.words[0] = 5n;
  m.words[1] = -1n;
  m.words[layout.SLOT_CALLEE / 8] = BigInt(m.funcRef(at(callImport)));
  helper.enterInts();
  assert.is(m.halves[layout.SLOT_STATUS / 4], layout.EXIT_HOST_FUNC);
  m.host[0](m);
  helper.resume();
  assert.is(m.halves[layout.SLOT_STATUS / 4], layout.EXIT_RETURNED);
  assert.is(m.halves[0], 7);
  m.words[1] = -1n;
  m.words[layout.SLOT_CALLEE / 8] = BigInt(m.funcRef(at(add)));
  helper.enterInts();
  assert.is(m.words[0], 6n);
  m.close();
});

/** 7 - x in i64s, with every callee-saved register overwritten meanwhile; results in both integer and both float registers. */
const leaf = {
  frame: 32,
  hex: [
    '4883ec20', // sub rsp, 32
    '48895c2418', // mov [rsp + 24], rbx
    '48896c2410', // mov [rsp + 16], rbp
    '4c89642408', // mov [rsp + 8], r12
    '4c892c24', // mov [rsp], r13
    'bb07000000', // mov ebx, 7
    '31ed', // xor ebp, ebp
    '4531e4', // xor r12d, r12d
    '4531ed', // xor r13d, r13d
    '4829fb', // sub rbx, rdi
    '4889d8', // mov rax, rbx
    '4c89ca', // mov rdx, r9
    'f2480f2ac7', // cvtsi2sd xmm0, rdi
    'f2480f2ace', // cvtsi2sd xmm1, rsi
    '488b5c2418', // mov rbx, [rsp + 24]
    '488b6c2410', // mov rbp, [rsp + 16]
    '4c8b642408', // mov r12, [rsp + 8]
    '4c8b2c24', // mov r13, [rsp]
    '4883c420', // add rsp, 32
    'c3', // ret
  ],
};

test('enterLeaf and enterLeafPair', () => {
  const m = new Machine(helper, [leaf, keepRegisters]);
  const { words, doubles } = m;
  [9n, 3n, 0n, 0n, 0n, -4n].forEach((value, i) => {
    words[i] = value;
  });
  m.run(m.funcRef(0), 'enterLeaf');
  assert.equal([...words.subarray(0, 2)], [-2n, -4n]);
  assert.equal([doubles[layout.SLOT_FLOATS / 8], doubles[layout.SLOT_FLOATS / 8 + 2]], [9, 3]);
  assert.is(m.callBy('enterLeafPair', 0, 5), 2);
  // While other code has left.
  m.hostImport(0, () => {
    const activation = words[layout.SLOT_ACTIVATION / 8];
    const sum = m.callBy('enterLeafPair', 0, 6) + m.callBy('enterLeaf', 0, 5);
    assert.is(words[layout.SLOT_ACTIVATION / 8], activation);
    assert.is(m.halves[layout.SLOT_STATUS / 4], layout.EXIT_RETURNED);
    words[0] = BigInt(sum);
  });
  m.call(1);
  assert.is(m.halves[0], 4321);
  m.close();
});

/** The sum of all integer registers, in i64s, and in xmm0 that of the first and the last float register. */
const sums = {
  hex: [
    '4889f8', // mov rax, rdi
    '4801f0', // add rax, rsi
    '4801d0', // add rax, rdx
    '4801c8', // add rax, rcx
    '4c01c0', // add rax, r8
    '4c01c8', // add rax, r9
    'f20f58c7', // addsd xmm0, xmm7
    'c3', // ret
  ],
};

test('parameters of 32 bits: the upper halves are not looked at', () => {
  const m = new Machine(helper, [sums, keepRegisters]);
  const { words, halves, doubles } = m;
  const enter = (entry: Parameters<Machine['run']>[1], count: number): number[] => {
    for (let i = 0; i < 6; i++) words[i] = i < count ? -1n : 0n;
    for (let i = 0; i < count; i++) halves[2 * i] = -(2 ** i);
    doubles[layout.SLOT_FLOATS / 8] = 1.5;
    doubles[layout.SLOT_FLOATS / 8 + 14] = -4;
    m.run(m.funcRef(0), entry);
    return [Number(words[0]), doubles[layout.SLOT_FLOATS / 8]];
  };
  const whole = (count: number) => count * 2 ** 32 - 2 ** count + 1;
  assert.equal(enter('enter32', 6), [whole(6), -2.5]);
  assert.equal(enter('enterLeaf32', 6), [whole(6), -2.5]);
  assert.is(enter('enterInts32', 6)[0], whole(6));
  // While other code has left.
  m.hostImport(0, () => {
    assert.equal(enter('enter32', 6), [whole(6), -2.5]);
    assert.is(enter('enterInts32', 6)[0], whole(6));
    words[0] = 4321n;
  });
  m.call(1);
  assert.is(m.halves[0], 4321);
  m.close();
  // Two parameters: the other registers are not loaded.
  const pair = new Machine(helper, [leaf]);
  pair.words[0] = -1n;
  pair.halves[0] = 5;
  pair.run(pair.funcRef(0), 'enterLeafPair32');
  assert.is(pair.words[0], 2n);
  pair.close();
});

test('floats in registers', () => {
  const m = machine();
  m.doubles[layout.SLOT_FLOATS / 8] = 1.5;
  m.doubles[layout.SLOT_FLOATS / 8 + 14] = -4;
  m.floats[layout.SLOT_FLOATS / 4 + 4] = 0.25;
  m.floats[layout.SLOT_FLOATS / 4 + 8] = 2;
  m.run(m.funcRef(at(floats)));
  assert.is(m.doubles[layout.SLOT_FLOATS / 8], -6);
  assert.is(m.floats[layout.SLOT_FLOATS / 4 + 4], 2.25);
  m.close();
});

test('stack words in and out', () => {
  const m = machine();
  [1n, 2n, 3n, 4n, 5n, -6n].forEach((value, i) => {
    m.words[i] = value;
  });
  m.words[layout.SLOT_STACK / 8] = 70n;
  m.words[layout.SLOT_STACK / 8 + 1] = -800n;
  m.halves[layout.SLOT_STACK_ARGS / 4] = 2;
  m.halves[layout.SLOT_STACK_RESULTS / 4] = 2;
  m.run(m.funcRef(at(stackWords)));
  assert.equal([...m.words.subarray(0, 2)], [9n, 70n]);
  assert.equal([...m.words.subarray(layout.SLOT_STACK / 8, layout.SLOT_STACK / 8 + 2)], [-800n, 1n]);
  assert.is(m.words[layout.SLOT_STACK_ARGS / 8], 0n, 'the counts are used up');
  m.close();
});

test('many stack words', () => {
  const m = machine();
  for (const count of [3, 255, 2047]) {
    m.halves[layout.SLOT_STACK_ARGS / 4] = count;
    assert.is(m.call(at(add), 1, count), count + 1);
  }
  m.close();
});

test('an imported function gets registers and gives results', () => {
  const m = machine();
  const seen: number[][] = [];
  m.hostImport(0, () => {
    seen.push([...m.halves.subarray(0, 12)].filter((_, i) => i % 2 === 0));
    m.words[0] = 99n;
  });
  assert.is(m.call(at(callImport), 1, 2, 3, 4, 5, 6), 100);
  assert.equal(seen, [[1, 2, 3, 4, 5, 6]]);
  m.close();
});

test('an imported function gets floats', () => {
  const m = machine();
  m.hostImport(0, () => {
    for (let i = 0; i < 8; i++) assert.is(m.doubles[layout.SLOT_FLOATS / 8 + 2 * i], i + 0.5);
    m.words[0] = 5n;
  });
  for (let i = 0; i < 8; i++) m.doubles[layout.SLOT_FLOATS / 8 + 2 * i] = i + 0.5;
  assert.is(m.call(at(callImport)), 6);
  m.close();
});

test('an imported function with stack words', () => {
  const m = machine();
  m.hostImport(
    0,
    () => {
      assert.equal([...m.words.subarray(layout.SLOT_STACK / 8, layout.SLOT_STACK / 8 + 2)], [7n, 8n]);
      m.words[0] = 1n;
      m.words[1] = 20n;
      m.words[layout.SLOT_STACK / 8] = 300n;
      m.words[layout.SLOT_STACK / 8 + 1] = 4000n;
    },
    2,
    2,
  );
  assert.is(m.call(at(callImportStack)), 4321);
  m.close();
});

test('callee-saved registers survive leaving and nested entries', () => {
  const m = machine();
  let depth = 0;
  m.hostImport(0, () => {
    if (depth++ < 5) m.call(at(keepRegisters));
  });
  assert.is(m.call(at(keepRegisters)), 4321);
  assert.is(depth, 6);
  m.close();
});

test('entries nest over two stacks', () => {
  const inner = machine();
  const outer = machine();
  inner.hostImport(0, () => {
    inner.words[0] = BigInt(outer.call(at(add), 1000, inner.halves[0]));
  });
  outer.hostImport(0, () => {
    outer.words[0] = BigInt(inner.call(at(callImport), 5));
  });
  assert.is(outer.call(at(callImport)), 1007);
  inner.close();
  outer.close();
});

test('an exception of an imported function drops its activation only', () => {
  const m = machine();
  let depth = 0;
  m.hostImport(0, () => {
    depth++;
    if (depth === 3) throw new RangeError('deep');
    if (depth === 1) {
      assert.throws(() => m.call(at(keepRegisters)), /deep/);
      assert.is(m.call(at(add), 3, 4), 7);
      return;
    }
    m.call(at(callImport));
  });
  assert.is(m.call(at(keepRegisters)), 4321);
  assert.is(depth, 3);
  helper.resume();
  assert.is(m.halves[layout.SLOT_STATUS / 4], layout.EXIT_TRAPPED, 'nothing has left');
  assert.throws(() => helper.unwind(), /no wasm code has left/);
  m.close();
});

test('activations whose driver was terminated are dropped', () => {
  const m = machine();
  let depth = 0;
  let timeout = 50;
  m.hostImport(0, () => {
    depth++;
    if (depth === 1) assert.throws(() => runInNewContext('again()', { again: () => m.call(at(callImport)) }, { timeout }), /timed out/);
    else if (depth === 2) m.call(at(recurseToImport), 10);
    else for (;;);
  });
  // The time may be up before all are under way: then once more, with more of it.
  for (; depth < 3; timeout *= 2) {
    depth = 0;
    assert.is(m.call(at(keepRegisters)), 4321);
    assert.is(m.words[layout.SLOT_ACTIVATION / 8], 0n);
  }
  assert.is(depth, 3);
  m.close();
});

test('a FuncRef of a host function can be entered', () => {
  const m = machine();
  m.hostImport(0, () => {
    m.words[0] = m.words[0] * 2n;
  });
  const ref = m.block(layout.FUNCREF_SIZE);
  const importAt = layout.vmcontextFuncImport(0);
  ref.view.setBigUint64(layout.FUNCREF_CODE, m.vmcontext.view.getBigUint64(importAt, true), true);
  ref.view.setBigUint64(layout.FUNCREF_VMCONTEXT, m.vmcontext.view.getBigUint64(importAt + 8, true), true);
  m.words[0] = 21n;
  m.run(ref.address);
  assert.is(m.words[0], 42n);
  m.close();
});

test('builtins: memory copy, and a host builtin with the instance id', () => {
  const m = machine();
  const bytes = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]);
  const base = helper.address(bytes);
  m.words[0] = BigInt(base + 2);
  m.words[1] = BigInt(base);
  m.words[2] = 5n;
  m.builtin = (id) => {
    assert.is(layout.EXIT_HOST_BUILTIN + id, layout.EXIT_HOST_BUILTIN);
    assert.is(m.halves[layout.SLOT_EXIT_ID / 4], 77);
    m.words[0] = m.words[0] * 10n + m.words[1];
  };
  m.run(m.funcRef(at(callBuiltins)));
  assert.is(m.words[0], 34n);
  assert.equal([...bytes], [1, 2, 1, 2, 3, 4, 5, 8]);
  m.close();
});

test('leaving from deep in the stack, and from a loop', () => {
  const m = machine();
  let calls = 0;
  m.hostImport(0, () => {
    calls++;
  });
  for (const depth of [0, 1, 2, 15, 100, 5000]) m.call(at(recurseToImport), depth);
  assert.is(calls, 6);
  m.call(at(importLoop), 10000);
  assert.is(calls, 10006);
  for (const leave of ['leaveImport', 'leaveImportInts'] as const) {
    calls = 0;
    m.hostImport(0, () => assert.is(m.halves[0] + m.halves[2], 1000 - calls++ + 3), 0, 0, leave);
    m.call(at(importLoop), 1000);
    assert.is(calls, 1000);
  }
  m.close();
});

test('no room for another entry is a stack overflow', () => {
  const m = machine({ stack: 64 * 1024 });
  let depth = 0;
  m.hostImport(0, () => {
    depth++;
    m.call(at(keepRegisters));
  });
  assert.throws(
    () => m.call(at(keepRegisters)),
    (error: unknown) => error instanceof TrapError && error.trap.kind === layout.TRAP_KIND_STACK_OVERFLOW,
  );
  assert.ok(depth > 100);
  assert.is(m.call(at(add), 1, 1), 2);
  m.close();
});

test('bad addresses of stacks and mappings are errors', () => {
  assert.throws(() => helper.destroyStack(4096), /no such wasm stack/);
  assert.throws(() => helper.unmap(4096), /no such mapping/);
  assert.throws(() => helper.createStack(0), /cannot create a wasm stack/);
  assert.throws(() => helper.createStack(Number.NaN), TypeError);
  assert.throws(() => (helper as any).createStack(), /too few arguments/);
  const m = machine();
  m.hostImport(0, () => assert.throws(() => helper.destroyStack(m.activity), /in use/));
  m.call(at(callImport));
  m.close();
});

test.run();
