/** The rooms of the host: each folder has a rule in the linter's configuration, its row in the README says the same, and the rules lead round in no circle.
 *  The linter itself checks the imports. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { root } from '../support/shared.js';

const rooms = readdirSync(join(root, 'host'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .sort();

const configuration = JSON.parse(readFileSync(join(root, '.biome.json'), 'utf8'));

/** What a room may import, by the linter's rule for it. */
const rules = new Map<string, string[]>();
for (const { includes, linter } of configuration.overrides) {
  const room = /^host\/(\w+)\/\*\*\/\*\.ts$/.exec(includes[0])?.[1];
  if (!room) continue;
  const { level, options } = linter.rules.style.noRestrictedImports;
  assert.is(level, 'error');
  const [forbidden, deep, ...allowed] = options.patterns[0].group as string[];
  assert.equal([forbidden, deep], ['../*', '../*/**']);
  rules.set(
    room,
    allowed.flatMap((pattern) => /^!\.\.\/(\w+)\/\*\*$/.exec(pattern)?.[1] ?? []),
  );
}

test('each folder has a rule, and each rule a folder', () => {
  assert.equal([...rules.keys()].sort(), rooms);
});

test('no file may import in a circle, types counted', () => {
  for (const { linter } of [configuration, configuration.overrides[0]]) {
    assert.equal(linter.rules.suspicious.noImportCycles, { level: 'error', options: { ignoreTypes: false } });
  }
});

test('the rules lead round in no circle', () => {
  const floors = new Map<string, number>();
  const floorOf = (room: string, path: readonly string[]): number => {
    assert.not(path.includes(room), `${[...path, room].join(' -> ')}`);
    let floor = floors.get(room);
    if (floor === undefined) {
      floor = 1 + Math.max(0, ...rules.get(room)!.map((below) => floorOf(below, [...path, room])));
      floors.set(room, floor);
    }
    return floor;
  };
  for (const room of rooms) floorOf(room, []);
  assert.is(floors.get('base'), 1);
});

test("the README's rows say the same", () => {
  const rows = readFileSync(join(root, 'host/README.md'), 'utf8').matchAll(/^\| `(\w+)` \| .* \| ([\w ,]+) \|$/gm);
  const told = new Map([...rows].filter(([, room]) => rooms.includes(room)).map(([, room, text]) => [room, text]));
  assert.equal([...told.keys()].sort(), rooms);
  const others = (...left: string[]) => rooms.filter((room) => !left.includes(room));
  for (const [room, text] of told) {
    const words = text.split(' ');
    const most = others('start', 'webassembly', room);
    const below = others('start', 'api', 'webassembly', 'selfhost', 'register', 'wast', 'cli', room);
    const expected =
      {
        nothing: [],
        'all but webassembly': most,
        'all up to run': below,
        'all up to selfhost, without api': [...below, 'webassembly', 'selfhost'],
      }[text] ?? words;
    assert.equal([...rules.get(room)!].sort(), [...expected].sort(), room);
  }
});

test.run();
