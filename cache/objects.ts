/**
 * Texts on disk under their SHA-256: `objects/abcdef….js`. In: a text; out: its id, and the text again by id.
 * A text is whole or absent (temporary name, then rename) and is hashed again when read; never trust an id
 * that came from outside before `isId` (ids.ts) has seen it.
 */
import { HotswapError } from '../error.ts';
import { closeSync, dirname, existsSync, hash, join, utimesSync } from '../node.ts';
import {
  inDirectory,
  openFile,
  readFile,
  removeEmpty,
  removeFile,
  TO_APPEND,
  unique,
  writeWhole,
} from './files.ts';
import { unneeded } from './needed.ts';
import { makeSpares, takeSpare } from './spares.ts';

/** Lower-case hexadecimal SHA-256 of a text in UTF-8: 64 characters. */
export function sha256(text: string): string {
  return hash('sha256', text);
}

/** Where the object with this id is or would be. `extension` is the module's, with its dot. */
export function objectFile(cacheDir: string, id: string, extension: string): string {
  return join(cacheDir, 'objects', id + extension);
}

/** A text that was stored. */
export interface StoredObject {
  id: string;
  file: string;
  /** whether it was not there before */
  made: boolean;
  /** writes it again if somebody has removed it, who could not know that it is needed; for after its line has been written */
  ensure: () => void;
  /** removes the file again if it was not there before, and nobody else needs it by now */
  undo: () => void;
}

/**
 * Stores a text; one that is there already is left alone.
 * @param id its SHA-256, where that is known
 * @throws ERR_HOTSWAP_CACHE when the directory cannot be written or is full; nothing is left behind.
 */
export function putObject(
  cacheDir: string,
  text: string,
  extension: string,
  id: string = sha256(text),
): StoredObject {
  const file = objectFile(cacheDir, id, extension);
  const ensure = (): void => {
    if (!existsSync(file)) write(cacheDir, file, text);
  };
  if (existsSync(file) && intact(file, id)) {
    touch(file);
    return { id, file, made: false, ensure, undo: () => {} };
  }
  write(cacheDir, file, text);
  makeSpares(cacheDir);
  return { id, file, made: true, ensure, undo: () => removeObjects(cacheDir, [id], extension) };
}

function write(cacheDir: string, file: string, text: string): void {
  try {
    writeWhole(file, text, takeSpare(cacheDir));
  } catch (error) {
    removeEmpty(dirname(file));
    throw cacheError(cacheDir, 'store a version', error);
  }
}

/** Says that a text is needed, to whoever collects what is not. */
function touch(file: string): void {
  const now = Date.now() / 1000;
  try {
    utimesSync(file, now, now);
  } catch {
    // another user's: it is looked for once its line has been written
  }
}

/** Removes texts that no log names any more: one text may be that of versions of several modules. */
export function removeObjects(cacheDir: string, ids: readonly string[], extension: string): void {
  for (const id of unneeded(cacheDir, ids)) removeFile(objectFile(cacheDir, id, extension));
  removeEmpty(join(cacheDir, 'objects'));
}

/**
 * Reads a text back.
 * @throws ERR_HOTSWAP_CACHE when the file is missing, unreadable, truncated or altered.
 */
export function getObject(cacheDir: string, id: string, extension: string): string {
  const file = objectFile(cacheDir, id, extension);
  let text: string;
  try {
    text = readFile(file).toString();
  } catch (cause) {
    throw new HotswapError(
      'ERR_HOTSWAP_CACHE',
      `the cached version ${file} cannot be read: ${reason(cause)}`,
      {
        file,
        cause,
      },
    );
  }
  if (sha256(text) !== id) {
    throw new HotswapError(
      'ERR_HOTSWAP_CACHE',
      `the cached version ${file} is damaged: its text no longer has the SHA-256 it is named by. Delete it; the next version with that text writes it anew.`,
      { file },
    );
  }
  return text;
}

/** A cache failure as the user should read it: which directory, which step, and the ways out. */
export function cacheError(cacheDir: string, step: string, cause: unknown): HotswapError {
  return new HotswapError(
    'ERR_HOTSWAP_CACHE',
    `cannot ${step} in ${cacheDir}: ${reason(cause)}. Nothing was changed. Set HOTSWAP_CACHE_DIR to a writable directory, or to nothing to keep versions in memory only.`,
    { file: cacheDir, cause },
  );
}

/** Makes sure that a cache can be written; makes its directory. @throws ERR_HOTSWAP_CACHE */
export function probe(cacheDir: string): void {
  const file = join(cacheDir, `probe.${unique()}`);
  try {
    inDirectory(file, () => closeSync(openFile(file, TO_APPEND)));
    removeFile(file);
  } catch (error) {
    throw cacheError(cacheDir, 'keep versions', error);
  }
}

function intact(file: string, id: string): boolean {
  try {
    return sha256(readFile(file).toString()) === id;
  } catch {
    return false;
  }
}

/** An error in words. */
export function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
