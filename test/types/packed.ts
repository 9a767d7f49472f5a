/** The package as users get it: what `npm pack` takes of this folder, in a project of its own. Needs no network. */

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../support/shared.js';

export interface Project {
  readonly folder: string;
  /** The path of the .tgz. */
  readonly tarball: string;
  remove(): void;
}

/** A new folder with the package in its node_modules. */
export function makeProject(): Project {
  const folder = mkdtempSync(join(tmpdir(), 'ouro-types-'));
  const installed = join(folder, 'node_modules', 'ouro-wasm');
  mkdirSync(installed, { recursive: true });
  execFileSync('npm', ['pack', '--offline', '--ignore-scripts', '--silent', '--pack-destination', folder], {
    cwd: root,
    env: { ...process.env, npm_config_cache: join(folder, 'npm'), npm_config_update_notifier: 'false' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const tarball = join(folder, readdirSync(folder).find((name) => name.endsWith('.tgz'))!);
  execFileSync('tar', ['-xzf', tarball, '--strip-components=1', '-C', installed]);
  return { folder, tarball, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
