/** The command line. Each command is in a file of its own; here are their options. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { filesFolder } from '../base/bundled.js';
import { cacheFolder } from '../cache/location.js';
import { useNativeCores } from '../compile/native-cores.js';
import { ownNativeCores, nativeCoreIsDue } from '../selfhost/native-core.js';
import { spawnBuilder } from '../register/spawn.js';
import { cacheClean, cacheList, cacheStat, parseAge, parseSize } from './cache.js';
import { compile } from './compile.js';
import { objdump } from './objdump.js';
import { write } from './output.js';
import { precompile } from './precompile.js';
import { report } from './report.js';
import { run } from './run.js';
import { selfCompile } from './self-compile.js';
import { validate } from './validate.js';
import { wast } from './wast.js';

const { version } = JSON.parse(readFileSync(join(filesFolder, '..', 'package.json'), 'utf8'));

useNativeCores(() => ownNativeCores);

const collect = (value: string, list: string[]) => [...list, value];

function pair(value: string): string {
  if (!/^[^=]+=./.test(value)) throw new InvalidArgumentError('Expected NAME=FILE.');
  return value;
}

/** The same parser, its error as commander shows it. */
const argument = (parse: (text: string) => number) => (text: string) => {
  try {
    return parse(text);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
};

const optLevel = () => new Option('-O, --opt-level <level>', 'how much to optimise').choices(['none', 'speed']).default('speed');
const cpu = () =>
  new Option('--cpu <cpu>', 'the CPU that the code is for').choices(['native', 'x86-64-v2', 'x86-64-v3', 'x86-64-v4']).default('native');

const program = new Command('ouro')
  .description('Compiles WebAssembly ahead of time to native code, and runs it.')
  .version(version)
  .enablePositionalOptions()
  .exitOverride()
  .configureOutput({ writeOut: write, outputError: (text, writeErr) => writeErr(text.replace(/^error: /, 'ouro: ')) });

/** Has the compiler's own native code made. */
function startBuilder(): void {
  try {
    spawnBuilder(cacheFolder(), 'guard', []);
  } catch {
    // Without it all goes on as before.
  }
}

/** Commands give their exit code. */
function command(name: string, description: string, action: (...args: any[]) => number | Promise<number>, parent = program): Command {
  return parent
    .command(name)
    .description(description)
    .exitOverride()
    .action(async (...args) => {
      process.exitCode = await action(...args);
      if (nativeCoreIsDue()) startBuilder();
    });
}

command('compile', 'compile a module (.wasm, .wat) to an artifact', compile)
  .argument('<in>', 'the module')
  .requiredOption('-o, --output <file>', 'the artifact')
  .addOption(cpu())
  .addOption(new Option('--target <target>', 'the platform that the code is for').choices(['x86_64-linux']).default('x86_64-linux'))
  .addOption(optLevel());

command('run', 'run a module (.wasm, .wat) or an artifact', run)
  .usage('[options] <file> [args...]')
  .argument('<file>', 'the module or artifact')
  .argument('[args...]', "the program's arguments, or those of the function to invoke")
  .passThroughOptions()
  .option('--dir <host[::guest]>', 'let the program use a folder', collect, [])
  .option('--env <name[=value]>', "set an environment variable of the program's, or hand on one of ours", collect, [])
  .option('--invoke <function>', 'call an exported function and print its results')
  .option(
    '--preload <name=file>',
    'instantiate another module first and link it under a name',
    (value, list: string[]) => collect(pair(value), list),
    [],
  )
  .option('--no-cache', 'compile now, and do not keep the result')
  .addOption(cpu())
  .addOption(optLevel());

command('validate', 'check that a module is valid', validate).argument('<file>', 'the module (.wasm, .wat)');

command('objdump', "show an artifact's machine code beside the wasm offsets that it comes from", objdump)
  .argument('<file>', 'the artifact, or a module to compile')
  .addOption(cpu())
  .addOption(optLevel());

command('wast', 'run scripts of the WebAssembly specification', wast)
  .argument('<files...>')
  .option('--json', 'print one JSON object for each command')
  .option('--engine <engine>', 'ouro, or v8 for comparison', 'ouro')
  .option('--skip <file>', 'a list of what to skip')
  .option('--known <file>', 'a list of what is known to fail')
  .option('--wording', 'also show where messages differ from what the script expects')
  .addOption(optLevel());

command('self-compile', 'let the compiler compile itself, check the result, and keep it as the native compiler', selfCompile);

command('precompile', 'fill the cache of ouro-wasm/register ahead: for Docker images, for CI', precompile)
  .usage('[options] <folder | package...>')
  .argument('<names...>', 'folders, or packages that are installed here')
  .option('--json', 'print one JSON object for each file')
  .addHelpText(
    'after',
    `
Finds every .wasm file of the folders and packages, and of the packages that these depend on, and compiles it as ouro-wasm/register would.
Modules that are kept otherwise, as base64 in a script for example, are not found: they are compiled when the application runs.
Native code is for this machine's kind of CPU. OURO_CACHE names the folder where it is kept; OURO_REGISTER_MIN_SIZE is the size below
which modules are left to V8. The exit code is 0 unless something failed; that a module is left to V8 is no failure.`,
  );

const cache = program.command('cache').description('look at the cache of compiled modules, or make it smaller').exitOverride();
const folder = (of: Command) => of.option('--dir <path>', "another folder than the user's own").option('--json', 'print JSON');
folder(command('ls', 'list its modules, the most recently used first', cacheList, cache));
folder(command('stat', 'where it is, how many modules it holds, how it is checked', cacheStat, cache));
folder(command('clean', 'remove the least recently used modules until 1 GiB is left', cacheClean, cache))
  .option('--all', 'remove all modules, and native compilers of other versions of ouro')
  .option('--older-than <time>', 'remove what was not used for this long (30d, 12h, 90m)', argument(parseAge))
  .option('--max-size <size>', 'remove until this much is left (500M, 2G)', argument(parseSize));

program.parseAsync().catch((error) => {
  process.exitCode = report(error);
});
