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

/** Milliseconds that `run(n)` takes. */
export function time(run, n) {
  const start = performance.now();
  run(n);
  return performance.now() - start;
}

export async function timeAsync(run, n) {
  const start = performance.now();
  await run(n);
  return performance.now() - start;
}
