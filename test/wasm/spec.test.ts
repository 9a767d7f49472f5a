/** Every module of the official suite: valid ones are accepted, the others rejected, with the expected text in the message.
 *  Modules of features that are not supported yet (test/spec/skip.txt) must be called unsupported, not wrong. */

import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseText, TextError } from '../../host/wasm/text.js';
import { findRule, parseRules } from '../../host/wast/lists.js';
import { type Command, type ModuleSource, parseScript, withoutFields } from '../../host/wast/script.js';
import { type Core, freshCore } from '../support/core.js';
import { root, shared } from '../support/shared.js';
import { skip } from '../support/skip.js';
import { judge } from './validator.js';

const test = suite('wasm: official suite');
const rules = parseRules(readFileSync(join(root, 'test', 'spec', 'skip.txt'), 'utf8'));

/** Our words for the suite's, where a binary can only say something else. */
const wordings: Record<string, RegExp> = {
  'unexpected end': /unexpected end|length out of bounds/,
};

async function binary(source: ModuleSource): Promise<Uint8Array | undefined> {
  if (source.kind === 'binary') return source.bytes;
  if (source.text === undefined) return undefined;
  try {
    return await parseText(source.text);
  } catch (error) {
    if (error instanceof TextError) return undefined;
    throw error;
  }
}

interface Tally {
  checked: number;
  text: number;
  worded: number;
  rejected: number;
  problems: string[];
  wording: string[];
}

async function check(core: Core, file: string, command: Command, tally: Tally): Promise<void> {
  if (!('source' in command)) return;
  const rule = findRule(rules, file, command.line);
  if (rule?.without && command.source.kind === 'text') command.source.text = withoutFields(command.source.text, rule.without);
  const supported = !rule || rule.without !== undefined;
  const wrong = command.kind === 'assert_malformed' || command.kind === 'assert_invalid';
  const bytes = await binary(command.source);
  const place = `${file}:${command.line}`;
  if (!bytes) {
    tally.text++;
    if (!wrong) tally.problems.push(`${place}: the text parser rejects a valid module`);
    return;
  }
  tally.checked++;
  const { code, message, offset } = judge(core, bytes);
  const said = `${code} at 0x${offset.toString(16)}: ${message}`;
  if (!wrong) {
    if (supported ? code !== 'valid' : code !== 'valid' && code !== 'unsupported') tally.problems.push(`${place}: valid, but ${said}`);
    return;
  }
  if (code === 'valid') {
    tally.problems.push(`${place}: accepted, expected "${command.message}"`);
    return;
  }
  // The feature that is not supported comes before what is wrong in its use.
  if (!supported || code === 'unsupported') return;
  const expectedCode = command.kind === 'assert_malformed' ? 'malformed' : 'invalid';
  tally.rejected++;
  if (message.includes(command.message) || wordings[command.message]?.test(message)) tally.worded++;
  else tally.wording.push(`${place}: ${said}, expected "${command.message}"`);
  if (code !== expectedCode && code !== 'limit') tally.wording.push(`${place}: ${said}, expected ${expectedCode}`);
}

const folder = shared('spec');
if (folder) {
  const files = readdirSync(folder).filter((file) => file.endsWith('.wast'));
  test('modules', async () => {
    const core = freshCore();
    const tally: Tally = { checked: 0, text: 0, worded: 0, rejected: 0, problems: [], wording: [] };
    for (const file of files) {
      for (const command of parseScript(readFileSync(join(folder, file), 'utf8'))) await check(core, basename(file), command, tally);
    }
    if (process.env.OURO_WORDING) console.log(tally.wording.join('\n'), { ...tally, problems: 0, wording: tally.wording.length });
    assert.is(tally.problems.join('\n'), '');
    assert.ok(tally.checked > 3000, `${tally.checked} modules`);
    assert.ok(tally.worded >= tally.rejected * 0.98, tally.wording.join('\n'));
  });
} else skip('official suite', 'the shared folder is not there');

test.run();
