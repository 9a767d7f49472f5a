/** detect: tells artifacts, wasm binaries and text apart by their first bytes. */

/** Whether the bytes begin as an artifact does: as an ELF file. */
export function isArtifact(source: string | Uint8Array | ArrayBuffer): boolean {
  if (typeof source === 'string') return false;
  const bytes = source instanceof Uint8Array ? source : new Uint8Array(source);
  return bytes.length >= 4 && bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
}
