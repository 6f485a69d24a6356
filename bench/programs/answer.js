/**
 * The program's half of `saves`: answers each question of the benchmark over a socket. In: what answers a request, and the
 * handler that the program got hold of when it started; out: lines of JSON. All tools run this same text.
 */
import { connect } from 'node:net';
import { getHeapSnapshot, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * @param handle answers a request, as a server's handler would; may be async
 * @param held the application's function as it was at the start, to tell whether a save reaches who holds it
 */
export function answer(handle, held) {
  const questions = { now: handle, held, memory };
  const socket = connect(Number(process.env.SAVES_PORT), '127.0.0.1');
  socket.setNoDelay(true);
  socket.on('data', async (question) => {
    let value;
    try {
      value = await questions[String(question).trim()]();
    } catch (error) {
      value = { error: String(error) };
    }
    socket.write(`${JSON.stringify(value)}\n`);
  });
  // A tool may take a moment to end its program; without the benchmark it has nothing to do.
  socket.on('close', () => process.exit());
  socket.on('error', () => process.exit());
}

/** Up to this many bytes a heap is snapshot, which of more takes minutes, and is for differences that are lost in more. */
const SMALL = 2 ** 29;

/** Bytes in use after garbage collection; see programs/edits.js for why there is a snapshot. */
async function memory() {
  if (process.memoryUsage().heapUsed < SMALL) getHeapSnapshot().destroy();
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc');
  for (let i = 0; i < 5; i++) {
    await new Promise((done) => setTimeout(done, 20));
    gc();
  }
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  return { heap: heapUsed + arrayBuffers, rss };
}
