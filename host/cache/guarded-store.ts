/** guarded-store: artifacts that several machines share, through whatever keeps bytes by name. A store may fail or hang at any time: then the
 *  compile goes on without it. */

import { clearTimeout, setTimeout } from '../base/timers.js';
import { cacheWarning } from './warning.js';

/** Keeps artifacts by name. Names consist of lower-case hexadecimal digits and hyphens. Each method may answer at once or by a promise.
 *  What `get` gives is checked before it is used, but only an engine's `artifactKey` tells who made it: without one, whoever can write to
 *  the store can run code where the store is read.
 *
 *  @example
 *  const artifacts = new Map();
 *  const store = {
 *    get: (key) => artifacts.get(key),
 *    put: (key, bytes) => void artifacts.set(key, bytes),
 *    delete: (key) => void artifacts.delete(key),
 *  };
 *  new Module(new Engine({ cache: { path: false, store } }), '(module)');
 *  artifacts.size; // => 1 */
export interface CacheStore {
  /** The bytes that were put under this name; undefined when there are none. */
  get(key: string): Uint8Array | undefined | Promise<Uint8Array | undefined>;
  put(key: string, bytes: Uint8Array): void | Promise<void>;
  delete(key: string): void | Promise<void>;
}

/** After a store has failed or hung, it is left alone for so many milliseconds. */
const REST = 30_000;
/** The time limit is counted in so many steps, so that a thread that is busy for longer (a synchronous compile) does not take its own time
 *  for the store's. */
const TICKS = 10;

/** A store that never fails: what goes wrong is a miss, and a warning. */
export class GuardedStore {
  readonly #store: CacheStore;
  readonly #timeout: number;
  #restsUntil = Number.NEGATIVE_INFINITY;
  /** It answers by promises: of no use to callers that cannot wait. */
  #async = false;
  /** The last work under way for each key: what comes after waits for it. */
  readonly #pending = new Map<string, Promise<void>>();
  readonly #warned = new Set<string>();

  constructor(store: CacheStore, timeout: number) {
    this.#store = store;
    this.#timeout = timeout;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    if (this.#rests) return undefined;
    return this.#bytes(await this.#within('read', () => this.#store.get(key)));
  }

  /** For callers that cannot wait: undefined as well when the store answers by promises. */
  getSync(key: string): Uint8Array | undefined {
    if (this.#rests || this.#async) return undefined;
    let answer: ReturnType<CacheStore['get']>;
    try {
      answer = this.#store.get(key);
    } catch (error) {
      this.#failed('read', error);
      return undefined;
    }
    if (!(answer instanceof Promise)) return this.#bytes(answer);
    answer.catch((error) => this.#failed('read', error));
    this.#async = true;
    this.#warn('CACHE_STORE_ASYNC', "its answers take time, so synchronous compiles do not ask it: use 'await Module.compile()'");
    return undefined;
  }

  /** In the background; see `settled`. */
  put(key: string, bytes: Uint8Array): void {
    this.#background(key, 'write', () => this.#store.put(key, bytes));
  }

  delete(key: string): void {
    this.#background(key, 'delete', () => this.#store.delete(key));
  }

  /** Waits for what is under way in the background. */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending.values());
  }

  get #rests(): boolean {
    return performance.now() < this.#restsUntil;
  }

  #bytes(answer: unknown): Uint8Array | undefined {
    if (answer === undefined || answer === null) return undefined;
    if (answer instanceof Uint8Array) return answer;
    this.#warn('CACHE_STORE_FAILED', `it answered with ${typeof answer} instead of bytes`);
    return undefined;
  }

  #background(key: string, what: string, work: () => void | Promise<void>): void {
    if (this.#rests) return;
    const before = this.#pending.get(key);
    const done: Promise<void> = (before ? before.then(() => this.#within(what, work)) : this.#within(what, work)).then(() => {
      if (this.#pending.get(key) === done) this.#pending.delete(key);
    });
    this.#pending.set(key, done);
  }

  /** Undefined when it fails or takes too long. */
  async #within<T>(what: string, work: () => T | Promise<T>): Promise<T | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      let ticks = 0;
      const tick = () => {
        if (++ticks < TICKS) {
          timer = setTimeout(tick, this.#timeout / TICKS);
          return;
        }
        this.#rest();
        this.#warn('CACHE_STORE_TIMEOUT', `a ${what} took longer than ${this.#timeout} ms; it rests for ${REST / 1000} s`);
        resolve(undefined);
      };
      timer = setTimeout(tick, this.#timeout / TICKS);
    });
    try {
      return await Promise.race([work(), late]);
    } catch (error) {
      this.#failed(what, error);
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }

  #failed(what: string, error: unknown): void {
    this.#rest();
    this.#warn('CACHE_STORE_FAILED', `a ${what} failed: ${(error as Error)?.message ?? error}; it rests for ${REST / 1000} s`);
  }

  #rest(): void {
    this.#restsUntil = performance.now() + REST;
  }

  #warn(code: 'CACHE_STORE_FAILED' | 'CACHE_STORE_TIMEOUT' | 'CACHE_STORE_ASYNC', why: string): void {
    if (this.#warned.has(code)) return;
    this.#warned.add(code);
    cacheWarning(code, `the cache store is left out: ${why}`);
  }
}
