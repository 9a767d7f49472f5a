/** warning: what goes wrong with a cache costs time alone, so it is said once, as a warning of the process, and work goes on. */

export type CacheWarningCode =
  /** The cache's folder cannot be read or written: read-only, no space, no permission. */
  | 'CACHE_FOLDER_FAILED'
  /** An entry was damaged, or signed by nobody that the engine trusts; it was thrown away and is made anew. */
  | 'CACHE_ENTRY_DAMAGED'
  /** The store threw an error or gave something else than bytes. */
  | 'CACHE_STORE_FAILED'
  | 'CACHE_STORE_TIMEOUT'
  /** The store answers by promises; synchronous compiles cannot use it. */
  | 'CACHE_STORE_ASYNC';

export function cacheWarning(code: CacheWarningCode, message: string): void {
  process.emitWarning(message, { type: 'OuroCacheWarning', code });
}
