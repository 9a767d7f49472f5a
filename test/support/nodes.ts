/** Other versions of Node to run tests on: npm packages that hold an executable, put into build/nodes when they are first asked for.
 *  Not devDependencies: nobody who installs the project for something else should load 100 MB for each of them. */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './shared.js';

/** The release that is tested of each major version; exact, so that a failure can be repeated. */
const releases: Record<string, string> = { 22: '22.23.3', 24: '24.21.0', 26: '26.10.0' };

/** The executable of a major version (`this`: the running one), loaded through npm when it is not there. Throws with the reason. */
export function nodeExecutable(version: string): string {
  if (version === 'this') return process.execPath;
  const release = releases[version];
  if (!release) throw new Error(`no release of Node '${version}' is listed; there are: this, ${Object.keys(releases).join(', ')}`);
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const folder = join(root, 'build', 'nodes', release);
  const name = `node-${platform}-${process.arch}`;
  const path = join(folder, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (!existsSync(path)) {
    // Under another name until it is whole.
    const part = `${folder}.${process.pid}.part`;
    mkdirSync(part, { recursive: true });
    const options = ['--no-save', '--no-package-lock', '--no-audit', '--no-fund', '--silent'];
    execFileSync('npm', ['install', ...options, '--prefix', part, `${name}@${release}`], {
      stdio: 'inherit',
      shell: process.platform === 'win32',
    });
    rmSync(folder, { recursive: true, force: true });
    renameSync(part, folder);
  }
  const found = execFileSync(path, ['--version'], { encoding: 'utf8' }).trim();
  if (found !== `v${release}`) throw new Error(`${path} is Node ${found}, not v${release}`);
  return path;
}
