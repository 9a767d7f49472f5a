/** `ouro run FILE [args]`: runs a WASI command, or one function of a module. */

import { basename, resolve } from 'node:path';
import { OuroError } from '../base/errors.js';
import { Func } from '../run/func.js';
import { Linker } from '../api/linker.js';
import { Store } from '../run/store.js';
import type { ValType } from '../base/types.js';
import { type CompileFlags, openEngine, openModule } from './open.js';
import { writeLine } from './output.js';

export interface RunOptions extends CompileFlags {
  dir: string[];
  env: string[];
  invoke?: string;
  preload: string[];
}

export async function run(path: string, args: string[], options: RunOptions): Promise<number> {
  const engine = openEngine(options);
  const module = await openModule(engine, path);
  const store = new Store(engine);
  const linker = new Linker(engine);
  const preopens = Object.fromEntries(options.dir.map(parseFolder));
  linker.defineWasi({ args: [basename(path), ...args], env: parseEnvironment(options.env), preopens });
  for (const each of options.preload) {
    const at = each.indexOf('=');
    linker.module(store, each.slice(0, at), await openModule(engine, each.slice(at + 1)));
  }
  const instance = linker.instantiate(store, module);

  if (options.invoke !== undefined) {
    const func = instance.getFunc(store, options.invoke);
    return linker.run(instance, () => {
      for (const line of invoke(store, func, options.invoke!, args)) writeLine(line);
    });
  }
  const main = instance.getExport(store, '_start');
  if (main instanceof Func) return linker.start(store, instance);
  const functions = module.exports().flatMap(({ name, type }) => (type.kind === 'func' ? [name] : []));
  const hint = functions.length > 0 ? `; --invoke calls one of: ${functions.join(', ')}` : '';
  throw new OuroError('EXPORT_MISSING', `${path}: the module is no WASI command: it exports no function '_start'${hint}`);
}

/** Calls a function with arguments given as text; its results as text. */
function invoke(store: Store, func: Func, name: string, args: string[]): string[] {
  const { params, results } = func.type();
  if (args.length !== params.length) {
    throw new OuroError('EXPORT_MISSING', `${name} takes ${params.length} arguments (${params.join(', ')}), but ${args.length} were given`);
  }
  const answer = func.call(store, ...args.map((text, i) => parseArgument(text, params[i])));
  const list = results.length === 0 ? [] : results.length === 1 ? [answer] : answer;
  return list.map((value: unknown) => (Object.is(value, -0) ? '-0' : String(value)));
}

function parseArgument(text: string, type: ValType): unknown {
  const wrong = () => new OuroError('EXPORT_MISSING', `'${text}' is no ${type}`);
  switch (type) {
    case 'i32':
    case 'i64': {
      let value: bigint;
      try {
        value = text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text);
      } catch {
        throw wrong();
      }
      const bits = type === 'i32' ? 32 : 64;
      if (text === '' || (BigInt.asIntN(bits, value) !== value && BigInt.asUintN(bits, value) !== value)) throw wrong();
      return type === 'i32' ? Number(value) : value;
    }
    case 'f32':
    case 'f64': {
      const named: Record<string, number> = { inf: Infinity, '-inf': -Infinity, nan: Number.NaN };
      const value = named[text.toLowerCase()] ?? Number(text);
      if (text.trim() === '' || (Number.isNaN(value) && text.toLowerCase() !== 'nan')) throw wrong();
      return value;
    }
    default:
      throw new OuroError('EXPORT_MISSING', `a ${type} cannot be given on the command line`);
  }
}

/** HOST[::GUEST]: the guest path, and the host path. */
function parseFolder(text: string): [guest: string, host: string] {
  const at = text.indexOf('::');
  return at < 0 ? [text, resolve(text)] : [text.slice(at + 2), resolve(text.slice(0, at))];
}

/** NAME=VALUE, or NAME for the value that it has here. */
function parseEnvironment(list: string[]): Record<string, string> {
  const env: Record<string, string> = {};
  for (const each of list) {
    const at = each.indexOf('=');
    if (at >= 0) env[each.slice(0, at)] = each.slice(at + 1);
    else if (process.env[each] !== undefined) env[each] = process.env[each];
  }
  return env;
}
