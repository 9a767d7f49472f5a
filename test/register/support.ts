/** What the tests of the drop-in share. */

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { makeFolder } from '../support/folder.js';
import { HANG, until } from '../support/limits.js';
import { root } from '../support/shared.js';

/** Makes a cache folder of this test's own. */
export function useCache(name: string): string {
  return (process.env.OURO_CACHE = makeFolder(name));
}

/** The drop-in's entry for `--import`. */
export const registerUrl = pathToFileURL(join(root, 'dist', 'register.js')).href;

export interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** An application in a folder, with a cache of its own. */
export class App {
  readonly folder: string;
  readonly cache: string;

  constructor(name: string, files: Readonly<Record<string, string | Uint8Array>>) {
    this.folder = makeFolder(name);
    this.cache = join(this.folder, 'cache');
    for (const [file, content] of Object.entries(files)) writeFileSync(join(this.folder, file), content);
  }

  /** Runs `node ARGS` with the drop-in. Modules of any size count. */
  run(
    args: readonly string[],
    env: Readonly<Record<string, string | undefined>> = {},
    imports: readonly string[] = ['--import', registerUrl],
  ): Run {
    const { NODE_OPTIONS: _, ...rest } = process.env;
    const { status, stdout, stderr, error } = spawnSync(process.execPath, [...imports, ...args], {
      cwd: this.folder,
      encoding: 'utf8',
      timeout: HANG,
      env: {
        ...rest,
        OURO_CACHE: this.cache,
        OURO_LOG: '1',
        OURO_REGISTER: 'background',
        OURO_REGISTER_MIN_SIZE: '0',
        OURO_REGISTER_INCLUDE: '',
        OURO_REGISTER_EXCLUDE: '',
        ...env,
      },
    });
    if (error) throw error;
    return { status, stdout, stderr };
  }

  /** How many artifacts the cache has. */
  get artifacts(): string[] {
    const folder = join(this.cache, 'modules');
    return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.ouro')) : [];
  }

  /** What is known of modules: names of notes with this ending. */
  notes(kind: 'ouro' | 'v8' | 'died' | 'changes'): string[] {
    const folder = join(this.cache, 'register');
    return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(`.${kind}`)) : [];
  }

  /** Waits until builders have done their work: so many modules have notes. */
  async built(count = 1): Promise<void> {
    const isDone = () => this.notes('ouro').length + this.notes('v8').length >= count && this.queue.length === 0;
    await until(isDone, `${count} modules are built`);
  }

  /** What waits for a builder, or is being built. */
  get queue(): string[] {
    const folder = join(this.cache, 'register');
    return existsSync(folder) ? readdirSync(folder).filter((name) => /\.(wasm|lock|part)$/.test(name)) : [];
  }
}
