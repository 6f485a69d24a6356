/**
 * What nobody needs any more, removed: texts that no log names, or only for versions that cannot be gone back to; and temporary
 * and spare files of processes that have ended. In: a cache; out: what was freed. Other processes may use the cache meanwhile.
 *
 * Whoever stores a text, or finds that it is stored, writes its line within milliseconds, and then looks whether the text is
 * still there. So a text stays until nobody has written or asked for it for `SETTLED` milliseconds.
 */
import type { Stats } from 'node:fs';
import { closeSync, existsSync, join, opendirSync, statSync } from '../node.ts';
import { isRunning, openFile, removeEmpty, removeFile, TO_APPEND, unique } from './files.ts';
import { neededIds } from './needed.ts';
import { takeBackLeft } from './pending.ts';
import { SPARE } from './spares.ts';

/** What was removed, and what will be next time. */
export interface Freed {
  texts: number;
  /** of all files */
  bytes: number;
  /** temporary and spare files */
  files: number;
  /** transactions that a killed process had begun to write */
  transactions: number;
  /** texts that nobody needs, and that were written or asked for just now */
  young: number;
}

/** Milliseconds; see above. */
export const SETTLED = 3000;

/** Milliseconds after which a temporary file is nobody's, whichever process has its number by now. */
const ABANDONED = 3_600_000;

const TEXT = /^([0-9a-f]{64})\.\w+$/;
/** Name of what is being written, see `writeWhole`. */
const TEMPORARY = /\.\d+\.[0-9a-z]+$/;

/** Does it piece by piece: between two steps the program can go on. @throws what a disk refuses; what was removed stays so */
export function* collect(cacheDir: string, rollbackLength: number): Generator<void, Freed> {
  const freed: Freed = { texts: 0, bytes: 0, files: 0, transactions: takeBackLeft(cacheDir), young: 0 };
  if (!existsSync(cacheDir)) return freed;
  const needed = new Set<string>();
  for (const ids of neededIds(cacheDir, rollbackLength)) {
    for (const id of ids) needed.add(id);
    yield;
  }
  const now = timeIn(cacheDir);
  const objects = join(cacheDir, 'objects');
  for (const name of namesIn(objects)) {
    yield;
    const file = join(objects, name);
    const [, id] = TEXT.exec(name) ?? [];
    if (id === undefined) freeTemporary(file, now, freed);
    else if (needed.has(id)) continue;
    else if (now - (statOf(file)?.mtimeMs ?? 0) < SETTLED) freed.young++;
    else if (free(file, freed)) freed.texts++;
  }
  for (const directory of [cacheDir, ...homesIn(cacheDir)]) {
    yield;
    for (const name of namesIn(directory)) freeTemporary(join(directory, name), now, freed);
  }
  const spares = join(cacheDir, 'spares');
  for (const name of namesIn(spares))
    if (SPARE.test(name) && !isRunning(name) && free(join(spares, name), freed)) freed.files++;
  removeEmpty(spares);
  removeEmpty(objects);
  return freed;
}

/** Directories in which files are written under another name first. */
function* homesIn(cacheDir: string): Generator<string> {
  yield join(cacheDir, 'pending');
  for (const room of ['modules', 'transforms'])
    for (const name of namesIn(join(cacheDir, room))) yield join(cacheDir, room, name);
}

function freeTemporary(file: string, now: number, freed: Freed): void {
  if (!TEMPORARY.test(file)) return;
  const found = statOf(file);
  if (found === undefined || !found.isFile()) return;
  if (isRunning(file) && now - found.mtimeMs < ABANDONED) return;
  if (free(file, freed)) freed.files++;
}

/** @returns whether it was there */
function free(file: string, freed: Freed): boolean {
  const found = statOf(file);
  if (found === undefined) return false;
  removeFile(file);
  freed.bytes += found.size;
  return true;
}

function statOf(file: string): Stats | undefined {
  return statSync(file, { throwIfNoEntry: false });
}

/** What the clock of the file system says, in milliseconds: it may be another machine's. */
function timeIn(cacheDir: string): number {
  const file = join(cacheDir, `probe.${unique()}`);
  closeSync(openFile(file, TO_APPEND));
  const { mtimeMs } = statSync(file);
  removeFile(file);
  return mtimeMs;
}

/** Names in a directory; none where there is no such directory. A hundred thousand of them are read bit by bit. */
function* namesIn(directory: string): Generator<string> {
  if (!statOf(directory)?.isDirectory()) return;
  const opened = opendirSync(directory, { bufferSize: 256 });
  try {
    for (let one = opened.readSync(); one !== null; one = opened.readSync()) yield one.name;
  } finally {
    opened.closeSync();
  }
}
