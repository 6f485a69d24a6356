/**
 * A module whose export is mocked again and again by a tool of `peers/mocks/`, and the module that imports it. Arguments: the
 * tool, and the URLs of importer and imported.
 */
import { elapsed, memory, serve } from './serve.js';

const [tool, importer, dependency] = process.argv.slice(2);
const { default: adapter } = await import(`../peers/mocks/${tool}.js`);
const { total } = await import(importer);
const mock = await adapter.mocker();
const original = total();
let made = 0;

/** @returns milliseconds until the importer answers with the mock, and until it answers as before; and whether who held it saw the mock */
async function mockOnce() {
  const answer = `mock ${++made}`;
  let mocked;
  const mocking = await elapsed(async () => {
    mocked = await mock({ total, importer, dependency }, () => answer);
    if (mocked.total() !== answer) throw new Error('the mock is not called');
  });
  const held = total() === answer;
  const restoring = await elapsed(async () => {
    await mocked.restore();
    if (total() !== original) throw new Error('the mock is still called');
  });
  return { mocking, restoring, held };
}

serve({
  mock: mockOnce,
  /** bytes kept by each of n mocks, after garbage collection, once half as many have warmed V8's own caches and code */
  async kept(n) {
    for (let i = 0; i < n / 2; i++) await mockOnce();
    const before = await memory('heap');
    for (let i = 0; i < n; i++) await mockOnce();
    return ((await memory('heap')) - before) / n;
  },
});
