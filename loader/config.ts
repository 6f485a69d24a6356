/**
 * What the user may set. In: options of `start()`, environment variables and the `"hotswap"` key of the nearest
 * package.json, the former before the latter; out: one checked Config. An empty variable is off, and a value that means
 * nothing is an error.
 */
import { HotswapError } from '../error.ts';
import {
  createRequire,
  dirname,
  existsSync,
  inspect,
  join,
  readFileSync,
  resolve,
  writeError,
} from '../node.ts';

export interface Config {
  /** HOTSWAP_CACHE_DIR: where versions live; undefined (set to nothing) keeps them in memory only. Default `node_modules/.cache/hotswap` beside the nearest package.json. */
  cacheDir: string | undefined;
  /** HOTSWAP_PERSIST: keep this process's versions on disk when it ends. Off, they are removed again at its exit (not when it is killed), and the next start runs the files. Default on. */
  persist: boolean;
  /** HOTSWAP_UNLOAD: put edited modules back to their files in the running program at `stop()`. Default off. */
  unload: boolean;
  /** HOTSWAP_RELOAD: make the newest version live again at start. Default on. */
  reload: boolean;
  /** HOTSWAP_ROLLBACK_LENGTH: how many versions of a module can be gone back to, besides the original. Default all. */
  rollbackLength: number;
  /** HOTSWAP_OVERRIDE_CORE: allow edits of Node's own modules. Default off. */
  overrideCore: boolean;
  /** HOTSWAP_INCLUDE: globs over absolute file paths, separated by commas; overrides the node_modules rule. Default none. */
  include: string[];
  /** HOTSWAP_EXCLUDE: as HOTSWAP_INCLUDE, and wins over it. Default none. */
  exclude: string[];
  /** HOTSWAP_SILENT: no notices on stderr; errors are thrown all the same, and a save that fails is reported. Default off. */
  silent: boolean;
  /** HOTSWAP_WATCH: take over the files of hot modules when they are saved; on the main thread only. Default off. */
  watch: boolean;
  /** HOTSWAP_COMPILE_CACHE: keep V8's code of modules in the cache too, which makes a warm start about as fast as without us. Default on. */
  compileCache: boolean;
}

type Setting = string | number | boolean | string[] | null | undefined;

/** Settings as a program gives them. `null` is off, as an empty variable is; what is left out is set elsewhere. */
export type Options = { [Key in keyof Config]?: Config[Key] | null | undefined };

/**
 * Reads the configuration.
 * @param env the environment, e.g. `process.env`
 * @param from the directory to look for package.json from, upwards
 * @param options what a program asks for; it wins over both
 * @throws ERR_HOTSWAP_CONFIG for a value that cannot be understood, naming it and what is accepted
 */
export function readConfig(env: NodeJS.ProcessEnv, from: string, options: Options = {}): Config {
  const home = packageRoot(from);
  const found = home === undefined ? undefined : packageSettings(home);
  const fromPackage: Record<string, Setting> = isObject(found) ? found : {};
  const setting = (option: keyof Config, variable: string): [Setting, string] => {
    if (options[option] !== undefined) return [options[option], `the option ${option}`];
    if (env[variable] !== undefined) return [env[variable], variable];
    return [fromPackage[option], `"hotswap": { "${option}" } in package.json`];
  };

  const [directory, whence] = setting('cacheDir', 'HOTSWAP_CACHE_DIR');
  if (directory !== undefined && directory !== null && directory !== false && typeof directory !== 'string')
    throw wrong(whence, directory, 'a path, or nothing to keep versions in memory only');
  const root = home ?? from;
  const config: Config = {
    cacheDir:
      directory === undefined
        ? join(root, 'node_modules', '.cache', 'hotswap')
        : directory === '' || directory === null || directory === false
          ? undefined
          : resolve(whence.endsWith('package.json') ? root : process.cwd(), directory),
    persist: flag(setting('persist', 'HOTSWAP_PERSIST'), true),
    unload: flag(setting('unload', 'HOTSWAP_UNLOAD'), false),
    reload: flag(setting('reload', 'HOTSWAP_RELOAD'), true),
    rollbackLength: length(setting('rollbackLength', 'HOTSWAP_ROLLBACK_LENGTH')),
    overrideCore: flag(setting('overrideCore', 'HOTSWAP_OVERRIDE_CORE'), false),
    include: globs(setting('include', 'HOTSWAP_INCLUDE')),
    exclude: globs(setting('exclude', 'HOTSWAP_EXCLUDE')),
    silent: flag(setting('silent', 'HOTSWAP_SILENT'), false),
    watch: flag(setting('watch', 'HOTSWAP_WATCH'), false),
    compileCache: flag(setting('compileCache', 'HOTSWAP_COMPILE_CACHE'), true),
  };
  if (found !== undefined && home !== undefined) sayUnknown(found, join(home, 'package.json'), config);
  return config;
}

/** The directory whose package.json configures the program: that of its entry. */
export function programDirectory(): string {
  const entry = process.argv[1];
  return entry === undefined ? process.cwd() : dirname(entry);
}

/** Writes notices to stderr at once, from any thread. */
export function sayer(config: Config): (line: string) => void {
  return (line) => {
    if (!config.silent) writeError(`hotswap: ${line}\n`);
  };
}

/**
 * Looks at the options that a call was given; their values are looked at where they are read.
 * @param call for messages, e.g. `stop()`
 * @throws ERR_HOTSWAP_CONFIG for what is no object, and for an option that the call does not have
 */
export function checkOptions(options: unknown, call: string, known: readonly (keyof Config)[]): void {
  if (options === null || typeof options !== 'object' || Array.isArray(options)) {
    throw new HotswapError(
      'ERR_HOTSWAP_CONFIG',
      `${call} takes an object of options (${known.join(', ')}); got ${inspect(options)}`,
    );
  }
  for (const name of Object.keys(options)) {
    if ((known as readonly string[]).includes(name)) continue;
    throw new HotswapError(
      'ERR_HOTSWAP_CONFIG',
      `${call} has no option ${name}; it takes ${known.join(', ')}`,
    );
  }
}

/** The nearest directory at or above `from` that has a package.json. */
export function packageRoot(from: string): string | undefined {
  return nearestWith('package.json', from);
}

/** The nearest directory at or above `from` that has a file. @param file relative to it */
export function nearestWith(file: string, from: string): string | undefined {
  for (let directory = resolve(from); ; directory = dirname(directory)) {
    if (existsSync(join(directory, file))) return directory;
    if (directory === dirname(directory)) return undefined;
  }
}

/** What a package.json has under "hotswap", whatever that is. */
function packageSettings(root: string): unknown {
  try {
    return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).hotswap;
  } catch {
    return undefined; // Node itself reports a package.json that does not parse
  }
}

function isObject(value: unknown): value is Record<string, Setting> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** What has been said of a package.json is not said again. */
let isSaid = false;

/** Says, once a process, what under "hotswap" in a package.json means nothing. */
function sayUnknown(found: unknown, file: string, config: Config): void {
  const known = [...Object.keys(config), 'vsn'];
  const unknown = isObject(found) ? Object.keys(found).filter((key) => !known.includes(key)) : [];
  if ((isObject(found) && unknown.length === 0) || isSaid) return;
  isSaid = true;
  if (!process.getBuiltinModule('node:worker_threads').isMainThread) return;
  const say = sayer(config);
  if (!isObject(found))
    return say(
      `"hotswap" in ${file} is ${inspect(found)} and not used; it takes an object of ${known.join(', ')}`,
    );
  const { closest } = createRequire(import.meta.url)(
    'fastest-levenshtein',
  ) as typeof import('fastest-levenshtein');
  const names = unknown.map((key) => `${JSON.stringify(key)} (did you mean ${closest(key, known)}?)`);
  say(`"hotswap" in ${file} has what is no setting: ${names.join(', ')}`);
}

/** @throws ERR_HOTSWAP_CONFIG for a value that is neither on nor off */
export function flag([value, where]: [Setting, string], fallback: boolean): boolean {
  if (value === undefined) return fallback;
  const word = typeof value === 'object' && value !== null ? 'neither' : String(value ?? '').toLowerCase();
  if (['', '0', 'false', 'off', 'no'].includes(word)) return false;
  if (['1', 'true', 'on', 'yes'].includes(word)) return true;
  throw wrong(where, value, '1, true, on or yes; or 0, false, off, no or nothing');
}

function length([value, where]: [Setting, string]): number {
  if (value === undefined || value === '' || value === null) return Number.POSITIVE_INFINITY;
  if (value === Number.POSITIVE_INFINITY) return value;
  const number = typeof value === 'string' ? Number(value) : value;
  if (Number.isInteger(number) && (number as number) >= 0) return number as number;
  throw wrong(where, value, 'a whole number of versions, 0 or more');
}

function globs([value, where]: [Setting, string]): string[] {
  if (value === undefined || value === '' || value === null) return [];
  const list = typeof value === 'string' ? globsIn(value) : value;
  if (!Array.isArray(list) || !list.every((glob) => typeof glob === 'string'))
    throw wrong(where, value, 'globs as strings');
  return list.map((glob) => glob.trim()).filter((glob) => glob !== '');
}

const CLOSING: Record<string, string> = { '{': '}', '(': ')', '[': ']' };

/**
 * The globs of a list. A comma within brackets belongs to a glob; a bracket that is never closed is a character like others.
 * @example globsIn('src/**,lib/{a,b}.js') // ['src/**', 'lib/{a,b}.js']
 */
export function globsIn(list: string): string[] {
  const globs = [''];
  const open: string[] = [];
  for (let i = 0; i < list.length; i++) {
    const at = list[i] as string;
    const closing = CLOSING[at];
    if (at === ',' && open.length === 0) {
      globs.push('');
      continue;
    }
    if (closing !== undefined && list.includes(closing, i)) open.push(closing);
    else if (at === open.at(-1)) open.pop();
    globs[globs.length - 1] += at;
  }
  return globs;
}

function wrong(where: string, value: Setting, accepted: string): HotswapError {
  return new HotswapError(
    'ERR_HOTSWAP_CONFIG',
    `${where} is ${typeof value === 'string' ? JSON.stringify(value) : inspect(value)}, which is not understood; it takes ${accepted}`,
  );
}
