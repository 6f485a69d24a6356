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
 * @param flags Node's options, whose modules are looked for in `cwd`
 * @returns `ask(question, ...args)`, which resolves to the program's answer, and `close()`
 * @throws when the program ends, with what it said
 */
export async function start(program, { hot, args = [], env = {}, flags = [], cwd = ROOT }) {
  const child = fork(fileURLToPath(new URL(`./programs/${program}.js`, import.meta.url)), args, {
    cwd,
    execArgv: [...flags, ...(hot ? ['--import', 'hotswap/register'] : [])],
    env: { ...process.env, HOTSWAP_CACHE_DIR: '', HOTSWAP_SILENT: '1', ...env },
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  });
  let said = '';
  child.stderr.on('data', (text) => {
    said = (said + text).slice(-5000);
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const answer = () =>
    new Promise((resolve, reject) => {
      const lost = (code) => reject(new Error(`${program}.js ended with ${code}: ${reasonOf(said)}`));
      child.once('close', lost); // once all that it said has been read
      child.once('message', ({ value, error }) => {
        child.off('close', lost);
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
    close() {
      child.kill();
      return ended;
    },
  };
}

/**
 * Runs programs beside one another, and ends them whatever happens.
 * @param open by name, what starts each
 * @param work is handed the programs by name
 */
export async function sideBySide(open, work) {
  const programs = {};
  try {
    for (const [name, begin] of Object.entries(open)) programs[name] = await begin();
    return await work(programs);
  } finally {
    for (const one of Object.values(programs)) await one.close();
  }
}

/** Why a process failed: of what it said, the line that names the error, or the last one. */
export function reasonOf(said) {
  const lines = said.trim().split('\n');
  const line = lines.find((one) => /^\w*Error\b.*:/.test(one)) ?? lines.at(-1);
  return line.replace(process.execPath, 'node').replace(/\s+/g, ' ').slice(0, 160);
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
  const open = {
    plain: () => start(program, { hot: false }),
    hot: () => start(program, { hot: true, ...hotOptions }),
  };
  for (let i = 0; i < pairs; i++) {
    await sideBySide(open, async (sides) => {
      await prepare(sides.hot);
      for (const name of await sides.plain.ask('names')) {
        if (!name.includes(only)) continue;
        const n = await calibrated(sides.plain, name, sample);
        const times = { plain: [], hot: [] };
        const warm = performance.now() + 2 * warmUp;
        let order = ['plain', 'hot'];
        while (performance.now() < warm || times.plain.length < rounds) {
          const cold = performance.now() < warm;
          for (const side of order) {
            const took = await sides[side].ask('time', name, n);
            if (!cold) times[side].push(took);
          }
          order = [order[1], order[0]];
        }
        const nanoseconds = (all) => all.map((took) => (took * 1e6) / (n * per));
        const pair = { plain: nanoseconds(times.plain), hot: nanoseconds(times.hot) };
        rows.set(name, [...(rows.get(name) ?? []), pair]);
      }
    });
  }
  return [...rows].map(([name, all]) => pairedRow(name, all, 'ns'));
}

/**
 * A row of what was measured in pairs of processes.
 * @param pairs of each the samples of `plain` and of `hot`, of which neighbours in time have the same index
 * @returns the row, and `ratios`, one a pair
 */
export function pairedRow(name, pairs, unit = 'ms') {
  const ratios = pairs.map(({ plain, hot }) => median(hot.map((took, i) => took / plain[i])));
  return {
    name,
    plain: median(pairs.map(({ plain }) => median(plain))),
    hot: median(pairs.map(({ hot }) => median(hot))),
    unit,
    ratios,
    ...spread(ratios),
  };
}

/**
 * Asks several programs the same thing in turn, each time beginning with the next one.
 * @param sides functions by name, each of which gives one sample
 * @param warmUp rounds that do not count
 * @returns samples by name; those of one round have the same index
 */
export async function inTurn(sides, rounds, warmUp = 0) {
  const order = Object.keys(sides);
  const samples = Object.fromEntries(order.map((name) => [name, []]));
  for (let i = -warmUp; i < rounds; i++) {
    for (const name of order) {
      const sample = await sides[name]();
      if (i >= 0) samples[name].push(sample);
    }
    order.push(order.shift());
  }
  return samples;
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
