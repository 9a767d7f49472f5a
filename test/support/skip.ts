/** Counts what a test file did not run, with the reason; the test runner adds it up and shows it. */

/** Says that `count` tests named `name` were not run, and why. Not from within a test, which would count as passed too. */
export function skip(name: string, reason: string, count = 1): void {
  // At the start of a line, wherever uvu's dots have ended.
  console.log(`\nSKIP ${count} ${name}: ${reason}`);
}
