/**
 * A tool that reloads, at work on a program of its own. In: an adapter of `peers/` and the program's texts; out: the running
 * program, which can be asked, and saved to. Every tool is asked and saved to in the same way.
 *
 * An adapter: `{ name, packages, flags, restarts, files, args }`: the packages of `peers/package.json` that it needs, Node's options
 * that load it (other parts need no more), whether it starts the process again, its texts besides the program's (`main.mjs` at
 * least), and Node's arguments in the program's directory.
 */
import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { linkPeers } from './peers.js';

const ANSWER = fileURLToPath(new URL('./programs/answer.js', import.meta.url));

/** How long a program is waited for, at its start and after a save, in milliseconds. */
const PATIENCE = 30_000;
const LIVE = 5_000;

/** Milliseconds between two questions: often enough to tell, seldom enough to leave the processor to the tool. */
const PAUSE = 1;

/**
 * Starts a tool on a program.
 * @param texts of the program, by file name
 * @returns `ask(question)`, `save(files, isLive)` and `close()`
 * @throws when the program does not answer, with what the tool printed last
 */
export async function startTool({ name, packages, files, args }, texts, directory) {
  if (packages.length > 0) linkPeers(directory);
  mkdirSync(join(directory, '.git'), { recursive: true }); // where a project ends, for tools that look for it
  const all = { 'package.json': '{ "type": "module" }', ...texts, ...files };
  for (const [file, text] of Object.entries(all)) writeFileSync(join(directory, file), text);
  copyFileSync(ANSWER, join(directory, 'answer.mjs'));

  let socket;
  let arrived = () => {};
  const server = createServer((one) => {
    one.setNoDelay(true);
    one.on('error', () => {});
    one.on('close', () => {
      if (socket === one) socket = undefined;
    });
    socket = one;
    arrived();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

  const { HOTSWAP_CACHE_DIR: _cache, ...env } = process.env;
  const child = spawn(process.execPath, args, {
    cwd: directory,
    env: { ...env, SAVES_PORT: String(server.address().port), NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text) => {
      said = (said + text).slice(-2000);
    });
  }
  const ended = new Promise((resolve) => child.once('exit', resolve));

  /** The answer of whichever process is connected; undefined where that ends, or says nothing in time. */
  function ask(question, ms = PATIENCE) {
    const to = socket;
    if (to === undefined) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      let text = '';
      const lost = () => done(undefined);
      const done = (value) => {
        to.off('data', more);
        to.off('close', lost);
        clearTimeout(timer);
        resolve(value);
      };
      const more = (chunk) => {
        text += chunk;
        if (text.endsWith('\n')) done(JSON.parse(text));
      };
      const timer = setTimeout(lost, ms);
      to.on('data', more);
      to.once('close', lost);
      to.write(`${question}\n`);
    });
  }

  async function close() {
    server.close();
    socket?.destroy();
    child.kill();
    const late = setTimeout(() => child.kill('SIGKILL'), 3000);
    await ended;
    clearTimeout(late);
  }

  const up = await Promise.race([
    new Promise((resolve) => {
      arrived = () => resolve(true);
      if (socket !== undefined) resolve(true);
    }),
    ended.then(() => false),
    wait(PATIENCE).then(() => false),
  ]);
  if (!up || (await ask('now')) === undefined) {
    await close();
    throw new Error(`${name} does not run the program: ${said.trim()}`);
  }

  return {
    ask,
    close,
    said: () => said,
    /**
     * Writes files one after the other, as an editor does.
     * @returns milliseconds from before the first write until the program answers as is expected; undefined where it never does
     */
    async save(files, isLive) {
      const start = performance.now();
      for (const [file, text] of files) writeFileSync(join(directory, file), text);
      while (performance.now() - start < LIVE) {
        const answer = await ask('now', LIVE);
        if (answer !== undefined && isLive(answer)) return performance.now() - start;
        await wait(PAUSE);
      }
      return undefined;
    },
  };
}

export function wait(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
