/** Signed artifacts: what is accepted, what is refused and why, and that nothing else about the file changes. */

import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, closeSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type ArtifactKeyOptions, ArtifactError, Engine, Instance, Module, OuroError, Store } from '../../host/index.js';
import { splitSignature } from '../../host/artifact/header.js';
import { H_HASH, HEADER_AT, SIGNATURE_SIZE, SIGNATURE_SUBJECT, SIGNATURE_VERSION_AT } from '../../runtime/artifact.js';
import { native } from '../../host/helper/native.js';
import { need } from '../support/tools.js';
import { isMapped, moduleReturning, scratch } from './cache-support.js';
import { throws } from './support.js';

const folder = scratch();
const keys = generateKeyPairSync('ed25519');
const pem = {
  publicKey: keys.publicKey.export({ type: 'spki', format: 'pem' }) as string,
  privateKey: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
};
const signing = new Engine({ artifactKey: keys });
const checking = new Engine({ artifactKey: { publicKey: keys.publicKey } });
const plain = new Engine();
const wasm = await moduleReturning(42);
const signed = signing.precompileModule(wasm);

const run = (module: Module) => new Instance(new Store(module.engine), module).exports.f();
const refused = (engine: Engine, bytes: Uint8Array, code: string, message: RegExp) => {
  throws(() => Module.deserialize(engine, bytes), ArtifactError, message, code);
  // Leaving out the hash leaves out no signature.
  throws(() => Module.deserialize(engine, bytes, { verifyHash: false }), ArtifactError, message, code);
  const path = join(folder, 'refused.ouro');
  writeFileSync(path, bytes);
  throws(() => Module.deserializeFile(engine, path), ArtifactError, message, code);
};

test('signed artifacts load where their key is trusted, and where none is asked for', () => {
  for (const engine of [signing, checking, plain]) assert.is(run(Module.deserialize(engine, signed)), 42);
  const path = join(folder, 'signed.ouro');
  writeFileSync(path, signed);
  for (const engine of [signing, checking, plain]) assert.is(run(Module.deserializeFile(engine, path)), 42);
});

test('keys as PEM or KeyObject, the public one alone, the private one alone', () => {
  for (const artifactKey of [keys, pem, { privateKey: pem.privateKey }, { privateKey: keys.privateKey, publicKey: pem.publicKey }]) {
    assert.equal(new Engine({ artifactKey }).precompileModule(wasm), signed);
  }
  assert.is(run(Module.deserialize(new Engine({ artifactKey: { publicKey: pem.publicKey } }), signed)), 42);
});

test('the signature stands behind the file, which is the same as without', () => {
  const { artifact, signature } = splitSignature(signed);
  assert.equal(artifact, plain.precompileModule(wasm));
  assert.is(signature!.length, SIGNATURE_SIZE);
  assert.equal(signing.precompileModule(wasm), signed, 'the same bytes each time');
  assert.equal(new Module(signing, wasm).serialize(), signed);
  assert.equal(Module.deserialize(plain, signed).serialize(), signed);
});

test('unsigned and foreign artifacts are refused', () => {
  refused(checking, plain.precompileModule(wasm), 'ARTIFACT_NOT_SIGNED', /is not signed/);
  const other = new Engine({ artifactKey: generateKeyPairSync('ed25519') });
  refused(checking, other.precompileModule(wasm), 'ARTIFACT_WRONG_SIGNATURE', /by the key [0-9a-f]{64}, this engine trusts [0-9a-f]{64}/);
});

test('whatever changes in a signed file, it is refused', () => {
  const { length } = signed;
  for (let at = length - SIGNATURE_SIZE; at < length; at++) {
    const changed = signed.slice();
    changed[at] ^= 0x10;
    throws(() => Module.deserialize(checking, changed), ArtifactError);
  }
  for (let at = 0; at < length - SIGNATURE_SIZE; at += 97) {
    const changed = signed.slice();
    changed[at] ^= 0x10;
    throws(() => Module.deserialize(checking, changed, { verifyHash: false }), ArtifactError);
  }
  // With the hash made to fit.
  const forged = signed.slice();
  forged[length >> 1] ^= 1;
  const hash = forged.subarray(HEADER_AT + H_HASH, HEADER_AT + H_HASH + 32);
  native().sha256(forged.subarray(0, length - SIGNATURE_SIZE), HEADER_AT + H_HASH, 32, hash);
  refused(checking, forged, 'ARTIFACT_WRONG_SIGNATURE', /it is not valid/);
  const subject = signed.slice();
  subject[length - SIGNATURE_SIZE + SIGNATURE_SUBJECT] ^= 1;
  refused(checking, subject, 'ARTIFACT_WRONG_SIGNATURE', /it is not valid/);
  const version = signed.slice();
  version[length - SIGNATURE_SIZE + SIGNATURE_VERSION_AT]++;
  refused(checking, version, 'ARTIFACT_WRONG_SIGNATURE', /version 2/);
  // The signature of another module.
  const other = signing.precompileModule(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]));
  const { signature } = splitSignature(other);
  const swapped = Buffer.concat([splitSignature(signed).artifact, signature!]);
  refused(checking, swapped, 'ARTIFACT_WRONG_SIGNATURE', /it is not valid/);
  // Cut off, or half.
  refused(checking, splitSignature(signed).artifact, 'ARTIFACT_NOT_SIGNED', /not signed/);
  refused(checking, signed.subarray(0, length - 10), 'ARTIFACT_WRONG_SIZE', /bytes instead of/);
});

test('a public key alone compiles and runs, but makes no artifacts', () => {
  const module = new Module(checking, wasm);
  assert.is(run(module), 42);
  throws(() => checking.precompileModule(wasm), OuroError, /no privateKey/, 'SIGNING_KEY_MISSING');
});

test('the public key is part of the compatibility hash', () => {
  assert.is(signing.precompileCompatibilityHash, checking.precompileCompatibilityHash);
  assert.is.not(signing.precompileCompatibilityHash, plain.precompileCompatibilityHash);
});

test('keys that cannot be are refused with the reason', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const cases: [unknown, RegExp][] = [
    [5, /must be an object/],
    [{}, /needs a publicKey, a privateKey or both/],
    [{ public: pem.publicKey }, /has no public:/],
    [{ publicKey: 'no PEM' }, /publicKey cannot be read/],
    [{ publicKey: 5 }, /publicKey must be a key in PEM form/],
    [{ publicKey: keys.privateKey }, /publicKey is a private key/],
    [{ privateKey: keys.publicKey }, /privateKey is a public key/],
    [{ publicKey: rsa.publicKey }, /is a key for rsa: it must be one for ed25519/],
    [{ publicKey: generateKeyPairSync('ed25519').publicKey, privateKey: keys.privateKey }, /are no pair/],
  ];
  for (const [artifactKey, message] of cases) {
    throws(() => new Engine({ artifactKey: artifactKey as ArtifactKeyOptions }), OuroError, message, 'CONFIG_INVALID');
  }
});

test('a signed file that others can write to is not run from where they can change it', async () => {
  const path = join(folder, 'writable.ouro');
  const wipe = new Uint8Array(signed.length);
  for (const mode of [0o644, 0o664, 0o646]) {
    const loads: (() => Module | Promise<Module>)[] = [
      () => Module.deserializeFile(checking, path),
      () => Module.deserializeFileAsync(checking, path),
      () => {
        const file = openSync(path, 'r');
        readSync(file, new Uint8Array(100));
        const module = Module.deserializeOpenFile(checking, file);
        closeSync(file);
        return module;
      },
    ];
    for (const load of loads) {
      writeFileSync(path, signed);
      chmodSync(path, mode);
      const module = await load();
      assert.is(isMapped(path), mode === 0o644);
      if (mode !== 0o644) writeFileSync(path, wipe);
      assert.is(run(module), 42);
      module.dispose();
      rmSync(path);
    }
  }
});

if (need('readelf', 'readelf on a signed file'))
  test("the system's tools read a signed file", () => {
    const path = join(folder, 'tools.ouro');
    writeFileSync(path, signed);
    const { status, stdout, stderr } = spawnSync('readelf', ['-a', '-W', path], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } });
    assert.is(status, 0);
    assert.is(stderr, '');
    assert.match(stdout, /\.ouro\.functions/);
  });

test.run();
