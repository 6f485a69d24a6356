/**
 * Files and directories, made whole and taken away whole. In: paths; out: the file system changed, or an error and nothing left
 * behind. Below all of the cache.
 */
import {
  dirname,
  existsSync,
  mkdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from '../node.ts';

/**
 * Writes a file whole or not at all, and at once: five threads' work for one file takes longer than the file. A lost power
 * line may leave it empty, which its hash then shows; no fsync is worth its milliseconds here.
 * @param spare an empty file on the same disk that becomes this one, if it is still there
 */
export function writeWhole(file: string, text: string | Buffer, spare?: string): void {
  if (spare !== undefined) {
    try {
      return moveWhole(spare, file, () => writeFileSync(spare, text, { flag: 'r+' }));
    } catch {
      // gone, or what will be said of a new one
    }
  }
  const temporary = `${file}.${unique()}`;
  moveWhole(temporary, file, () => inDirectory(file, () => writeFileSync(temporary, text)));
}

/** Has a file written under another name and moves it to its own. */
function moveWhole(temporary: string, file: string, write: () => void): void {
  try {
    write();
    inDirectory(file, () => renameSync(temporary, file));
  } catch (error) {
    try {
      rmSync(temporary, { force: true });
    } catch {
      // a disk that refuses that as well
    }
    throw error;
  }
}

/** What no other thread or process calls a file. */
export function unique(): string {
  return `${process.pid}.${process.hrtime.bigint().toString(36)}`;
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
    mkdirSync(directory);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && statSync(directory).isDirectory()) return;
    if (code !== 'ENOENT' || existsSync(dirname(directory))) throw error;
    makeDirectory(dirname(directory));
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
