/** sql.js: 10,000 inserts, queries with aggregates and a function of JS's, and the database file. */

import { createHash } from 'node:crypto';
import initSqlJs from 'sql.js';

export default async function load() {
  const SQL = await initSqlJs();
  return () => {
    const db = new SQL.Database();
    db.run('CREATE TABLE point (id INTEGER PRIMARY KEY, x REAL, y REAL, name TEXT)');
    db.run('BEGIN');
    const insert = db.prepare('INSERT INTO point VALUES ($id, $x, $y, $name)');
    for (let i = 0; i < 10_000; i++) insert.run({ $id: i, $x: i / 7, $y: (i * i) % 1009, $name: `point ${i % 97} ÿ` });
    insert.free();
    db.run('COMMIT');
    db.create_function('hypotenuse', (x, y) => Math.sqrt(x * x + y * y));
    const lines = [];
    for (const { columns, values } of db.exec(
      'SELECT name, count(*) AS n, round(avg(x), 6) AS mean, max(y) FROM point GROUP BY name ORDER BY n DESC, name LIMIT 5;' +
        'SELECT id, round(hypotenuse(x, y), 9) AS h FROM point WHERE h > 1700 ORDER BY h LIMIT 5',
    )) {
      lines.push(columns.join(' | '), ...values.map((row) => row.join(' | ')));
    }
    try {
      db.exec('SELECT nothing FROM nowhere');
    } catch (error) {
      lines.push(error.message);
    }
    lines.push(createHash('sha256').update(db.export()).digest('hex'));
    db.close();
    return lines.join('\n');
  };
}
