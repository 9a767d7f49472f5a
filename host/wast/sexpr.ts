/** S-expressions of the text format, with their place in the source.
 *  In:   the text of a .wast file.  Out: a tree of atoms, strings and lists, without comments and annotations.
 *  Cost: linear. Only the shape is checked: what stands in a module is the text parser's business. */

export interface Atom {
  kind: 'atom';
  text: string;
  start: number;
  end: number;
  line: number;
}

export interface StringNode {
  kind: 'string';
  /** A string may hold any bytes, also such as are not UTF-8. */
  bytes: Uint8Array;
  start: number;
  end: number;
  line: number;
}

export interface List {
  kind: 'list';
  items: Node[];
  start: number;
  end: number;
  line: number;
}

export type Node = Atom | StringNode | List;

export class ScriptError extends Error {
  constructor(
    message: string,
    readonly line: number,
  ) {
    super(`line ${line}: ${message}`);
    this.name = 'ScriptError';
  }
}

const encoder = new TextEncoder();
const atomEnd = /[\s()"]|;;|\(;/g;

/** The top-level forms of `source`. */
export function parseForms(source: string): Node[] {
  const top: Node[] = [];
  const open: List[] = [];
  let at = 0;
  let line = 1;
  const add = (node: Node) => (open.at(-1)?.items ?? top).push(node);

  while (at < source.length) {
    const c = source[at];
    if (c === '\n') {
      line++;
      at++;
    } else if (c === ' ' || c === '\t' || c === '\r') {
      at++;
    } else if (source.startsWith(';;', at)) {
      const end = source.indexOf('\n', at);
      at = end < 0 ? source.length : end;
    } else if (source.startsWith('(;', at)) {
      const first = line;
      let depth = 1;
      for (at += 2; depth > 0; ) {
        if (at >= source.length) throw new ScriptError('block comment does not end', first);
        if (source.startsWith('(;', at)) {
          depth++;
          at += 2;
        } else if (source.startsWith(';)', at)) {
          depth--;
          at += 2;
        } else if (source[at++] === '\n') {
          line++;
        }
      }
    } else if (c === '(') {
      const list: List = { kind: 'list', items: [], start: at, end: at, line };
      add(list);
      open.push(list);
      at++;
    } else if (c === ')') {
      const list = open.pop();
      if (!list) throw new ScriptError("unexpected ')'", line);
      list.end = ++at;
      if (head(list).startsWith('@')) (open.at(-1)?.items ?? top).pop();
    } else if (c === '"') {
      const { bytes, end } = readString(source, at, line);
      add({ kind: 'string', bytes, start: at, end, line });
      at = end;
    } else {
      atomEnd.lastIndex = at + 1;
      const end = atomEnd.exec(source)?.index ?? source.length;
      add({ kind: 'atom', text: source.slice(at, end), start: at, end, line });
      at = end;
    }
  }
  const unclosed = open.at(-1);
  if (unclosed) throw new ScriptError("'(' is never closed", unclosed.line);
  return top;
}

const escapes: Record<string, number> = { t: 9, n: 10, r: 13, '"': 0x22, "'": 0x27, '\\': 0x5c };

function readString(source: string, start: number, line: number): { bytes: Uint8Array; end: number } {
  const bytes: number[] = [];
  let at = start + 1;
  for (;;) {
    const code = source.codePointAt(at);
    if (code === undefined || code === 10) throw new ScriptError('string does not end', line);
    const c = source[at];
    if (c === '"') return { bytes: Uint8Array.from(bytes), end: at + 1 };
    if (c !== '\\') {
      if (code < 0x80) bytes.push(code);
      else bytes.push(...encoder.encode(String.fromCodePoint(code)));
      at += code > 0xffff ? 2 : 1;
      continue;
    }
    const next = source[at + 1];
    if (next in escapes) {
      bytes.push(escapes[next]);
      at += 2;
    } else if (next === 'u') {
      const match = /^\\u\{([0-9a-fA-F_]+)\}/.exec(source.slice(at, at + 20));
      if (!match) throw new ScriptError('bad \\u escape in string', line);
      bytes.push(...encoder.encode(String.fromCodePoint(Number.parseInt(match[1].replaceAll('_', ''), 16))));
      at += match[0].length;
    } else {
      const hex = source.slice(at + 1, at + 3);
      if (!/^[0-9a-fA-F]{2}$/.test(hex)) throw new ScriptError('bad escape in string', line);
      bytes.push(Number.parseInt(hex, 16));
      at += 3;
    }
  }
}

/** The keyword that heads a list, or '' when the node is something else. */
export function head(node: Node | undefined): string {
  if (node?.kind !== 'list') return '';
  const first = node.items[0];
  return first?.kind === 'atom' ? first.text : '';
}
