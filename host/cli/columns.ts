/** Tables on the terminal, and sizes as people read them. */

import { stripVTControlCharacters } from 'node:util';
import pc from 'picocolors';
import { writeLine } from './output.js';

/** Prints rows below titles; the columns whose numbers are in `right` are aligned there. */
export function printTable(titles: readonly string[], rows: readonly (readonly string[])[], right: readonly number[]): void {
  const length = (text: string) => stripVTControlCharacters(text).length;
  const widths = titles.map((title, i) => Math.max(title.length, ...rows.map((row) => length(row[i]))));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => {
        const pad = ' '.repeat(widths[i] - length(cell));
        return right.includes(i) ? pad + cell : cell + pad;
      })
      .join('  ')
      .trimEnd();
  writeLine(pc.dim(line(titles)));
  for (const row of rows) writeLine(line(row));
}

/** Bytes, in the unit that suits them. */
export function formatSize(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB'];
  let unit = 0;
  for (; bytes >= 1024 && unit < 3; unit++) bytes /= 1024;
  return `${unit === 0 || bytes >= 100 ? Math.round(bytes) : bytes.toFixed(1)} ${units[unit]}`;
}
