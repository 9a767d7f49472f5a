/** output: text on standard output. When nobody reads it any more (`| head`) the command ends as SIGPIPE ends other programs; what cannot be
 *  written for another reason, on a full disk for example, is an error like others. */

import { report } from './report.js';

/** As of a program that SIGPIPE has ended. */
const NOBODY_READS = 141;

let stream: NodeJS.WriteStream | undefined;

/** Writes text as it is. */
export function write(text: string): void {
  if (!stream) {
    stream = process.stdout;
    stream.on('error', (error: NodeJS.ErrnoException) =>
      process.exit(error.code === 'EPIPE' ? NOBODY_READS : report(new Error(`cannot write the output: ${error.message}`))),
    );
  }
  stream.write(text);
}

/** Writes a line. */
export function writeLine(line: string): void {
  write(`${line}\n`);
}
