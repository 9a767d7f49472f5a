/** job: the messages between this thread and those that compile: requests, replies, and errors on their way.
 *  Requires: all of them can be cloned, so errors travel as plain data. */

import type { MessagePort } from 'node:worker_threads';
import type { Compiler } from './core.js';
import { CompileError, type CompileErrorCode, CompilerBug, OuroError, type OuroErrorCode } from '../base/errors.js';
import type { Job } from './parallel.js';

/** A request to a thread. Every reply to it has its `id`. */
export type Request = { readonly id: number; readonly compiler: Compiler } & (
  | { readonly kind: 'native-core' }
  | { readonly kind: 'validate'; readonly bytes: Uint8Array; readonly features: number }
  | { readonly kind: 'lead'; readonly job: Job; readonly ports: readonly MessagePort[]; readonly progress: boolean }
  | { readonly kind: 'help'; readonly job: Job; readonly port: MessagePort; readonly progress: boolean }
);

/** A reply of a thread. A request gets any number of replies with `progress`, and then one without. A thread that has started says so by a reply with
 *  the `id` 0. */
export interface Reply {
  readonly id: number;
  readonly progress?: { readonly done: number; readonly total: number };
  /** The reply of a lead has it, unless the job was stopped. */
  readonly artifact?: Uint8Array;
  readonly error?: PlainError;
}

/** An error on its way between threads. */
export interface PlainError {
  readonly code: string;
  readonly message: string;
  /** Only a CompileError has this and the next two. */
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
