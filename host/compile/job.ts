/** job: what compiling threads are asked, and what they answer. */

import type { MessagePort } from 'node:worker_threads';
import type { Compiler } from '../engine/config.js';
import { CompileError, type CompileErrorCode, CompilerBug, OuroError, type OuroErrorCode } from '../base/errors.js';
import type { Job } from './parallel.js';

/** `id` stands in all answers. */
export type Request = { readonly id: number; readonly compiler: Compiler } & (
  | { readonly kind: 'native-core' }
  | { readonly kind: 'validate'; readonly bytes: Uint8Array; readonly features: number }
  | { readonly kind: 'lead'; readonly job: Job; readonly ports: readonly MessagePort[]; readonly progress: boolean }
  | { readonly kind: 'help'; readonly job: Job; readonly port: MessagePort; readonly progress: boolean }
);

/** Progress comes any number of times, then one answer without it. A thread that has started says so with `id` 0. */
export interface Reply {
  readonly id: number;
  readonly progress?: { readonly done: number; readonly total: number };
  /** Of a lead that was not told to stop. */
  readonly artifact?: Uint8Array;
  readonly error?: PlainError;
}

/** An error on its way between threads. */
export interface PlainError {
  readonly code: string;
  readonly message: string;
  /** Of a CompileError, as the next two. */
  readonly offset?: number;
  readonly funcIndex?: number;
  readonly funcName?: string;
}

export function toPlain(error: unknown): PlainError {
  if (error instanceof CompileError) {
    const { code, message, offset, funcIndex, funcName } = error;
    return { code, message, offset, funcIndex, funcName };
  }
  if (error instanceof OuroError) return { code: error.code, message: error.message };
  return { code: 'COMPILER_BUG', message: `the compiler failed: ${error instanceof Error ? error.message : error}` };
}

export function fromPlain({ code, message, offset, funcIndex, funcName }: PlainError): Error {
  if (offset !== undefined) return new CompileError(code as CompileErrorCode, message, offset, funcIndex, funcName);
  return code === 'COMPILER_BUG' ? new CompilerBug(message) : new OuroError(code as OuroErrorCode, message);
}
