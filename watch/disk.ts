/**
 * What a watched file is on disk. In: its path; out: its text, what tells that it was written, and whether git is writing it.
 */
import { setTimeout as later } from 'node:timers';
import { dirname, existsSync, join, readFileSync, resolve, statSync } from '../node.ts';

/** How long a checkout is waited for: git holds a lock while it writes files. */
const CHECKOUT = 10_000;

/** How often its lock is looked for meanwhile, milliseconds. */
const LOOK = 40;

/** The text of a file; undefined where there is none, and why where it is no text. */
export function textOf(file: string): string | undefined | Error {
  let bytes: Buffer;
  try {
    if (statSync(file).isDirectory()) return new Error(`${file} is a directory now`);
    bytes = readFileSync(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ENOTDIR'
      ? undefined
      : new Error(`${file} cannot be read: ${message}`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return new Error(`${file} is not UTF-8 text`);
  }
}

/** By directory of git: what its index was when it was looked at last. */
const indexes = new Map<string, string>();

/** Waits while git writes the files of a checkout. @returns whether git has written since the last time */
export async function checkedOut(file: string): Promise<boolean> {
  const git = gitDirectory(dirname(file));
  if (git === undefined) return false;
  for (const until = Date.now() + CHECKOUT; Date.now() < until && isLocked(git); ) await wait(LOOK);
  const index = stampOf(join(git, 'index'));
  const before = indexes.get(git);
  indexes.set(git, index);
  return before !== index;
}

/** Another where a file was written or replaced. */
export function stampOf(file: string): string {
  try {
    // As numbers they would be rounded, on Windows those of files too.
    const { mtimeNs, size, ino } = statSync(file, { bigint: true });
    return `${mtimeNs} ${size} ${ino}`;
  } catch {
    return ''; // it is not there, or not for us
  }
}

/**
 * Whether it was git that wrote a file: it writes its index after the files of a checkout. Undefined while it is at work: what
 * was read before it began is its own only once its index says so.
 */
export function isByGit(file: string): boolean | undefined {
  const git = gitDirectory(dirname(file));
  if (git === undefined) return false;
  if (isLocked(git)) return undefined;
  const index = statSync(join(git, 'index'), { throwIfNoEntry: false, bigint: true });
  const written = statSync(file, { throwIfNoEntry: false, bigint: true });
  return index !== undefined && written !== undefined && index.mtimeNs >= written.mtimeNs;
}

/** Whether git is at work, as far as its lock tells: an old one was left behind. */
function isLocked(git: string): boolean {
  const since = statSync(join(git, 'index.lock'), { throwIfNoEntry: false })?.mtimeMs;
  return since !== undefined && Date.now() - since <= CHECKOUT;
}

function gitDirectory(from: string): string | undefined {
  for (let directory = from; ; directory = dirname(directory)) {
    const git = join(directory, '.git');
    if (existsSync(git)) {
      if (statSync(git).isDirectory()) return git;
      const named = /^gitdir: (.+)$/m.exec(readFileSync(git, 'utf8'))?.[1]; // a worktree or submodule
      return named === undefined ? undefined : resolve(directory, named);
    }
    if (directory === dirname(directory)) return undefined;
  }
}

export function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    later(resolve, ms).unref();
  });
}
