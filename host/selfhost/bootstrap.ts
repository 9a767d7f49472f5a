/** bootstrap: the compiler compiles itself. In stage 1 compiler.wasm, under V8, compiles compiler.wasm. In stage 2 the artifact of stage 1 does
 *  the same natively, in stage 3 the artifact of stage 2.
 *  In: compiler.wasm. Out: the native core in the cache, and what each stage took; a CompilerBug when the stages differ.
 *  Requires: the artifacts of all three stages are the same bytes.
 *  Cost: three compiles of the compiler, one of them under V8. */

import { rmSync } from 'node:fs';
import { writeAtomic } from '../base/files.js';
import { Code } from '../artifact/code.js';
import { wasmCore } from '../compile/cores.js';
import { coreOptions, nativeCore, nativeCorePath } from './native-core.js';
import { compilerWasm } from '../compile/compiler-wasm.js';
import type { Core } from '../compile/core.js';
import { CompilerBug } from '../base/errors.js';
import { codeSectionSize } from '../wasm/binary.js';

/** One compile of the compiler. */
export interface Stage {
  readonly name: string;
  readonly runsOn: 'V8' | 'native';
  readonly artifact: Uint8Array;
  /** In milliseconds. */
  readonly compileTime: number;
  /** Milliseconds that it took to load the artifact that compiles from its file; undefined under V8. */
  readonly loadTime: number | undefined;
}

export interface Bootstrap {
  readonly wasmSize: number;
  readonly codeSize: number;
  readonly stages: readonly Stage[];
  /** The path of the native core in the cache. */
  readonly path: string;
}

/** Runs all stages, and puts the native core into the cache. `onStage` is called after each stage. Throws a CompilerBug when the stages differ. */
export function bootstrap(onStage: (stage: Stage) => void = () => {}): Bootstrap {
  const wasm = compilerWasm();
  const path = nativeCorePath();
  const options = coreOptions();
  const stages: Stage[] = [];

  const run = (runsOn: Stage['runsOn'], core: Core, loadTime: number | undefined) => {
    const started = performance.now();
    const artifact = core.compile(wasm, options);
    const compileTime = performance.now() - started;
    const stage: Stage = { name: `stage ${stages.length + 1}`, runsOn, artifact, compileTime, loadTime };
    stages.push(stage);
    onStage(stage);
    if (stages.length > 1 && Buffer.compare(artifact, stages[0].artifact) !== 0) {
      rmSync(path, { force: true });
      throw new CompilerBug(`stage 1 and ${stage.name} differ ${firstDifference(stages[0].artifact, artifact)}; this is a bug of ouro`);
    }
  };

  run('V8', wasmCore(), undefined);
  for (let i = 0; i < 2; i++) {
    rmSync(path, { force: true });
    writeAtomic(path, stages[i].artifact);
    const started = performance.now();
    const code = Code.fromFile(path, { verifyHash: false });
    const core = nativeCore(code);
    run('native', core, performance.now() - started);
  }
  return { wasmSize: wasm.length, codeSize: codeSectionSize(wasm), stages, path };
}

function firstDifference(one: Uint8Array, other: Uint8Array): string {
  const at = one.findIndex((byte, i) => byte !== other[i]);
  return at < 0 ? `in size: ${one.length} and ${other.length} bytes` : `from byte 0x${at.toString(16)} on`;
}
