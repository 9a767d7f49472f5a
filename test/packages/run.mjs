/** Runs one app of this folder: `node run.mjs NAME` prints what it gives. An app exports a function that loads its package and gives the
 *  work, with a `close` where the package would keep the process alive; `--steady MS` then repeats the work in this process and prints the
 *  least time that one took, in milliseconds. */

const [name, option, duration] = process.argv.slice(2);
const { default: load } = await import(`./${name}`);
const work = await load();
console.log(await work());

if (option === '--steady') {
  /** The least time of one run, over some milliseconds of them. */
  const measure = async (milliseconds) => {
    let least = Infinity;
    for (const end = performance.now() + milliseconds; performance.now() < end; ) {
      const started = performance.now();
      await work();
      least = Math.min(least, performance.now() - started);
    }
    return least;
  };
  await measure(Number(duration)); // warms up
  console.log(await measure(Number(duration)));
}

await work.close?.();
