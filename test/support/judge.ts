/** Reads the output of a test file: uvu's summary, and the lines that `skip` printed. */

export interface Outcome {
  passed: number;
  failed: number;
  skipped: number;
  reasons: string[];
  /** Shown in full when not empty. */
  report: string;
}

/** How a test file's process ended: with a code, or by what else (a signal, the time limit). */
export interface End {
  code: number | null;
  crash?: string;
}

/** The last number behind a word of uvu's summary. */
function numberOf(output: string, label: string): number | undefined {
  const found = [...output.matchAll(new RegExp(`^\\s*${label}:?\\s+(\\d+)`, 'gm'))].at(-1);
  return found ? Number(found[1]) : undefined;
}

/** uvu's dots and crosses: tests have run. */
const RUNNING = /[•✘]/;

/** A file without a summary is skipped when it has said what it skips, ran nothing, and ended well; any other is a crash. */
function problemOf(output: string, { code, crash }: End, total: number | undefined, failed: number, skipped: number): string {
  if (crash) return crash;
  if (code !== 0) {
    if (total === undefined) return `no summary, exit code ${code}`;
    return failed === 0 ? `exit code ${code}` : '';
  }
  if (total !== undefined) return '';
  if (RUNNING.test(output)) return 'no summary, though tests have run';
  return skipped > 0 ? '' : 'no summary, exit code 0';
}

/** A file that crashes, hangs, or ends with neither a summary nor a reason to skip all of it counts as one failure. */
export function judge(output: string, end: End): Outcome {
  const total = numberOf(output, 'Total');
  const passed = numberOf(output, 'Passed') ?? 0;
  const reasons = [...output.matchAll(/^SKIP (\d+) (.*)$/gm)];
  const skipped = (numberOf(output, 'Skipped') ?? 0) + reasons.reduce((sum, [, count]) => sum + Number(count), 0);
  let failed = total === undefined ? 0 : total - passed;
  const problem = problemOf(output, end, total, failed, skipped);
  if (problem) failed++;
  const report = failed > 0 ? `${output.trimEnd()}${problem ? `\n  CRASH: ${problem}` : ''}` : '';
  return { passed, failed, skipped, reasons: reasons.map((match) => match[2]), report };
}
