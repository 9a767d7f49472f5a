/** report: how an error ends the command. */

import { CommanderError } from 'commander';
import pc from 'picocolors';
import { Trap } from '../run/trap.js';

/** Tells the user what went wrong in a sentence; gives the exit code. */
export function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode;
  const red = pc.createColors(process.stderr.isTTY === true && pc.isColorSupported).red;
  if (error instanceof Trap) {
    const frames = error.backtrace;
    console.error(`${red('ouro:')} ${error.message}${frames ? `\n${frames}` : ''}`);
    return 134;
  }
  const message = error instanceof Error ? error.message : String(error);
  console.error(`${red('ouro:')} ${message.trim()}`);
  return 1;
}
