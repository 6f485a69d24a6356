/**
 * Transactions that several logs are written in: one event on disk, as in the program. In: the logs; out: a file
 * `pending/<process>.<time>` that names them, there for as long as their lines are being written. A line that is a part of such
 * a transaction (`"part"`) counts from the moment that file is removed, with all the others. Where a process was killed in
 * between, whoever meets a line of it makes all of them zeros, which nobody reads.
 */
import {
  closeSync,
  existsSync,
  join,
  readdirSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from '../node.ts';
import {
  isRunning,
  openFile,
  patiently,
  readFile,
  removeEmpty,
  removeFile,
  syncDirectory,
  TO_FILL,
  unique,
  writeWhole,
} from './files.ts';
import { linesIn, parseLine } from './lines.ts';
import { cacheError } from './objects.ts';

/** Directory of these files. */
const ROOM = 'pending';

/** Name of one, with the process that made it, and what is added to it once it is being taken back. */
const NAME = /^\d+\.[0-9a-z]+(\.back)?$/;
const BACK = '.back';

/** Milliseconds after which nobody writes it any more: a process has been given the number of the one that did. */
const LONGEST = 10_000;

/** Transactions of this thread that are under way. */
const own = new Set<string>();

/** A transaction whose lines are being written. */
export interface Pending {
  /** what its lines have as `part` */
  part: string;
  /** makes all of its lines count @throws where somebody has taken it back meanwhile; then none does */
  finish: () => void;
  /** makes none of them count, and removes what is left of it */
  undo: () => void;
}

/** Begins one. @param logs that it will be written in @throws ERR_HOTSWAP_CACHE */
export function beginPending(cacheDir: string, logs: readonly { name: string }[]): Pending {
  const part = unique();
  const file = join(cacheDir, ROOM, part);
  try {
    writeWhole(file, JSON.stringify({ logs: logs.map(({ name }) => name) }));
  } catch (error) {
    throw cacheError(cacheDir, 'write a transaction', error);
  }
  own.add(part);
  return {
    part,
    finish: () => {
      patiently(() => unlinkSync(file));
      own.delete(part);
      syncDirectory(join(cacheDir, ROOM));
      removeEmpty(join(cacheDir, ROOM));
    },
    undo: () => {
      own.delete(part);
      takeBack(cacheDir, part);
    },
  };
}

/**
 * Whether a line does not count yet. One of a process that has ended is taken back, with the whole transaction: then it never will.
 */
export function isPending(cacheDir: string, part: string): boolean {
  if (own.has(part) || !NAME.test(part)) return false;
  const file = join(cacheDir, ROOM, part);
  if (!existsSync(file) && !existsSync(file + BACK)) return false;
  if (isAlive(file, part)) return true;
  takeBack(cacheDir, part);
  return true; // read again: the line is none any more
}

/** Takes back what processes have left that were killed. @returns how many */
export function takeBackLeft(cacheDir: string): number {
  const directory = join(cacheDir, ROOM);
  let count = 0;
  for (const name of existsSync(directory) ? readdirSync(directory) : []) {
    const part = name.endsWith(BACK) ? name.slice(0, -BACK.length) : name;
    if (!NAME.test(name) || own.has(part) || isAlive(join(directory, part), part)) continue;
    takeBack(cacheDir, part);
    count++;
  }
  removeEmpty(directory);
  return count;
}

function isAlive(file: string, part: string): boolean {
  const found = statSync(file, { throwIfNoEntry: false });
  return found !== undefined && isRunning(part) && Date.now() - found.mtimeMs < LONGEST;
}

/** Makes every line of a transaction one that nobody reads. It may be begun by one process and ended by another. */
function takeBack(cacheDir: string, part: string): void {
  const file = join(cacheDir, ROOM, part);
  try {
    patiently(() => renameSync(file, file + BACK)); // whoever wrote it cannot finish it from now on
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  if (!existsSync(file + BACK)) return;
  try {
    for (const log of logsOf(file + BACK)) blank(join(cacheDir, 'modules', log, 'log'), part);
  } catch {
    return; // a log that cannot be read or written now: for as long as this file is there its line does not count
  }
  removeFile(file + BACK);
  removeEmpty(join(cacheDir, ROOM));
}

function logsOf(file: string): string[] {
  try {
    const { logs } = JSON.parse(readFile(file).toString());
    return logs.filter((log: unknown) => typeof log === 'string' && /^[0-9a-f]{64}$/.test(log));
  } catch {
    return []; // it was not written to its end, and no line of it was
  }
}

/** Writes zeros over the line that is a part of a transaction, wherever it is. Nothing has read it. */
function blank(log: string, part: string): void {
  if (!existsSync(log)) return;
  for (const { line, at, size } of linesIn(readFile(log))) {
    if (parseLine(line)?.part !== part) continue;
    const fd = openFile(log, TO_FILL);
    try {
      writeSync(fd, Buffer.alloc(size), 0, size, at);
    } finally {
      closeSync(fd);
    }
  }
}
