/**
 * A cache without anything in it. In: its directory; out: nothing but what is not ours, which stays: somebody may have
 * named a directory that has other things in it.
 */
import type { Dirent } from 'node:fs';
import { join, readdirSync, rmSync } from '../node.ts';
import { cacheError, removeEmpty } from './objects.ts';

/**
 * What is ours: directory, directory in it, file in that. One that is being written has another name, and stays. Node has the
 * names in its compile cache, and writes it anew when the program ends.
 */
const OURS: [room: string, part: RegExp, file: RegExp][] = [
  ['objects', /^[0-9a-f]{2}$/, /^[0-9a-f]{62}\.\w+$/],
  ['modules', /^[0-9a-f]{64}$/, /^log$/],
  [join('transforms', 'compiled'), /^v\d+\.\d/, /^[0-9a-f]{1,8}$/],
  ['transforms', /^[0-9a-f]{16}$/, /^(index|texts)$/],
];

/**
 * Removes versions, histories and transformed texts.
 * @throws ERR_HOTSWAP_CACHE where a file cannot be removed; some may have been
 */
export function emptyCache(cacheDir: string): void {
  try {
    for (const [room, part, file] of OURS) {
      for (const { name } of entries(join(cacheDir, room)).filter((one) => part.test(one.name))) {
        const directory = join(cacheDir, room, name);
        for (const one of entries(directory))
          if (file.test(one.name)) rmSync(join(directory, one.name), { force: true });
        removeEmpty(directory);
      }
    }
  } catch (error) {
    throw cacheError(cacheDir, 'remove the versions', error);
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
