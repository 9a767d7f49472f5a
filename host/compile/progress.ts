/** progress: what a caller that does not block can ask of a compile, and what it is told. */

/** How many functions have been compiled so far, and how many there are. */
export interface CompileProgress {
  readonly done: number;
  readonly total: number;
}

/** Options for compiling without blocking. */
export interface AsyncOptions {
  /** Is told of progress: at least once, when everything is compiled. */
  onProgress?: (progress: CompileProgress) => void;
  /** Ends the work; the promise is rejected with the signal's reason. */
  signal?: AbortSignal;
  /** Use several threads for one module where that pays; default true. */
  parallel?: boolean;
}
