/**
 * Files made before there is a text for them: `spares/<process>.<time>`, empty. In: a cache; out: the path of one that
 * nobody else has, for a version to be written into and moved to its name. A file system may take 1 ms to make a file
 * and takes a tenth of that to fill and rename one, so the next is made off the thread whenever one was needed.
 */
import { closeSync, join, open, readdirSync } from '../node.ts';
import { isRunning, makeDirectory, removeEmpty, removeFile, unique } from './files.ts';

/** Directory of these files. */
const ROOM = 'spares';

/** Name of one, with the process that made it. */
export const SPARE = /^\d+\.[0-9a-z]+$/;

/** So many at most, a cache. */
const MOST = 8;

interface Spares {
  /** path of each, and whether it is there yet */
  files: Map<string, boolean>;
  /** how many there should be: as many as versions have been written in a row */
  wanted: number;
}

/** By cache. */
const spares = new Map<string, Spares>();
let isListening = false;
/** Caches whose directory has been looked through. */
const known = new Set<string>();
const { setImmediate } = globalThis;

/** A spare file of a cache, which is the caller's from now on, if one is ready. It may be gone, where somebody has emptied the cache. */
export function takeSpare(cacheDir: string): string | undefined {
  const found = spares.get(cacheDir);
  if (found === undefined) return undefined;
  for (const [file, isMade] of found.files) {
    if (!isMade) continue;
    found.files.delete(file);
    return file;
  }
  found.wanted = Math.min(found.wanted + 1, MOST);
  return undefined;
}

/** Has those made that are wanted, when the program has gone on. Where a cache refuses there are none; whoever writes is told why. */
export function makeSpares(cacheDir: string): void {
  let found = spares.get(cacheDir);
  if (found === undefined) spares.set(cacheDir, (found = { files: new Map(), wanted: 1 }));
  const { files, wanted } = found;
  while (files.size < wanted) {
    const file = join(cacheDir, ROOM, unique());
    files.set(file, false);
    setImmediate(() => make(cacheDir, file, files));
  }
}

function make(cacheDir: string, file: string, files: Spares['files']): void {
  try {
    makeDirectory(join(cacheDir, ROOM));
    if (!known.has(cacheDir)) begin(cacheDir);
    open(file, 'wx', 0o600, (error, fd) => {
      if (error !== null) return void files.delete(file);
      closeSync(fd);
      files.set(file, true);
    });
  } catch {
    files.delete(file);
  }
}

/** Removes what killed processes have left, and will remove what this one leaves. */
function begin(cacheDir: string): void {
  known.add(cacheDir);
  const directory = join(cacheDir, ROOM);
  for (const name of readdirSync(directory)) {
    if (SPARE.test(name) && !isRunning(name)) removeFile(join(directory, name));
  }
  if (!isListening) process.once('exit', removeSpares);
  isListening = true;
}

function removeSpares(): void {
  for (const [cacheDir, { files }] of spares) {
    try {
      for (const file of files.keys()) removeFile(file);
      removeEmpty(join(cacheDir, ROOM));
    } catch {
      // a disk that refuses; the next process will
    }
  }
}
