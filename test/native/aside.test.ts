/** Processes that are started aside: what they write, and what they have of the process that starts them. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { HANG, until } from '../support/limits.js';
import { loadHelper } from '../support/machine.js';
import { need, unshareFlags } from '../support/tools.js';

const helper = loadHelper();
const root = mkdtempSync(join(tmpdir(), 'ouro-aside-'));
process.on('exit', () => rmSync(root, { recursive: true, force: true, maxRetries: 3 }));

let folders = 0;
function newFolder(): string {
  const folder = join(root, String(folders++));
  mkdirSync(folder);
  return folder;
}

/** Waits for a file that is written under another name first. */
async function appears(path: string): Promise<string> {
  await until(() => existsSync(path), `${path} is there`);
  return readFileSync(path, 'utf8');
}

/** Waits until nothing is left of a process, not even its exit code for this one. */
const ends = (pid: number) => until(() => !existsSync(`/proc/${pid}`), `process ${pid} is gone`);

/** A program that writes what `script` prints to `out`. */
const shell = (script: string, out: string) => ['/bin/sh', '-c', `{ ${script}; } > "$1.part" 2>&1; mv "$1.part" "$1"`, 'sh', out];
const PATH = `PATH=${process.env.PATH}`;

/** A test with such programs. */
function toolTest(name: string, run: () => Promise<void>): void {
  if (need('POSIX tools', name)) test(name, run);
}

toolTest('a program with arguments and an environment, in a session of its own, that yields to all others', async () => {
  const out = join(newFolder(), 'out');
  // Of a program that the shell starts: a shell that waits blocks signals itself.
  const pid = helper.startAside(
    shell('echo "$MINE é $OTHER"; echo $$; cut -d" " -f 4,6,19 /proc/$$/stat; grep -E "SigBlk|Threads" /proc/self/status', out),
    [PATH, 'MINE=a b'],
    [],
    [],
  );
  const [text, ownPid, stat, ...status] = (await appears(out)).trimEnd().split('\n');
  assert.is(text, 'a b é ');
  assert.is(ownPid, String(pid));
  const [parent, session, nice] = stat.split(' ').map(Number);
  assert.is.not(parent, process.pid);
  assert.is(session, pid);
  assert.is(nice, 19);
  assert.match(status.join(), /Threads:\s*1,SigBlk:\s*0+$/);
});

toolTest('nothing of it is left for this process to wait for', async () => {
  const out = join(newFolder(), 'out');
  for (const contents of [[], [new Uint8Array(10)]]) {
    rmSync(out, { force: true });
    const names = contents.flatMap(() => [`${out}.1`, `${out}.2`]);
    const pid = helper.startAside(shell('true', out), [PATH], names, contents);
    await appears(out);
    await ends(pid);
  }
});

toolTest('files with the bytes of that moment', async () => {
  const folder = newFolder();
  const out = join(folder, 'out');
  const contents = [new Uint8Array(30_000_000).fill(1), new Uint8Array(3).fill(2), new Uint8Array(0)];
  const names = contents.flatMap((_, i) => [join(folder, `part${i}`), join(folder, `file${i}`)]);
  helper.startAside(shell(`ls ${folder}`, out), [PATH], names, contents);
  for (const each of contents) each.fill(9);
  structuredClone(contents[1].buffer, { transfer: [contents[1].buffer] });
  assert.is((await appears(out)).replace(/\s+/g, ' '), 'file0 file1 file2 out.part ');
  assert.ok(readFileSync(join(folder, 'file0')).equals(Buffer.alloc(30_000_000, 1)));
  assert.ok(readFileSync(join(folder, 'file1')).equals(Buffer.alloc(3, 2)));
  assert.is(statSync(join(folder, 'file0')).mode & 0o777, 0o600);
});

toolTest('a file that cannot be written is left out, and so is the program where there is none', async () => {
  const folder = newFolder();
  const out = join(folder, 'out');
  const bytes = new Uint8Array(10);
  const missing = ['missing/part', 'missing/file'].map((name) => join(folder, name));
  const taken = join(folder, 'taken');
  writeFileSync(taken, 'mine');
  // V8 keeps wasm memories out of forks.
  const memory = new Uint8Array(new WebAssembly.Memory({ initial: 16 }).buffer);
  const inMemory = [join(folder, 'memory.part'), join(folder, 'memory')];
  const names = [...missing, taken, join(folder, 'file'), ...inMemory];
  await ends(helper.startAside(shell('true', out), [PATH], names, [bytes, bytes, memory]));
  assert.equal(readdirSync(folder), ['taken']);
  assert.is(readFileSync(taken, 'utf8'), 'mine');
  helper.startAside(shell('true', out), [PATH], [...names, `${taken}2`, `${taken}3`], [bytes, bytes, memory, bytes]);
  await appears(out);
  assert.equal(readdirSync(folder), ['out', 'taken', 'taken3']);
});

/** Runs a script of its own, with the helper's `startAside` and a folder's path as `folder`. */
function run(script: string, folder: string, limits = ''): string {
  const file = join(folder, 'script.cjs');
  const addon = join(import.meta.dirname, '..', '..', 'host', `ouro-${process.arch}-${process.platform}.node`);
  writeFileSync(
    file,
    `const startAside = require(${JSON.stringify(addon)}).make('startAside'); const folder = ${JSON.stringify(folder)}; ${script}`,
  );
  const command = ['-c', `${limits} exec "$0" "$@"`, process.execPath, file];
  const { stdout, stderr, status } = spawnSync('sh', command, { encoding: 'utf8', timeout: HANG });
  assert.is(status, 0, stderr);
  return stdout;
}

toolTest('who waits for the output of this process waits no longer', async () => {
  const folder = newFolder();
  // It ends when this process lets it, after it has seen the end of the output: else each waits for the other until that is given up.
  const waits = JSON.stringify('until [ -e "$0/go" ]; do sleep 0.1; done; touch "$0/end"');
  const files = `[folder + '/part', folder + '/file'], [new Uint8Array(1e7)]`;
  const stdout = run(`startAside(['/bin/sh', '-c', ${waits}, folder], [${JSON.stringify(PATH)}], ${files}); console.log(1);`, folder);
  assert.is(stdout, '1\n');
  assert.not.ok(existsSync(join(folder, 'end')));
  writeFileSync(join(folder, 'go'), '');
  await appears(join(folder, 'end'));
});

if (need('process namespaces', 'orphans'))
  test('nor is it where orphans come to this process, as to the first of a container', () => {
    const file = join(newFolder(), 'script.cjs');
    const addon = join(import.meta.dirname, '..', '..', 'host', `ouro-${process.arch}-${process.platform}.node`);
    const script = `
      const pids = [[], [new Uint8Array(10)]].map((contents, i) => {
        const names = contents.flatMap(() => [__filename + '.1', __filename + '.2']);
        return require(${JSON.stringify(addon)}).make('startAside')(['/bin/sh', '-c', ':'], [${JSON.stringify(PATH)}], names, contents);
      });
      const isThere = (pid) => { try { return process.kill(pid, 0); } catch { return false; } };
      const timer = setInterval(() => {
        if (pids.some(isThere)) return;
        clearInterval(timer);
        console.log(process.pid, 'alone');
      }, 20);`;
    writeFileSync(file, script);
    const { stdout, stderr } = spawnSync('unshare', [...unshareFlags, process.execPath, file], { encoding: 'utf8', timeout: HANG });
    assert.is(stdout, '1 alone\n', stderr);
  });

test('no room for a file', async () => {
  // What the application does with the signal that comes with it is its own affair.
  for (const own of ['', `process.on('SIGXFSZ', () => {}).removeAllListeners('SIGXFSZ');`]) await noRoom(own);
});

async function noRoom(own: string): Promise<void> {
  const folder = newFolder();
  // In blocks of 512 bytes. A signal comes with it, which would end the process.
  run(
    `${own} startAside(['/bin/touch', folder + '/out'], [], ['part1', 'large', 'part2', 'small'].map((name) => folder + '/' + name),
       [new Uint8Array(1e6), new Uint8Array(1000)]);`,
    folder,
    'ulimit -f 100;',
  );
  await appears(join(folder, 'out'));
  assert.equal(readdirSync(folder), ['out', 'script.cjs', 'small']);
}

test('bad arguments', () => {
  const start = helper.startAside as (...args: unknown[]) => number;
  const bytes = new Uint8Array(1);
  for (const args of [
    [[], [], [], []],
    [[1], [], [], []],
    [['/bin/true'], 'x', [], []],
    [['/bin/true'], [], ['a'], [bytes]],
    [['/bin/true'], [], ['a', 'b'], []],
    [['/bin/true'], [], ['a', 'b'], [{}]],
    [['/bin/true'], [], ['a', 'b']],
  ]) {
    assert.throws(
      () => start(...args),
      (error: Error) => error instanceof TypeError,
    );
  }
});

test.run();
