/** @electric-sql/pglite: PostgreSQL in memory: tables, a join, JSON, a PL/pgSQL function, a transaction that fails. */

import { PGlite } from '@electric-sql/pglite';

export default async function load() {
  const db = new PGlite();
  await db.exec(
    'CREATE TABLE author (id int PRIMARY KEY, name text); CREATE TABLE book (id serial, author int REFERENCES author, title text, info jsonb)',
  );
  await db.exec("CREATE FUNCTION twice(n int) RETURNS int AS 'BEGIN RETURN n * 2; END' LANGUAGE plpgsql");
  const work = async () => {
    await db.exec('TRUNCATE author, book RESTART IDENTITY');
    await db.transaction(async (transaction) => {
      for (let i = 0; i < 20; i++) await transaction.query('INSERT INTO author VALUES ($1, $2)', [i, `author ${(i * 7) % 20}`]);
      for (let i = 0; i < 200; i++)
        await transaction.query('INSERT INTO book (author, title, info) VALUES ($1, $2, $3)', [
          i % 20,
          `title ${i}`,
          { pages: (i * 37) % 500 },
        ]);
    });
    const lines = [];
    const { rows } = await db.query(
      `SELECT name, count(*)::int AS books, avg((info->>'pages')::int)::float8 AS pages, twice(max(book.id)) AS twice
       FROM author JOIN book ON book.author = author.id GROUP BY name HAVING count(*) > 5 ORDER BY pages DESC, name LIMIT 8`,
    );
    for (const row of rows) lines.push(JSON.stringify(row));
    try {
      await db.query('INSERT INTO book (author) VALUES (999)');
    } catch (error) {
      lines.push(error.message);
    }
    lines.push(JSON.stringify((await db.query('SELECT sum(length(title))::int AS n, md5(string_agg(title, $1)) FROM book', [','])).rows));
    return lines.join('\n');
  };
  return Object.assign(work, { close: () => db.close() });
}
