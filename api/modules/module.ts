/**
 * Which module is meant. In: a URL, a path, a bare specifier or a namespace object; out: the live module, or an error
 * that says why there is none. Reads the registry and the file system, changes nothing.
 */
import { resolve as resolveSpecifier } from 'import-meta-resolve';
import { HotswapError } from '../../error.ts';
import { writtenFor } from '../../loader/language.ts';
import { type LiveModule, nativeIn, valueIn } from '../../loader/live.ts';
import { registry } from '../../loader/registry.ts';
import { withoutInstance, withoutVersion } from '../../loader/variants.ts';
import { checkReadable } from '../../messages.ts';
import {
  asImported,
  existsSync,
  fileOf,
  fileURLToPath,
  isBuiltin,
  isModuleNamespaceObject,
  pathToFileURL,
  realpathSync,
  resolve,
  statSync,
} from '../../node.ts';
import { currentText, needRegistry } from '../history/history.ts';
import { type Exported, exportedLocals } from '../plan/exported.ts';

/** URL, file path (relative to the working directory), bare specifier, or a module's namespace object. */
export type ModuleRef = string | URL | object;

/** Every module of this thread that came through the hooks, in order of loading; none without the hooks. */
export function liveModules(): LiveModule[] {
  const found = registry();
  if (found === undefined) return [];
  found.receive();
  return [...found.modules.values()];
}

/** The module whose cells' names begin with that. */
export function moduleOfCells(prefix: string | undefined): LiveModule | undefined {
  if (prefix === undefined) return undefined;
  const known = byPrefix.get(prefix);
  if (known?.prefix === prefix) return known;
  const found = liveModules().find((live) => live.prefix === prefix);
  if (found !== undefined) byPrefix.set(prefix, found);
  return found;
}

/** Those that were asked for: an edit asks several times. */
const byPrefix = new Map<string, LiveModule>();

/**
 * The live module behind a reference.
 * @throws ERR_HOTSWAP_CORE for a built-in module
 * @throws ERR_HOTSWAP_NOT_HOT for one that is not loaded, was loaded before the hooks, or is excluded
 * @throws ERR_HOTSWAP_BAD_TARGET for what names no module
 */
export function moduleOf(ref: ModuleRef): LiveModule {
  needRegistry();
  checkReadable(ref, 'the module');
  if (ref instanceof URL) return byUrl(ref.href, ref.href);
  if (typeof ref === 'string') return byName(ref);
  if (isModuleNamespaceObject(ref)) return byNamespace(ref as Record<string, unknown>);
  throw new HotswapError(
    'ERR_HOTSWAP_BAD_TARGET',
    `a module is named by its URL, its path, its specifier or its namespace object; got ${ref === null ? 'null' : typeof ref === 'function' ? 'a function, which is a target (of rewrite, code, …) and not a module' : typeof ref}`,
  );
}

function byName(name: string): LiveModule {
  if (name === '') throw new HotswapError('ERR_HOTSWAP_BAD_TARGET', 'the name of a module is empty');
  if (isBuiltin(name)) {
    throw coreRefused(name);
  }
  const isPath = /^(\.{0,2}[\\/]|[a-z]:[\\/])/i.test(name);
  if (!isPath && /^[a-z][a-z+.-]+:/i.test(name))
    return byUrl(
      name.includes('hotswap=') && URL.canParse(name) ? withoutVersion(new URL(name)) : name,
      name,
    );
  const live = needRegistry().modules;
  needRegistry().receive();
  const file = resolve(name);
  const urls = [pathToFileURL(file).href];
  const plain = live.get(urls[0] as string);
  if (plain !== undefined) return plain; // most are: the file system need not be asked
  urls.push(...filesFor(urls[0] as string));
  if (!isPath) {
    try {
      const from = pathToFileURL(resolve('noop.js')).href;
      urls.push(asImported(() => resolveSpecifier(name, from)));
    } catch {
      // not a package either; reported below
    }
  }
  const url = urls.find((one) => live.has(one)) ?? (isPath ? undefined : aliased(name));
  const found = url === undefined ? spelledOtherwise(urls[0] as string) : live.get(url);
  return found ?? refuse(name, urls.at(existsSync(file) ? 0 : -1) as string);
}

/** How many modules are asked where a name leads from them. */
const ASKED = 16;

/** The URL of a live module to which a name leads that only a loader resolves, as `@/cart.js`: from the program's first modules. */
function aliased(name: string): string | undefined {
  for (const { meta } of liveModules().slice(0, ASKED)) {
    try {
      const url = withoutInstance(meta?.().resolve(name) ?? '');
      if (needRegistry().modules.has(url)) return url;
    } catch {
      // it leads nowhere from there
    }
  }
  return undefined;
}

/** Why a built-in module is not for the call that named it. */
export function coreRefused(name: string): HotswapError {
  return new HotswapError(
    'ERR_HOTSWAP_CORE',
    needRegistry().config.overrideCore
      ? `${name} is part of Node, and this call is not for that. Its functions can be given to rewrite, replace, mock, inject, around, before, after, onError and code, and the module to rollback, restore, reset, version, history, functions and exports`
      : `${name} is part of Node, and editing that is off; to allow it set HOTSWAP_OVERRIDE_CORE=1, or "hotswap": { "overrideCore": true } in package.json`,
    { module: name },
  );
}

function byUrl(url: string, asked: string): LiveModule {
  const live = needRegistry();
  live.receive();
  const known = live.modules.get(url) ?? filesFor(url).flatMap((one) => live.modules.get(one) ?? [])[0];
  return known ?? spelledOtherwise(url) ?? refuse(asked, url);
}

/**
 * The module of a file that is found by other letters too, as `M.js` for `m.js` or `c:` for `C:` on Windows and macOS: Node has it by those
 * that it was imported by.
 */
function spelledOtherwise(url: string): LiveModule | undefined {
  const file = fileOf(url);
  if (file === undefined || !existsSync(file)) return undefined;
  const queryOf = (one: string): string => one.replace(/^[^?#]*/, '');
  const numberOf = (one: string): string | undefined => {
    const found = statSync(one, { bigint: true, throwIfNoEntry: false });
    return found && `${found.dev} ${found.ino}`;
  };
  return liveModules().find((module) => {
    const other = fileOf(module.url);
    if (other?.toLowerCase() !== file.toLowerCase() || queryOf(module.url) !== queryOf(url)) return false;
    return numberOf(other) === numberOf(file);
  });
}

/** The files that a URL names, by their own URLs: `x.js` may stand for `x.ts` where there is none, as in an import. */
function filesFor(url: string): string[] {
  if (fileOf(url) === undefined) return [];
  const isFile = (one: string): boolean => existsSync(fileURLToPath(one));
  const { search, hash } = new URL(url);
  return (isFile(url) ? [url] : writtenFor(url).filter(isFile)).map(
    (one) => pathToFileURL(realpathSync(fileURLToPath(one))).href + search + hash,
  );
}

function refuse(asked: string, url: string): never {
  if (isBuiltin(asked)) return byName(asked) as never;
  const file = url.startsWith('file:') ? (fileOf(url) ?? url) : undefined;
  const why =
    file !== undefined && !existsSync(file)
      ? `there is no file ${file}`
      : url.includes('/node_modules/')
        ? 'modules under node_modules are left alone unless HOTSWAP_INCLUDE names them'
        : 'it has not been loaded, was loaded before the hooks, is CommonJS or excluded, or could not be instrumented';
  throw new HotswapError(
    'ERR_HOTSWAP_NOT_HOT',
    `${asked} is not a hot module: ${why}. Hot modules: ${list(liveModules().map((module) => module.url))}`,
    { module: url },
  );
}

/**
 * A namespace object does not say whose it is. It is found by its names and by what they hold, which a
 * module's own variables must be; a module that only re-exports another's is told apart from it by that.
 */
function byNamespace(namespace: Record<string, unknown>): LiveModule {
  const names = Object.keys(namespace).sort();
  const read = (name: string): unknown => {
    try {
      return namespace[name];
    } catch {
      return undefined; // still in its dead zone
    }
  };
  // It was made for the module as it was loaded, or for a facade of it.
  const textsOf = (module: LiveModule) =>
    [currentText(module), module.source].map((text) => exportedLocals(text, module.url));
  const matches = (module: LiveModule, locals: Exported[]): boolean => {
    const own = locals.filter((one) => one.local !== undefined);
    const stars = locals.some((one) => one.name === '*');
    if (!stars && (locals.length !== names.length || !locals.every((one) => names.includes(one.name))))
      return false;
    // Who imported what cannot be led to another value keeps the one that it had.
    const isOf = (local: string, value: unknown): boolean =>
      Object.is(valueIn(module, local), value) || Object.is(nativeIn(module, local), value);
    return (
      own.length > 0 &&
      own.every(({ name, local }) => names.includes(name) && isOf(local as string, read(name)))
    );
  };
  const fits = liveModules().filter((module) => textsOf(module).some((locals) => matches(module, locals)));
  const exact = fits.filter((module) =>
    exportedLocals(currentText(module), module.url).every((one) => one.local !== undefined),
  );
  const [only, other] = exact.length > 0 ? exact : fits;
  if (only !== undefined && other === undefined) return only;
  throw new HotswapError(
    only === undefined ? 'ERR_HOTSWAP_NOT_HOT' : 'ERR_HOTSWAP_BAD_TARGET',
    only === undefined
      ? `the namespace with ${list(names)} belongs to no hot module that can be told by it${isEvalRefused() ? ', as this process runs with --disallow-code-generation-from-strings, and what a module holds is read by evaluated text' : ''}; name the module by its URL or path`
      : `the namespace with ${list(names)} fits ${only.url} as well as ${other?.url}; name the module by its URL or path`,
    { names },
  );
}

/** Whether this process evaluates no text. */
function isEvalRefused(): boolean {
  try {
    for (const { scope } of liveModules()) if (scope !== undefined) return scope('false') as boolean;
  } catch (error) {
    return error instanceof EvalError;
  }
  return false;
}

/** Names for a message, the first few. */
export function list(names: string[]): string {
  if (names.length === 0) return 'none';
  return names.length > 12
    ? `${names.slice(0, 12).join(', ')} and ${names.length - 12} more`
    : names.join(', ');
}
