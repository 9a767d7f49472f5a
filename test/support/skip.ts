/** Counts what a test file did not run, with the reason; the test runner adds it up and shows it. */

/** Says that `count` tests named `name` were not run, and why. */
export function skip(name: string, reason: string, count = 1): void {
  console.log(`SKIP ${count} ${name}: ${reason}`);
}
