/** errors: what goes wrong for a user, each with a stable code. */

export type ArtifactErrorCode =
  /** The bytes are something else. */
  | 'ARTIFACT_NOT_AN_ARTIFACT'
  /** The file ends early, or has more bytes than it says. */
  | 'ARTIFACT_WRONG_SIZE'
  /** Written by another version of the format or of the ABI: compile again. */
  | 'ARTIFACT_WRONG_VERSION'
  | 'ARTIFACT_WRONG_ARCHITECTURE'
  /** The CPU lacks a feature that the code uses. */
  | 'ARTIFACT_CPU_LACKS_FEATURE'
  /** The content does not match the hash. */
  | 'ARTIFACT_HASH_MISMATCH'
  /** A table, index or offset inside the file is out of bounds. */
  | 'ARTIFACT_DAMAGED';

/** An artifact that cannot be loaded. */
export class ArtifactError extends Error {
  override name = 'ArtifactError';
  constructor(
    readonly code: ArtifactErrorCode,
    message: string,
  ) {
    super(message);
  }
}
