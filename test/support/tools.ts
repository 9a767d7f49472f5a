/** What a test needs beyond Node and a C compiler: where it is missing, the test is skipped by its name, and says what is missing. */

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { skip } from './skip.js';

interface Need {
  /** What is missing, as the reason of a skip. */
  readonly missing: string;
  readonly isThere: () => boolean;
}

const runs = (command: string, ...args: string[]) => {
  const { error, status } = spawnSync(command, args, { stdio: 'ignore' });
  return error === undefined && status === 0;
};

/** A program of a package of the system, which answers to `--version`. */
const program = (name: string, from: string): Need => ({
  missing: `${name} (of ${from}) is not installed`,
  isThere: () => runs(name, '--version'),
});

const thisFile = fileURLToPath(import.meta.url);
const isRoot = process.geteuid?.() === 0;

/** A process in a namespace of processes, where it is the first. */
export const unshareFlags = isRoot ? ['-pf'] : ['-Urpf'];

const needs = {
  'redis-server': program('redis-server', 'redis-server'),
  objdump: program('objdump', 'binutils'),
  readelf: program('readelf', 'binutils'),
  gdb: program('gdb', 'gdb'),
  script: program('script', 'util-linux or bsdutils'),
  npm: { missing: 'npm is not installed', isThere: () => runs('npm', '--version') },
  'process namespaces': {
    missing: 'unshare (of util-linux) is not installed, or this user may make no process namespaces',
    isThere: () => runs('unshare', ...unshareFlags, 'true'),
  },
  root: { missing: 'only root can do that', isThere: () => isRoot },
  readers: {
    missing: 'only root can become another user, who must be able to read this project',
    isThere: () =>
      isRoot && spawnSync(process.execPath, ['-e', `fs.accessSync(${JSON.stringify(thisFile)})`], { uid: 65534, gid: 65534 }).status === 0,
  },
  mounts: {
    missing: 'no file system can be mounted here',
    // In a namespace of its own: nothing is left of it.
    isThere: () => isRoot && runs('unshare', '-m', 'mount', '-t', 'tmpfs', 'none', '/tmp'),
  },
  '/dev/full': { missing: 'there is no /dev/full', isThere: () => existsSync('/dev/full') },
  'POSIX tools': {
    missing: 'one of the tools of a POSIX system is not installed: cut, grep, head, ls, mv, sleep, touch',
    isThere: () => runs('sh', '-c', 'for tool in cut grep head ls mv sleep touch; do command -v "$tool" || exit 1; done'),
  },
  linux: { missing: 'this is no Linux on x86-64', isThere: () => process.platform === 'linux' && process.arch === 'x64' },
} satisfies Record<string, Need>;

export type Tool = keyof typeof needs;

const known = new Map<Tool, boolean>();

/** Whether it is there. */
export function has(tool: Tool): boolean {
  let answer = known.get(tool);
  if (answer === undefined) known.set(tool, (answer = needs[tool].isThere()));
  return answer;
}

/** Whether all of `tools` are there; if not, `count` tests are skipped under `name`. To be asked outside of tests, which would count as passed. */
export function need(tools: Tool | readonly Tool[], name: string, count = 1): boolean {
  const missing = [tools].flat().filter((tool) => !has(tool as Tool)) as Tool[];
  if (missing.length > 0) skip(name, missing.map((tool) => needs[tool].missing).join('; '), count);
  return missing.length === 0;
}
