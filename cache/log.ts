/**
 * What was done to one module, as it was done: `modules/<sha256 of url>/log`, one JSON line an event (see lines.ts), append only.
 * In: events; out: the histories they make (see ledger.ts). Each event has its place in the log, so that several processes agree on
 * every number without a lock: of two that write the same place the first has written it, and the other reads on and
 * writes again, or hears that something else is in force by now. Nothing that was written is ever rewritten.
 */

import type { BigIntStats } from 'node:fs';
import { HotswapError } from '../error.ts';
import {
  asLoaded,
  basename,
  closeSync,
  dirname,
  existsSync,
  fstatSync,
  fsyncSync,
  join,
  readdirSync,
  readSync,
  renameSync,
  statSync,
  truncateSync,
  writeSync,
} from '../node.ts';
import {
  durability,
  inDirectory,
  openFile,
  patiently,
  pause,
  readFile,
  removeEmpty,
  removeFile,
  syncDirectory,
  TO_APPEND,
  TO_READ,
  unique,
} from './files.ts';
import { type Era, Ledger, type Loss } from './ledger.ts';
import { isTorn, type LogEvent, lineOf, linesIn, parseLine } from './lines.ts';
import { cacheError, reason, sha256 } from './objects.ts';
import { isPending } from './pending.ts';
import type { VersionRecord } from './table.ts';

/** What is added to the name of a log that is set aside. */
export const DAMAGED = '.damaged';

/** Directory of the logs. */
const ROOM = 'modules';

/** What the keys of the versions that this thread appends begin with. */
const OURS = `${unique()}.`;
let appended = 0;

/** How often an event is written that others come before, and how often one waits for a transaction: 1, 2, 4 … ms up to 64. */
const TRIES = 40;

/**
 * The log of a module that has one. For starts, which ask for every module: a directory is read once for those that are loaded
 * at one stretch.
 * @param say is told, once a cache, of one that cannot be read
 */
export function existingLog(
  cacheDir: string,
  url: string,
  say: (line: string) => void,
): ModuleLog | undefined {
  if (cacheDir !== asked) {
    logs = logsIn(cacheDir, say);
    asked = cacheDir;
    queueMicrotask(() => {
      asked = undefined;
    });
  }
  if (!logs?.has(nameOf(url))) return undefined;
  const log = new ModuleLog(cacheDir, url);
  return log.isThere() ? log : undefined;
}

const { queueMicrotask } = globalThis;
let asked: string | undefined;
let logs: Set<string> | undefined;
/** Caches of which it was said that they cannot be read. */
const told = new Set<string>();

/** Names of the directories that logs are in; undefined where there is none. */
function logsIn(cacheDir: string, say: (line: string) => void): Set<string> | undefined {
  const directory = join(cacheDir, ROOM);
  try {
    const isThere = statSync(directory, { throwIfNoEntry: false }) !== undefined;
    return isThere ? new Set(readdirSync(directory)) : undefined;
  } catch (error) {
    // Below a file there can be none; that nothing can be written there is said at the first version. Where it is a file itself there were.
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTDIR' && !existsSync(directory)) return undefined;
    if (!told.has(cacheDir))
      say(
        `the histories in ${directory} cannot be read (${reason(error)}), so that no version is live again and the files are used. Let this user read them, or name another directory with HOTSWAP_CACHE_DIR`,
      );
    told.add(cacheDir);
    return undefined;
  }
}

/** Whether a cache has histories. */
export function hasLogs(cacheDir: string): boolean {
  return existsSync(join(cacheDir, ROOM));
}

/** The log of one module, read as far as it has grown; other processes may write to it at any time. */
export class ModuleLog {
  readonly file: string;
  /** why it cannot be read; then it is as an empty one, and nothing can be written to it */
  unreadable: string | undefined;
  /** whether it ends in what was not written to its end */
  torn = false;
  #ledger = new Ledger();
  readonly #cacheDir: string;
  readonly #url: string;
  /** where the first line begins that was not taken yet, and how far the file went then: what is between is torn, or pending */
  #offset = 0;
  #size = 0;
  /** whether the last line that was taken has no end yet */
  #isOpen = false;
  /** whether the next line is part of a transaction that another process is writing */
  #isPending = false;
  /** which file that is: a log that was purged and begun anew by others may be as long as the one before */
  #source = '';
  /** how far the log went when this process had last appended to it */
  #end = 0;
  /** the line that was appended last, and whether it counts */
  #last = { line: '', counts: false };
  /** what this process appended: where it began, how many bytes in all, and on which bases */
  readonly #own = { file: '', start: 0, size: 0, bases: new Set<string>() };

  constructor(cacheDir: string, url: string) {
    this.#cacheDir = cacheDir;
    this.#url = url;
    this.file = join(cacheDir, ROOM, nameOf(url), 'log');
  }

  /** Name of the directory it is in. */
  get name(): string {
    return basename(dirname(this.file));
  }

  /** The base that the newest event rests on; undefined while the log is empty. */
  get newestBase(): string | undefined {
    return this.#ledger.newestBase;
  }

  /** See `Ledger`. */
  get damaged(): number | undefined {
    return this.#ledger.damaged;
  }

  /** See `Ledger`. */
  get losses(): readonly Loss[] {
    return this.#ledger.losses;
  }

  /** Whether there is such a file, or something that hinders one from knowing. */
  isThere(): boolean {
    try {
      return lookAt(this.file) !== undefined;
    } catch {
      return true;
    }
  }

  /** The history on top of `base` as it is on disk now; an empty one where there is none. */
  era(base: string): Era {
    asLoaded(() => this.#readOn());
    return this.#ledger.era(base);
  }

  /**
   * Adds a version.
   * @param inForce the versions of which one must be in force before, where that matters: others may have edited the module
   * @param part see pending.ts
   * @returns the record that `era` has of it, with the number it got; undefined where another version is in force
   * @throws ERR_HOTSWAP_CACHE when the log cannot be written; then the version is not in it.
   */
  appendVersion(
    base: string,
    record: Omit<VersionRecord, 'number'>,
    { inForce, part }: { inForce?: readonly number[]; part?: string } = {},
  ): VersionRecord | undefined {
    const key = `${OURS}${appended++}`;
    let number = 0;
    const isMade = this.#append(() => {
      const { versions, current } = this.#ledger.era(base);
      if (inForce?.includes(current) === false) return undefined;
      number = versions.next;
      return { event: 'version', base, number, ...record, parent: record.parent ?? 0, key, ...partOf(part) };
    });
    return isMade ? this.#ledger.era(base).versions.at(number) : undefined;
  }

  /** Records that version `to` is in force again. @param part see pending.ts @throws ERR_HOTSWAP_CACHE */
  appendRestore(base: string, to: number, part?: string): void {
    this.#append(() => ({ event: 'restore', base, to, at: Date.now(), ...partOf(part) }));
  }

  /** Records that a new history begins, because the file is now another. @throws ERR_HOTSWAP_CACHE */
  appendBase(base: string): void {
    this.#append(() => ({ event: 'base', base, module: this.#url }));
  }

  /** How many bytes the log had when it was read last, as by `era`; for `retract`. */
  size(): number {
    return this.damaged === undefined ? this.#offset : 0;
  }

  /**
   * Takes back all that was appended since the log had `size` bytes, because something else that belonged to it failed. Where
   * another process has appended since, version `to` of `base` is put in force again instead, unless that is undefined: then
   * a transaction is taken back, and `Pending` sees to it.
   */
  retract(size: number, base: string, to: number | undefined): void {
    const found = lookAt(this.file);
    if (found?.identity !== this.#own.file) return; // purged by someone
    if (found.size === this.#end) {
      this.#cut(size);
      this.#own.size -= this.#end - size;
      this.#end = size;
    } else if (to !== undefined) return this.appendRestore(base, to);
    this.#forget();
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
    const ledger = new Ledger();
    for (const { line, at } of linesIn(readFile(this.file))) {
      const event = parseLine(line);
      if (!ledger.take(line, event) || event?.event !== 'version' || event.base !== base) continue;
      if (at >= this.#own.start && String(event.key).startsWith(OURS))
        own.add(ledger.era(base).versions.length);
    }
    return own;
  }

  #cut(size: number): void {
    if (size > 0) return truncateSync(this.file, size);
    removeFile(this.file);
    removeEmpty(dirname(this.file), dirname(dirname(this.file)));
  }

  /**
   * Writes an event until it counts.
   * @param make gives it for the log as it is now; undefined: it is not to be written any more
   * @returns whether it was
   */
  #append(make: () => LogEvent | undefined): boolean {
    return asLoaded(() => {
      for (let tries = 0; tries < TRIES; tries++) {
        if (this.damaged !== undefined) this.#setAside();
        const event = make();
        if (event === undefined) return false;
        const { seq, losses } = this.#ledger;
        const known = losses.length > 0 ? { known: true as const } : {};
        if (this.#write({ ...event, by: (writer ??= thisProcess()), seq: seq + 1, ...known })) return true;
        // Others write, or empty the cache; that takes them some milliseconds.
        if (tries > 0) pause(2 ** Math.min(tries - 1, 6));
        this.#readOn();
      }
      const why = this.#isPending
        ? 'another process is writing a transaction'
        : 'other processes came before';
      throw cacheError(this.#cacheDir, 'write the history', new Error(`${this.file}: ${why}`));
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

  /** @returns whether it was written and counts; false as well where the log has grown and must be read first */
  #write(event: LogEvent): boolean {
    try {
      const fd = inDirectory(this.file, () => openFile(this.file, TO_APPEND));
      try {
        const { size, identity } = seen(fstatSync(fd, { bigint: true }));
        if (size !== this.#size || (size > 0 && identity !== this.#source) || this.#isPending) return false;
        const last = Buffer.alloc(1);
        const isOpen = size > 0 && readSync(fd, last, 0, 1, size - 1) === 1 && last[0] !== 10;
        // One write in append mode: lines of several processes do not mix.
        const line = lineOf(event);
        const bytes = Buffer.from(`${isOpen ? '\n' : ''}${line}\n`);
        this.#last = { line, counts: false };
        this.#writeWhole(fd, bytes, { size, identity, isGone: false });
        if (identity !== this.#own.file) this.#own.size = 0; // the first, or purged by someone
        this.#own.file = identity;
        this.#end = size + bytes.length;
        if (this.#own.size === 0) this.#own.start = size;
        this.#own.size += bytes.length;
        this.#own.bases.add(event.base);
        const after = seen(fstatSync(fd, { bigint: true }));
        if (after.size === this.#end && !after.isGone) {
          if (this.torn) this.#ledger.lines++;
          this.#offset = this.#size = after.size;
          this.torn = this.#isOpen = false;
          this.#source = identity;
          return this.#ledger.take(line, event);
        }
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      if (this.#size === 0) removeEmpty(dirname(this.file), dirname(dirname(this.file)));
      if (error instanceof HotswapError) throw error;
      throw cacheError(this.#cacheDir, 'write the history', error);
    }
    // Others have written before this line or behind it, or taken the file away.
    this.#readOn();
    return this.#last.counts;
  }

  /** @param before what the file was @throws where the disk is full, and then has written nothing */
  #writeWhole(fd: number, bytes: Buffer, { size, identity }: Seen): void {
    const written = writeSync(fd, bytes);
    if (written !== bytes.length) {
      // What was written of the line goes again, unless someone has written behind it. By its name: on Windows what is open for
      // appending cannot be cut.
      const now = lookAt(this.file);
      if (now?.identity === identity && now.size === size + written) truncateSync(this.file, size);
      throw new Error('the disk is full');
    }
    if (!durability.on) return;
    fsyncSync(fd);
    if (size > 0) return;
    for (const directory of [dirname(this.file), join(this.#cacheDir, ROOM), this.#cacheDir])
      syncDirectory(directory);
  }

  #readOn(): void {
    let fd: number;
    try {
      const found = lookAt(this.file);
      this.unreadable = undefined;
      if (found === undefined) {
        if (this.#size > 0) this.#forget(); // purged by someone
        return;
      }
      if (found.size === this.#size && found.identity === this.#source && !this.#isPending) return;
      fd = openFile(this.file, TO_READ);
    } catch (error) {
      if (this.#size > 0) this.#forget();
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.unreadable = reason(error);
      return;
    }
    try {
      const { size, identity } = seen(fstatSync(fd, { bigint: true }));
      if (size < this.#offset || identity !== this.#source) this.#forget(); // purged by someone
      this.#source = identity;
      this.#size = size;
      if (size === this.#offset) return;
      const room = Buffer.alloc(size - this.#offset);
      this.#takeLines(room.subarray(0, readSync(fd, room, 0, room.length, this.#offset)));
    } catch (error) {
      this.#forget();
      this.unreadable = reason(error);
    } finally {
      closeSync(fd);
    }
  }

  /** @param grown what stands behind `#offset` */
  #takeLines(grown: Buffer): void {
    const from = this.#offset;
    this.torn = this.#isPending = false;
    for (const { line: written, at, size, ended } of linesIn(grown)) {
      // The end of a line that was taken without it.
      if (this.#isOpen && at === 0) {
        this.#isOpen = false;
        this.#offset = from + size + 1;
        continue;
      }
      // One that is whole but for its end is a line as any other.
      const line = written.replace(/\0+$/, '');
      const event = parseLine(line);
      if (!ended && event === undefined && isTorn(written)) {
        this.torn = true;
        return;
      }
      if (event?.part !== undefined && isPending(this.#cacheDir, event.part)) {
        this.#isPending = true;
        return;
      }
      if (this.#ledger.take(event === undefined ? written : line, event) && line === this.#last.line)
        this.#last.counts = true;
      this.#offset = from + at + size + (ended ? 1 : 0);
      this.#isOpen = !ended;
    }
  }

  #forget(): void {
    this.#offset = this.#size = 0;
    this.torn = this.#isOpen = this.#isPending = false;
    this.#ledger = new Ledger();
  }
}

let writer: string | undefined;

/** What its threads share. */
export function thisProcess(): string {
  const { hostname } = process.getBuiltinModule('node:os');
  return `${process.pid}@${hostname()}`;
}

function partOf(part: string | undefined): { part?: string } {
  return part === undefined ? {} : { part };
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
  if (found !== undefined) return seen(found);
  // Node does not tell this from no file.
  const around = statSync(dirname(file), { throwIfNoEntry: false });
  if (around?.isDirectory() === false) throw new Error(`${dirname(file)} is no directory`);
  return undefined;
}

/**
 * Name of the directory that a module's log is in. The letter of a drive is large in it: whether it is in the URL depends on how a
 * person came to that directory (`cd c:`), and the history is one.
 */
function nameOf(url: string): string {
  return sha256(url.replace(/(?<=^file:\/\/\/)[a-z](?=:)/, (letter) => letter.toUpperCase()));
}
