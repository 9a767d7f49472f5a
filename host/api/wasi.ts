/** wasi: WASI preview 1 through node:wasi. Each instance that imports it has a Wasi of its own, bound to the memory that the instance exports.
 *  In: what the program may see (arguments, environment, folders). Out: the functions to import, and the program's exit code.
 *  Requires: `bind` comes before any function of the instance runs. */

import type { WASI, WASIOptions } from 'node:wasi';
import { builtin } from '../base/builtin.js';
import { LinkError, unreadable } from '../base/errors.js';
import type { LinkedInstance } from '../run/linked-instance.js';
import { Memory } from '../run/memory.js';

/** What a WASI program gets. By default it gets no arguments, no environment and no folders, but the process's own streams. */
export interface WasiOptions {
  /** The program's arguments, its name first. */
  args?: readonly string[];
  /** The environment variables that it sees. */
  env?: Readonly<Record<string, string>>;
  /** Folders that the program sees: guest path to host path. node:wasi is no sandbox against malicious programs. */
  preopens?: Readonly<Record<string, string>>;
  /** File descriptors of the process; defaults 0, 1 and 2. */
  stdin?: number;
  /** See `stdin`. */
  stdout?: number;
  /** See `stdin`. */
  stderr?: number;
}

/** Names under which modules import WASI preview 1. */
export const wasiModules: ReadonlySet<string> = new Set(['wasi_snapshot_preview1']);

let nodeWasi: typeof import('node:wasi') | undefined;

/** node:wasi, loaded when it is first needed. Node's warning that it is experimental is held back: that is no news to a user of Ouro. */
function loadWasi(): typeof import('node:wasi') {
  if (!nodeWasi) {
    const { emitWarning } = process;
    process.emitWarning = () => {};
    try {
      nodeWasi = builtin<typeof import('node:wasi')>('wasi');
    } finally {
      process.emitWarning = emitWarning;
    }
  }
  return nodeWasi;
}

/** A WASI of Node. When Node throws, the error names the folder at fault, if there is one: Node's own error has only a code. */
function open(options: WasiOptions): WASI {
  const { WASI } = loadWasi();
  try {
    return new WASI({ version: 'preview1', ...options } as WASIOptions);
  } catch (cause) {
    for (const path of Object.values(options.preopens ?? {})) {
      try {
        builtin<typeof import('node:fs')>('fs').opendirSync(path).closeSync();
      } catch (reason) {
        throw unreadable(path, reason);
      }
    }
    throw cause;
  }
}

/** What proc_exit throws, to end the program. */
class Exit {
  constructor(readonly code: number) {}
}

/** WASI preview 1 for one instance, through node:wasi; `Linker.defineWasi` does all this by itself. It is no security boundary: Node's
 *  documentation says so. Source: the interface `wasi_snapshot_preview1` of the WebAssembly System Interface.
 *
 *  @example
 *  const program = new Module(engine, `(module
 *    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
 *    (memory (export "memory") 1)
 *    (func (export "_start") (call $exit (i32.const 3))))`);
 *  const wasi = new Wasi({ args: ['app', 'input.txt'], preopens: { '/': '.' } });
 *  const instance = new Instance(store, program, [wasi.imports.proc_exit]);
 *  wasi.bind(instance);
 *  wasi.run(() => instance.exports._start()); // => 3 */
export class Wasi {
  /** The functions of wasi_snapshot_preview1, by name. */
  readonly imports: Readonly<Record<string, (...args: any[]) => any>>;
  readonly #wasi: WASI;

  /** Opens the folders. Throws OuroError `FILE_UNREADABLE`, with the path, for a folder that cannot be opened, TypeError for options that
   *  node:wasi refuses.
   *
   *  @example
   *  typeof new Wasi({ env: { LANG: 'C' } }).imports.fd_write; // => 'function' */
  constructor(options: WasiOptions = {}) {
    this.#wasi = open(options);
    const imports: Record<string, (...args: any[]) => any> = Object.create(null);
    for (const [name, func] of Object.entries(this.#wasi.wasiImport as Record<string, (...args: any[]) => any>)) {
      // Closures: called directly, node:wasi's functions crash Node 20 at random.
      imports[name] = (...args) => func(...args);
    }
    imports.proc_exit = (code: number) => {
      throw new Exit(code);
    };
    this.imports = imports;
  }

  /** Takes the memory that the functions work on: the one that the instance exports as `memory`. Once, before anything of it runs. Throws
   *  LinkError `IMPORT_MISSING` when there is none.
   *
   *  @example
   *  new Wasi().bind(new Instance(store, module, [console.log])); */
  bind(instance: LinkedInstance): void {
    const memory = instance.getExport(instance.store, 'memory');
    if (!(memory instanceof Memory)) throw new LinkError('IMPORT_MISSING', 'a module that uses WASI must export its memory as "memory"');
    this.#wasi.initialize({ exports: { memory: memory.js } });
  }

  /** Runs a program; gives its exit code, 0 when it ends by returning. What else it throws goes on.
   *
   *  @example
   *  new Wasi().run(() => {}); // => 0 */
  run(main: () => void): number {
    try {
      main();
      return 0;
    } catch (error) {
      if (error instanceof Exit) return error.code;
      throw error;
    }
  }
}
