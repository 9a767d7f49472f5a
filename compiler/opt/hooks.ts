/** hooks: what tests ask of the IR and of the passes: text in, text out. */

import { Buffer } from '../base/buffer';
import { clearError, errorOffset, message } from '../base/error';
import { Block } from '../base/entity';
import { rebuildCfg, rpo, rpoCount, splitCriticalEdges } from '../ir/cfg';
import { computeDominators, idom } from '../ir/dom';
import { computeLoops, loopDepth, loopHeader, loopOf } from '../ir/loop';
import { parseFunction } from '../ir/parse';
import { printFunction } from '../ir/print';
import { resolveAll } from '../ir/uses';
import { problem, verify } from '../ir/verify';
import { coldness } from '../ir/func';
import { OptLevel } from '../options';
import { removeDeadValues } from './dce';
import { mergeValues } from './gvn';
import { convertBranches } from './ifconv';
import { computeLayout, layoutOrder } from './layout';
import { hoistInvariants } from './licm';
import { optimise } from './passes';
import { simplify } from './simplify';

const input = Buffer.create();
const output = Buffer.create();

export function test_irText(): usize {
  return output.data;
}

export function test_irTextLength(): u32 {
  return output.length;
}

function say(text: string, from: Buffer): i32 {
  output.clear();
  output.text(text);
  output.bytes(from.data, from.length);
  output.u8(0x0a);
  return 0;
}

/** Reads a function in text form. 0: the text is the error. */
export function test_irParse(start: usize, length: u32): i32 {
  input.clear();
  input.bytes(start, length);
  clearError();
  if (!parseFunction(input)) {
    say('parse error: ', message);
    output.text('at ');
    output.decimal(errorOffset());
    return 0;
  }
  return 1;
}

/** Checks the function at hand. 0: the text is what is wrong. */
export function test_irVerify(split: bool): i32 {
  return verify(split) ? 1 : say('invalid: ', problem);
}

/** Leaves the function at hand as text. */
export function test_irPrint(): void {
  output.clear();
  printFunction(output);
}

/** Leaves order, dominators and loops as text. */
export function test_irAnalyses(): void {
  rebuildCfg();
  computeDominators();
  computeLoops();
  output.clear();
  for (let i: u32 = 1; i <= rpoCount; i++) {
    const block = rpo[i];
    printBlockName('', block);
    printBlockName(' idom ', idom[block]);
    printBlockName(' loop ', loopHeader[loopOf[block]]);
    output.text(' depth ');
    output.decimal(loopDepth[block]);
    output.u8(0x0a);
  }
}

/** Leaves the order of emission as text; cold blocks with a `*`. */
export function test_irLayout(): void {
  rebuildCfg();
  computeDominators();
  computeLoops();
  computeLayout();
  output.clear();
  for (let i: u32 = 1; i <= rpoCount; i++) {
    printBlockName(i == 1 ? '' : ' ', layoutOrder[i]);
    if (coldness[layoutOrder[i]] != 0) output.text('*');
  }
  output.u8(0x0a);
}

function printBlockName(before: string, block: Block): void {
  output.text(before);
  output.text('block');
  output.decimal(block.index);
}

export function test_irSimplify(): void {
  simplify();
}

export function test_irDce(): void {
  rebuildCfg();
  removeDeadValues();
}

export function test_irSplit(): void {
  rebuildCfg();
  splitCriticalEdges();
  resolveAll();
}

export function test_irOptimise(level: i32): void {
  optimise(level as OptLevel);
}

/** Also clears what has lost its use. */
export function test_irGvn(): void {
  rebuildCfg();
  computeDominators();
  computeLoops();
  if (mergeValues()) rebuildCfg();
  resolveAll();
  removeDeadValues();
}

export function test_irLicm(): void {
  rebuildCfg();
  computeDominators();
  computeLoops();
  if (hoistInvariants()) rebuildCfg();
}

export function test_irIfconv(): void {
  rebuildCfg();
  if (convertBranches()) rebuildCfg();
}
