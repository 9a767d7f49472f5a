/** record: what the drop-in knows of a WebAssembly.Module.
 *  The object that the application holds is always a real module of V8, so that it can be posted to other threads. It is either the module itself,
 *  which then runs on V8, or a label: a module that has nothing but a custom section, with the key of the artifact and the numbers of its shared
 *  mapping.
 *  In: any WebAssembly.Module, also one that another thread has posted. Out: its record.
 *  Cost: a label is read once in each thread. The binary of a module on V8 is kept only where it may be needed again. */

import type { Code } from '../artifact/code.js';
import { requireHostStack } from '../base/host-stack.js';
import type { FuncType } from '../base/types.js';
import { V8 } from '../base/v8.js';
import { findShared, nameOf } from './artifacts.js';
import { writeNote } from './notes.js';
import { type ExternKindName, type Forwarded, forwardedBy, headOf, importsOf, type Outline, outlineOf } from '../wasm/outline.js';
import { labelled } from '../wasm/tiny-modules.js';

const LABEL = 'ouro.artifact';

export interface ImportDescriptor {
  readonly module: string;
  readonly name: string;
  readonly kind: ExternKindName;
}

export interface ExportDescriptor {
  readonly name: string;
  readonly kind: ExternKindName;
}

/** What is kept of the binary of a module that runs on V8. */
export interface Trace {
  /** The sections from which an outline is made (wasm/outline.ts, `headOf`). */
  readonly head: Uint8Array;
  /** The whole binary, where it may be needed again. */
  readonly bytes: Uint8Array | undefined;
}

const EMPTY: Uint8Array = new Uint8Array();

/** Copies what must be kept of a binary. All bytes are kept of a small module, and of one that imports a table or a mutable global: it may have to
 *  follow that object to the other engine. V8 need not have accepted the binary yet. */
export function traceOf(bytes: Uint8Array, small: boolean): Trace {
  let head: Uint8Array = EMPTY;
  let shares = false;
  // Without this, the `catch` below would take the end of the host's stack for a module that cannot be read.
  requireHostStack();
  try {
    head = headOf(bytes);
    shares = importsOf(bytes).some(({ kind, mutable }) => kind === 'table' || (kind === 'global' && mutable));
  } catch {
    // The binary uses a proposal that is newer than our reader, or it is no module.
  }
  return { head, bytes: small || shares ? bytes.slice() : undefined };
}

const records = new WeakMap<WebAssembly.Module, ModuleRecord>();

const kindNames: Record<string, ExternKindName> = { func: 'function', table: 'table', memory: 'memory', global: 'global' };

/** What the drop-in knows of one module. */
export class ModuleRecord {
  /** The module that the application holds. */
  readonly module: WebAssembly.Module;
  /** The native code, where the module is a label. */
  readonly code: Code | undefined;
  /** The name of the artifact in the cache. */
  readonly key: string | undefined;
  /** The name of the module's notes, where it runs on V8 and is not small. */
  readonly #name: string | undefined;
  /** The binary, where it may be needed again. */
  readonly #bytes: Uint8Array | undefined;
  readonly #head: Uint8Array | undefined;
  #outline: Outline | undefined;
  #v8: WebAssembly.Module | undefined;
  #imports: readonly ImportDescriptor[] | undefined;
  /** Null until somebody has asked. */
  #forwarded: Forwarded | undefined | null = null;

  private constructor(module: WebAssembly.Module, of: { code?: Code; key?: string } & Partial<Trace> & { name?: string | undefined }) {
    this.module = module;
    this.code = of.code;
    this.key = of.key;
    this.#bytes = of.bytes;
    this.#head = of.head;
    this.#name = of.name;
    records.set(module, this);
  }

  /** The record of a new module with native code. Its module is a label. */
  static native(code: Code, key: string): ModuleRecord {
    const label = new V8.Module(labelled(LABEL, Buffer.from([key, ...code.shared()].join(' '))) as BufferSource);
    return new ModuleRecord(label, { code, key });
  }

  /** The record of a module that runs on V8. `name`: the name of its notes. */
  static onV8(module: WebAssembly.Module, trace: Trace, name?: string): ModuleRecord {
    return new ModuleRecord(module, { ...trace, name });
  }

  /** The record of a module, also of one that came from another thread; undefined when `value` is no module. Throws V8's CompileError when the native
   *  code of a label is gone. */
  static of(value: unknown): ModuleRecord | undefined {
    if (typeof value !== 'object' || value === null) return undefined;
    const known = records.get(value as WebAssembly.Module);
    if (known) return known;
    const module = value as WebAssembly.Module;
    let labels: ArrayBuffer[];
    try {
      labels = V8.Module.customSections(module, LABEL);
    } catch {
      return undefined;
    }
    if (labels.length === 0 || V8.Module.exports(module).length > 0) return new ModuleRecord(module, {});
    const [key, id, nonce] = Buffer.from(labels[0]).toString().split(' ');
    const code = findShared(key, id, nonce);
    if (!code) {
      throw new V8.CompileError(
        `the native code of this WebAssembly.Module, which another thread has sent, is not in Ouro's cache any more (${key}): ` +
          'is the cache cleaned too often, or is OURO_CACHE another folder in this thread?',
      );
    }
    return new ModuleRecord(module, { code, key });
  }

  /** The binary, where it is known. */
  get wasm(): Uint8Array | undefined {
    return this.code ? this.code.artifact.wasm : this.#bytes;
  }

  /** The module that V8 can run. For a label it is made from the artifact's wasm, when it is first asked for. */
  get v8(): WebAssembly.Module {
    this.#v8 ??= this.code ? new V8.Module(this.wasm as BufferSource) : this.module;
    return this.#v8;
  }

  /** The outline of its binary. Undefined for a module on V8 that came from another thread, and where our reader does not understand the binary. */
  get outline(): Outline | undefined {
    if (this.#outline === undefined) {
      const bytes = this.#head ?? this.wasm;
      requireHostStack();
      try {
        this.#outline = bytes && outlineOf(bytes);
      } catch {
        // The binary uses a proposal that is newer than our reader. The module stays on V8, and its functions are not passed to Ouro.
      }
    }
    return this.#outline;
  }

  /** Set for a module that does nothing but export the function that it imports. */
  get forwarded(): Forwarded | undefined {
    if (this.#forwarded === null) this.#forwarded = this.code || !this.#bytes || !this.outline ? undefined : forwardedBy(this.outline);
    return this.#forwarded;
  }

  /** The imports, as WebAssembly.Module.imports gives them. */
  get imports(): readonly ImportDescriptor[] {
    this.#imports ??= this.code
      ? this.code.plan.imports.map(({ module, name, type }) => ({ module, name, kind: kindNames[type.kind] }))
      : (V8.Module.imports(this.module) as ImportDescriptor[]);
    return this.#imports;
  }

  /** The exports, as WebAssembly.Module.exports gives them. */
  get exports(): readonly ExportDescriptor[] {
    if (!this.code) return V8.Module.exports(this.module) as ExportDescriptor[];
    const { plan } = this.code;
    return plan.exports.map((each) => ({ name: each.name, kind: kindNames[plan.exportType(each).kind] }));
  }

  /** The type of a function that the module exports, by the export's name. */
  exportedFunctionType(name: string): FuncType | undefined {
    const exported = this.outline?.exports.find((each) => each.name === name && each.kind === 'function');
    return exported && this.outline!.functionType(exported.index);
  }

  /** Whether functions of the module may have parameters or results of type funcref. False when its binary is not known. */
  get mayPassFunctions(): boolean {
    return this.outline?.mentionsFuncref ?? false;
  }

  /** Notes that the module shall run on V8 from the next start on. */
  leaveToV8(reason: string): void {
    const name = this.code ? nameOf(this.code.artifact.wasm!) : this.#name;
    if (name !== undefined) writeNote(name, 'v8', reason);
  }
}
