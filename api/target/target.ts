/**
 * Which function is meant. In: a target in any of its forms; out: the live module and the hot function as the
 * current version has it. Every edit and every look at a function starts here.
 */
import { HotswapError } from '../../error.ts';
import type { FunctionKind, HotFunction } from '../../loader/functions.ts';
import type { KeptVersion } from '../../loader/kept.ts';
import { languageOf } from '../../loader/language.ts';
import { type LiveCell, type LiveModule, valueIn } from '../../loader/live.ts';
import { CELL_NAME } from '../../loader/names.ts';
import { hasAll } from '../../loader/options.ts';
import { registry } from '../../loader/registry.ts';
import { checkReadable, describe, nameOf } from '../../messages.ts';
import { createRequire, runningText } from '../../node.ts';
import { cellOf, isClassText } from '../given/given.ts';
import { currentText, historyOf, needRegistry, numberOf, versionText } from '../history/history.ts';
import { resolvedFrom } from '../modules/importers.ts';
import { list, liveModules, type ModuleRef, moduleOf, moduleOfCells } from '../modules/module.ts';
import { type Analysis, analyse } from '../plan/analysis.ts';
import { exportedLocals, localOf } from '../plan/exported.ts';
import { isLong } from '../plan/turns.ts';
import { unitsOf } from '../plan/units.ts';
import { cellsOf, pathOf } from '../running/cells.ts';
import { formerOf } from '../running/former.ts';

/**
 * What an edit is aimed at: the function itself, `'<module>#<path>'` (or `'<module>#<path>/<arity>'`, which insists on
 * that many parameters), or `{ module, path }`.
 */
export type Target = ((...args: never[]) => unknown) | string | { module: ModuleRef; path: string };

/** What something new is to be called: `'<module>#<name>'`, with `/<arity>` to insist on, or `{ module, path }`. */
export type NewTarget = string | { module: ModuleRef; path: string };

/** One hot function as it is now. */
export interface FunctionInfo {
  path: string;
  kind: FunctionKind;
  /** `.length` */
  arity: number;
  /** line of its first character in the current version, from 1; 0 in a core module, which has no text as a whole */
  line: number;
}

export interface Found {
  module: LiveModule;
  /** the current version */
  analysis: Analysis;
  hot: HotFunction;
  /** the arity that a `/n` target insists on */
  arity: number | undefined;
}

/**
 * Finds a target.
 * @throws ERR_HOTSWAP_BAD_TARGET for what cannot be a target, and for a class
 * @throws ERR_HOTSWAP_NOT_HOT for a function or module that came through no hook
 * @throws ERR_HOTSWAP_NO_SOURCE for a native or bound function or a Proxy
 * @throws ERR_HOTSWAP_MISSING for a path that the module does not have
 * @throws ERR_HOTSWAP_ARITY where `/n` is not the function's arity
 */
export function find(target: unknown): Found {
  checkReadable(target, 'the target');
  if (typeof target === 'function') return byValue(target);
  if (typeof target === 'string') {
    const { module, path } = split(target);
    return byPath(moduleOf(module), path);
  }
  if (target !== null && typeof target === 'object' && hasAll(target, 'module', 'path')) {
    if (typeof target.path !== 'string') throw badPath(target.path);
    return byPath(moduleOf(target.module as ModuleRef), target.path);
  }
  throw new HotswapError(
    'ERR_HOTSWAP_BAD_TARGET',
    `a target is a function, a string '<module>#<path>' or { module, path }; got ${describe(target)}`,
  );
}

/**
 * The module that a target is in. Where its text is long, whether the target is there is not looked at: that is for when its turn comes.
 * @throws as `find`
 */
export function moduleBehind(target: unknown): LiveModule {
  const module = moduleNamed(target);
  return module !== undefined && isLong(currentText(module)) ? module : find(target).module;
}

/** The module that a target names; undefined where that takes a closer look. */
function moduleNamed(target: unknown): LiveModule | undefined {
  checkReadable(target, 'the target');
  if (typeof target === 'string') return moduleOf(split(target).module);
  if (typeof target === 'function') {
    return moduleOfCells(CELL_NAME.exec(runningText(target))?.[1]);
  }
  if (target !== null && typeof target === 'object' && hasAll(target, 'module', 'path'))
    return typeof target.path === 'string' ? moduleOf(target.module as ModuleRef) : undefined;
  return undefined;
}

/** The module and name of something that need not be there yet. @throws ERR_HOTSWAP_BAD_TARGET */
export function placeOf(target: unknown): { ref: ModuleRef; path: string; arity: number | undefined } {
  checkReadable(target, 'the target');
  const place = typeof target === 'string' ? split(target) : target;
  if (place === null || typeof place !== 'object' || !hasAll(place, 'module', 'path')) {
    throw new HotswapError(
      'ERR_HOTSWAP_BAD_TARGET',
      `a new export is named by a string '<module>#<name>' or { module, path }; got ${describe(target)}`,
    );
  }
  if (typeof place.path !== 'string' || place.path === '') throw badPath(place.path);
  return { ref: place.module as ModuleRef, ...withArity(place.path) };
}

/** The module and name of an export that is there, by name or by what it holds. @throws as `find` */
export function exportOf(target: unknown): { ref: ModuleRef; path: string } {
  if (typeof target !== 'function') return placeOf(target);
  const isClass = isClassText(runningText(target));
  const found = isClass ? classOf(target) : find(target);
  const { url } = found.module;
  const path = 'path' in found ? found.path : found.hot.path;
  const exported = exportedLocals(found.analysis.source, url);
  const name = exported.find((one) => localOf(one, found.analysis) === path)?.name;
  return { ref: url, path: name ?? path };
}

function classOf(value: object): { module: LiveModule; analysis: Analysis; path: string } {
  for (const module of liveModules()) {
    const analysis = analyse(currentText(module), module.url);
    const path = analysis.classes.find((one) => valueIn(module, one.path) === value)?.path;
    if (path !== undefined) return { module, analysis, path };
  }
  throw new HotswapError(
    'ERR_HOTSWAP_NOT_HOT',
    `${describe(value)} is not a class that a hot module has at its top level; name it as '<module>#<name>'`,
  );
}

function badPath(path: unknown): HotswapError {
  return new HotswapError(
    'ERR_HOTSWAP_BAD_TARGET',
    `the path of a target must be a string; got ${describe(path)}`,
  );
}

/** Splits `'<module>#<path>'`. A module may begin with `#` itself (a package import), and the name of a directory may have one. */
function split(target: string): { module: string; path: string } {
  const first = target.indexOf('#', 1);
  if (first < 1 || first === target.length - 1) {
    throw new HotswapError(
      'ERR_HOTSWAP_BAD_TARGET',
      `${describe(target)} is not a target: it must be '<module>#<path>', for example './pricing.js#price'`,
    );
  }
  const hash = isModule(target.slice(0, first)) ? first : (laterHash(target, first) ?? first);
  return { module: target.slice(0, hash), path: target.slice(hash + 1) };
}

/**
 * The `#` that ends the name of a hot module, where the name has another: `./a#b.js#f`. Only what ends as the file of a hot module
 * does is looked up, so that a text of many `#` takes as long as it is long.
 */
function laterHash(target: string, first: number): number | undefined {
  const names = new Set(liveModules().map(({ url }) => baseName(decoded(url))));
  let start = Math.max(target.lastIndexOf('/', first), target.lastIndexOf('\\', first)) + 1;
  let left = 16;
  for (let at = first + 1; at < target.length - 1 && left > 0; at++) {
    if (target[at] === '/' || target[at] === '\\') start = at + 1;
    if (target[at] !== '#' || at - start > LONGEST_NAME) continue;
    if (!names.has(baseName(decoded(target.slice(start, at))))) continue;
    if (isModule(target.slice(0, at))) return at;
    left--;
  }
  return undefined;
}

/** Characters of the longest name of a file, each a `%23` or the like. */
const LONGEST_NAME = 255 * 3 * 3;

/** The last part of a path or URL, without its extension and in small letters: `./x.js` may stand for `X.ts`. */
function baseName(text: string): string {
  const query = text.indexOf('?');
  const whole = query < 0 ? text : text.slice(0, query);
  const name = whole.slice(Math.max(whole.lastIndexOf('/'), whole.lastIndexOf('\\')) + 1);
  const dot = name.lastIndexOf('.');
  return (dot > 0 ? name.slice(0, dot) : name).toLowerCase();
}

/** A part of a URL as a file is called; as it stands where it is no part of one. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function isModule(name: string): boolean {
  try {
    return moduleOf(name) !== undefined;
  } catch {
    return false;
  }
}

/** A path, and the arity that it insists on as `<path>/<arity>`. */
export function withArity(asked: string): { path: string; arity: number | undefined } {
  const [, path, arity] = /^(.+)\/(\d+)$/.exec(asked) ?? [];
  return path === undefined ? { path: asked, arity: undefined } : { path, arity: Number(arity) };
}

/** @param has the function's arity @param asked the one that a target insists on, if any @throws ERR_HOTSWAP_ARITY */
export function checkArity(url: string, path: string, has: number, asked: number | undefined): void {
  if (asked === undefined || asked === has) return;
  throw new HotswapError('ERR_HOTSWAP_ARITY', `${url}#${path} has arity ${has}, and ${asked} was asked for`, {
    module: url,
    path,
  });
}

function byValue(fn: object): Found {
  needRegistry();
  const text = runningText(fn);
  if (/\{\s*\[native code\]\s*\}\s*$/.test(text)) {
    throw new HotswapError(
      'ERR_HOTSWAP_NO_SOURCE',
      `${describe(fn)} has no source: it is native, bound, or a Proxy. Aim at the function it stands for.`,
    );
  }
  if (isClassText(text)) {
    const name = nameOf(fn) || 'Class';
    throw new HotswapError(
      'ERR_HOTSWAP_BAD_TARGET',
      `${describe(fn)} is a class; aim at one of its functions, e.g. ${name}.prototype.method, or ${name}.prototype.constructor in a path`,
    );
  }
  const cell = cellOf(fn);
  const module = cell && registry()?.modules.get(cell.url);
  if (cell === undefined || module === undefined) {
    const former = formerOf(text);
    if (former !== undefined) return byPath(former.module, former.path);
    throw new HotswapError(
      'ERR_HOTSWAP_NOT_HOT',
      `${describe(fn)} is not a hot function: ${besides(text) ?? 'its module was loaded before the hooks, is excluded, is not an ES module or could not be instrumented, or it was made from text (eval, new Function)'}. Hot modules: ${list([...needRegistry().modules.keys()])}`,
    );
  }
  const own = cellsOf(module)[cell.index] as LiveCell;
  const path = pathOf(module, own);
  if (path === undefined) throw missing(module, analyse(currentText(module), module.url), own.name);
  return byPath(module, path);
}

/** What to say of a function that has the code of a hot one and no patch point, as those of a version's own instance have none. */
function besides(text: string): string | undefined {
  const found = new Map<string, string>();
  for (const module of liveModules()) {
    for (const version of historyOf(module).versions) {
      const whole = textOf(module, version);
      if (whole === undefined || (languageOf(module.url) === 'js' && !whole.includes(text))) continue;
      const { plain, functions } = analyse(whole, module.url);
      const hot = functions.find(({ start, end }) => plain.slice(start, end) === text);
      if (hot === undefined) continue;
      const path = `${module.url}#${hot.path}`;
      if (!found.has(path))
        found.set(
          path,
          `it is as version ${numberOf(module, version)} has ${path}, and may belong to an instance of its own (?hotswap=${numberOf(module, version)}), which cannot be edited. To change the live one, aim at '${path}'`,
        );
    }
  }
  return found.size === 1 ? [...found.values()][0] : undefined;
}

function textOf(module: LiveModule, version: KeptVersion): string | undefined {
  try {
    return versionText(module, version);
  } catch {
    return undefined; // it is not on disk any more
  }
}

function byPath(module: LiveModule, asked: string): Found {
  const analysis = analyse(currentText(module), module.url);
  const { path, arity } = withArity(asked);
  const hot = lookUp(analysis, path);
  if (hot === undefined) throw missing(module, analysis, path);
  checkArity(module.url, path, hot.arity, arity);
  return { module, analysis, hot, arity };
}

/** A path, or an exported name, or `Cart.prototype.size` for a lone accessor. */
function lookUp(analysis: Analysis, path: string): HotFunction | undefined {
  const { source, functions } = analysis;
  const named = (wanted: string) => functions.find((one) => one.path === wanted);
  const exact = named(path);
  if (exact !== undefined) return exact;
  const [root = '', ...rest] = path.split(/(?=[.[~])/);
  const exported = exportedLocals(source, analysis.url).find((one) => one.name === root);
  const local = exported && localOf(exported, analysis);
  const aliased = local === undefined || local === root ? undefined : named(local + rest.join(''));
  if (aliased !== undefined) return aliased;
  const accessors = functions.filter(
    (one) =>
      (one.kind === 'getter' || one.kind === 'setter') &&
      one.path.replace(/\.[gs]et /, '.').replace('.[', '[') === path,
  );
  return accessors.length === 1 ? accessors[0] : undefined;
}

function missing(module: LiveModule, { functions, classes }: Analysis, path: string): HotswapError {
  const names = functions.map((one) => one.path);
  const ofClass = classes.some((one) => one.path === path);
  if (ofClass) {
    return new HotswapError(
      'ERR_HOTSWAP_BAD_TARGET',
      `${module.url}#${path} is a class, and a function is due: ${list(names.filter((name) => name.startsWith(`${path}.`)))}`,
      { module: module.url, path, names },
    );
  }
  const origin = originOf(module, path);
  const where =
    origin === undefined ? `${meant(path, names)}it has ${list(names)}` : `it is ${origin}: aim at that`;
  return new HotswapError(
    'ERR_HOTSWAP_MISSING',
    `${module.url} has no hot function ${JSON.stringify(path)}; ${where}`,
    { module: module.url, path, names },
  );
}

/** The target that a path is in another module, where its root is exported from there; undefined where that cannot be told. */
function originOf(module: LiveModule, path: string, seen = new Set<LiveModule>()): string | undefined {
  if (seen.has(module)) return undefined;
  seen.add(module);
  const [root = '', ...rest] = path.split(/(?=[.[~])/);
  const analysis = analyse(currentText(module), module.url);
  for (const { name, local, ...passed } of exportedLocals(analysis.source, module.url)) {
    if (name !== root && (name !== '*' || root === 'default')) continue;
    const imported = unitsOf(analysis).find(
      ({ names }) => local !== undefined && names.includes(local),
    )?.imported;
    const from = passed.from ?? imported?.specifier;
    if (from === undefined) {
      const held = heldIn(module, local);
      if (held !== undefined) return held + rest.join('');
      continue;
    }
    const other = registry()?.modules.get(resolvedFrom(module, from) ?? '');
    const inner = passed.importName ?? imported?.name;
    const isWhole = inner === undefined || inner === '*';
    const there = name === '*' ? path : isWhole ? rest.join('').slice(1) : inner + rest.join('');
    if (other === undefined) continue;
    const hot = lookUp(analyse(currentText(other), other.url), there);
    const found = hot === undefined ? originOf(other, there, seen) : `${other.url}#${hot.path}`;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The target that the function in a variable is, where it is another module's. */
function heldIn(module: LiveModule, local: string | undefined): string | undefined {
  const value = local === undefined ? undefined : valueIn(module, local);
  const cell = typeof value === 'function' ? cellOf(value) : undefined;
  const other = cell && registry()?.modules.get(cell.url);
  if (other === undefined || other === module) return undefined;
  const path = pathOf(other, cellsOf(other)[cell?.index ?? 0] as LiveCell);
  return path === undefined ? undefined : `${other.url}#${path}`;
}

/** The paths that somebody may have had in mind: with the same steps and others between, or of few letters' difference. */
function meant(asked: string, paths: readonly string[]): string {
  const { distance } = createRequire(import.meta.url)('fastest-levenshtein') as Levenshtein;
  const steps = stepsOf(asked);
  const few = Math.max(1, Math.floor(asked.length / 4));
  const found = paths
    .map((path) => ({ path, far: isPart(steps, stepsOf(path)) ? 0 : distance(asked, path) }))
    .filter(({ far }) => far <= few)
    .sort((a, b) => a.far - b.far)
    .slice(0, 3);
  return found.length === 0 ? '' : `did you mean ${found.map(({ path }) => path).join(' or ')}? `;
}

type Levenshtein = typeof import('fastest-levenshtein');

/** `Pool.prototype.get size` as `['Pool', 'prototype', 'size']`. */
function stepsOf(path: string): string[] {
  return path.replace(/\b[gs]et /g, '').split(/ > |[.#[\]()']+/);
}

/** Whether some steps are all among others, in the same order. */
function isPart(steps: readonly string[], of: readonly string[]): boolean {
  let at = 0;
  for (const step of of) if (step === steps[at]) at++;
  return at === steps.length;
}
