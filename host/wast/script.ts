/** Spec scripts (.wast) as lists of commands.
 *  In:  the text of a file.  Out: its commands in order, each with its line.
 *  A module's own text is left alone; it is cut out of the source for the text parser. */

import { type Atom, head, type List, type Node, parseForms, ScriptError, type StringNode } from './sexpr.js';

/** A module as a script gives it: text for the text parser, or bytes. `text` is undefined when quoted bytes are not UTF-8. */
export type ModuleSource =
  | { kind: 'text'; text: string }
  | { kind: 'quote'; text: string | undefined }
  | { kind: 'binary'; bytes: Uint8Array };

export type Action =
  | { kind: 'invoke'; module: string | undefined; name: string; args: Node[] }
  | { kind: 'get'; module: string | undefined; name: string };

export type Command = { line: number } & (
  | { kind: 'module'; name: string | undefined; source: ModuleSource }
  | { kind: 'definition'; name: string | undefined; source: ModuleSource }
  | { kind: 'instance'; name: string | undefined; definition: string | undefined }
  | { kind: 'register'; as: string; module: string | undefined }
  | { kind: 'action'; action: Action }
  | { kind: 'assert_return'; action: Action; results: Node[] }
  | { kind: 'assert_trap' | 'assert_exhaustion'; action: Action; message: string }
  | { kind: 'assert_exception'; action: Action }
  | { kind: 'assert_trap_module' | 'assert_malformed' | 'assert_invalid' | 'assert_unlinkable'; source: ModuleSource; message: string }
  /** A command that this runner does not know. */
  | { kind: 'unknown'; keyword: string }
);

const commands = new Set(['module', 'register', 'invoke', 'get']);

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function isCommand(node: Node): boolean {
  const keyword = head(node);
  return commands.has(keyword) || keyword.startsWith('assert_');
}

/** The commands of a script. A file of bare module fields is one module. */
export function parseScript(source: string): Command[] {
  const forms = parseForms(source);
  if (forms.length > 0 && !forms.some(isCommand)) {
    return [{ kind: 'module', line: forms[0].line, name: undefined, source: { kind: 'text', text: source } }];
  }
  return forms.map((form) => parseCommand(form, source));
}

function parseCommand(form: Node, source: string): Command {
  if (form.kind !== 'list') throw new ScriptError('a command is expected', form.line);
  const { line, items } = form;
  const keyword = head(form);
  switch (keyword) {
    case 'module': {
      const { mode, name, from } = moduleHead(form);
      if (mode === 'instance') return { kind: 'instance', line, name, definition: atomText(items[from]) };
      return { kind: mode === 'definition' ? 'definition' : 'module', line, name, source: moduleSource(form, source) };
    }
    case 'register':
      return { kind: 'register', line, as: name(items[1], form), module: atomText(items[2]) };
    case 'invoke':
    case 'get':
      return { kind: 'action', line, action: parseAction(form) };
    case 'assert_return':
      return { kind: 'assert_return', line, action: parseAction(items[1]), results: items.slice(2) };
    case 'assert_exception':
      return { kind: 'assert_exception', line, action: parseAction(items[1]) };
    case 'assert_trap':
    case 'assert_exhaustion': {
      const message = name(items[2], form);
      if (head(items[1]) !== 'module') return { kind: keyword, line, action: parseAction(items[1]), message };
      return { kind: 'assert_trap_module', line, source: moduleSource(items[1] as List, source), message };
    }
    case 'assert_malformed':
    case 'assert_invalid':
    case 'assert_unlinkable':
      if (head(items[1]) !== 'module') throw new ScriptError(`${keyword} wants a module`, line);
      return { kind: keyword, line, source: moduleSource(items[1] as List, source), message: name(items[2], form) };
    default:
      return { kind: 'unknown', line, keyword };
  }
}

function atomText(node: Node | undefined): string | undefined {
  return node?.kind === 'atom' ? node.text : undefined;
}

function name(node: Node | undefined, parent: List): string {
  if (node?.kind !== 'string') throw new ScriptError('a string is missing', parent.line);
  return decoder.decode(node.bytes);
}

function parseAction(node: Node | undefined): Action {
  const keyword = head(node);
  const list = node as List;
  if (keyword !== 'invoke' && keyword !== 'get') throw new ScriptError('(invoke …) or (get …) is expected', node?.line ?? 0);
  const module = atomText(list.items[1]);
  const at = module === undefined ? 1 : 2;
  const field = name(list.items[at], list);
  return keyword === 'get' ? { kind: 'get', module, name: field } : { kind: 'invoke', module, name: field, args: list.items.slice(at + 1) };
}

const modes = new Set(['definition', 'instance', 'binary', 'quote']);

/** What stands before a module's fields: `definition` or `instance`, a $name, and the index of what follows. */
function moduleHead(form: List): { mode: string | undefined; name: string | undefined; from: number } {
  let from = 1;
  let mode: string | undefined;
  const first = atomText(form.items[from]);
  if (first === 'definition' || first === 'instance') {
    mode = first;
    from++;
  }
  const second = atomText(form.items[from]);
  const named = second?.startsWith('$') === true;
  return { mode, name: named ? second : undefined, from: named ? from + 1 : from };
}

function moduleSource(form: List, source: string): ModuleSource {
  const { mode, from } = moduleHead(form);
  const kind = atomText(form.items[from]);
  if (kind !== undefined && modes.has(kind)) {
    const bytes = Buffer.concat(form.items.slice(from + 1).map((item) => (item as StringNode).bytes));
    if (kind === 'binary') return { kind: 'binary', bytes: Uint8Array.from(bytes) };
    try {
      return { kind: 'quote', text: decoder.decode(bytes) };
    } catch {
      return { kind: 'quote', text: undefined };
    }
  }
  // The text parser knows no `definition`: the rest of the form is a module without it.
  const start = mode === undefined ? form.items[0].end : (form.items[1] as Atom).end;
  return { kind: 'text', text: `(module${plainText(form, start, source)}` };
}

/** The source of a form from `start`, with strings beyond ASCII written as escapes and other such characters (in comments) as '?':
 *  the text parser refuses characters that could mislead a reader's eye, and the suite has them all. */
function plainText(form: List, start: number, source: string): string {
  const text = source.slice(start, form.end);
  if (isAscii(text)) return text;
  let out = '';
  let done = start;
  const visit = (node: Node) => {
    if (node.kind === 'list') {
      for (const item of node.items) visit(item);
    } else if (node.kind === 'string' && node.start >= start && !isAscii(source.slice(node.start, node.end))) {
      const escaped = Array.from(node.bytes, (byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('');
      out += `${withoutUnicode(source.slice(done, node.start))}"${escaped}"`;
      done = node.end;
    }
  };
  visit(form);
  return out + withoutUnicode(source.slice(done, form.end));
}

/** A module's text without those of its fields that `drop` matches. */
export function withoutFields(text: string, drop: RegExp): string {
  const form = parseForms(text)[0] as List;
  let out = '';
  let done = 0;
  for (const item of form.items) {
    if (item.kind !== 'list' || !drop.test(text.slice(item.start, item.end))) continue;
    out += text.slice(done, item.start);
    done = item.end;
  }
  return out + text.slice(done);
}

const isAscii = (text: string) => !/[^\x00-\x7f]/.test(text);
const withoutUnicode = (text: string) => text.replace(/[^\x00-\x7f]/g, '?');
