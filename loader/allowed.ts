/**
 * What Node lets us do. In: how the process was started; out: nothing, or why no module can be hot or no cache be kept, with the flags
 * that would let us.
 */
import { createRequire, dirname, environment, existsSync, fileURLToPath, join } from '../node.ts';

interface Permission {
  has(scope: string, reference?: string): boolean;
}

/** Undefined without `--permission`. */
const { permission } = process as { permission?: Permission };

/** Why no module of this process is hot. */
let nothingIsHot: string | undefined;

/** Why no module of this process can be hot, as a sentence without its full stop; undefined where nothing is in the way. */
export function whyNothingIsHot(): string | undefined {
  return nothingIsHot;
}

/** Looks whether modules can be hot. @param isOffThread whether hooks need a thread of their own @returns why they cannot */
export function lookWhetherHot(isOffThread: boolean): string | undefined {
  const words = [...(environment('NODE_OPTIONS') ?? '').split(/\s+/), ...process.execArgv];
  const flags = permission === undefined ? [] : hotFlags(permission, words, isOffThread);
  const beginning = 'no module is hot, and the program runs as it is:';
  if (flags.length > 0) nothingIsHot = `${beginning} under --permission that needs ${flags.join(' ')}`;
  else if (words.includes('--no-addons')) nothingIsHot = `${beginning} --no-addons keeps the parser out`;
  else if ((process.features as { require_module?: boolean }).require_module === false)
    nothingIsHot = `${beginning} --no-experimental-require-module keeps hooks from loading what instruments it`;
  return nothingIsHot;
}

function hotFlags(permission: Permission, words: string[], isOffThread: boolean): string[] {
  // Node 20 cannot be asked about addons.
  const addons = permission.has('addon') || (isOffThread && words.includes('--allow-addons'));
  return [
    ...(addons ? [] : ['--allow-addons']),
    ...(isOffThread && !permission.has('worker') ? ['--allow-worker'] : []),
    ...parserFlags(),
  ];
}

/** The parser is a package of its own, which may be where nothing may be read. */
function parserFlags(): string[] {
  try {
    createRequire(import.meta.url).resolve('oxc-parser');
    return [];
  } catch {
    const here = dirname(fileURLToPath(import.meta.url));
    const [installed = here] = /^.*?[\\/]node_modules(?=[\\/])/.exec(here) ?? [];
    return [`--allow-fs-read=${join(installed, '*')}`];
  }
}

/** The flags that a cache needs and that were not given. One that is not there yet is made, with the directories around it. */
export function cacheFlags(cacheDir: string): string[] {
  if (permission === undefined) return [];
  let top = cacheDir;
  while (permission.has('fs.read', dirname(top)) && top !== dirname(top) && !existsSync(dirname(top)))
    top = dirname(top);
  if (permission.has('fs.read', top) && permission.has('fs.write', top)) return [];
  return [`--allow-fs-read=${top}*`, `--allow-fs-write=${top}*`];
}
