/** code: an artifact that is mapped and executable. Modules and instances share it; the mapping goes when the last of them is collected.
 *  Cost: independent of the artifact's size, but for the hash check. */

import { Section } from '../runtime/artifact.js';
import type { LoadOptions } from './config.js';
import { CPU_FEATURE_NAMES } from './cpu.js';
import { type Artifact, parseArtifact } from './artifact.js';
import { unreadable } from './errors.js';
import { type Mapping, native } from './native.js';
import { Plan } from './plan.js';

const unmapped = new FinalizationRegistry<number>((address) => native().unmap(address));

export class Code {
  readonly artifact: Artifact;
  readonly mapping: Mapping;
  /** Where the text starts in this process. */
  readonly textAddress: number;
  #plan: Plan | undefined;

  private constructor(mapping: Mapping, options: LoadOptions) {
    this.mapping = mapping;
    this.artifact = parseArtifact(new Uint8Array(mapping.buffer), {
      verifyHash: options.verifyHash,
      cpuFeatures: BigInt(native().cpuFeatures()),
      cpuFeatureNames: CPU_FEATURE_NAMES,
    });
    const { text, counts } = this.artifact;
    this.textAddress = mapping.address + text.offset;
    if (text.size > 0) {
      const functions = this.artifact.section(Section.Functions);
      native().registerCode(mapping.address, text.offset, text.size, functions.offset, counts.functions);
    }
  }

  /** A private copy of the bytes. */
  static fromBytes(bytes: Uint8Array, options: LoadOptions = {}): Code {
    // The reader says what is wrong with no bytes at all; mapping them is an error of another kind.
    if (bytes.length === 0) parseArtifact(bytes);
    return Code.#load(native().mapBytes(bytes), options);
  }

  /** The file itself, mapped. */
  static fromFile(path: string, options: LoadOptions = {}): Code {
    let mapping: Mapping;
    try {
      mapping = native().mapFile(path);
    } catch (cause) {
      throw unreadable(path, cause);
    }
    return Code.#load(mapping, options);
  }

  static #load(mapping: Mapping, options: LoadOptions): Code {
    try {
      const code = new Code(mapping, options);
      // Only an image needs the file later.
      if (code.artifact.image === undefined) native().closeFile(mapping.address);
      unmapped.register(code, mapping.address);
      return code;
    } catch (error) {
      native().unmap(mapping.address);
      throw error;
    }
  }

  /** How instances are made; worked out at the first one. */
  get plan(): Plan {
    this.#plan ??= new Plan(this);
    return this.#plan;
  }
}
