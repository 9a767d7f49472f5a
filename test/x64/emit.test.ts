/** Whole functions: frames, moves, branches and their sizes, jump tables, traps, address map, calls; as bytes and run natively. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as layout from '../../runtime/layout.js';
import { loadHelper, Machine, TrapError } from '../support/machine.js';
import { need } from '../support/tools.js';
import { type Body, type FunctionShape, X64 } from '../support/x64.js';

const hexOf = (body: Body, shape?: FunctionShape) => new X64().emit(body, shape).hex;
const fill = (bytes: number): string[] => Array.from({ length: bytes / 5 }, () => 'MovImm.32 rax #9');

test('a leaf without slots has no frame', () => {
  const { hex, frame } = new X64().emit({ entry: ['Args rdi', 'Ret'] });
  assert.is(hex, 'c3');
  assert.is(frame, 0);
});

test('frame: outgoing area, slots, context slot, saved registers', () => {
  const shape = { slots: 2, saved: ['rbx', 'r12'], outgoing: 3 };
  const x64 = new X64();
  const { hex, frame } = x64.emit(
    { entry: ['Store.64 rax outgoing[16]', 'Mov.64 rcx s1', 'Load.64 rdx incoming[0]', 'CallImport #0', 'Ret'] },
    shape,
  );
  // 24 + 16 + 8 + 16 = 64, 8 for alignment.
  assert.is(frame, 72);
  assert.is(
    hex,
    '4883ec48' + // sub rsp, 72
      '48895c2440' + // mov [rsp+64], rbx
      '4c89642438' + // mov [rsp+56], r12
      '4889442410' + // mov [rsp+16], rax
      '488b4c2420' + // mov rcx, [rsp+32]
      '488b542450' + // mov rdx, [rsp+80]
      '4c89742428' + // mov [rsp+40], r14
      '4d8b5e30' + // mov r11, [r14+48]
      '4d8b7638' + // mov r14, [r14+56]
      '41f6c301' + // test r11b, 1
      '751f' + // jne .leave
      '4d8b7e10' + // mov r15, [r14+16]
      '41ffd3' + // call r11
      '4c8b742428' + // .back: mov r14, [rsp+40]
      '4d8b7e10' + // mov r15, [r14+16]
      '488b5c2440' +
      '4c8b642438' +
      '4883c448' +
      'c3' +
      '488d0503000000' + // .leave: lea rax, [rip+3]
      '41ffe3' + // jmp r11
      'ebdc', // jmp .back
  );
});

test('frame size: 8 mod 16 with calls, as small as it can be without', () => {
  const frame = (lines: string[], shape: FunctionShape) => new X64().emit({ entry: [...lines, 'Ret'] }, shape).frame;
  assert.is(frame(['Call #0'], {}), 8);
  assert.is(frame(['Call #0'], { slots: 1 }), 8);
  assert.is(frame(['CallBuiltin #9'], { slots: 2 }), 24);
  assert.is(frame(['CallRef rax'], { slots: 1 }), 24);
  assert.is(frame([], { slots: 2 }), 16);
  assert.is(frame([], { saved: ['rbp'] }), 8);
});

test('large frames touch each page from the top down', () => {
  assert.is(
    hexOf({ entry: ['Ret'] }, { slots: 1024 }),
    '4881ec00200000' + // sub rsp, 8192
      '85842400100000' + // test [rsp+4096], eax
      '850424' +
      '4881c400200000c3',
  );
  assert.is(
    hexOf({ entry: ['Ret'] }, { slots: 10000 }).slice(0, 86),
    '4881ec80380100' + // sub rsp, 80000
      '4c8d9c2480280100' + // lea r11, [rsp+75904]
      '418503' + // again: test [r11], eax
      '4981eb00100000' + // sub r11, 4096
      '4c3bdc' + // cmp r11, rsp
      '73f1' + // jae again
      '4881c480380100c3',
  );
});

test('moves of allocation stand before their instruction and are made sequential', () => {
  const body = {
    entry: [
      'Cmp.32 rax rcx',
      'move rcx rdx i32',
      'move rdx rcx i64',
      'move s0 rsi i32',
      'move s1 xmm9 f64',
      'move xmm2 s2 f32',
      'move xmm3 xmm4 f64',
      'move s3 s4 i64',
      'Jcc.e -> a b',
    ],
    a: ['Ret'],
    b: ['Ret'],
  };
  const { hex } = new X64().emit(body, { slots: 5 });
  for (const part of ['893424', 'f2440f114c2408', 'f30f10542410', '0f28dc', '4c8b5c2420', '4c895c2418'])
    assert.ok(hex.includes(part), part);
  assert.ok(hex.includes('448bda') || hex.includes('4c8bd9'), 'the cycle goes through r11');
});

test('a zero is made by xor where nobody needs the flags', () => {
  const zero = (...after: string[]) => hexOf({ a: ['MovImm.64 rax #0', ...after], b: ['Ret'] }).slice(0, 10);
  assert.is(zero('Mov.32 rcx rdx', 'Add.32 rcx rcx rdi', 'Jcc.e -> a b').slice(0, 4), '31c0');
  assert.is(zero('Jmp -> b').slice(0, 4), '31c0');
  assert.is(zero('Mov.32 rcx rdx', 'Jcc.e -> a b'), 'b800000000');
  assert.is(zero('Store.32 rax [rcx]', 'Setcc.b rdx', 'Jmp -> b'), 'b800000000');
  assert.is(zero(...Array.from({ length: 20 }, () => 'Store.32 rax [rcx]'), 'TrapIf.o #1', 'Jmp -> b'), 'b800000000');
  assert.is(hexOf({ a: ['MovImm.32 r9 #0', 'Ret'] }), '4531c9c3');
});

test('the flags of a result serve its test', () => {
  const body = (...lines: string[]) =>
    hexOf({ a: [...lines, 'Test.32 rbx rbx', 'Jcc.e -> b c'], b: ['Ret'], c: ['Neg.32 rax rax', 'Ret'] }, { slots: 1 });
  const tested = (...lines: string[]) => body(...lines).includes('85db');
  const serves = (producer: string) => assert.not(tested(producer), producer);
  const fails = (...lines: string[]) => assert.ok(tested(...lines), lines.join('; '));
  for (const op of ['Add.32', 'Sub.32', 'And.32', 'Or.32', 'Xor.32', 'AddLea.32']) serves(`${op} rbx rbx rcx`);
  for (const op of ['Add.32', 'AddLea.32', 'Shl.32', 'Shr.32', 'Sar.32']) serves(`${op} rbx rbx #1`);
  serves('Neg.32 rbx rbx');
  serves('AddLea.32 rbx rcx rbx');
  // What does not set them, or not for this value.
  fails('AddLea.32 rbx rcx rdx');
  fails('AddLea.32 rbx rcx #1');
  fails('Lea.32 rbx [rcx+8]');
  fails('Imul.32 rbx rbx rcx');
  fails('Shl.32 rbx rbx rcx');
  fails('Shl.32 rbx rbx #32');
  fails('Rol.32 rbx rbx #1');
  fails('Popcnt.32 rbx rcx');
  fails('Add.64 rbx rbx rcx');
  fails('Add.32 rcx rcx rbx');
  // What may stand between, and what may not.
  assert.not(tested('Add.32 rbx rbx #-1', 'Store.32 rbx [rcx]', 'Load.64 rdx [rcx]', 'MovImm.32 rsi #5', 'move s0 rbx i32'));
  fails('Add.32 rbx rbx #-1', 'MovImm.32 rcx #0');
  fails('Add.32 rbx rbx #-1', 'Load.32 rbx [rcx]');
  fails('Add.32 rbx rbx #-1', 'Add.32 rcx rcx #1');
  fails('Add.32 rbx rbx #-1', 'move rbx rcx i32');
  fails('Add.32 rbx rbx #-1', 'move rbx rcx i32', 'Store.32 rdx [rcx]');
  fails('Add.32 rbx rbx #-1', 'move rbx rcx i32', 'move rcx rbx i32', 'Store.32 rdx [rcx]');
});

test('conditions on the flags of a result', () => {
  const jump = (producer: string, cond: string) =>
    hexOf({ a: [producer, 'Test.32 rbx rbx', `Jcc.${cond} -> c b`], b: ['Ret'], c: ['Neg.32 rax rax', 'Ret'] });
  const rest = '01c3f7d8c3';
  assert.is(jump('Add.32 rbx rbx #-1', 'e'), `83c3ff74${rest}`);
  assert.is(jump('Add.32 rbx rbx #-1', 'ne'), `83c3ff75${rest}`);
  assert.is(jump('Add.32 rbx rbx #-1', 's'), `83c3ff78${rest}`);
  // Less than zero is the sign, whatever overflowed.
  assert.is(jump('Add.32 rbx rbx #-1', 'l'), `83c3ff78${rest}`);
  assert.is(jump('Add.32 rbx rbx #-1', 'ge'), `83c3ff79${rest}`);
  for (const cond of ['le', 'g', 'a', 'be', 'ae', 'b', 'o', 'no'])
    assert.ok(jump('Add.32 rbx rbx #-1', cond).startsWith('83c3ff85db'), cond);
  assert.is(jump('And.32 rbx rbx #7', 'g'), `83e3077f${rest}`);
  assert.is(jump('And.32 rbx rbx #7', 'l'), `83e3077c${rest}`);
  const value = (line: string) => hexOf({ a: ['Sub.64 rbx rbx rcx', 'Test.64 rbx rbx', line, 'Ret'] });
  assert.is(value('Setcc.l rax'), '482bd90f98c00fb6c0c3');
  assert.is(value('Cmov.32.ge rax rax rdx'), '482bd90f49c2c3');
  assert.ok(value('MovImm.32 rax #5').includes('4885db'), 'only for a consumer');
});

test('a small branch table is comparisons', () => {
  const rest = { b: ['Ret'], c: ['Neg.32 rax rax', 'Ret'], d: ['Not.32 rax rax', 'Ret'] };
  const table = (...targets: string[]) => hexOf({ a: [`JmpTable rdi -> ${targets.join(' ')}`], ...rest });
  assert.is(table('c', 'b'), '83ff007401c3f7d8c3f7d0c3');
  assert.is(table('b', 'c'), '83ff007501c3f7d8c3f7d0c3');
  assert.is(table('c', 'd', 'b'), '83ff0172037404c3f7d8c3f7d0c3');
  assert.is(table('c', 'c', 'b'), '83ff017601c3f7d8c3f7d0c3');
  assert.is(table('b', 'c', 'b'), '83ff017401c3f7d8c3f7d0c3');
  assert.is(table('c', 'd', 'c', 'b'), '83ff017208740983ff027401c3f7d8c3f7d0c3');
  assert.is(table('c', 'd', 'd', 'c', 'b'), '83ff01720a740b83ff03720674' + '01c3f7d8c3f7d0c3');
});

test('jumps to the next block vanish; conditions turn round', () => {
  assert.is(hexOf({ a: ['Jmp -> b'], b: ['Ret'] }), 'c3');
  assert.is(hexOf({ a: ['Test.32 rax rax', 'Jcc.e -> b c'], b: ['MovImm.32 rax #1', 'Ret'], c: ['Ret'] }), '85c07506b801000000c3c3');
  assert.is(hexOf({ a: ['Test.32 rax rax', 'Jcc.e -> c b'], b: ['MovImm.32 rax #1', 'Ret'], c: ['Ret'] }), '85c07406b801000000c3c3');
  assert.is(
    hexOf({ a: ['Test.32 rax rax', 'Jcc.l -> b c'], x: ['Ret'], b: ['Neg.32 rax rax', 'Ret'], c: ['Ret'] }),
    '85c07c03eb04c3f7d8c3c3',
  );
  assert.is(hexOf({ a: ['Jcc.e -> b b'], b: ['Ret'] }), 'c3');
});

test('of two jumps away the one back is the conditional one', () => {
  const loop = {
    a: ['Neg.32 rax rax', 'Jmp -> b'],
    'b depth=1': ['Test.32 rcx rcx', 'Jcc.e -> d b'],
    c: ['Ret'],
    d: ['Not.32 rax rax', 'Jmp -> c'],
  };
  const hex = hexOf(loop);
  assert.ok(hex.endsWith('85c975fceb01c3f7d0ebfb'), hex);
  const turned = hexOf({ ...loop, 'b depth=1': ['Test.32 rcx rcx', 'Jcc.ne -> b d'] });
  assert.is(turned, hex);
});

test('float equality takes two jumps', () => {
  const rest = { b: ['Neg.32 rax rax', 'Ret'], c: ['Ret'] };
  const compare = 'Ucomi.64 xmm0 xmm1';
  assert.is(hexOf({ a: [compare, 'Jcc.eandnp -> b c'], ...rest }), '660f2ec17a057503f7d8c3c3');
  assert.is(hexOf({ a: [compare, 'Jcc.neorp -> c b'], ...rest }), '660f2ec17a057503f7d8c3c3');
  assert.is(hexOf({ a: [compare, 'Jcc.neorp -> b c'], ...rest }), '660f2ec17a027403f7d8c3c3');
  assert.is(hexOf({ a: [compare, 'Jcc.eandnp -> c b'], ...rest }), '660f2ec17a027403f7d8c3c3');
});

test('blocks of a mere jump are left out', () => {
  const body = { a: ['Test.32 rax rax', 'Jcc.e -> b c'], b: ['Jmp -> d'], c: ['Jmp -> e'], d: ['MovImm.32 rax #1', 'Ret'], e: ['Ret'] };
  assert.is(hexOf(body), '85c07506b801000000c3c3');
  // With a move it is not mere.
  const moved = { ...body, b: ['move rax rcx i32', 'Jmp -> d'] };
  assert.is(hexOf(moved), '85c075088bc1b801000000c3c3');
  // Endless loops stay.
  assert.is(hexOf({ a: ['Jmp -> b'], b: ['Jmp -> b'] }), 'ebfe');
  assert.is(hexOf({ a: ['Jmp -> b'], b: ['Jmp -> c'], c: ['Jmp -> b'] }), 'ebfe');
  assert.is(hexOf({ a: ['Jmp -> a'] }), 'ebfe');
});

test('branches are short where they reach, to the byte', () => {
  const forward = (bytes: number) => hexOf({ a: ['Jcc.e -> c b'], b: [...fill(bytes), 'Ret'], c: ['Ret'] }).slice(0, 4);
  // The block has `bytes` and a ret: 126 and 131.
  assert.is(forward(125), '747e');
  assert.is(forward(130), '0f84');
  // A backward jump counts itself: 2 + 125, then 3 + 125 with a push of bytes.
  const backward = (extra: string[]) => hexOf({ a: [...fill(125), ...extra, 'Jcc.e -> a b'], b: ['Ret'] }).slice(250 + 4 * extra.length);
  assert.is(backward([]), '7481c3');
  assert.is(backward(['Neg.32 rax rax']), '0f847bffffffc3');
  const jump = (bytes: number) => hexOf({ a: ['Jmp -> c'], b: [...fill(bytes), 'Ret'], c: ['Ret'] }).slice(0, 10);
  assert.is(jump(125).slice(0, 4), 'eb7e');
  assert.is(jump(130), 'e983000000');
});

test('branches over branches: all kinds of distances agree with the labels', () => {
  // Many blocks that jump far and near; the bytes are checked by walking them.
  const count = 400;
  const body: Body = {};
  for (let i = 0; i < count; i++) {
    const to = (i * 7919 + 13) % count;
    body[`b${i}`] = [`MovImm.32 rax #${i + 1000}`, ...fill(5 * ((i * i) % 7)), `Jcc.e -> b${to} b${(i + 1) % count}`];
  }
  const { bytes } = new X64().emit(body);
  const view = new DataView(bytes.buffer);
  const starts: number[] = [];
  const branches: { target: number; from: number; conditional: boolean }[] = [];
  let offset = 0;
  let block = -1;
  while (offset < bytes.length) {
    const code = bytes[offset];
    if (code === 0xb8) {
      const value = view.getUint32(offset + 1, true);
      if (value === block + 1001) starts[++block] = offset;
      offset += 5;
    } else if (code === 0x74 || code === 0x75 || code === 0xeb) {
      branches.push({ from: block, target: offset + 2 + view.getInt8(offset + 1), conditional: code !== 0xeb });
      offset += 2;
    } else if (code === 0xe9) {
      branches.push({ from: block, target: offset + 5 + view.getInt32(offset + 1, true), conditional: false });
      offset += 5;
    } else {
      assert.ok(code === 0x0f && (bytes[offset + 1] === 0x84 || bytes[offset + 1] === 0x85), `a known opcode at ${offset}`);
      branches.push({ from: block, target: offset + 6 + view.getInt32(offset + 2, true), conditional: true });
      offset += 6;
    }
  }
  assert.is(starts.length, count);
  for (const { from, target, conditional } of branches) {
    const taken = (from * 7919 + 13) % count;
    assert.is(target, starts[conditional && taken !== from + 1 ? taken : (from + 1) % count], `branch of block ${from}`);
  }
});

test('innermost loops are aligned', () => {
  const body = {
    entry: ['Neg.32 rax rax', 'Jmp -> outer'],
    'outer depth=1': ['Not.32 rax rax', 'Jmp -> inner'],
    'inner depth=2': ['Sub.32 rcx rcx #1', 'Jcc.ne -> inner latch'],
    'latch depth=1': ['Sub.32 rdx rdx #1', 'Jcc.ne -> outer end'],
    end: ['Ret'],
  };
  assert.is(hexOf(body), 'f7d8' + 'f7d0' + '660f1f840000000000' + '0f1f00' + '83e901' + '75fb' + '83ea01' + '75e8' + 'c3');
});

test('an innermost loop that begins with a bare jump is aligned where the jump goes', () => {
  const body = {
    entry: ['Neg.32 rax rax', 'Jmp -> inner'],
    'step depth=1': ['Jmp -> inner'],
    'inner depth=1': ['Sub.32 rcx rcx #1', 'Jcc.ne -> step end'],
    end: ['Ret'],
  };
  assert.is(hexOf(body), 'f7d8' + '660f1f840000000000' + '0f1f440000' + '83e901' + '75fb' + 'c3');
});

test('jump tables', () => {
  const x64 = new X64();
  const body = {
    a: ['JmpTable rdi rax rcx -> c b c d'],
    b: ['MovImm.32 rax #1', 'Ret'],
    c: ['MovImm.32 rax #2', 'Ret'],
    d: ['MovImm.32 rax #3', 'Ret'],
  };
  const { hex } = x64.emit(body);
  assert.is(hex.slice(0, 44), '83ff03731c488d0500000000' + '48630cb8' + '4803c8' + 'ffe1' + 'b8');
  assert.equal(x64.relocations(), [
    [2, 8, 0, 0],
    [3, 0, 27, 0],
    [3, 4, 21, 0],
    [3, 8, 27, 0],
  ]);
});

test('traps share stubs, ascend, and keep their places in the address map', () => {
  const x64 = new X64();
  x64.emit({
    a: ['Add.32 rax rax rcx @10', 'TrapIf.e #5 @20', 'Neg.32 rax rax @10', 'TrapIf.o #6 @30', 'TrapIf.b #6 @30', 'Jcc.s @40 -> b c'],
    b: ['Trap #1 @50'],
    c: ['Ret @60'],
  });
  const { bytes } = x64.emit({ a: ['TrapIf.e #7 @70', 'Ret @80'] });
  const hex = Buffer.from(x64.core.read(x64.core.call('x64Code'), 16 * 2)).toString('hex');
  // add; je 1; neg; jo 2; jb 2; jns c; (b) call [r14]; int3; (c) ret; 1: call [r14]; int3; 2: the same.
  assert.is(hex, '03c1' + '740d' + 'f7d8' + '700d' + '720b' + '7904' + '41ff16cc' + 'c3' + '41ff16cc' + '41ff16cc' + 'cccccccccccccc');
  assert.is(Buffer.from(bytes).toString('hex'), '7401c341ff16cc');
  assert.equal(x64.traps(), [
    [15, 1],
    [20, 5],
    [24, 6],
    [38, 7],
  ]);
  assert.equal(x64.addresses(), [
    [0, 10],
    [2, 20],
    [4, 10],
    [6, 30],
    [10, 40],
    [12, 50],
    [16, 60],
    [17, 20],
    [21, 30],
    [32, 70],
    [34, 80],
    [35, 70],
  ]);
});

test('relocations follow their fields when branches shrink', () => {
  const x64 = new X64();
  x64.emit({
    a: ['Jcc.e -> c b'],
    b: ['Call #3', 'LeaRodata.64 rax #16', 'CmpMemImm.32 rodata[8] #1000', 'Ret'],
    c: ['Call #9', 'Ret'],
  });
  assert.equal(x64.relocations(), [
    [1, 7, 3, 0],
    [2, 14, 16, 0],
    [2, 20, 8, 4],
    [1, 34, 9, 0],
  ]);
});

if (need('linux', 'x64 functions, run', 5)) {
  const helper = loadHelper();

  const run = (build: (x64: X64) => void, use: (m: Machine, x64: X64) => void) => {
    const x64 = new X64();
    build(x64);
    const m = new Machine(helper, x64.link());
    use(m, x64);
    m.close();
  };

  test('runs: recursion', () => {
    const body = {
      entry: ['Cmp.32 rdi #2', 'Jcc.b -> leaf inner'],
      leaf: ['Mov.32 rax rdi', 'Ret'],
      inner: [
        'Mov.64 rbx rdi',
        'AddLea.32 rdi rbx #-1',
        'Call #0',
        'Mov.32 rbp rax',
        'AddLea.32 rdi rbx #-2',
        'Call #0',
        'AddLea.32 rax rax rbp',
        'Ret',
      ],
    };
    run(
      (x64) => x64.emit(body, { saved: ['rbx', 'rbp'] }),
      (m) => assert.is(m.call(0, 20), 6765),
    );
  });

  test('runs: jump table', () => {
    const body = {
      a: ['JmpTable rdi rax rcx -> c b c d'],
      b: ['MovImm.32 rax #1', 'Ret'],
      c: ['MovImm.32 rax #2', 'Ret'],
      d: ['MovImm.32 rax #3', 'Ret'],
    };
    run(
      (x64) => x64.emit(body),
      (m) =>
        assert.equal(
          [0, 1, 2, 3, 4, -1].map((index) => m.call(0, index)),
          [2, 1, 2, 3, 3, 3],
        ),
    );
  });

  test('runs: a trap ends the activation at its stub', () => {
    run(
      (x64) => x64.emit({ a: ['Cmp.32 rdi #5', 'TrapIf.ae #3 @9', 'Mov.32 rax rdi', 'Ret'] }, { slots: 3 }),
      (m, x64) => {
        assert.is(m.call(0, 4), 4);
        try {
          m.call(0, 5);
          assert.unreachable();
        } catch (error) {
          assert.ok(error instanceof TrapError);
          assert.equal(x64.traps(), [[error.trap.pc, 3]]);
        }
      },
    );
  });

  test('runs: imports and references swap the instance', () => {
    const build = (x64: X64) => {
      x64.emit(
        { a: ['Mov.64 rbx rdi', 'CallImport #1', 'Add.32 rax rax rbx', 'Load.32 rcx context[32]', 'Add.32 rax rax rcx', 'Ret'] },
        { saved: ['rbx'] },
      );
      // A function that tells its instance's id and memory base; one that calls the reference in rdi.
      x64.emit({ a: ['Load.32 rax context[32]', 'Load.32 rcx linear[0]', 'Imul.32 rax rax rcx', 'Ret'] });
      x64.emit(
        {
          a: [
            'Mov.64 r12 rdi',
            'CallRef r12',
            'Mov.32 rbp rax',
            'Load.32 rax context[32]',
            'Load.32 rcx linear[0]',
            'Add.32 rax rax rcx',
            'AddLea.32 rax rax rbp',
            'Ret',
          ],
        },
        { saved: ['rbp', 'r12'] },
      );
    };
    run(build, (m) => {
      const memories = [1000, 3].map((value) => {
        const cell = m.block(8);
        cell.set(0, value);
        return cell;
      });
      m.vmcontext.set(layout.VMCONTEXT_MEMORY0_BASE, memories[0].address);
      for (const leave of ['leaveHostFunc', 'leaveImport', 'leaveImportInts'] as const) {
        m.hostImport(1, () => (m.words[0] = 500n), 0, 0, leave);
        assert.is(m.call(0, 7), 500 + 7 + 77, leave);
      }
      const other = m.block(256);
      for (const offset of [
        layout.VMCONTEXT_TRAP_ENTRY,
        layout.VMCONTEXT_ACTIVITY,
        layout.VMCONTEXT_BUILTINS,
        layout.VMCONTEXT_CODE_BASE,
      ]) {
        other.view.setBigUint64(offset, m.vmcontext.view.getBigUint64(offset, true), true);
      }
      other.view.setUint32(layout.VMCONTEXT_INSTANCE_ID, 5, true);
      other.set(layout.VMCONTEXT_MEMORY0_BASE, memories[1].address);
      const own = m.funcRef(1);
      const foreign = m.block(layout.FUNCREF_SIZE);
      foreign.set(layout.FUNCREF_CODE, m.codeBase + m.offsets[1]);
      foreign.set(layout.FUNCREF_VMCONTEXT, other.address);
      const through = (reference: number) => {
        m.words[0] = BigInt(reference);
        m.run(m.funcRef(2));
        return m.halves[0];
      };
      assert.is(through(own), 77 * 1000 + 77 + 1000);
      assert.is(through(foreign.address), 5 * 3 + 77 + 1000);
    });
  });

  test('runs: large frames, and overflow of the stack is a trap', () => {
    const build = (x64: X64) => {
      x64.emit({ a: ['Store.64 rdi outgoing[0]', 'Load.32 rax outgoing[0]', 'Ret'] }, { slots: 9000 });
      x64.emit({ a: ['Call #1', 'Ret'] }, { slots: 3000 });
      x64.emit({ a: ['Ret'] }, { slots: 1 << 20 });
    };
    run(build, (m) => {
      assert.is(m.call(0, 42), 42);
      for (const index of [1, 2]) {
        try {
          m.call(index);
          assert.unreachable();
        } catch (error) {
          assert.ok(error instanceof TrapError);
          assert.is(error.trap.kind, layout.TRAP_KIND_STACK_OVERFLOW);
        }
      }
    });
  });
}

test.run();
