/** @resvg/resvg-wasm: renders a picture with gradients, curves, a filter and a clip path to PNG. */

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { initWasm, Resvg } from '@resvg/resvg-wasm';

const circles = Array.from(
  { length: 60 },
  (_, i) => `<circle cx="${(i * 53) % 400}" cy="${(i * 97) % 300}" r="${5 + (i % 17)}" fill="hsl(${i * 6}, 70%, 50%)" opacity="0.6"/>`,
).join('');
const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 300">
  <defs>
    <linearGradient id="sky" x2="0" y2="1"><stop stop-color="#024"/><stop offset="1" stop-color="#8cf"/></linearGradient>
    <filter id="soft"><feGaussianBlur stdDeviation="3"/></filter>
    <clipPath id="round"><rect width="400" height="300" rx="40"/></clipPath>
  </defs>
  <g clip-path="url(#round)">
    <rect width="400" height="300" fill="url(#sky)"/>
    <g filter="url(#soft)">${circles}</g>
    <path d="M20 250 C 100 50, 200 350, 380 80" fill="none" stroke="#fff" stroke-width="6" stroke-dasharray="20 8"/>
  </g>
</svg>`;

export default async function load() {
  await initWasm(await readFile(createRequire(import.meta.url).resolve('@resvg/resvg-wasm/index_bg.wasm')));
  return () => {
    const picture = new Resvg(svg, { fitTo: { mode: 'width', value: 800 } });
    const rendered = picture.render();
    const png = rendered.asPng();
    const line = `${rendered.width} x ${rendered.height}, ${png.length} bytes, ${createHash('sha256').update(png).digest('hex')}`;
    rendered.free();
    picture.free();
    return line;
  };
}
