/** keyv: a cache store on Keyv (npm package `keyv`), which has adapters for Redis, Postgres, S3 and others. */

import type { CacheStore } from './guarded-store.js';

/** What is used of a Keyv. */
export interface KeyvLike {
  get(key: string): Promise<any>;
  set(key: string, value: any, ttl?: number): Promise<any>;
  delete(key: string): Promise<any>;
  on?(event: string, listener: (error: any) => void): unknown;
}

/** How a KeyvStore keeps artifacts. */
export interface KeyvStoreOptions {
  /** Milliseconds that an artifact is kept; default: as long as the Keyv keeps things. */
  ttl?: number;
}

/** Lets engines of several machines share artifacts through a Keyv, which the caller opens and closes. Give engines that use it an
 *  `artifactKey`, unless everybody who can write to it may run code where it is read.
 *
 *  @example
 *  import Keyv from 'keyv';
 *  const engine = new Engine({ cache: new KeyvStore(new Keyv()) }); // new Keyv(new KeyvRedis('redis://…'))
 *  const module = await Module.compile(engine, wasm);
 *  await engine.flushCache(); */
export class KeyvStore implements CacheStore {
  readonly #keyv: KeyvLike;
  readonly #ttl: number | undefined;
  /** Keyv tells errors as events, and answers as if there was nothing. */
  #error: unknown;

  /** Throws TypeError for what is no Keyv. */
  constructor(keyv: KeyvLike, { ttl }: KeyvStoreOptions = {}) {
    for (const name of ['get', 'set', 'delete'] as const) {
      if (typeof keyv?.[name] !== 'function') throw new TypeError(`a KeyvStore is made of a Keyv: it needs a method ${name}`);
    }
    this.#keyv = keyv;
    this.#ttl = ttl;
    keyv.on?.('error', (error) => {
      this.#error = error;
    });
  }

  /** Throws when the Keyv has told an error. */
  async get(key: string): Promise<Uint8Array | undefined> {
    const value = await this.#keyv.get(key);
    if (value === undefined || value === null) {
      this.#raise();
      return undefined;
    }
    return typeof value === 'string' ? Buffer.from(value, 'base64') : value;
  }

  /** As base64, because that survives every serializer. */
  async put(key: string, bytes: Uint8Array): Promise<void> {
    const { buffer, byteOffset, byteLength } = bytes;
    const done = await this.#keyv.set(key, Buffer.from(buffer, byteOffset, byteLength).toString('base64'), this.#ttl);
    if (done === false) {
      this.#raise();
      throw new Error('the Keyv did not take the artifact');
    }
  }

  /** Throws what the Keyv throws. */
  async delete(key: string): Promise<void> {
    await this.#keyv.delete(key);
  }

  #raise(): void {
    const error = this.#error;
    this.#error = undefined;
    if (error !== undefined) throw error;
  }
}
