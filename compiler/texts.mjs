/** String literals of the core's sources, as bytes in a passive data segment: see base/text.ts.
 *  In: the texts of the sources that a build reads.  Out: the same with every literal as a constant of type `string` that says where its
 *  letters are in the segment, and how many; lines keep their numbers. Literals that asc itself reads (modules' names, decorators, ERROR)
 *  stay. As a transform of asc, it adds the segment to the module, and the function that copies from it. */

/** Comments and what stays, so that no quote in them counts; then literals. */
const pattern = /\/\/.*|\/\*[\s\S]*?\*\/|\bfrom '[^']*'|@\w+\([^)]*\)|\bERROR\([^)]*\)|'(?:\\.|[^'\\\n])*'|`[^`]*`/g;

/** Bits of a constant for the number of letters (LENGTH_BITS in base/text.ts). */
const LENGTH_BITS = 12;
const MAX_LENGTH = 2 ** LENGTH_BITS - 1;
const MAX_OFFSET = 2 ** (32 - LENGTH_BITS) - 1;

/** The segment, and the function of base/text.ts whose import makes place for a memory.init. */
const SEGMENT = 'texts';
const COPY = 'compiler/base/text/copyLetters';
/** asc's name of the memory. */
const MEMORY = '0';

function letters(literal) {
  const text = literal.slice(1, -1).replaceAll('\\n', '\n').replaceAll("\\'", "'");
  if (!/^[\n\x20-\x5b\x5d-\x7e]*$/.test(text)) throw new Error(`a literal with other than ASCII letters and \\n: ${literal}`);
  if (text.length > MAX_LENGTH) throw new Error(`a literal of more than ${MAX_LENGTH} letters: ${literal}`);
  return text;
}

/** The texts of one module. */
export class Texts {
  /** The letters of the segment. */
  segment = '';

  /** A text that the segment has, if only within another, is not put there again. */
  #place(text) {
    const found = this.segment.indexOf(text);
    const offset = found < 0 ? this.segment.length : found;
    if (offset > MAX_OFFSET) throw new Error(`more than ${MAX_OFFSET} letters of texts`);
    if (found < 0) this.segment += text;
    return offset;
  }

  /** The source with constants for literals. */
  take(source) {
    return source.replace(pattern, (found) => {
      if (!/^['`]/.test(found)) return found;
      const text = letters(found);
      const reference = this.#place(text) * 2 ** LENGTH_BITS + text.length;
      return `changetype<string>(<usize>${reference})${'\n'.repeat(found.split('\n').length - 1)}`;
    });
  }

  /** Beyond this point asc optimises, and knows no imported function any more. */
  async afterCompile(module) {
    // Loaded late, as asc is.
    const { default: binaryen } = await import('assemblyscript/binaryen');
    const { i32, none } = binaryen;
    const bytes = Buffer.from(`${this.segment}${SEGMENT}\0`, 'latin1');
    const length = this.segment.length;
    const pointer = binaryen._malloc(bytes.length);
    bytes.forEach((byte, at) => {
      binaryen.__i32_store8(pointer + at, byte);
    });
    binaryen._BinaryenAddDataSegment(module.ptr, pointer + length, 0, true, 0, pointer, length);
    binaryen._free(pointer);
    const [address, offset, count] = [0, 1, 2].map((local) => module.local.get(local, i32));
    module.removeFunction(COPY);
    module.addFunction(COPY, binaryen.createType([i32, i32, i32]), none, [], module.memory.init(SEGMENT, address, offset, count, MEMORY));
  }
}
