/** The compiler core's test build in a fresh instance, with helpers to pass bytes and text in and out.
 *  Requires: build/compiler.test.wasm, whose exports are those of compiler/test.ts: `alloc(size)` and the authors' hooks. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './shared.js';

let compiled: WebAssembly.Module | undefined;

export class Core {
  readonly memory: WebAssembly.Memory;
  /** Every export of compiler/test.ts by name. */
  readonly exports: Record<string, (...args: (number | bigint | boolean)[]) => any>;

  constructor() {
    compiled ??= new WebAssembly.Module(readFileSync(join(root, 'build', 'compiler.test.wasm')));
    const instance = new WebAssembly.Instance(compiled, {
      env: {
        abort: (message: number, file: number, line: number, column: number) => {
          throw new Error(`the core aborted: ${this.readString(message)} at ${this.readString(file)}:${line}:${column}`);
        },
      },
    });
    this.exports = instance.exports as typeof this.exports;
    this.memory = instance.exports.memory as WebAssembly.Memory;
  }

  /** Calls the export `name`. */
  call(name: string, ...args: (number | bigint | boolean)[]): any {
    const found = this.exports[name];
    if (typeof found !== 'function') throw new Error(`compiler/test.ts exports no function ${name}`);
    return found(...args);
  }

  /** Copies bytes into the core; the pointer stays valid as long as the instance. */
  write(bytes: Uint8Array): number {
    const pointer = this.call('alloc', bytes.length) >>> 0;
    new Uint8Array(this.memory.buffer).set(bytes, pointer);
    return pointer;
  }

  /** Copies text into the core as UTF-8. */
  writeText(text: string): { pointer: number; length: number } {
    const bytes = new TextEncoder().encode(text);
    return { pointer: this.write(bytes), length: bytes.length };
  }

  /** A copy of `length` bytes at `pointer`. */
  read(pointer: number, length: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, pointer >>> 0, length >>> 0).slice();
  }

  readText(pointer: number, length: number): string {
    return new TextDecoder().decode(this.read(pointer, length));
  }

  /** An AssemblyScript string: UTF-16, its length in bytes before it. */
  private readString(pointer: number): string {
    if (pointer === 0) return '';
    return new TextDecoder('utf-16le').decode(this.read(pointer, this.readU32(pointer - 4)));
  }

  readU32(pointer: number): number {
    return new DataView(this.memory.buffer).getUint32(pointer >>> 0, true);
  }
}

/** A fresh instance of the core: no state is left of another test. */
export function freshCore(): Core {
  return new Core();
}
