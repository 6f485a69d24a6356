/**
 * Files and directories, made whole and taken away whole. In: paths; out: the file system changed, or an error and nothing left
 * behind. Below all of the cache.
 */
import {
  closeSync,
  constants,
  dirname,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmdirSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from '../node.ts';
import { notOwn } from './own.ts';

/** Files and directories of ours are for nobody else: there are texts in them that others may not read. */
const FILE = 0o600;
const DIRECTORY = 0o700;

/** No link is followed, and a named pipe is not waited for; Windows has neither of these. */
const PLAIN = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
export const TO_READ = constants.O_RDONLY | PLAIN;
export const TO_APPEND = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | PLAIN;
export const TO_FILL = constants.O_RDWR | PLAIN;
const TO_MAKE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | PLAIN;

/**
 * Opens a file of ours, and nothing else that may have its name.
 * @param flags `TO_READ`, `TO_APPEND` or `TO_FILL`
 * @throws what the system says, and an error for a directory, a named pipe or a device, and for what others own or can write to
 */
export function openFile(file: string, flags: number): number {
  const fd = openSync(file, flags, FILE);
  const found = fstatSync(fd);
  const why = found.isFile()
    ? notOwn(found)
    : `is ${found.isDirectory() ? 'a directory' : 'a pipe or a device'}, and no file`;
  if (why === undefined) return fd;
  closeSync(fd);
  throw new Error(`${file} ${why}`);
}

/** The bytes of a file of ours. @throws as `openFile` */
export function readFile(file: string): Buffer {
  return withFile(file, TO_READ, (fd) => readFileSync(fd));
}

/** Adds to the end of a file of ours. @throws as `openFile` */
export function appendTo(file: string, text: string): void {
  withFile(file, TO_APPEND, (fd) => writeFileSync(fd, text));
}

/** Does work with an open file of ours. */
function withFile<T>(file: string, flags: number, work: (fd: number) => T): T {
  const fd = openFile(file, flags);
  try {
    return work(fd);
  } finally {
    closeSync(fd);
  }
}

/** Whether what is written is to survive a loss of power: then it is waited for, some milliseconds a file (HOTSWAP_DURABLE). */
export const durability = { on: false };

/**
 * Writes a file whole or not at all, and at once: five threads' work for one file takes longer than the file. A loss of
 * power may leave it empty, which its hash then shows, unless `durability` is on.
 * @param spare an empty file on the same disk that becomes this one, if it is still there
 */
export function writeWhole(file: string, text: string | Buffer, spare?: string): void {
  if (spare !== undefined) {
    try {
      return moveWhole(spare, file, () => fill(spare, TO_FILL, text));
    } catch {
      // gone, or what will be said of a new one
    }
  }
  const temporary = `${file}.${unique()}`;
  moveWhole(temporary, file, () => inDirectory(file, () => fill(temporary, TO_MAKE, text)));
}

function fill(file: string, flags: number, text: string | Buffer): void {
  withFile(file, flags, (fd) => {
    writeFileSync(fd, text);
    if (durability.on) fsyncSync(fd);
  });
}

/** Waits, where that is asked for, until the names in a directory are on the disk. Windows has no such thing, and needs none. */
export function syncDirectory(directory: string): void {
  if (!durability.on || process.platform === 'win32') return;
  const fd = openSync(directory, constants.O_RDONLY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Has a file written under another name and moves it to its own. */
function moveWhole(temporary: string, file: string, write: () => void): void {
  try {
    write();
    inDirectory(file, () => patiently(() => renameSync(temporary, file)));
    syncDirectory(dirname(file));
  } catch (error) {
    try {
      removeFile(temporary);
    } catch {
      // a disk that refuses that as well
    }
    throw error;
  }
}

/** What Windows answers while another process has a file open, such as one that looks through new files for viruses. */
const IN_USE: readonly (string | undefined)[] = ['EBUSY', 'EPERM', 'EACCES'];

/** The last of the waits between two tries, in milliseconds; all of them are twice as long. */
const LONGEST = 128;

/**
 * Renames or removes a file, on Windows again and again until nobody has it open. Elsewhere an open file hinders nobody, and such
 * an answer is the last.
 */
export function patiently<T>(work: () => T, isWindows = process.platform === 'win32'): T {
  for (let ms = 1; ; ms *= 2) {
    try {
      return work();
    } catch (error) {
      if (!isWindows || ms > LONGEST || !IN_USE.includes((error as NodeJS.ErrnoException).code)) throw error;
      pause(ms);
    }
  }
}

/** Waits, on this thread. @param ms milliseconds */
export function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/**
 * Removes a file, if it is there. Not with `rmSync`: on Windows it leaves, without a word, what has other letters than those of ASCII in
 * its path (https://github.com/nodejs/node/issues/61067).
 */
export function removeFile(file: string): void {
  try {
    patiently(() => unlinkSync(file));
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

/** What no other thread or process calls a file: `<process>.<time since the machine was started>`. */
export function unique(): string {
  return `${process.pid}.${hrtime.bigint().toString(36)}`;
}

const { hrtime, kill, uptime } = process;

/**
 * Whether the process may run that gave a file a name with `unique`. In another container there may be one of that number, too; its
 * number may be ours, where containers are started again and again.
 */
export function isRunning(name: string): boolean {
  const [, id, time = ''] = /(\d+)\.([0-9a-z]+)$/.exec(name) ?? [];
  if (Number(id) === process.pid) {
    const now = Number(hrtime.bigint());
    const made = Number.parseInt(time, 36);
    return made <= now && made >= now - uptime() * 1e9;
  }
  try {
    return kill(Number(id), 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Does what makes a file, and makes its directory first where there is none yet. */
export function inDirectory<T>(file: string, make: () => T): T {
  // More than once, as another process may be emptying the cache.
  for (let tries = 0; ; tries++) {
    try {
      if (tries > 0) makeDirectory(dirname(file));
      return make();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || tries === 5) throw error;
    }
  }
}

/**
 * Makes a directory and those above it. Node's own `recursive` never returns where a file system answers ENOENT for
 * a directory whose parent is there, as /proc does.
 */
export function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory, DIRECTORY);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && statSync(directory).isDirectory()) return;
    const above = dirname(directory);
    // The root of a drive that is not there has nothing above it.
    if (code !== 'ENOENT' || existsSync(above) || above === directory) throw error;
    makeDirectory(above);
    makeDirectory(directory);
  }
}

/** Removes directories that have nothing in them (any more), each after what is in it. */
export function removeEmpty(...directories: string[]): void {
  try {
    for (const directory of directories) rmdirSync(directory);
  } catch {
    // not empty, or not there
  }
}
