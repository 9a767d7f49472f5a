/** progress: what callers that do not block can say about a compile, and hear of it. */

/** Functions compiled so far, and how many there are. */
export interface CompileProgress {
  readonly done: number;
  readonly total: number;
}

/** How to compile without blocking. */
export interface AsyncOptions {
  /** Hears of progress, at the latest when all is done. */
  onProgress?: (progress: CompileProgress) => void;
  /** Ends the work; the promise is rejected with the signal's reason. */
  signal?: AbortSignal;
  /** Use several threads for one module where that pays; default true. */
  parallel?: boolean;
}
