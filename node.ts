/**
 * What we call of Node, as it was when we were loaded. A program may replace Node's functions (node:fs#readFileSync), and an
 * ESM import follows such a change at once; our cache and our hooks must not. In: nothing; out: copies, each of which
 * finds Node's other functions in their places while it runs, since Node's own code calls those. Below all rooms.
 */

// An `import` of one of Node's modules asks for each of its exports, and some load more of Node when they are asked for.
const fs = process.getBuiltinModule('node:fs');
const module = process.getBuiltinModule('node:module');
const path = process.getBuiltinModule('node:path');
const url = process.getBuiltinModule('node:url');
const util = process.getBuiltinModule('node:util');

/** A property of one of Node's objects that an edit has changed, and what it was before. */
export interface Replaced {
  readonly holder: object;
  readonly key: PropertyKey;
  original: PropertyDescriptor;
}

const { apply, defineProperty, getOwnPropertyDescriptor } = Reflect;
const REGISTRY = Symbol.for('hotswap');
const NONE: readonly Replaced[] = [];

/** `Function.prototype.toString` as V8 has it: later there is one that shows no patch points, see loader/tostring.ts. */
export const toStringOfV8: () => string =
  (globalThis as { [REGISTRY]?: { toStringOfV8?: () => string } })[REGISTRY]?.toStringOfV8 ??
  Function.prototype.toString;

/** The text of a function as it runs, patch points and all. @throws TypeError for what is no function */
export function runningText(fn: unknown): string {
  return apply(toStringOfV8, fn, []);
}

/**
 * Kept in the registry of loader/registry.ts, which other copies of this package share; there is none on a thread of hooks. It is
 * asked for at every load: nothing here may call what a program can patch.
 */
function replaced(): readonly Replaced[] {
  const registry = (globalThis as { [REGISTRY]?: { core?: { replaced: readonly Replaced[] } } })[REGISTRY];
  return registry?.core?.replaced ?? NONE;
}

/** Does `work` with Node's own functions in their places. It must be synchronous and run no code of the program's. */
export function asLoaded<T>(work: () => T): T {
  const changed = replaced();
  if (changed.length === 0) return work();
  const theirs: (PropertyDescriptor | undefined)[] = [];
  for (let i = 0; i < changed.length; i++) {
    const { holder, key, original } = changed[i] as Replaced;
    theirs[i] = getOwnPropertyDescriptor(holder, key);
    defineProperty(holder, key, original);
  }
  try {
    return work();
  } finally {
    for (let i = 0; i < theirs.length; i++) {
      const { holder, key } = changed[i] as Replaced;
      if (theirs[i] !== undefined) defineProperty(holder, key, theirs[i] as PropertyDescriptor);
    }
  }
}

/** The same for work of packages that import Node's functions by name. */
export function asImported<T>(work: () => T): T {
  if (replaced().length === 0) return work();
  try {
    return asLoaded(() => {
      syncBuiltinESMExports();
      return work();
    });
  } finally {
    syncBuiltinESMExports();
  }
}

/** A copy. A second copy of this package may be loaded when functions have been replaced already. */
// biome-ignore lint/suspicious/noExplicitAny: any function of Node's, with its own type
function own<T extends (...args: any[]) => unknown>(find: () => T): T {
  const fn = asLoaded(find);
  return ((...args) => asLoaded(() => apply(fn, undefined, args))) as T;
}

type Hash = (algorithm: string, data: string) => string;
let hashed: Hash | undefined;
/** Found at its first use: loading node:crypto takes as long as all of ours, and most starts need none of it. */
export const hash: Hash = (algorithm, data) =>
  (hashed ??= own<Hash>(() => process.getBuiltinModule('node:crypto').hash as Hash))(algorithm, data);

export const { findSourceMap } = module;
export const { constants } = fs;
export const syncBuiltinESMExports = asLoaded(() => module.syncBuiltinESMExports);
export const accessSync = own(() => fs.accessSync);
export const closeSync = own(() => fs.closeSync);
export const existsSync = own(() => fs.existsSync);
export const fstatSync = own(() => fs.fstatSync);
export const lstatSync = own(() => fs.lstatSync);
export const fsyncSync = own(() => fs.fsyncSync);
export const mkdirSync = own(() => fs.mkdirSync);
export const open = own(() => fs.open);
export const opendirSync = own(() => fs.opendirSync);
export const openSync = own(() => fs.openSync);
export const readdirSync = own(() => fs.readdirSync);
export const readFileSync = own(() => fs.readFileSync);
export const readSync = own(() => fs.readSync);
export const realpath = own(() => fs.realpathSync.native);
export const realpathSync = own(() => fs.realpathSync);
export const renameSync = own(() => fs.renameSync);
export const rmdirSync = own(() => fs.rmdirSync);
export const statSync = own(() => fs.statSync);
export const truncateSync = own(() => fs.truncateSync);
export const utimesSync = own(() => fs.utimesSync);
export const unlinkSync = own(() => fs.unlinkSync);
export const writeFileSync = own(() => fs.writeFileSync);
export const writeSync = own(() => fs.writeSync);
export const createRequire = own(() => module.createRequire);
export const isBuiltin = own(() => module.isBuiltin);
export const basename = own(() => path.basename);
export const dirname = own(() => path.dirname);
export const extname = own(() => path.extname);
export const join = own(() => path.join);
export const relative = own(() => path.relative);
export const resolve = own(() => path.resolve);
export const getBuiltinModule = own<(name: string) => object | undefined>(() => process.getBuiltinModule);
export const fileURLToPath = own(() => url.fileURLToPath);
export const pathToFileURL = own(() => url.pathToFileURL);
export const inspect = own(() => util.inspect);
export const isAsyncFunction = own(() => util.types.isAsyncFunction);
export const isGeneratorFunction = own(() => util.types.isGeneratorFunction);
export const isModuleNamespaceObject = own(() => util.types.isModuleNamespaceObject);
export const isPromise = own(() => util.types.isPromise);
export const isProxy = own(() => util.types.isProxy);

const { hasOwn } = Object;

/** A variable of the environment. Not what a program has put on `Object.prototype`, which `process.env` has behind it. */
export function environment(name: string): string | undefined {
  return hasOwn(process.env, name) ? process.env[name] : undefined;
}

/** The path of the file that a URL names; undefined where it can name none here, as one without a drive on Windows, or with a host elsewhere. */
export function fileOf(url: string): string | undefined {
  try {
    return fileURLToPath(url);
  } catch {
    return undefined;
  }
}

/** Whether stderr is a console of Windows, which takes bytes for letters of its code page and does not know colours until told. */
const isConsole =
  process.platform === 'win32' &&
  process.getBuiltinModule('node:tty').isatty(2) &&
  process.getBuiltinModule('node:worker_threads').isMainThread;

/** What a terminal obeys instead of showing it, and what turns the direction of letters. Line ends and tabs are as they are. */
const CONTROL = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

/**
 * A text from outside, as the name of a file, for a terminal: nothing in it is obeyed.
 * @example printable('\x1b[2Jname') // '\\x1b[2Jname'
 */
export function printable(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(CONTROL, (letter) => {
    if (letter === '\n' || letter === '\t') return letter;
    const code = letter.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code}` : `\\x${code.padStart(2, '0')}`;
  });
}

/** Writes to stderr, at once and from any thread. What it refuses, closed or full, is not worth an error. */
export function writeError(text: string): void {
  try {
    if (isConsole) process.stderr.write(text);
    else writeSync(2, text);
  } catch {
    // then nobody reads it
  }
}
