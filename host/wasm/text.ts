/** text: parses the text format (.wat), with the optional package @bytecodealliance/jco.
 *  In: a text. Out: a wasm binary, which is not validated; TextError with line and column for a text that is no module.
 *  Cost: the first call loads the package. */

import { OuroError } from '../base/errors.js';

const packageName = '@bytecodealliance/jco';

let parser: ((text: string) => Promise<Uint8Array>) | undefined;

/** A text that is not a wasm module. The message begins with line and column, both from 1.
 *
 *  @example
 *  try {
 *    await parseText('(module (func');
 *  } catch (error) {
 *    error instanceof TextError; // => true
 *    /^1:14: /.test(error.message); // => true
 *  } */
export class TextError extends SyntaxError {
  override name = 'TextError';
}

/** The binary of a module in text format. Not validated. Throws TextError with line and column, or an OuroError where the
 *  package is missing.
 *
 *  @example
 *  const wasm = await parseText('(module)');
 *  wasm.length; // => 8 */
export async function parseText(text: string): Promise<Uint8Array> {
  if (!parser) {
    try {
      parser = (await import(packageName)).parse;
    } catch (cause) {
      throw new OuroError(
        'TEXT_PARSER_MISSING',
        `the WebAssembly text format needs the package ${packageName}: install it with 'npm install ${packageName}'`,
        { cause },
      );
    }
  }
  try {
    return await parser!(text);
  } catch (cause) {
    throw new TextError(describe(cause), { cause });
  }
}

/** Makes one plain sentence of the parser's error, which is a debug dump of the parser's own structures. */
function describe(cause: unknown): string {
  const dump = (cause as { payload?: unknown }).payload ?? (cause instanceof Error ? cause.message : cause);
  const text = String(dump);
  const place = /line: (\d+), col: (\d+)/.exec(text);
  const what = /kind: Custom\("((?:[^"\\]|\\.)*)"\)/.exec(text)?.[1] ?? /kind: Lex\((.*?)\)(?: \}|$)/.exec(text)?.[1] ?? text;
  const where = place ? `${Number(place[1]) + 1}:${Number(place[2]) + 1}: ` : '';
  return `${where}${what.replaceAll('\\"', '"')}`;
}
