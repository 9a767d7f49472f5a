/** A progress bar on a terminal, for work that leaves this thread free now and then. */

const WIDTH = 24;
const INTERVAL = 100;

export class Bar {
  readonly #stream = process.stderr;
  readonly #enabled: boolean;
  #last = Number.NEGATIVE_INFINITY;
  #shown = false;

  /** `enabled`: false for no bar; on what is no terminal there is none either. */
  constructor(enabled = true) {
    this.#enabled = enabled && this.#stream.isTTY === true;
  }

  /** `share` of the work, from 0 to 1, is done; `text` says what is going on. */
  show(share: number, text: string): void {
    const now = performance.now();
    if (!this.#enabled || now - this.#last < INTERVAL) return;
    this.#last = now;
    this.#shown = true;
    const full = Math.round(Math.min(1, share) * WIDTH);
    const line = `${'█'.repeat(full)}${'░'.repeat(WIDTH - full)} ${String(Math.floor(share * 100)).padStart(3)} % ${text}`;
    this.#stream.write(`\r\x1b[K${line.slice(0, (this.#stream.columns ?? 80) - 1)}`);
  }

  /** Takes the bar away, before something else is written. */
  clear(): void {
    if (this.#shown) this.#stream.write('\r\x1b[K');
    this.#shown = false;
    this.#last = Number.NEGATIVE_INFINITY;
  }
}
