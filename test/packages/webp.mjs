/** @jsquash/webp: encodes a picture, lossy and lossless, and decodes it. The encoder is the SIMD one where the engine has SIMD. */

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { simd } from 'wasm-feature-detect';
import decode, { init as initDecode } from '@jsquash/webp/decode.js';
import encode, { init as initEncode } from '@jsquash/webp/encode.js';
import { ImageData, picture } from './image.mjs';

const require = createRequire(import.meta.url);
const codec = async (path) => WebAssembly.compile(await readFile(require.resolve(`@jsquash/webp/codec/${path}`)));

export default async function load() {
  globalThis.ImageData ??= ImageData;
  await initEncode(await codec((await simd()) ? 'enc/webp_enc_simd.wasm' : 'enc/webp_enc.wasm'));
  await initDecode(await codec('dec/webp_dec.wasm'));
  return async () => {
    const lines = [];
    for (const lossless of [0, 1]) {
      const file = await encode(picture(160, 120), { lossless });
      const { width, height, data } = await decode(file);
      const hash = createHash('sha256').update(Buffer.from(file)).update(data).digest('hex');
      lines.push(`lossless ${lossless}: ${file.byteLength} bytes, ${width} x ${height}, ${hash}`);
    }
    return lines.join('\n');
  };
}
