/**
 * Node's compile cache, in ours: V8's code for every module and script of the program, so that a second start compiles nothing
 * either. In: the configuration; out: when it is to be written. Node itself keeps it, by text and by its own version; one that the
 * program or the user has chosen already stays (NODE_COMPILE_CACHE, `module.enableCompileCache()`).
 */
import type { EventLoopUtilization } from 'node:perf_hooks';
import { makeDirectory } from '../cache/files.ts';
import { notOwnDirectory } from '../cache/own.ts';
import { asLoaded, join, readdirSync } from '../node.ts';
import type { Config } from './config.ts';
import { countsCoverage } from './coverage.ts';

interface CompileCache {
  enableCompileCache?: (directory: string) => { directory?: string } | undefined;
  flushCompileCache?: () => void;
}

const { clearInterval, setInterval } = globalThis;

/** How long the program is looked at before it is said to be at rest, in milliseconds, and how much of that it may be at work. */
const LOOK = 1000;
const REST = 0.5;

/**
 * Begins to use it, where this Node has one (22.1 and later) and nothing speaks against it.
 * @returns what to call when modules have been loaded: has the cache written once the program is at rest
 */
export function keepCompiled({ cacheDir, compileCache }: Config): () => void {
  const none = (): void => {};
  // What is taken from it is covered less exactly: https://nodejs.org/api/module.html#module-compile-cache
  if (cacheDir === undefined || !compileCache || countsCoverage()) return none;
  const { enableCompileCache, flushCompileCache } = process.getBuiltinModule('node:module') as CompileCache;
  if (enableCompileCache === undefined) return none;
  const directory = join(cacheDir, 'transforms', 'compiled');
  try {
    makeDirectory(directory); // Node itself never returns where that cannot be done in /proc
    if (readdirSync(directory).some((name) => notOwnDirectory(join(directory, name)) !== undefined))
      return none;
  } catch {
    return none; // a disk that refuses
  }
  const isOurs = enableCompileCache(directory)?.directory?.startsWith(directory);
  return isOurs && flushCompileCache !== undefined ? atRest(flushCompileCache) : none;
}

/**
 * Node writes its cache when the program ends, but not where a signal ends it, as it does most servers. Writing takes up to 0.7 ms a
 * new file, during which nothing is answered, so that is left for when little is asked.
 */
function atRest(write: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  return () => {
    if (timer !== undefined) return;
    let before: EventLoopUtilization | undefined;
    timer = setInterval(() => {
      const { eventLoopUtilization } = process.getBuiltinModule('node:perf_hooks').performance; // 1 ms to load
      const now = eventLoopUtilization();
      const isBusy = before === undefined || eventLoopUtilization(now, before).utilization > REST;
      before = now;
      if (isBusy) return;
      clearInterval(timer);
      timer = undefined;
      asLoaded(write);
    }, LOOK).unref();
  };
}
