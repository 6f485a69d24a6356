/**
 * Node's compile cache, in ours: V8's code for every module and script of the program, so that a second start compiles nothing
 * either. In: the configuration; out: nothing. Node itself keeps it, by text and by its own version, and writes it when the
 * program ends; one that the program or the user has chosen already stays (NODE_COMPILE_CACHE, `module.enableCompileCache()`).
 */
import { makeDirectory } from '../cache/files.ts';
import { join } from '../node.ts';
import type { Config } from './config.ts';

/** Begins to use it, where this Node has one (22.1 and later) and nothing speaks against it. */
export function keepCompiled({ cacheDir, compileCache }: Config): void {
  // What is taken from it is covered less exactly: https://nodejs.org/api/module.html#module-compile-cache
  if (cacheDir === undefined || !compileCache || process.env.NODE_V8_COVERAGE !== undefined) return;
  const { enableCompileCache } = process.getBuiltinModule('node:module') as {
    enableCompileCache?: (directory: string) => void;
  };
  if (enableCompileCache === undefined) return;
  const directory = join(cacheDir, 'transforms', 'compiled');
  try {
    makeDirectory(directory); // Node itself never returns where that cannot be done in /proc
  } catch {
    return; // a disk that refuses
  }
  enableCompileCache(directory);
}
