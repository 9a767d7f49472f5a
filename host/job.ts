/** job: what the compiling threads are asked and answer. */

import type { Compiler } from './config.js';
import type { CompileOptions } from './core.js';
import { CompileError, type CompileErrorCode, CompilerBug, OuroError, type OuroErrorCode } from './errors.js';

/** What a thread is to do. `id` stands in all its answers. */
export type Request =
  | {
      readonly id: number;
      readonly kind: 'compile';
      readonly bytes: Uint8Array;
      readonly compiler: Compiler;
      readonly options: CompileOptions;
    }
  | { readonly id: number; readonly kind: 'validate'; readonly bytes: Uint8Array; readonly compiler: Compiler; readonly features: number };

export type Reply = { readonly id: number; readonly artifact?: Uint8Array; readonly error?: PlainError };

/** An error on its way between threads. */
export interface PlainError {
  readonly code: string;
  readonly message: string;
  /** Of a CompileError. */
  readonly offset?: number;
  readonly funcIndex?: number;
  readonly funcName?: string;
}

export function toPlain(error: unknown): PlainError {
  const { code, message } = error instanceof Error ? (error as OuroError) : { code: undefined, message: String(error) };
  if (error instanceof CompileError) {
    const { code, offset, funcIndex, funcName } = error;
    return { code, message, offset, funcIndex, funcName };
  }
  return {
    code: error instanceof OuroError ? error.code : 'COMPILER_BUG',
    message: `${code === undefined ? 'the compiler failed: ' : ''}${message}`,
  };
}

export function fromPlain({ code, message, offset, funcIndex, funcName }: PlainError): Error {
  if (offset !== undefined) return new CompileError(code as CompileErrorCode, message, offset, funcIndex, funcName);
  return code === 'COMPILER_BUG' ? new CompilerBug(message) : new OuroError(code as OuroErrorCode, message);
}
