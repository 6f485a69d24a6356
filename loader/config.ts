/**
 * What the user may set. In: options of `start()`, environment variables and the `"hotswap"` key of the nearest
 * package.json, the former before the latter; out: one checked Config. An empty variable is off, and a value that means
 * nothing is an error.
 */
import { notOwn, notOwnDirectory, statOf, trustedCache } from '../cache/own.ts';
import { unwritable } from '../cache/writable.ts';
import { HotswapError } from '../error.ts';
import {
  dirname,
  existsSync,
  inspect,
  join,
  printable,
  readFileSync,
  realpath,
  resolve,
  statSync,
  writeError,
} from '../node.ts';
import { cacheFlags } from './allowed.ts';
import { CRASHED } from './crash.ts';
import { requireOurs } from './language.ts';
import { hasAll, ownOptions } from './options.ts';
import { isTestRun } from './testrun.ts';

export interface Config {
  /** HOTSWAP_CACHE_DIR: where versions live; undefined (set to nothing) keeps them in memory only. Default `node_modules/.cache/hotswap` beside the nearest package.json. */
  cacheDir: string | undefined;
  /** HOTSWAP_PERSIST: keep this process's versions on disk when it ends. Off, they are removed again at its exit (not when it is killed), and the next start runs the files. Default on; in a process that runs tests off, and nothing is written. */
  persist: boolean;
  /** HOTSWAP_UNLOAD: put edited modules back to their files in the running program at `stop()`. Default off. */
  unload: boolean;
  /** HOTSWAP_DURABLE: an edit waits until its text, its line and their names are on the disk, so that it survives a loss of power. Default off. */
  durable: boolean;
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
 * Reads the configuration. A cache that is not ours alone is none: a line on stderr says why, and versions live in memory.
 * @param env the environment, e.g. `process.env`
 * @param from the directory to look for package.json from, upwards
 * @param options what a program asks for; it wins over both
 * @throws ERR_HOTSWAP_CONFIG for a value that cannot be understood, naming it and what is accepted; ERR_HOTSWAP_CACHE where the
 *   program itself asks for a cache that is not ours alone
 */
export function readConfig(env: NodeJS.ProcessEnv, from: string, options: Options = {}): Config {
  const own = ownOptions(options);
  const { root: home, settings: found, foreign } = ownPackage(from);
  const fromPackage: Record<string, Setting> = isObject(found) ? ownOptions(found) : Object.create(null);
  const setting = (option: keyof Config, variable: string): [Setting, string] => {
    if (own[option] !== undefined) return [own[option], `the option ${option}`];
    if (hasAll(env, variable)) return [env[variable], variable];
    return [fromPackage[option], `"hotswap": { "${option}" } in package.json`];
  };

  const [directory, whence] = setting('cacheDir', 'HOTSWAP_CACHE_DIR');
  if (directory !== undefined && directory !== null && directory !== false && typeof directory !== 'string')
    throw wrong(whence, directory, 'a path, or nothing to keep versions in memory only');
  const root = home ?? from;
  const wanted =
    directory === undefined
      ? trustedCache(join(root, 'node_modules', '.cache', 'hotswap'), root)
      : directory === '' || directory === null || directory === false
        ? undefined
        : trustedCache(resolve(whence.endsWith('package.json') ? root : process.cwd(), directory));
  const flags = wanted?.path === undefined ? [] : cacheFlags(wanted.path);
  const config: Config = {
    cacheDir: flags.length > 0 ? undefined : wanted?.path,
    persist: flag(setting('persist', 'HOTSWAP_PERSIST'), !isTestRun()),
    unload: flag(setting('unload', 'HOTSWAP_UNLOAD'), false),
    durable: flag(setting('durable', 'HOTSWAP_DURABLE'), false),
    reload: flag(setting('reload', 'HOTSWAP_RELOAD'), true),
    rollbackLength: length(setting('rollbackLength', 'HOTSWAP_ROLLBACK_LENGTH')),
    overrideCore: flag(setting('overrideCore', 'HOTSWAP_OVERRIDE_CORE'), false),
    include: globs(setting('include', 'HOTSWAP_INCLUDE')),
    exclude: globs(setting('exclude', 'HOTSWAP_EXCLUDE')),
    silent: flag(setting('silent', 'HOTSWAP_SILENT'), false),
    watch: flag(setting('watch', 'HOTSWAP_WATCH'), false),
    compileCache: flag(setting('compileCache', 'HOTSWAP_COMPILE_CACHE'), true),
  };
  sayMistaken(env, config);
  if (found !== undefined && home !== undefined) sayUnknown(found, join(home, 'package.json'), config);
  const why =
    flags.length > 0 ? `under --permission a cache needs ${flags.join(' ')}` : notOurs(wanted?.reason);
  if (why !== undefined) refuseCache(why, own.cacheDir !== undefined, config);
  if (foreign !== undefined) sayForeign(foreign, config);
  // A program that asks for a cache by itself is refused it: see start().
  const isOwn = own.cacheDir !== undefined || config.cacheDir === undefined;
  const blocked = isOwn ? undefined : unwritable(config.cacheDir as string);
  if (blocked !== undefined)
    sayOnce(
      `versions are kept in memory, as the cache cannot be written: ${blocked}; HOTSWAP_CACHE_DIR names another`,
      config,
    );
  return config;
}

/**
 * The directory whose package.json configures the program: that of its entry, where that is, whatever links lead to it. A program that
 * is no file (`node -e`) is where it was started.
 */
export function programDirectory(): string {
  const entry = process.execArgv.some((word) => EVALUATED.test(word)) ? undefined : process.argv[1];
  if (entry === undefined) return process.cwd();
  try {
    const file = realpath(entry);
    if (/[\\/]node_modules[\\/]/.test(file)) return process.cwd(); // the command of an installed package
    return statSync(file).isDirectory() ? file : dirname(file);
  } catch {
    return dirname(resolve(entry)); // without its extension
  }
}

const EVALUATED = /^(?:-e|-p|-pe|-i|--eval|--print|--interactive)(?:=|$)/;

/** Who says a line: of a cluster's workers, and other processes that a program has forked, each by its number. */
export const SPEAKER = process.send === undefined ? 'hotswap' : `hotswap[${process.pid}]`;

/** Writes notices to stderr at once, from any thread. */
export function sayer(config: Config): Say {
  return (line, coloured = (text) => text) => {
    // Indented, what goes on in another line is no line of ours, whoever wrote it.
    if (!config.silent) writeError(`${SPEAKER}: ${coloured(printable(line).replaceAll('\n', '\n  '))}\n`);
  };
}

/**
 * Says something, unless HOTSWAP_SILENT. Names in it may be anybody's, so that nothing in it is obeyed by a terminal.
 * @param coloured puts colours into what is left
 */
export type Say = (line: string, coloured?: (text: string) => string) => void;

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

/** The package that a directory belongs to, and what its package.json has under "hotswap", whatever that is. */
interface Package {
  root: string | undefined;
  settings: unknown;
  /** a package.json that is not used, and why */
  foreign?: { file: string; reason: string };
}

/**
 * The package around a directory, if nobody but us and root can write to it: looking for it ends at the first directory that
 * others can write to, as /tmp, and a package.json of somebody else's gives no settings.
 */
function ownPackage(from: string): Package {
  for (let directory = from; ; directory = dirname(directory)) {
    const file = join(directory, 'package.json');
    const why = notOwnDirectory(directory);
    if (why !== undefined) return foreignPackage(from, `${directory} ${why}`);
    const found = statOf(file);
    if (found?.isFile()) {
      const reason = notOwn(found);
      if (reason === undefined) return { root: directory, settings: packageSettings(file) };
      return { root: directory, settings: undefined, foreign: { file, reason: `it ${reason}` } };
    }
    if (directory === dirname(directory)) return { root: undefined, settings: undefined };
  }
}

function foreignPackage(from: string, reason: string): Package {
  const root = packageRoot(from);
  const foreign = root === undefined ? {} : { foreign: { file: join(root, 'package.json'), reason } };
  return { root: undefined, settings: undefined, ...foreign };
}

function packageSettings(file: string): unknown {
  try {
    const manifest = JSON.parse(readFileSync(file, 'utf8'));
    return isObject(manifest) ? ownOptions(manifest).hotswap : undefined;
  } catch {
    return undefined; // Node itself reports a package.json that does not parse
  }
}

function isObject(value: unknown): value is Record<string, Setting> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** What was said of settings, which is not said again, and by the main thread only. */
const said = new Set<string>();

export function sayOnce(line: string, config: Config): void {
  if (said.has(line) || !process.getBuiltinModule('node:worker_threads').isMainThread) return;
  said.add(line);
  sayer(config)(line);
}

/**
 * Says that there is no cache, and why.
 * @throws ERR_HOTSWAP_CACHE where the program asks for one, and should know
 */
function refuseCache(why: string, isAsked: boolean, config: Config): void {
  if (isAsked)
    throw new HotswapError('ERR_HOTSWAP_CACHE', `that cache is not used: ${why}. Nothing was changed.`);
  sayOnce(`versions are kept in memory: ${why}`, config);
}

function notOurs(reason: string | undefined): string | undefined {
  return (
    reason &&
    `${reason}. A cache holds code that will run, and is used only where it and all directories above are yours or root's and nobody else can write to them; HOTSWAP_CACHE_DIR names another`
  );
}

/** Says that settings which somebody may expect to hold do not. */
function sayForeign({ file, reason }: NonNullable<Package['foreign']>, config: Config): void {
  if (statOf(file)?.isFile() && packageSettings(file) !== undefined)
    sayOnce(`"hotswap" in ${file} is not used: ${reason}`, config);
}

/**
 * Says which variables look like ours and are none: a mistyped `HOTSWAP_WACTH`, half a name as `HOTSWAP_CACHE`. Others that begin so may be
 * anybody's, as `HOTSWAP_SERVICE_HOST` is Kubernetes' for a service of that name.
 */
function sayMistaken(env: NodeJS.ProcessEnv, config: Config): void {
  const known = Object.keys(config).map((key) => PREFIX + key.replace(/[A-Z]/g, '_$&').toUpperCase());
  for (const name of Object.keys(env)) {
    if (!name.startsWith(PREFIX) || known.includes(name) || name === CRASHED) continue;
    const { closest, distance } = requireOurs<typeof import('fastest-levenshtein')>('fastest-levenshtein');
    const longer = known.find((one) => one.startsWith(`${name}_`));
    const meant = longer ?? closest(name, known);
    if (longer !== undefined || distance(name, meant) <= TYPING)
      sayOnce(`${name} is no setting; did you mean ${meant}?`, config);
  }
}

const PREFIX = 'HOTSWAP_';

/** How many letters a mistyped name may differ by. */
const TYPING = 2;

/** Says what under "hotswap" in a package.json means nothing. */
function sayUnknown(found: unknown, file: string, config: Config): void {
  const known = [...Object.keys(config), 'vsn'];
  const unknown = isObject(found) ? Object.keys(found).filter((key) => !known.includes(key)) : [];
  if (isObject(found) && unknown.length === 0) return;
  const say = (line: string): void => sayOnce(line, config);
  if (!isObject(found))
    return say(
      `"hotswap" in ${file} is ${inspect(found)} and not used; it takes an object of ${known.join(', ')}`,
    );
  const { closest } = requireOurs<typeof import('fastest-levenshtein')>('fastest-levenshtein');
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
