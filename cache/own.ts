/**
 * Whose files and directories are. The cache holds code that will run, so that it is used only as ssh uses its keys: what is read
 * belongs to this user or to root, and nobody else can write to it or change the directories that it is in. In: paths, and what the
 * system says of them; out: why something is not to be used, or nothing. Windows has no such owners, and nothing is said there.
 */
import type { Stats } from 'node:fs';
import {
  dirname,
  environment,
  join,
  lstatSync,
  readFileSync,
  realpath,
  relative,
  resolve,
  statSync,
} from '../node.ts';

/** Bits of a mode: those who are neither the owner nor root may write; only the owner of a name in a directory may change it. */
const GROUP_WRITES = 0o020;
const ALL_WRITE = 0o002;
const STICKY = 0o1000;

/** What of a file tells whose it is. */
export type Owned = Pick<Stats, 'uid' | 'gid' | 'mode'>;

/** A directory by its own path, no part of which is a link, or why it is not to be used, as a sentence without its full stop. */
export type Trusted = { path: string; reason?: undefined } | { path?: undefined; reason: string };

/** Whether this system says whose files are. */
const hasOwners = process.geteuid !== undefined;

/**
 * Why a file or directory is not to be used, in words that follow its name; undefined where nothing speaks against it.
 * @example notOwn(statSync('/tmp')) // 'can be written by everybody (mode 1777)'
 */
export function notOwn({ uid, gid, mode }: Owned): string | undefined {
  if (!hasOwners) return undefined;
  if (uid !== 0 && uid !== process.geteuid?.()) return `belongs to user ${uid}`;
  const shown = `(mode ${(mode & 0o7777).toString(8)})`;
  if (mode & ALL_WRITE) return `can be written by everybody ${shown}`;
  if (mode & GROUP_WRITES && !isPrivate(gid)) return `can be written by group ${gid} ${shown}`;
  return undefined;
}

/**
 * A directory that may be used, where it is or where it will be made: all directories above, up to our home or the root, are ours
 * or root's. One that everybody can write to is as good as its entries where it is sticky, as /tmp.
 * @param from the directory from which on that does not do: what is not there yet could be made by anybody
 * @example trusted('/tmp/node_modules/.cache', '/tmp') // { reason: '/tmp can be written by everybody (mode 1777)' }
 */
function trusted(directory: string, from: string = directory): Trusted {
  const path = withoutLinks(resolve(directory));
  if (!hasOwners) return { path };
  for (let at = path; ; at = dirname(at)) {
    const why = notOwnDirectory(at, at !== path && !isWithin(at, from));
    if (why !== undefined) return { reason: `${at} ${why}` };
    if (at === environment('HOME') || at === dirname(at)) return { path };
  }
}

/** Directories in a cache, beside that of Node's compile cache. */
const ROOMS = ['modules', 'objects', 'pending', 'spares', 'starts', 'transforms', 'transforms/compiled'];

/** The same for a cache, of which the directories in it must be ours as well. */
export function trustedCache(cacheDir: string, from?: string): Trusted {
  const found = trusted(cacheDir, from);
  if (!hasOwners || found.path === undefined) return found;
  for (const room of ROOMS) {
    const directory = join(found.path, room);
    const why = notOwnDirectory(directory);
    if (why !== undefined) return { reason: `${directory} ${why}` };
  }
  return found;
}

/**
 * Why a directory is not to be used, in words that follow its name. Nothing speaks against one that is not there, or at which
 * `--permission` leaves us no look.
 * @param sticky whether one will do that everybody can write to and that is sticky
 */
export function notOwnDirectory(directory: string, sticky = false): string | undefined {
  let found: Stats | undefined;
  try {
    found = lstatSync(directory, NO_THROW);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const isUnknown = code === 'ENOTDIR' || code === 'ERR_ACCESS_DENIED';
    return isUnknown ? undefined : `cannot be looked at: ${message}`;
  }
  if (found === undefined) return undefined;
  if (found.isSymbolicLink()) return 'is a link';
  const { uid, gid, mode } = found;
  return notOwn(sticky && mode & STICKY ? { uid, gid, mode: 0 } : found);
}

/** Why a file is not to be used as settings: itself, wherever links lead, or the directory that has its name; undefined where there is none. */
export function notOwnFile(file: string): string | undefined {
  const found = statOf(file);
  if (found === undefined) return undefined;
  if (!found.isFile()) return 'is no file';
  return notOwn(found) ?? notOwnDirectory(dirname(file));
}

/** What a path leads to; undefined where nothing is there, or `--permission` leaves us no look at it. */
export function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, NO_THROW);
  } catch {
    return undefined;
  }
}

const NO_THROW = { __proto__: null, throwIfNoEntry: false } as { throwIfNoEntry: false };

function isWithin(path: string, directory: string): boolean {
  return !/^\.\.(?:\/|$)/.test(relative(directory, path));
}

/** A path as the system has it; what is not there yet stays as it was named. */
function withoutLinks(path: string): string {
  try {
    return realpath(path);
  } catch {
    const above = dirname(path);
    return above === path ? path : join(withoutLinks(above), path.slice(above.length));
  }
}

/** By group: whether it is only ours. */
const groups = new Map<number, boolean>();

/** Whether a group is only ours, so that its files may be written by it (umask 002). Root needs none. */
function isPrivate(gid: number): boolean {
  const us = process.geteuid?.() ?? 0;
  if (us === 0 || gid !== process.getegid?.()) return false;
  let found = groups.get(gid);
  if (found === undefined)
    groups.set(gid, (found = isOwnGroup(gid, us, textOf('/etc/passwd'), textOf('/etc/group'))));
  return found;
}

/**
 * Whether a group is the one that many systems make for each user, with his name and nobody else in it. One that nobody has named is his
 * if it has his number.
 * @param passwd text of that file: name, password, user, group @param group: name, password, group, members
 */
export function isOwnGroup(gid: number, uid: number, passwd: string, group: string): boolean {
  const users = rows(passwd);
  const name = users.find((user) => user[2] === String(uid))?.[0];
  if (users.some((user) => user[3] === String(gid) && user[2] !== String(uid))) return false;
  const found = rows(group).find((one) => one[2] === String(gid));
  if (found === undefined) return gid === uid;
  const members = (found[3] ?? '').split(',');
  return found[0] === name && members.every((member) => member === '' || member === name);
}

function rows(table: string): string[][] {
  return table.split('\n').map((line) => line.split(':'));
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
