/**
 * What was done to one module, as it was done: `modules/<sha256 of url>/log`, one JSON line an event, append only.
 * In: events; out: the histories they make, one for each text of the file (its *base*). Version numbers are
 * positions in the log, so that several processes that append to one log agree on them without a lock. Each line ends
 * with a fingerprint of what it says. A torn line (a killed process) is skipped. Any other without its fingerprint may have
 * been any event, so a log with such a line says nothing, and is set aside when something is to be appended.
 * Nothing that was written is ever rewritten.
 */

import type { BigIntStats } from 'node:fs';
import {
  asLoaded,
  closeSync,
  dirname,
  existsSync,
  fstatSync,
  join,
  readdirSync,
  readSync,
  renameSync,
  statSync,
  truncateSync,
  writeSync,
} from '../node.ts';
import {
  inDirectory,
  openFile,
  patiently,
  pause,
  readFile,
  removeEmpty,
  removeFile,
  TO_APPEND,
  TO_READ,
  unique,
} from './files.ts';
import { fingerprint } from './fingerprint.ts';
import { cacheError, isId, sha256 } from './objects.ts';
import { type VersionRecord, VersionTable } from './table.ts';

/** All that happened on top of one text of the file. */
export interface Era {
  versions: VersionTable;
  /** number of the version that the last event left in force */
  current: number;
}

/** An event as it stands in the log. `base` is the SHA-256 of the file on disk that the history rests on. */
type LogEvent =
  | { event: 'base'; base: string; module: string }
  | {
      event: 'version';
      base: string;
      id: string;
      parent: number;
      at: number;
      summary: string;
      kept: boolean;
      file?: true;
      key: string;
    }
  | { event: 'restore'; base: string; to: number; at: number };

/** What is added to the name of a log that is set aside. */
export const DAMAGED = '.damaged';

/** Directory of the logs. */
const ROOM = 'modules';

/** What the keys of the versions that this thread appends begin with. */
const OURS = `${unique()}.`;
let appended = 0;

/** The log of a module that has one. For starts, which ask for every module: a directory is read once for those that are loaded at one stretch. */
export function existingLog(cacheDir: string, url: string): ModuleLog | undefined {
  if (cacheDir !== asked) {
    logs = logsIn(cacheDir);
    asked = cacheDir;
    queueMicrotask(() => {
      asked = undefined;
    });
  }
  if (!logs?.has(nameOf(url))) return undefined;
  const log = new ModuleLog(cacheDir, url);
  return existsSync(log.file) ? log : undefined;
}

const { queueMicrotask } = globalThis;
let asked: string | undefined;
let logs: Set<string> | undefined;

/** Names of the directories that logs are in; undefined where there is none. */
function logsIn(cacheDir: string): Set<string> | undefined {
  const directory = join(cacheDir, ROOM);
  try {
    return existsSync(directory) ? new Set(readdirSync(directory)) : undefined;
  } catch {
    return undefined; // one that this user may not read: nothing is re-applied
  }
}

/** Whether a cache has histories. */
export function hasLogs(cacheDir: string): boolean {
  return existsSync(join(cacheDir, ROOM));
}

/** The log of one module, read as far as it has grown; other processes may write to it at any time. */
export class ModuleLog {
  readonly file: string;
  /** the base that the newest event rests on; undefined while the log is empty */
  newestBase: string | undefined;
  /** the first line that is damaged, from 1: then this is as an empty log */
  damaged: number | undefined;
  /** whether it ends in a line that was begun and not written to its end */
  torn = false;
  /** lines that were read */
  #lines = 0;
  readonly #cacheDir: string;
  readonly #url: string;
  readonly #eras = new Map<string, Era>();
  #offset = 0;
  /** whether the last line that was taken has no end yet */
  #isOpen = false;
  /** which file that is: a log that was purged and begun anew by others may be as long as the one before */
  #source = '';
  /** how far the log went when this process had last appended to it */
  #end = 0;
  /** the version that was appended last: its key, and its number once it is known */
  #last: { key: string; number: number | undefined } = { key: '', number: undefined };
  /** what this process appended: where it began, how many bytes in all, and on which bases */
  readonly #own = { file: '', start: 0, size: 0, bases: new Set<string>() };

  constructor(cacheDir: string, url: string) {
    this.#cacheDir = cacheDir;
    this.#url = url;
    this.file = join(cacheDir, ROOM, nameOf(url), 'log');
  }

  /** The history on top of `base` as it is on disk now; an empty one where there is none. */
  era(base: string): Era {
    this.#catchUp();
    return this.#era(base);
  }

  /**
   * Adds a version.
   * @returns the record that `era` has of it, with the number it got
   * @throws ERR_HOTSWAP_CACHE when the log cannot be written; then the version is not in it.
   */
  appendVersion(base: string, record: Omit<VersionRecord, 'number'>): VersionRecord {
    this.#last = { key: `${OURS}${appended++}`, number: undefined };
    // Again where someone empties the cache between the line's writing and its reading; that takes them some milliseconds.
    for (let tries = 0; tries < 10 && this.#last.number === undefined; tries++) {
      if (tries > 1) pause(2 ** (tries - 2));
      this.#append({ event: 'version', base, ...record, parent: record.parent ?? 0, key: this.#last.key });
    }
    const made = this.#era(base).versions.at(this.#last.number ?? 0);
    if (made === undefined) throw cacheError(this.#cacheDir, 'read back the log', `${this.file} lost a line`);
    return made;
  }

  /** Records that version `to` is in force again. @throws ERR_HOTSWAP_CACHE */
  appendRestore(base: string, to: number): void {
    this.#append({ event: 'restore', base, to, at: Date.now() });
  }

  /** How many bytes the log has, for `retract`. */
  size(): number {
    this.#catchUp();
    return this.damaged === undefined ? this.#offset : 0;
  }

  /**
   * Takes back all that was appended since the log had `size` bytes, because something else that belonged to it failed. Where
   * another process has appended since, version `to` of `base` is put in force again instead.
   */
  retract(size: number, base: string, to: number): void {
    const found = lookAt(this.file);
    if (found?.identity !== this.#own.file) return; // purged by someone
    if (found.size !== this.#end) return this.appendRestore(base, to);
    this.#cut(size);
    this.#own.size -= this.#end - size;
    this.#end = size;
    this.#forget();
  }

  /** Records that a new history begins, because the file is now another. @throws ERR_HOTSWAP_CACHE */
  appendBase(base: string): void {
    this.#append({ event: 'base', base, module: this.#url });
  }

  /**
   * Takes back what this process appended (HOTSWAP_PERSIST off). Where another process has appended since, nothing is
   * removed, and the newest version that is not ours is put in force again.
   * @returns whether nothing of ours is left
   */
  withdraw(): boolean {
    const { start, size, bases } = this.#own;
    if (size === 0) return true;
    const found = lookAt(this.file);
    if (found?.identity !== this.#own.file) return true; // purged by someone
    if (found.size === start + size) {
      this.#cut(start);
      return true;
    }
    for (const base of bases) {
      const ours = this.own(base);
      const theirs = [...this.era(base).versions].findLast((one) => one.kept && !ours.has(one.number));
      this.appendRestore(base, theirs?.number ?? 0);
    }
    return false;
  }

  /** Numbers of the versions of a base that were appended through this object. Read again, since nothing else needs to know. */
  own(base: string): Set<number> {
    const own = new Set<number>();
    if (this.#own.size === 0) return own;
    let number = 0;
    let offset = 0;
    for (const line of readFile(this.file).toString().split('\n')) {
      const event = parse(line);
      const start = offset;
      offset += Buffer.byteLength(line) + 1;
      if (event?.event !== 'version' || event.base !== base) continue;
      number++;
      if (start >= this.#own.start && String(event.key).startsWith(OURS)) own.add(number);
    }
    return own;
  }

  #cut(size: number): void {
    if (size > 0) return truncateSync(this.file, size);
    removeFile(this.file);
    removeEmpty(dirname(this.file), dirname(dirname(this.file)));
  }

  #append(event: LogEvent): void {
    asLoaded(() => {
      if (this.damaged !== undefined) this.#setAside();
      if (!this.#write(event)) this.#readOn();
    });
  }

  /** Gives the file another name, so that a new one is begun, unless someone has done so. @throws ERR_HOTSWAP_CACHE */
  #setAside(): void {
    this.#readOn();
    if (this.damaged === undefined) return;
    try {
      patiently(() => renameSync(this.file, this.file + DAMAGED));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        throw cacheError(this.#cacheDir, 'set a damaged history aside', error);
    }
    this.#forget();
  }

  /** @returns whether the line is taken already: nobody else has written, so there is nothing to read back */
  #write(event: LogEvent): boolean {
    try {
      const fd = inDirectory(this.file, () => openFile(this.file, TO_APPEND));
      try {
        const { size, identity } = seen(fstatSync(fd, { bigint: true }));
        const isRead = size === this.#offset && (size === 0 || identity === this.#source);
        const last = Buffer.alloc(1);
        const isOpen = size > 0 && readSync(fd, last, 0, 1, size - 1) === 1 && last[0] !== 10;
        // One write in append mode: lines of several processes do not mix.
        const line = Buffer.from(`${isOpen ? '\n' : ''}${lineOf(event)}\n`);
        const written = writeSync(fd, line);
        if (written !== line.length) {
          // A full disk: what was written of the line goes again, unless someone has written behind it. By its name: on Windows
          // what is open for appending cannot be cut.
          const now = lookAt(this.file);
          if (now?.identity === identity && now.size === size + written) truncateSync(this.file, size);
          throw new Error('the disk is full');
        }
        if (identity !== this.#own.file) this.#own.size = 0; // the first, or purged by someone
        this.#own.file = identity;
        this.#end = size + written;
        if (this.#own.size === 0) this.#own.start = size;
        this.#own.size += written;
        this.#own.bases.add(event.base);
        const after = seen(fstatSync(fd, { bigint: true }));
        // Others may have written before this line or behind it, or taken the file away.
        if (!isRead || after.size !== size + written || after.isGone) return false;
        this.#offset = after.size;
        this.#isOpen = false;
        this.#lines++;
        this.#source = identity;
        this.#take(event);
        return true;
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      if (this.#offset === 0) removeEmpty(dirname(this.file), dirname(dirname(this.file)));
      throw cacheError(this.#cacheDir, 'write the history', error);
    }
  }

  #catchUp(): void {
    asLoaded(() => this.#readOn());
  }

  #readOn(): void {
    let fd: number | undefined;
    try {
      const found = lookAt(this.file);
      if (
        found === undefined
          ? this.#offset === 0
          : found.size === this.#offset && found.identity === this.#source
      )
        return;
      if (found !== undefined) fd = openFile(this.file, TO_READ);
    } catch {
      // as if there were none
    }
    if (fd === undefined) {
      if (this.#offset > 0) this.#forget(); // purged by someone
      return; // no log yet, or one that this user may not read: nothing is re-applied
    }
    try {
      const { size, identity } = seen(fstatSync(fd, { bigint: true }));
      if (size < this.#offset || identity !== this.#source) this.#forget(); // purged by someone
      this.#source = identity;
      if (size === this.#offset) return;
      const room = Buffer.alloc(size - this.#offset);
      const grown = room.subarray(0, readSync(fd, room, 0, room.length, this.#offset));
      const lines = grown.toString('utf8').split('\n');
      const rest = lines.at(-1) as string;
      // One that is whole but for its end is a line as any other.
      this.torn = rest !== '' && parse(rest) === undefined && isTorn(rest);
      if (rest === '' || this.torn) lines.pop();
      this.#offset += this.torn ? grown.lastIndexOf(10) + 1 : grown.length;
      if (this.#isOpen) lines.shift();
      this.#isOpen = rest !== '' && !this.torn;
      this.#takeLines(lines);
    } catch (error) {
      throw cacheError(this.#cacheDir, 'read the history', error);
    } finally {
      closeSync(fd);
    }
  }

  #takeLines(lines: string[]): void {
    if (this.damaged !== undefined) return;
    for (const line of lines) {
      this.#lines++;
      const event = parse(line);
      if (event !== undefined) this.#take(event);
      else if (!isTorn(line)) {
        this.#eras.clear();
        this.newestBase = undefined;
        this.damaged = this.#lines;
        return;
      }
    }
  }

  #take(event: LogEvent): void {
    this.newestBase = event.base;
    const era = this.#era(event.base);
    if (event.event === 'version') {
      const number = era.versions.next;
      const { id, at, summary, kept } = event;
      const parent = Math.min(event.parent, number - 1);
      const file = event.file === true ? { file: event.file } : {};
      era.versions.put({ number, id, parent, at, summary, kept, ...file });
      if (kept) era.current = number;
      if (event.key === this.#last.key) this.#last.number = number;
    } else if (event.event === 'restore') {
      // A version whose text was never written cannot come back after a restart; the nearest before it can.
      let to = Math.min(event.to, era.versions.length);
      for (let version = era.versions.at(to); version?.kept === false; version = era.versions.at(to))
        to = version.parent ?? 0;
      era.current = to;
    }
  }

  #era(base: string): Era {
    let era = this.#eras.get(base);
    if (era === undefined) this.#eras.set(base, (era = { versions: new VersionTable(), current: 0 }));
    return era;
  }

  #forget(): void {
    this.#offset = this.#lines = 0;
    this.damaged = undefined;
    this.torn = this.#isOpen = false;
    this.#eras.clear();
    this.newestBase = undefined;
  }
}

/** What is asked of a log file. */
interface Seen {
  /** bytes */
  size: number;
  /** which file it is, for as long as it is there: its number alone may be given to the next one */
  identity: string;
  /** whether it is open still and has no name any more */
  isGone: boolean;
}

/** Numbers of files need all of their 64 bits on Windows, where they go beyond what a number can tell apart. */
function seen({ size, ino, birthtimeNs, nlink }: BigIntStats): Seen {
  return { size: Number(size), identity: `${ino} ${birthtimeNs}`, isGone: nlink === 0n };
}

function lookAt(file: string): Seen | undefined {
  const found = statSync(file, { bigint: true, throwIfNoEntry: false });
  return found && seen(found);
}

/**
 * Name of the directory that a module's log is in. The letter of a drive is large in it: whether it is in the URL depends on how a
 * person came to that directory (`cd c:`), and the history is one.
 */
function nameOf(url: string): string {
  return sha256(url.replace(/(?<=^file:\/\/\/)[a-z](?=:)/, (letter) => letter.toUpperCase()));
}

/** How each line begins. */
const BEGINNING = '{"event":"';

/** How each ends: `,"sum":"<fingerprint of what is before this>"}`. */
const SUM = ',"sum":"';
const SUM_SIZE = SUM.length + 16 + '"}'.length;

function lineOf(event: LogEvent): string {
  const said = JSON.stringify(event).slice(0, -1);
  return `${said}${SUM}${fingerprint(said)}"}`;
}

/** Whether a line is the beginning of one of ours, and no more: whoever wrote it was killed. Of an empty one nothing was written. */
function isTorn(line: string): boolean {
  if (line.endsWith('}') || !(line.startsWith(BEGINNING) || BEGINNING.startsWith(line))) return false;
  const shorter = line.slice(0, -1);
  // One that is whole with another last character, or without it, was altered.
  return [shorter, `${shorter}}`, `${line}}`].every((other) => parse(other) === undefined);
}

/** A line as an event, or undefined where it is torn, altered, foreign, or names what could lead out of the cache. */
function parse(line: string): LogEvent | undefined {
  const end = line.length - SUM_SIZE;
  if (end < 0 || !line.startsWith(SUM, end)) return undefined;
  if (line.slice(end + SUM.length, -2) !== fingerprint(line.slice(0, end))) return undefined;
  let event: Partial<Record<string, unknown>>;
  try {
    event = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (event === null || typeof event !== 'object' || typeof event.base !== 'string' || !isId(event.base))
    return undefined;
  const count = (value: unknown) => typeof value === 'number' && Number.isInteger(value) && value >= 0;
  switch (event.event) {
    case 'base':
      return event as LogEvent;
    case 'restore':
      return count(event.to) ? (event as LogEvent) : undefined;
    case 'version':
      return typeof event.id === 'string' &&
        isId(event.id) &&
        count(event.parent) &&
        count(event.at) &&
        typeof event.kept === 'boolean' &&
        typeof event.summary === 'string'
        ? (event as LogEvent)
        : undefined;
    default:
      return undefined;
  }
}
