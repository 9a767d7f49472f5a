/** sign: makes and checks signatures of artifacts: Ed25519 over the content hash and the name of what was compiled.
 *  In: an artifact, and a key. Out: the artifact with its signature behind it, or an ArtifactError.
 *  Requires: the caller checks that the content has the hash; a signature covers the hash alone.
 *  Cost: about 0.1 ms to sign or check. Node's crypto module is loaded, so only engines with a key use this file.
 *  Ref: runtime/ARTIFACT.md, "Signature". */

import type { KeyObject } from 'node:crypto';
import * as A from '../../runtime/artifact.js';
import { builtin } from '../base/builtin.js';
import { ArtifactError, OuroError } from '../base/errors.js';

/** A KeyObject of node:crypto. It is declared here by its members, so that programs compile without Node's declarations. */
export interface KeyObjectLike {
  readonly type: 'secret' | 'public' | 'private';
  readonly asymmetricKeyType?: string | undefined;
}

/** A key in PEM form, or a KeyObject of node:crypto. */
export type KeySource = string | KeyObjectLike;

/** The Ed25519 key of an engine. With a public key alone it checks what others have signed. */
export interface ArtifactKeyOptions {
  /** Default: the one that belongs to `privateKey`. */
  publicKey?: KeySource;
  privateKey?: KeySource;
}

type Crypto = typeof import('node:crypto');

function refuse(message: string, cause?: unknown): never {
  throw new OuroError('CONFIG_INVALID', message, cause === undefined ? undefined : { cause });
}

/** What is signed. */
function message(artifact: Uint8Array, signature: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(A.SIGNATURE_BYTES + A.HASH_SIZE);
  bytes.set(signature.subarray(0, A.SIGNATURE_BYTES));
  bytes.set(artifact.subarray(A.HEADER_AT + A.H_HASH, A.HEADER_AT + A.H_HASH + A.HASH_SIZE), A.SIGNATURE_BYTES);
  return bytes;
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** The key with which an engine signs artifacts and checks signatures. */
export class ArtifactKey {
  /** The public key, 32 bytes as hexadecimal digits. */
  readonly id: string;
  readonly #crypto: Crypto;
  readonly #publicKey: KeyObject;
  readonly #privateKey: KeyObject | undefined;

  /** Throws OuroError `CONFIG_INVALID` when a key is no Ed25519 key, or the two keys are no pair. */
  constructor(options: ArtifactKeyOptions) {
    if (typeof options !== 'object' || options === null) refuse('artifactKey must be an object with publicKey, privateKey or both');
    for (const name of Object.keys(options)) {
      if (name !== 'publicKey' && name !== 'privateKey') refuse(`artifactKey has no ${name}: it has publicKey and privateKey`);
    }
    this.#crypto = builtin<Crypto>('crypto');
    const { publicKey, privateKey } = options;
    if (publicKey === undefined && privateKey === undefined) refuse('artifactKey needs a publicKey, a privateKey or both');
    this.#privateKey = privateKey === undefined ? undefined : this.#open(privateKey, 'privateKey');
    const own = this.#privateKey && this.#crypto.createPublicKey(this.#privateKey);
    this.#publicKey = publicKey === undefined ? own! : this.#open(publicKey, 'publicKey');
    this.id = rawKey(this.#publicKey);
    if (own && rawKey(own) !== this.id) refuse('artifactKey: publicKey and privateKey are no pair');
  }

  /** The KeyObject that `source` is or describes. */
  #open(source: KeySource, name: 'publicKey' | 'privateKey'): KeyObject {
    const wanted = name === 'publicKey' ? 'public' : 'private';
    let key: KeyObject;
    try {
      if (typeof source !== 'string') key = source as KeyObject;
      else key = wanted === 'public' ? this.#crypto.createPublicKey(source) : this.#crypto.createPrivateKey(source);
    } catch (cause) {
      refuse(`artifactKey.${name} cannot be read: ${(cause as Error).message}`, cause);
    }
    if (!(key instanceof this.#crypto.KeyObject)) refuse(`artifactKey.${name} must be a key in PEM form or a KeyObject`);
    if (key.type !== wanted) refuse(`artifactKey.${name} is a ${key.type} key`);
    if (key.asymmetricKeyType !== 'ed25519')
      refuse(`artifactKey.${name} is a key for ${key.asymmetricKeyType}: it must be one for ed25519`);
    return key;
  }

  get canSign(): boolean {
    return this.#privateKey !== undefined;
  }

  /** @internal The private key. Throws OuroError `SIGNING_KEY_MISSING` when there is none. */
  requirePrivate(): KeyObject {
    if (this.#privateKey) return this.#privateKey;
    throw new OuroError('SIGNING_KEY_MISSING', 'artifacts of this engine must be signed, but its artifactKey has no privateKey');
  }

  /** The artifact with its signature behind it; the same bytes each time. `subject`: SHA-256 of the artifact's key in a cache. */
  sign(artifact: Uint8Array, subject: Uint8Array): Uint8Array {
    const privateKey = this.requirePrivate();
    const file = new Uint8Array(artifact.length + A.SIGNATURE_SIZE);
    file.set(artifact);
    const signature = file.subarray(artifact.length);
    const view = new DataView(file.buffer, artifact.length);
    view.setUint32(A.SIGNATURE_MAGIC0, A.HEADER_MAGIC0, true);
    view.setUint32(A.SIGNATURE_MAGIC1, A.SIGNATURE_MAGIC, true);
    view.setUint32(A.SIGNATURE_VERSION_AT, A.SIGNATURE_VERSION, true);
    signature.set(Buffer.from(this.id, 'hex'), A.SIGNATURE_KEY);
    signature.set(subject, A.SIGNATURE_SUBJECT);
    signature.set(this.#crypto.sign(null, message(artifact, signature), privateKey), A.SIGNATURE_BYTES);
    return file;
  }

  /** Throws an ArtifactError unless the signature is by this key, and for `subject` where that is given. The caller must check that the content
   *  has the hash. */
  check(artifact: Uint8Array, signature: Uint8Array | undefined, subject?: Uint8Array): void {
    if (!signature) {
      throw new ArtifactError('ARTIFACT_NOT_SIGNED', 'the artifact is not signed; this engine takes only what its artifactKey has signed');
    }
    const version = new DataView(signature.buffer, signature.byteOffset).getUint32(A.SIGNATURE_VERSION_AT, true);
    if (version !== A.SIGNATURE_VERSION) wrong(`it has version ${version}, this version of ouro reads ${A.SIGNATURE_VERSION}`);
    const signer = hex(signature.subarray(A.SIGNATURE_KEY, A.SIGNATURE_KEY + A.SIGNATURE_KEY_SIZE));
    if (signer !== this.id) wrong(`it is by the key ${signer}, this engine trusts ${this.id}`);
    const bytes = signature.subarray(A.SIGNATURE_BYTES, A.SIGNATURE_BYTES + A.SIGNATURE_BYTES_SIZE);
    if (!this.#crypto.verify(null, message(artifact, signature), this.#publicKey, bytes)) wrong('it is not valid');
    const signedSubject = signature.subarray(A.SIGNATURE_SUBJECT, A.SIGNATURE_SUBJECT + A.SIGNATURE_SUBJECT_SIZE);
    if (subject && Buffer.compare(signedSubject, subject) !== 0) wrong('it is for another module or other options');
  }
}

function wrong(why: string): never {
  throw new ArtifactError('ARTIFACT_WRONG_SIGNATURE', `the artifact's signature is refused: ${why}`);
}

/** The 32 bytes of a public key, as hexadecimal digits. They are the end of its DER form. */
function rawKey(key: KeyObject): string {
  return hex(key.export({ type: 'spki', format: 'der' }).subarray(-A.SIGNATURE_KEY_SIZE));
}
