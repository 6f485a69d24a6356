/**
 * Whether ours are the only hooks. In: how the process was started, or what is imported; out: whether Node's own loader stands
 * behind us, and what it would make of an import. For hooks on a thread of their own, where asking Node takes a file several
 * trips between threads.
 */
import { extname, fileURLToPath, pathToFileURL, realpath, statSync } from '../node.ts';
import { declaredType } from './language.ts';

const PRELOADS = /^(?:-r|--require|--import|--loader|--experimental-loader)(?:=(.*))?$/s;
const OTHERWISE =
  /^--(?:preserve-symlinks|experimental-default-type|experimental-policy|experimental-permission)/;
/** How we are preloaded: by people, and by `hotswap run`. A name that only looks so may be another loader's. */
const OURS = ['hotswap/register', new URL(`./register${extname(import.meta.url)}`, import.meta.url).href];

/**
 * Whether nothing but `hotswap/register` was preloaded, and no option changes how Node resolves.
 * @param options NODE_OPTIONS
 */
export function isAlone(execArgv: readonly string[], options = ''): boolean {
  const words = [...options.split(/\s+/), ...execArgv];
  const preloads = words.flatMap((word, i) => {
    const found = PRELOADS.exec(word);
    return found === null ? [] : [found[1] ?? words[i + 1] ?? ''];
  });
  const [only = ''] = preloads;
  return preloads.length === 1 && OURS.includes(only) && !words.some((word) => OTHERWISE.test(word));
}

/**
 * What Node resolves `./x.mjs` to, or `./x.js` in a package of modules (https://nodejs.org/api/esm.html#resolution-algorithm);
 * undefined for anything less plain than that, and where there is no such file.
 */
export function resolvedPlainly(specifier: string, parent: string | undefined): string | undefined {
  if (!/^\.\.?\/[^?#%\\]*\.m?js$/.test(specifier) || !parent?.startsWith('file:')) return undefined;
  if (process.platform !== 'linux') return undefined; // elsewhere a file may be found by a name that is not its own
  const file = fileURLToPath(new URL(specifier, parent).href);
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true || realpath(file) !== file)
    return undefined;
  const url = pathToFileURL(file).href; // as Node writes it: `~` and others are letters that may be written in two ways
  return file.endsWith('.mjs') || declaredType(url) === 'module' ? url : undefined;
}
