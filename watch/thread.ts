/**
 * The eyes: chokidar on a thread of its own, where neither what the program does to Node's functions and timers nor its load reaches it.
 * In: messages with the files to look at, and once with directories in which others are told of too; out: a message with the name of a file at which something may have happened,
 * which may well be nothing, and one when the first of them are watched. Every event is passed on at once: chokidar's own
 * answers drop the second of two quick saves.
 */
import { existsSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import { parentPort } from 'node:worker_threads';
import { watch } from 'chokidar';

/** How often a directory that is gone is looked for, in milliseconds: nothing tells of its return. */
const ABSENT = 200;

/** How often the command is looked for that has started the program, in milliseconds. */
const ORPHANED = 500;

const files = new Set<string>();
const directories = new Set<string>();
const absent = new Set<string>();
/** whether other files in these directories are told of as well */
let beside = false;

/**
 * Directories, as well as files: an editor that renames a new file over the old one, or away and back, is seen only there.
 * On Windows chokidar names some files with slashes; `normalize` gives the names that we have.
 */
const watcher = watch([], {
  depth: 0,
  atomic: false,
  ignorePermissionErrors: true,
  ignored(name) {
    const path = normalize(name);
    return !files.has(path) && !directories.has(path);
  },
});

watcher.on('all', (event, name) => {
  const path = normalize(name);
  if (event === 'unlinkDir' && directories.has(path)) miss(path);
  // Where files are watched, and not looked at again and again, it was told of before chokidar looked at the file.
  if (event !== 'change' || watcher.options.usePolling) tell(path);
});
watcher.on('raw', (_event, name, details) => {
  const { watchedPath: from } = details as { watchedPath?: string };
  if (from === undefined) return;
  const watchedPath = normalize(from);
  if (files.has(watchedPath)) tell(watchedPath);
  else if (typeof name === 'string') tell(join(watchedPath, name));
  if (typeof name === 'string' && beside && !files.has(join(watchedPath, name)))
    parentPort?.postMessage({ other: join(watchedPath, name) });
  // A directory that goes, or is renamed, says so under its own name; another may be there by now.
  const isGone = name === basename(watchedPath) || !existsSync(watchedPath);
  if (isGone && directories.has(watchedPath)) miss(watchedPath);
});
watcher.on('ready', () => parentPort?.postMessage({ ready: true }));
watcher.on('error', (error) => parentPort?.postMessage({ error: (error as Error).message }));

parentPort?.on('message', (added: string[] | { beside: string[] } | { command: number | undefined }) => {
  if ('command' in added) return endWith(added.command);
  if ('beside' in added) {
    beside = true;
    for (const one of added.beside) directories.add(one);
    watcher.add(added.beside);
    return;
  }
  const fresh = new Set<string>();
  for (const file of added) {
    files.add(file);
    const directory = dirname(file);
    if (directories.has(directory)) continue;
    directories.add(directory);
    fresh.add(directory);
  }
  watcher.add([...fresh, ...added.filter((file) => existsSync(file))]);
  for (const directory of fresh) if (!existsSync(directory)) miss(directory);
});

/** A command that was killed cannot pass that on: without it the program would stay, with the port that it listens on. */
function endWith(command: number | undefined): void {
  if (command === undefined) return;
  setInterval(() => {
    if (process.ppid !== command) process.kill(process.pid, 'SIGKILL');
  }, ORPHANED);
}

function tell(path: string): void {
  if (files.has(path)) parentPort?.postMessage({ path });
}

/** A directory has gone, and its watch with it; it is watched again when it is back. */
function miss(directory: string): void {
  if (absent.has(directory)) return;
  absent.add(directory);
  const look = (): void => {
    if (!existsSync(directory)) {
      setTimeout(look, ABSENT);
      return;
    }
    absent.delete(directory);
    const inside = [...files].filter((file) => dirname(file) === directory);
    watcher.unwatch([directory, ...inside]);
    watcher.add([directory, ...inside.filter((file) => existsSync(file))]);
    inside.forEach(tell);
  };
  look();
}
