/** A picture to encode, and the class that Node lacks. */

export class ImageData {
  constructor(data, width, height) {
    Object.assign(this, { data, width, height, colorSpace: 'srgb' });
  }
}

/** Waves, a gradient and some noise. */
export function picture(width, height) {
  const data = new Uint8ClampedArray(width * height * 4);
  let noise = 1;
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 4) {
      noise = (Math.imul(noise, 1664525) + 1013904223) >>> 0;
      data[at] = ((x * x + y * y) >> 6) & 255;
      data[at + 1] = (255 * x) / width;
      data[at + 2] = ((y * 3) ^ x) & 255;
      data[at + 3] = 255 - (noise >>> 29);
    }
  }
  return new ImageData(data, width, height);
}
