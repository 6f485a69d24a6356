/**
 * Whether a cache can be written at all: on a file system that is read-only, as another user, or below what is no directory it cannot. In:
 * its directory, which need not be there; out: why it cannot be, or nothing. A disk may refuse later all the same.
 */
import { accessSync, constants, dirname, statSync } from '../node.ts';

/** By directory, as it was when it was first asked: a program that has begun to keep versions in memory goes on. */
const known = new Map<string, string | undefined>();

/**
 * Why nothing can be written below a directory, as words after a comma; undefined where it seems that it can be.
 * @example unwritable('/etc/hosts/cache') // '/etc/hosts is no directory'
 */
export function unwritable(directory: string): string | undefined {
  if (!known.has(directory)) known.set(directory, reasonAt(directory));
  return known.get(directory);
}

function reasonAt(directory: string): string | undefined {
  try {
    if (!statSync(directory).isDirectory()) return `${directory} is no directory`;
    accessSync(directory, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const isMissing = code === 'ENOENT' || code === 'ENOTDIR';
    return isMissing && directory !== dirname(directory) ? reasonAt(dirname(directory)) : message;
  }
}
