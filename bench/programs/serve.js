import { getHeapSnapshot } from 'node:v8';

/**
 * The child's half of a measurement: answers the parent's questions one at a time. In: functions by name; out: their
 * results over IPC. The same program serves plain Node and Node with the hooks, so both run the same text.
 */
export function serve(questions) {
  process.on('message', async ({ name, args }) => {
    try {
      process.send({ value: await questions[name](...args) });
    } catch (error) {
      process.send({ error: error.stack ?? String(error) });
    }
  });
  process.send({ value: 'ready' });
}

/** Milliseconds that `change` takes, of a clock on the wall: an edit may wait for a disk. */
export async function elapsed(change) {
  const start = performance.now();
  await change();
  return performance.now() - start;
}

/**
 * Bytes in use after garbage collection. Of the heap, after a snapshot as well: it makes V8 empty its compilation caches, which
 * a collection alone does some day, but it takes memory of its own. @param what 'heap' or 'rss'; Node needs `--expose-gc`
 */
export async function memory(what) {
  if (what === 'heap') getHeapSnapshot().destroy();
  for (let i = 0; i < 5; i++) {
    await new Promise((done) => setTimeout(done, 20));
    globalThis.gc();
  }
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  return what === 'heap' ? heapUsed + arrayBuffers : rss;
}

/**
 * Milliseconds of processor time that `run(n)` takes, V8's other threads included. A clock on the wall would also count
 * what other programs do on a machine with few cores; it is used on Windows only, where processor time comes in steps of 16.
 */
export async function time(run, n) {
  const start = now();
  await run(n);
  return now() - start;
}

/**
 * As `time`, for `n` runs of a thousand calls each. One loop of millions would be entered while V8 still interprets it and
 * replaced half way (on-stack replacement), which one time in a few leaves it in slower code for good, hooks or not.
 */
export function timeThousands(run, n) {
  return time(async (times) => {
    for (let i = 0; i < times; i++) {
      const done = run(1000);
      if (done instanceof Promise) await done;
    }
  }, n);
}

function now() {
  if (process.platform === 'win32') return performance.now();
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
