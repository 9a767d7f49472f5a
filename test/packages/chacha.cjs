/** @chainsafe/as-chacha20poly1305 (AssemblyScript): seals and opens messages of many sizes, checked against node:crypto. */

const crypto = require('node:crypto');
const { ChaCha20Poly1305, newInstance } = require('@chainsafe/as-chacha20poly1305');

const bytes = (length, seed) => Uint8Array.from({ length }, (_, i) => (i * 31 + seed * 17) & 255);

module.exports = async () => {
  const cipher = new ChaCha20Poly1305(newInstance());
  return () => {
    const hash = crypto.createHash('sha256');
    for (const length of [0, 1, 63, 64, 65, 512, 4096, 100_000]) {
      const [key, nonce, data, text] = [bytes(32, length), bytes(12, 3), bytes(32, 5), bytes(length, 7)];
      const sealed = cipher.seal(key, nonce, text, data);
      const reference = crypto.createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 });
      reference.setAAD(data, { plaintextLength: length });
      const expected = Buffer.concat([reference.update(text), reference.final(), reference.getAuthTag()]);
      if (!expected.equals(sealed)) throw new Error(`wrong at ${length} bytes`);
      hash.update(sealed);
      const opened = cipher.open(key, nonce, sealed, data);
      if (Buffer.compare(opened, text) !== 0) throw new Error(`not opened at ${length} bytes`);
      const forged = expected;
      forged[0] ^= 1;
      if (cipher.open(key, nonce, forged, data) !== null) throw new Error(`forgery opened at ${length} bytes`);
    }
    return hash.digest('hex');
  };
};
