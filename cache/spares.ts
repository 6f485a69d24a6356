/**
 * Files made before there is a text for them: `spares/<process>.<time>`, empty. In: a cache; out: the path of one that
 * nobody else has, for a version to be written into and moved to its name. A file system may take 1 ms to make a file
 * and takes a tenth of that to fill and rename one, so the next is made off the thread whenever one was needed.
 */
import { closeSync, join, open, readdirSync, rmSync } from '../node.ts';
import { makeDirectory, removeEmpty, unique } from './files.ts';

/** Directory of these files. */
const ROOM = 'spares';

/** Name of one, with the process that made it. */
export const SPARE = /^(\d+)\.[0-9a-z]+$/;

/** By cache. */
const spares = new Map<string, { file: string; isMade: boolean }>();
/** Caches that this thread has had one in. */
const known = new Set<string>();
let isListening = false;
const { setImmediate } = globalThis;
const { kill } = process;

/** The spare file of a cache, which is the caller's from now on, if one is ready. It may be gone, where somebody has emptied the cache. */
export function takeSpare(cacheDir: string): string | undefined {
  const spare = spares.get(cacheDir);
  if (!spare?.isMade) return undefined;
  spares.delete(cacheDir);
  return spare.file;
}

/** Has one made when the program has gone on, unless there is one. Where a cache refuses there is none; whoever writes is told why. */
export function makeSpare(cacheDir: string): void {
  if (spares.has(cacheDir)) return;
  const spare = { file: join(cacheDir, ROOM, unique()), isMade: false };
  spares.set(cacheDir, spare);
  const refuse = () => spares.delete(cacheDir);
  setImmediate(() => {
    try {
      makeDirectory(join(cacheDir, ROOM));
      if (!known.has(cacheDir)) begin(cacheDir);
      open(spare.file, 'wx', (error, fd) => {
        if (error !== null) return void refuse();
        closeSync(fd);
        spare.isMade = true;
      });
    } catch {
      refuse();
    }
  });
}

/** Removes what killed processes have left, and will remove what this one leaves. */
function begin(cacheDir: string): void {
  known.add(cacheDir);
  const directory = join(cacheDir, ROOM);
  for (const name of readdirSync(directory)) {
    const [, id] = SPARE.exec(name) ?? [];
    if (id !== undefined && !isRunning(Number(id))) rmSync(join(directory, name), { force: true });
  }
  if (!isListening) process.once('exit', removeSpares);
  isListening = true;
}

/** Whether there may be such a process. In another container there may be: whoever misses its spare file does without. */
function isRunning(id: number): boolean {
  try {
    return kill(id, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function removeSpares(): void {
  for (const [cacheDir, { file }] of spares) {
    try {
      rmSync(file, { force: true });
      removeEmpty(join(cacheDir, ROOM));
    } catch {
      // a disk that refuses; the next process will
    }
  }
}
