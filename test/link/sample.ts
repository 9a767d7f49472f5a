/** Artifacts of real modules with hand-made code, linked by the core's test build. */

import { parseText } from '../../host/wasm/text.js';
import { TARGET_X64 } from '../../runtime/artifact.js';
import { type Core, freshCore } from '../support/core.js';

/** RelocationKind of compiler/emit/output.ts. */
export const Relocation = { X64Call: 1, X64Rodata: 2 };

export interface SampleOptions {
  keepWasm?: boolean;
  target?: number;
  /** Emits functions beyond the default, one `ret` each. */
  emit?: (core: Core) => void;
}

export const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

/** Appends a function; its code offset. */
export function emitFunction(core: Core, hex: string, frameSize = 0, savedRegisters = 0, flags = 0): number {
  const code = bytes(hex);
  return core.call('linkFunction', core.write(code), code.length, frameSize, savedRegisters, flags) >>> 0;
}

/** The artifact of a module in text form; without `emit`, every function that it defines is a `ret`. */
export async function linkText(text: string, options: SampleOptions = {}): Promise<{ artifact: Uint8Array; wasm: Uint8Array }> {
  const wasm = await parseText(text);
  const core = freshCore();
  if (!core.call('linkBegin', core.write(wasm), wasm.length, options.keepWasm ?? false, options.target ?? TARGET_X64)) {
    throw new Error('the module is wrong');
  }
  if (options.emit) options.emit(core);
  else for (let i = text.match(/\(func (?!\d)/g)?.length ?? 0; i > 0; i--) emitFunction(core, 'c3');
  const pointer = core.call('linkFinish');
  return { artifact: core.read(pointer, core.call('linkSize')), wasm };
}

/** A module with something of everything. */
export const richModule = `(module $rich
  (type $binary (func (param i32 i64) (result f64)))
  (type $none (func))
  (import "env" "host" (func $host (type $binary)))
  (import "env" "table" (table 1 10 funcref))
  (import "env" "base" (global $base i32))
  (import "größe" "\\u{feff}x" (func (param externref)))
  (memory (export "memory") 2 100)
  (table $own 4 funcref)
  (table 0 externref)
  (global $counter (mut i32) (i32.const -7))
  (global (export "big") i64 (i64.const -2))
  (global f32 (f32.const 1.5))
  (global f64 (f64.const -0))
  (global i32 (global.get $base))
  (global funcref (ref.func $work))
  (global funcref (ref.null func))
  (global i32 (i32.add (global.get $base) (i32.const 8)))
  (func $work (export "work") (type $binary) (f64.const 0))
  (func (export "\\u{feff}") (type $none))
  (func (export "zeta") (type $none))
  (func (type $none))
  (start 4)
  (export "alpha" (func $host))
  (elem (table $own) (i32.const 1) func $work $host)
  (elem funcref (ref.func 4) (ref.null func))
  (elem funcref (item (global.get 6)) (item (ref.func 3)))
  (elem declare func 5)
  (data (i32.const 16) "hello")
  (data "passive")
  (data (global.get $base) "moved"))`;

/** Emits code for richModule's four functions that uses every relocation. */
export function emitRich(core: Core): void {
  const rodata = core.call('linkRodata', core.write(bytes('182d4454fb210940')), 8) >>> 0;
  // sub rsp, 24; mov [rsp+16], rbx; mov [rsp+8], r12; call zeta; cmp dword [rip+rodata], 5; ud2 stub; restore; ret
  const work = emitFunction(
    core,
    '4883ec18 48895c2410 4c89642408 e800000000 833d0000000005 f20f100500000000 0f0b 488b5c2410 4c8b642408 4883c418 c3',
    24,
    (1 << 3) | (1 << 12),
  );
  core.call('linkRelocation', Relocation.X64Call, work + 15, 4, 0);
  core.call('linkRelocation', Relocation.X64Rodata, work + 21, rodata, 1);
  core.call('linkRelocation', Relocation.X64Rodata, work + 30, rodata, 0);
  core.call('linkTrap', work + 34, 1);
  core.call('linkAddress', work, 100);
  core.call('linkAddress', work + 14, 104);
  core.call('linkAddress', work + 19, 104);
  core.call('linkAddress', work + 34, 110);
  emitFunction(core, 'c3');
  const zeta = emitFunction(core, '4881ec00020000 4881c400020000 c3', 512);
  core.call('linkAddress', zeta, 120);
  core.call('linkTrap', zeta + 7, 7);
  emitFunction(core, 'c3');
  const table = core.call('linkRodata', core.write(new Uint8Array(0)), 0) >>> 0;
  core.call('linkJumpTableEntry', table, zeta + 7);
  core.call('linkJumpTableEntry', table, work);
  core.call('linkFunctionTableEntry', table, 4);
}
