/**
 * A cache without anything in it. In: its directory; out: nothing but what is not ours, which stays: somebody may have
 * named a directory that has other things in it.
 */
import type { Dirent } from 'node:fs';
import { join, readdirSync } from '../node.ts';
import { removeEmpty, removeFile } from './files.ts';
import { HEALTH } from './health.ts';
import { cacheError } from './objects.ts';
import { SPARE } from './spares.ts';
import { NOTE, STARTS } from './starts.ts';

/**
 * What is ours: directories in the cache, by name or by what names they have, and the files in the innermost. One that is being
 * written has another name, and stays. Node has the names in its compile cache, and writes it anew when the program ends.
 */
const OURS: [directories: (string | RegExp)[], file: RegExp][] = [
  [['objects'], /^[0-9a-f]{64}\.\w+$/],
  [['spares'], SPARE],
  [[STARTS], NOTE],
  [[STARTS], HEALTH],
  [['modules', /^[0-9a-f]{64}$/], /^log(\.damaged)?$/],
  [['transforms', 'compiled', /^v\d+\.\d/], /^[0-9a-f]{1,8}$/],
  [['transforms', /^[0-9a-f]{16}$/], /^(index|texts)$/],
];

/**
 * Removes versions, histories and transformed texts.
 * @throws ERR_HOTSWAP_CACHE where a file cannot be removed; some may have been
 */
export function emptyCache(cacheDir: string): void {
  try {
    for (const [directories, file] of OURS) empty(cacheDir, directories, file);
  } catch (error) {
    throw cacheError(cacheDir, 'remove the versions', error);
  }
}

function empty(directory: string, [next, ...others]: (string | RegExp)[], file: RegExp): void {
  for (const entry of entries(directory)) {
    const { name } = entry;
    const path = join(directory, name);
    if (next === undefined) {
      if (file.test(name)) removeFile(path);
    } else if (entry.isSymbolicLink()) {
      // what it leads to is not ours
    } else if (typeof next === 'string' ? name === next : next.test(name)) {
      empty(path, others, file);
      removeEmpty(path);
    }
  }
}

function entries(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}
