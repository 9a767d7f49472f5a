/** `ouro wast FILES`: runs spec scripts and says how many commands passed, failed and were skipped. */

import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { Engine } from '../engine/engine.js';
import type { WastEngine } from '../wast/script-engine.js';
import { parseRules, type Rule } from '../wast/lists.js';
import { OuroEngine } from '../wast/ouro-engine.js';
import { type Outcome, runScript } from '../wast/run-script.js';
import { V8Engine } from '../wast/v8-engine.js';
import { writeLine } from './output.js';

export interface WastOptions {
  /** `ouro`, or `v8` for comparison. */
  engine?: string;
  /** Files with the lists of what is skipped and what is known to fail. */
  skip?: string;
  known?: string;
  /** One JSON object for each command instead of text. */
  json?: boolean;
  /** Also print the passed commands whose message differs from the one that the script expects. */
  wording?: boolean;
  optLevel?: 'none' | 'speed';
}

function openEngine({ engine = 'ouro', optLevel }: WastOptions): WastEngine {
  if (engine === 'ouro') return new OuroEngine(new Engine({ optLevel }));
  if (engine === 'v8') return new V8Engine();
  throw new Error(`unknown engine '${engine}': ouro or v8`);
}

/** Runs the scripts, prints the outcomes, and gives the exit code: 1 when a command failed, or when one that is listed as failing passed. */
export async function wast(files: string[], options: WastOptions): Promise<number> {
  const engine = openEngine(options);
  const skip = readRules(options.skip);
  const known = readRules(options.known);
  const sum = { passed: 0, failed: 0, skipped: 0 };
  const stillFailing = new Set<string>();
  const matched = new Map<string, Outcome>();

  for (const path of files) {
    const file = basename(path);
    let outcomes: Outcome[];
    try {
      outcomes = await runScript(file, readFileSync(path, 'utf8'), engine, { skip, known });
    } catch (error) {
      outcomes = [{ file, line: 0, command: 'script', status: 'failed', reason: error instanceof Error ? error.message : String(error) }];
    }
    for (const outcome of outcomes) {
      if (outcome.known !== undefined) {
        matched.set(outcome.known, outcome);
        if (outcome.status === 'failed') {
          stillFailing.add(outcome.known);
          outcome.status = 'skipped';
          outcome.reason = `known failure: ${outcome.reason}`;
        }
      }
      sum[outcome.status]++;
      print(outcome, options);
    }
  }
  for (const [name, outcome] of matched) {
    if (stillFailing.has(name)) continue;
    sum.passed--;
    sum.failed++;
    print({ ...outcome, status: 'failed', reason: `passes, but is listed as a known failure (${name}): take it off the list` }, options);
  }
  if (!options.json) writeLine(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
  return sum.failed > 0 ? 1 : 0;
}

function readRules(path: string | undefined): Rule[] {
  return path === undefined ? [] : parseRules(readFileSync(path, 'utf8'));
}

function print(outcome: Outcome, options: WastOptions): void {
  const place = `${outcome.file}:${outcome.line}`;
  if (options.json) writeLine(JSON.stringify(outcome));
  else if (outcome.status === 'failed') writeLine(`FAIL ${place} ${outcome.command}: ${outcome.reason}`);
  else if (options.wording && outcome.wording === false)
    writeLine(`     ${place} ${outcome.command}: expected "${outcome.expected}", got "${outcome.message}"`);
}
