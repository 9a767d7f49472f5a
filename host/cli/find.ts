/** Finds the wasm files of a folder or of an installed package. */

import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { OuroError } from '../base/errors.js';

/** What a user named: where to look, and how its files are called in output. */
export interface Found {
  /** Folders that were searched. */
  readonly folders: readonly string[];
  /** Absolute paths, sorted. */
  readonly files: readonly string[];
}

/** The .wasm files of a folder, or of a package that is installed where `from` would find it, and of the packages that it depends on.
 *  Throws an OuroError when there is neither. */
export function findWasm(name: string, from = process.cwd()): Found {
  const folder = resolve(from, name);
  const isFolder = statSync(folder, { throwIfNoEntry: false })?.isDirectory();
  const roots = isFolder ? [folder] : packageFolders(name, from);
  const seen = new Set<string>();
  const files: string[] = [];
  for (const root of roots) collect(root, seen, files);
  return { folders: roots, files: [...new Set(files)].sort() };
}

/** A path as the user sees it. */
export function shortPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith('..') ? path : short;
}

/** Adds the .wasm files below a folder, through symbolic links too, as package managers make them; each folder once. */
function collect(folder: string, seen: Set<string>, files: string[]): void {
  const real = realpathSync(folder);
  if (seen.has(real)) return;
  seen.add(real);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    const isLink = entry.isSymbolicLink();
    const kind = isLink ? statSync(path, { throwIfNoEntry: false }) : entry;
    if (kind?.isDirectory()) collect(path, seen, files);
    else if (kind?.isFile() && entry.name.endsWith('.wasm')) files.push(isLink ? realpathSync(path) : path);
  }
}

/** A package's folder, then those of what it depends on. */
function packageFolders(name: string, from: string): string[] {
  const first = packageFolder(name, from);
  if (first === undefined) {
    throw new OuroError('FILE_UNREADABLE', `there is neither a folder '${name}' nor a package of this name that is installed here`);
  }
  const folders = new Set([first]);
  for (const folder of folders) {
    const { dependencies, optionalDependencies } = manifest(folder);
    for (const dependency of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const found = packageFolder(dependency, folder);
      if (found !== undefined) folders.add(found);
    }
  }
  return [...folders];
}

/** Where Node would find a package, seen from a folder; `exports` do not matter. */
function packageFolder(name: string, from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const path = join(folder, 'node_modules', name);
    if (existsSync(join(path, 'package.json'))) return realpathSync(path);
    if (folder === dirname(folder)) return undefined;
  }
}

interface Manifest {
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
}

function manifest(folder: string): Manifest {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  } catch {
    return {};
  }
}
