/** `ouro self-compile`: the compiler compiles itself three times, and the result becomes the native compiler. */

import pc from 'picocolors';
import { type Bootstrap, bootstrap } from '../selfhost/bootstrap.js';
import { writeLine } from './output.js';

export function selfCompile(): number {
  const result = bootstrap();
  print(result);
  return 0;
}

const kilobytes = (bytes: number) => `${Math.round(bytes / 1000)} kB`;

function print({ wasmSize, codeSize, stages, path }: Bootstrap): void {
  const rows = [
    ['', 'runs on', 'load', 'compile', 'speed', 'artifact'],
    ...stages.map(({ name, runsOn, loadTime, compileTime, artifact }) => [
      name,
      runsOn,
      loadTime === undefined ? '' : `${loadTime.toFixed(2)} ms`,
      `${Math.round(compileTime)} ms`,
      `${(codeSize / 1000 / compileTime).toFixed(2)} MB/s`,
      kilobytes(artifact.length),
    ]),
  ];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  writeLine(`compiler.wasm: ${kilobytes(wasmSize)}, of which code ${kilobytes(codeSize)}; speed is code a second, on one thread\n`);
  for (const row of rows) {
    writeLine(`  ${row.map((cell, i) => (i < 2 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ')}`);
  }
  writeLine(`\n${pc.green('The artifacts of all three stages are byte-identical.')}`);
  writeLine(`Kept as the native compiler: ${path}`);
}
