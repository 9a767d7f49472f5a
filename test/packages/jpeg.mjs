/** @jsquash/jpeg: encodes a picture at two qualities and decodes it. */

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import decode, { init as initDecode } from '@jsquash/jpeg/decode.js';
import encode, { init as initEncode } from '@jsquash/jpeg/encode.js';
import { ImageData, picture } from './image.mjs';

const require = createRequire(import.meta.url);
const codec = async (path) => WebAssembly.compile(await readFile(require.resolve(`@jsquash/jpeg/codec/${path}`)));

export default async function load() {
  globalThis.ImageData ??= ImageData;
  await initEncode(await codec('enc/mozjpeg_enc.wasm'));
  await initDecode(await codec('dec/mozjpeg_dec.wasm'));
  return async () => {
    const lines = [];
    for (const quality of [40, 90]) {
      const file = await encode(picture(400, 300), { quality });
      const { width, height, data } = await decode(file);
      const hash = createHash('sha256').update(Buffer.from(file)).update(data).digest('hex');
      lines.push(`quality ${quality}: ${file.byteLength} bytes, ${width} x ${height}, ${hash}`);
    }
    return lines.join('\n');
  };
}
