/** native-cores: how this room gets compiler cores that run natively. It does not know how code is loaded and run; selfhost/native-core.ts does.
 *  In: a provider of native cores, from every entry of a process or thread that may compile. Out: what it provides, if there is one. */

import type { Compiler, Core } from './core.js';

/** Makes cores that run natively. */
export interface NativeCores {
  /** Whether there is a native core: its code has been found, checked, and loaded. */
  isThere(): boolean;
  /** A fresh native core. To call only if there is one. */
  make(): Core;
  /** The reason for which there is no native core to use, for the error message. */
  readonly problem: string;
  /** Is told that a compile took so many milliseconds; `compiler` is the choice of the engine's configuration. */
  noteCompile(compiler: Compiler, milliseconds: number): void;
}

let find: (() => NativeCores) | undefined;

/** Sets the provider of native cores. It is not called before something is compiled. */
export function useNativeCores(provider: () => NativeCores): void {
  find = provider;
}

/** The native cores of this thread; undefined when no entry has set a provider. */
export const nativeCores = (): NativeCores | undefined => find?.();
