/**
 * How everything here is measured: plain Node and Node with the hooks run the same program in two processes, and
 * short samples of one alternate with samples of the other, so that whatever else the machine does meets both: each sample
 * is compared with its neighbour only, and a pair of processes gives the median of those ratios. In: a program and its cases;
 * out: medians and ratios over pairs of processes, since V8 may optimise the same text otherwise from one to the next.
 */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../', import.meta.url));

/**
 * Starts a program of `programs/`.
 * @param hot whether with the hooks
 * @param env HOTSWAP_… settings; versions are kept in memory unless HOTSWAP_CACHE_DIR is given
 * @returns `ask(question, ...args)`, which resolves to the program's answer, and `close()`
 */
export async function start(program, { hot, args = [], env = {}, flags = [] }) {
  const child = fork(fileURLToPath(new URL(`./programs/${program}.js`, import.meta.url)), args, {
    cwd: ROOT,
    execArgv: [...flags, ...(hot ? ['--import', 'hotswap/register'] : [])],
    env: { ...process.env, HOTSWAP_CACHE_DIR: '', HOTSWAP_SILENT: '1', ...env },
  });
  const answer = () =>
    new Promise((resolve, reject) => {
      const lost = (code) => reject(new Error(`${program}.js ended with ${code}`));
      child.once('exit', lost);
      child.once('message', ({ value, error }) => {
        child.off('exit', lost);
        if (error === undefined) resolve(value);
        else reject(new Error(error));
      });
    });
  await answer();
  return {
    ask(name, ...args) {
      const answered = answer();
      child.send({ name, args });
      return answered;
    },
    close: () =>
      new Promise((resolve) => {
        child.once('exit', resolve);
        child.kill();
      }),
  };
}

/**
 * Measures each case of a program in pairs of processes.
 * @param prepare called with the process that has the hooks before anything is measured
 * @param per units of work in one that a program counts
 * @returns a row a case: `plain` and `hot` in nanoseconds a unit of work, `ratio` with `low` and `high`, and `ratios`, one a pair
 */
export async function comparePairs(
  program,
  options,
  { prepare = async () => {}, hotOptions = {}, per = 1 } = {},
) {
  const { pairs, rounds, sample, warmUp, only } = options;
  const rows = new Map();
  for (let i = 0; i < pairs; i++) {
    const plain = await start(program, { hot: false });
    const hot = await start(program, { hot: true, ...hotOptions });
    await prepare(hot);
    for (const name of await plain.ask('names')) {
      if (!name.includes(only)) continue;
      const n = await calibrated(plain, name, sample);
      const times = { plain: [], hot: [] };
      const warm = performance.now() + 2 * warmUp;
      const sides = { plain, hot };
      let order = ['plain', 'hot'];
      while (performance.now() < warm || times.plain.length < rounds) {
        const cold = performance.now() < warm;
        for (const side of order) {
          const took = await sides[side].ask('time', name, n);
          if (!cold) times[side].push(took);
        }
        order = [order[1], order[0]];
      }
      const row = rows.get(name) ?? { plain: [], hot: [], ratios: [] };
      rows.set(name, row);
      row.plain.push((median(times.plain) * 1e6) / (n * per));
      row.hot.push((median(times.hot) * 1e6) / (n * per));
      row.ratios.push(median(times.hot.map((took, k) => took / times.plain[k])));
    }
    await plain.close();
    await hot.close();
  }
  return [...rows].map(([name, { plain, hot, ratios }]) => ({
    name,
    plain: median(plain),
    hot: median(hot),
    unit: 'ns',
    ratios,
    ...spread(ratios),
  }));
}

/** How much work makes a sample of about `ms` milliseconds in optimised code. */
async function calibrated(process, name, ms) {
  let n = 1;
  let took = 0;
  for (let i = 0; i < 60; i++) {
    took = await process.ask('time', name, n);
    if (took >= ms * 0.8 && i > 12) break;
    if (took < ms) n = Math.max(n, Math.min(n * 4, Math.ceil((n * ms) / Math.max(took, 1e-3))));
    else if (took > ms * 1.5) n = Math.max(1, Math.ceil((n * ms) / took));
  }
  return n;
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * A ratio: the median of several, and an interval that holds the true median 19 times in 20, whatever the distribution:
 * from the kth lowest to the kth highest (sign test). Fewer than six values cannot tell that much: then lowest to highest.
 */
export function spread(ratios) {
  const sorted = [...ratios].sort((a, b) => a - b);
  const n = sorted.length;
  let k = 0;
  // Probability that at most k of n values lie below the median.
  for (let term = 0.5 ** n, below = term; below <= 0.025 && k < n >> 1; ) {
    k++;
    term *= (n - k + 1) / k;
    below += term;
  }
  k = Math.max(k, 1);
  return { ratio: median(sorted), low: sorted[k - 1], high: sorted[n - k] };
}

export function geometricMean(values) {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}
