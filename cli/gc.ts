/**
 * `hotswap gc`: removes from a cache what nobody needs any more, beside programs that use it. In: a directory, or nothing for the
 * cache of the package around the working directory; out: an exit code, and on stderr what was freed. How many versions of a
 * module stay is what HOTSWAP_ROLLBACK_LENGTH or package.json says.
 */
import { resolve } from 'node:path';
import { collect, type Freed, SETTLED } from '../cache/collect.ts';
import { pause } from '../cache/files.ts';
import { readConfig } from '../loader/config.ts';
import { printable } from '../node.ts';

/** @param directory of a cache */
export function gc(directory?: string): void {
  const options = directory === undefined ? {} : { cacheDir: resolve(directory) };
  try {
    const { cacheDir, rollbackLength } = readConfig(process.env, process.cwd(), options);
    if (cacheDir === undefined) return say('there is no cache to be cleaned', 1);
    let freed = collectAll(cacheDir, rollbackLength);
    if (freed.young > 0) {
      // Somebody may be about to name what was written just now.
      pause(SETTLED);
      freed = sum(freed, collectAll(cacheDir, rollbackLength));
    }
    say(`${told(freed)} in ${printable(cacheDir)}`);
  } catch (error) {
    say(`not all could be cleaned: ${printable((error as Error).message)}`, 1);
  }
}

function collectAll(cacheDir: string, rollbackLength: number): Freed {
  const work = collect(cacheDir, rollbackLength);
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}

function sum(a: Freed, b: Freed): Freed {
  return {
    texts: a.texts + b.texts,
    bytes: a.bytes + b.bytes,
    files: a.files + b.files,
    transactions: a.transactions + b.transactions,
    young: b.young,
  };
}

/** @example told(freed) // 'freed 12 texts and 1 file that a process has left (2.3 MB)' */
function told({ texts, bytes, files, transactions }: Freed): string {
  const parts = [
    [texts, 'text', ''],
    [files, 'file', ' that a process has left'],
    [transactions, 'transaction', ' that a process did not write to its end'],
  ].flatMap(([count, what, more]) => (count === 0 ? [] : `${count} ${what}${count === 1 ? '' : 's'}${more}`));
  if (parts.length === 0) return 'there is nothing to free';
  const size = bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
  return `freed ${parts.join(' and ')} (${size})`;
}

function say(line: string, code = 0): void {
  process.stderr.write(`hotswap: ${line}\n`);
  process.exitCode = code;
}
