/** settings: what an engine's `cache` option may be, and what it means. */

import { cachePath } from './location.js';
import { OuroError } from '../base/errors.js';
import type { CacheStore } from './guarded-store.js';

/** Where an engine keeps what it compiles.
 *
 *  @example
 *  const engine = new Engine({ cache: { path: 'modules', maxBytes: 100 * 2 ** 20 } });
 *  await Module.compile(engine, wasm); */
export interface CacheOptions {
  /** The folder; default `modules` in the user's cache folder for Ouro, where OURO_CACHE can name another. It is made when something is
   *  put into it, for this user alone. In a folder that others can write to, entries are checked at each load and copied, not mapped;
   *  the default one is not used at all when it is another user's, unless the engine has an `artifactKey`. `false`: no folder, the store
   *  alone. */
  path?: string | false;
  /** Where machines share artifacts. It is asked when the folder has none, and gets what is compiled. */
  store?: CacheStore;
  /** Bytes in the folder; the least recently used entries go. Default 1 GiB. */
  maxBytes?: number;
  /** Check the content hash at each load in a folder of this user's own, too; default false. */
  verifyHash?: boolean;
  /** Milliseconds that the store may take for one answer; default 2000. */
  timeout?: number;
}

/** What it means. */
export interface CacheSettings {
  /** Undefined: no folder. */
  readonly path: string | undefined;
  /** The folder is not named by the configuration. */
  readonly isDefault: boolean;
  readonly store: CacheStore | undefined;
  readonly maxBytes: number;
  readonly verifyHash: boolean;
  readonly timeout: number;
}

export const DEFAULT_MAX_BYTES = 2 ** 30;
const DEFAULT_TIMEOUT = 2000;

/** The folder of the embedded default. */
export function defaultFolder(): string {
  return cachePath('modules');
}

function refuse(message: string): never {
  throw new OuroError('CONFIG_INVALID', message);
}

function isStore(value: object): value is CacheStore {
  return ['get', 'put', 'delete'].every((name) => typeof (value as Record<string, unknown>)[name] === 'function');
}

export function resolveCache(option: true | string | CacheOptions | CacheStore): CacheSettings {
  const settings = { maxBytes: DEFAULT_MAX_BYTES, verifyHash: false, timeout: DEFAULT_TIMEOUT, store: undefined, isDefault: true };
  if (option === true) return { ...settings, path: defaultFolder() };
  if (typeof option === 'string')
    return { ...settings, isDefault: false, path: option === '' ? refuse('cache: the path is empty') : option };
  if (typeof option !== 'object' || option === null) {
    refuse('cache must be true, false, the path of a folder, a store, or an object with path, store, maxBytes, verifyHash, timeout');
  }
  if (isStore(option)) return { ...settings, path: defaultFolder(), store: option };
  for (const name of Object.keys(option)) {
    if (!['path', 'store', 'maxBytes', 'verifyHash', 'timeout'].includes(name)) {
      const store = ['get', 'put', 'delete'].includes(name) ? '; a store has all of get, put and delete' : '';
      refuse(`cache has no option ${name}${store}`);
    }
  }
  const { path, store, maxBytes = settings.maxBytes, verifyHash = false, timeout = settings.timeout } = option;
  if (path !== undefined && path !== false && (typeof path !== 'string' || path === '')) refuse('cache.path must be a path or false');
  if (store !== undefined && !(typeof store === 'object' && store !== null && isStore(store))) {
    refuse('cache.store must have get, put and delete');
  }
  if (path === false && store === undefined) refuse('cache: with path false there must be a store; cache: false means no cache');
  if (!Number.isFinite(maxBytes) || maxBytes <= 0) refuse('cache.maxBytes must be a number of bytes above 0');
  if (typeof verifyHash !== 'boolean') refuse('cache.verifyHash must be true or false');
  if (!Number.isFinite(timeout) || timeout <= 0) refuse('cache.timeout must be a number of milliseconds above 0');
  const folder = path === false ? undefined : (path ?? defaultFolder());
  return { path: folder, isDefault: path === undefined, store, maxBytes, verifyHash, timeout };
}
