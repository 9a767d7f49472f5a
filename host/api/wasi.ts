/** wasi: WASI preview 1 through node:wasi. Each instance that imports it gets one of its own, bound to its exported memory. */

import type { WASI, WASIOptions } from 'node:wasi';
import { builtin } from '../base/builtin.js';
import { LinkError, unreadable } from '../base/errors.js';
import type { Instance } from '../run/instance.js';
import { Memory } from '../run/memory.js';

export interface WasiOptions {
  /** The program's name first. */
  args?: readonly string[];
  env?: Readonly<Record<string, string>>;
  /** Folders that the program sees: guest path to host path. node:wasi is no sandbox against malicious programs. */
  preopens?: Readonly<Record<string, string>>;
  /** File descriptors of the process. */
  stdin?: number;
  stdout?: number;
  stderr?: number;
}

/** Names under which modules import WASI preview 1. */
export const wasiModules: ReadonlySet<string> = new Set(['wasi_snapshot_preview1']);

let nodeWasi: typeof import('node:wasi') | undefined;

/** Loaded late and quietly: Node warns that node:wasi is experimental, which is no news to a user of Ouro. */
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

/** Node's, or an error that names the folder at fault: Node's own tells a code alone. */
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

/** Ends a program that calls proc_exit. */
class Exit {
  constructor(readonly code: number) {}
}

export class Wasi {
  /** The functions of wasi_snapshot_preview1. */
  readonly imports: Readonly<Record<string, (...args: any[]) => any>>;
  readonly #wasi: WASI;

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

  /** Takes the memory that the functions work on: the one that the instance exports as `memory`. */
  bind(instance: Instance): void {
    const memory = instance.getExport(instance.store, 'memory');
    if (!(memory instanceof Memory)) throw new LinkError('IMPORT_MISSING', 'a module that uses WASI must export its memory as "memory"');
    this.#wasi.initialize({ exports: { memory: memory.js } });
  }

  /** Runs a program; gives its exit code, 0 when it ends by returning. */
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
