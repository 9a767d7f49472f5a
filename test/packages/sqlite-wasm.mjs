/** @sqlite.org/sqlite-wasm: a transaction, a window query, a recursive query, and scalar and aggregate functions of JS's. */

import sqlite3InitModule from '@sqlite.org/sqlite-wasm';

export default async function load() {
  const sqlite3 = await sqlite3InitModule();
  return () => {
    const db = new sqlite3.oo1.DB(':memory:', 'c');
    const lines = [sqlite3.version.libVersion];
    db.exec('CREATE TABLE sale (day INTEGER, shop TEXT, amount REAL); CREATE INDEX by_shop ON sale (shop, day)');
    db.transaction(() => {
      const insert = db.prepare('INSERT INTO sale VALUES (?, ?, ?)');
      for (let i = 0; i < 5000; i++) insert.bind([i % 365, `shop ${(i * 7) % 13}`, ((i * 37) % 1000) / 10]).stepReset();
      insert.finalize();
    });
    db.createFunction('reverse', (_context, text) => [...text].reverse().join(''));
    db.createFunction({
      name: 'longest',
      arity: 1,
      xStep: (context, text) => {
        const state = sqlite3.capi.sqlite3_js_aggregate_context(context, 8);
        sqlite3.wasm.poke32(state, Math.max(sqlite3.wasm.peek32(state), text.length));
      },
      xFinal: (context) => sqlite3.wasm.peek32(sqlite3.capi.sqlite3_js_aggregate_context(context, 8)),
    });
    const rows = (sql) => db.exec({ sql, rowMode: 'array', returnValue: 'resultRows' });
    for (const row of rows('SELECT reverse(shop), count(*), round(sum(amount), 3), longest(shop) FROM sale GROUP BY shop ORDER BY 3 DESC'))
      lines.push(row.join(' | '));
    for (const row of rows(
      'SELECT day, total, round(avg(total) OVER (ORDER BY day ROWS 6 PRECEDING), 3) FROM (SELECT day, sum(amount) AS total FROM sale GROUP BY day) LIMIT 12',
    ))
      lines.push(row.join(' | '));
    lines.push(rows('WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT sum(i * i % 7) FROM n').join());
    try {
      db.exec('INSERT INTO sale VALUES');
    } catch (error) {
      lines.push(error.message);
    }
    db.close();
    return lines.join('\n');
  };
}
