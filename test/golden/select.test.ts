/** Translation and instruction selection: a module in text form into IR, IR into machine IR of x86-64. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseTextSync } from '../../host/wasm/text-thread.js';
import * as C from '../../runtime/cpu.js';
import { freshCore } from '../support/core.js';
import { type Directives, goldenSuite } from '../support/golden.js';
import { root } from '../support/shared.js';

const core = freshCore();

const irText = (): string => core.readText(core.call('test_irText'), core.call('test_irTextLength'));
const machText = (): string => core.readText(core.call('test_selectText'), core.call('test_selectLength'));

function loadModule(text: string, directives: Directives): void {
  const bytes = parseTextSync(text);
  assert.is(core.call('test_translateModule', core.write(bytes), bytes.length, directives.has('explicit')), 1, 'the module is valid');
}

/** `;; function: 3`: which one; `;; explicit`: with bounds checks. */
function translate(input: string, directives: Directives): string {
  loadModule(input, directives);
  core.call('test_translate', Number(directives.get('function') ?? 0));
  if (!core.call('test_irVerify', false)) return irText();
  core.call('test_irPrint');
  return irText();
}

/** The function's own type is type 0 of its module. `;; fields: text`: what else is in the module; `;; cpu: v3`: for which CPU. */
function select(input: string, directives: Directives): string {
  const params = /^block1(?:\((.*)\))?:$/m.exec(input)?.[1] ?? '';
  const types = [...params.matchAll(/: (\w+)/g)].map(([, type]) => (type === 'ref' ? 'funcref' : type));
  const own = `(type (func (param ${types.join(' ')})))`;
  loadModule(`(module ${own} ${directives.get('fields') ?? '(memory 1)'})`, directives);
  const { pointer, length } = core.writeText(input);
  if (!core.call('test_irParse', pointer, length) || !core.call('test_irVerify', false)) return irText();
  core.call('test_select', directives.get('cpu') === 'v3' ? C.CPU_X64_V3 : C.CPU_X64_V2);
  return machText();
}

goldenSuite('translate', 'translate', translate);
goldenSuite('select', 'select', select);

test('instructions are printed by their names', () => {
  const source = readFileSync(join(root, 'compiler', 'isa', 'x64', 'inst.ts'), 'utf8');
  const body = /enum X64 \{\n(.*?)\n\}/s.exec(source)![1].replace(/\/\*.*?\*\//gs, '');
  core.call('test_selectNames');
  assert.equal(
    machText().split(' '),
    [...body.matchAll(/^ {2}(\w+),/gm)].map(([, name]) => name),
  );
});

test.run();
