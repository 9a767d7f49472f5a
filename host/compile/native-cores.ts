/** native-cores: how compiling gets at cores that run natively, without knowing how code is loaded and run: whoever knows (selfhost/native-core.ts) is
 *  handed over by every entry of a process or thread that may compile. */

import type { Compiler, Core } from './core.js';

/** Knows how to run the core natively. */
export interface NativeCores {
  /** Whether there is a native core: its code has been found, checked, and loaded. */
  isThere(): boolean;
  /** A fresh one, where there is. */
  make(): Core;
  /** Why a native core that was asked for is not used. */
  readonly problem: string;
  /** Hears that a compile under this choice of compiler took so many milliseconds. */
  noteCompile(compiler: Compiler, milliseconds: number): void;
}

let find: (() => NativeCores) | undefined;

/** Hands over what runs cores natively; it is asked for when something is first compiled. */
export function useNativeCores(provider: () => NativeCores): void {
  find = provider;
}

export const nativeCores = (): NativeCores | undefined => find?.();
