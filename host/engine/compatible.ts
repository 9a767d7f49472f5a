/** compatible: checks whether code that was compiled elsewhere, or for another engine, keeps what this engine's configuration promises.
 *  In: an artifact, a configuration. Out: nothing, or an ArtifactError. Options that promise nothing about results, `optLevel` say, may differ. */

import type { Artifact } from '../artifact/artifact.js';
import { featureNames, type ResolvedConfig } from './config.js';
import { ArtifactError } from '../base/errors.js';

/** Throws ArtifactError `ARTIFACT_WRONG_OPTIONS`, which names the option, what the artifact was compiled with, and what the engine wants. */
export function requireCompatible(artifact: Artifact, config: ResolvedConfig): void {
  const differ = (what: string, found: unknown, wanted: unknown): never => {
    throw new ArtifactError(
      'ARTIFACT_WRONG_OPTIONS',
      `the artifact was compiled with ${what} ${found}, this engine wants ${wanted}: compile it with an engine of this configuration`,
    );
  };
  if (config.nanCanonicalization && !artifact.nanCanonicalization) differ('nanCanonicalization', false, true);
  if (config.memoryPolicy === 'explicit' && !artifact.explicitBounds) differ('memoryPolicy', "'guard'", "'explicit'");
  const missing = artifact.wasmFeatures & ~config.wasmFeatures;
  for (const name of featureNames(missing)) differ(name, true, false);
}
