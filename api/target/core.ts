/**
 * Which of Node's own modules and functions is meant. In: a module or a target in any of its forms; out: the core module
 * and the slot (the property that holds the function), or undefined for what is not Node's. The one place that decides
 * between Node's and hot. Changes nothing, and loads a module of Node only where it is named.
 */
import { sha256 } from '../../cache/objects.ts';
import { HotswapError } from '../../error.ts';
import type { CoreModule, Slot } from '../../loader/core.ts';
import { hasAll } from '../../loader/options.ts';
import { registry } from '../../loader/registry.ts';
import { checkReadable, describe } from '../../messages.ts';
import { getBuiltinModule, isBuiltin, isModuleNamespaceObject, isProxy, runningText } from '../../node.ts';
import { cellOf, isClassText } from '../given/given.ts';
import { needRegistry } from '../history/history.ts';
import { coreRefused, list } from '../modules/module.ts';
import type { FunctionInfo } from './target.ts';
import { checkArity, withArity } from './target.ts';

/** A function of a core module, as an edit aims at it. */
export interface CoreTarget {
  module: CoreModule;
  /** from what the module exports: `promises.readFile` */
  path: string;
  slot: Slot;
  /** the arity that a `/n` target insists on */
  arity: number | undefined;
}

// biome-ignore lint/complexity/noBannedTypes: any function at all
type AnyFunction = Function;

/**
 * The core module that a reference names: `'fs'`, `'node:fs'`, its namespace, or what it exports (`fs` itself).
 * @returns undefined for anything else
 * @throws ERR_HOTSWAP_CORE where HOTSWAP_OVERRIDE_CORE is off
 * @throws ERR_HOTSWAP_BAD_TARGET for a `node:` module that this Node has not
 */
export function coreOf(ref: unknown): CoreModule | undefined {
  checkReadable(ref, 'the module');
  if (registry() === undefined) return undefined;
  const name = coreName(ref);
  return name === undefined ? undefined : coreModule(name);
}

/**
 * The core function that a target names, in any form of `Target`.
 * @returns undefined for a target that is not Node's, or is no target
 * @throws ERR_HOTSWAP_MISSING, ERR_HOTSWAP_ARITY, ERR_HOTSWAP_BAD_TARGET for what is no function or a class,
 *   ERR_HOTSWAP_STRUCTURAL for a property that Node lets no one change, and as `coreOf`
 */
export function coreTarget(target: unknown): CoreTarget | undefined {
  checkReadable(target, 'the target');
  if (registry() === undefined) return undefined;
  if (typeof target === 'function') return byValue(target);
  if (typeof target === 'string') {
    const hash = target.indexOf('#', 1);
    const module = hash < 1 || hash === target.length - 1 ? undefined : coreOf(target.slice(0, hash));
    return module && byPath(module, target.slice(hash + 1));
  }
  if (target === null || typeof target !== 'object' || !hasAll(target, 'module', 'path')) return undefined;
  const { path } = target;
  const module = typeof path === 'string' ? coreOf(target.module) : undefined;
  return module && byPath(module, path as string);
}

/** Why a call that is about clauses is not for one of Node's functions. */
export function noClauses({ module, path }: CoreTarget): HotswapError {
  return new HotswapError(
    'ERR_HOTSWAP_CORE',
    `${module.url}#${path} is Node's own: nothing is put between its statements, and it has no clauses here. It can be replaced (rewrite, replace, mock) and wrapped (inject at 0 or 'end', around, before, after, onError).`,
    { module: module.url, path },
  );
}

/** The core modules that have been edited. */
export function editedCore(): CoreModule[] {
  return [...(registry()?.core.modules.values() ?? [])].filter(({ history }) => history.versions.length > 1);
}

/** Names and values of what a core module exports, as an importer sees them. */
export function coreExports({ exports }: CoreModule): [name: string, value: unknown][] {
  const names = Object.keys(exports).filter((name) => name !== 'default');
  return [
    ['default', exports],
    ...names.map((name): [string, unknown] => [name, Reflect.get(exports, name)]),
  ];
}

/** The functions of a core module that can be aimed at. What a getter of Node's would make is not asked for. */
export function coreFunctions({ exports }: CoreModule): FunctionInfo[] {
  return [...functionsIn(exports)]
    .filter(({ value }) => !isClass(value))
    .map(({ path, value }) => ({ path, kind: kindOf(path, value), arity: value.length, line: 0 }));
}

/** The function that a slot's property holds now. */
export function valueAt({ holder, key }: Slot): AnyFunction {
  return Reflect.get(holder, key);
}

function coreName(ref: unknown): string | undefined {
  if (typeof ref === 'string' || ref instanceof URL) {
    const name = String(ref);
    if (isBuiltin(name)) return name.startsWith('node:') ? name : `node:${name}`;
    if (!name.startsWith('node:')) return undefined;
    throw new HotswapError('ERR_HOTSWAP_BAD_TARGET', `Node ${process.version} has no module ${name}`, {
      module: name,
    });
  }
  if (ref === null || (typeof ref !== 'object' && typeof ref !== 'function')) return undefined;
  if (!isModuleNamespaceObject(ref)) return loadedCore().find(([, exports]) => exports === ref)?.[0];
  const names = Object.keys(ref);
  if (!names.includes('default')) return undefined;
  let whole: unknown;
  try {
    whole = Reflect.get(ref, 'default');
  } catch {
    return undefined; // in its dead zone: not Node's
  }
  // A module of the program may export one of Node's as its default.
  return loadedCore().find(
    ([, exports]) =>
      exports === whole &&
      (names.length > 1 || Object.keys(exports).length === 0) &&
      names.every((name) => name === 'default' || name === 'module.exports' || Object.hasOwn(exports, name)),
  )?.[0];
}

/** Node's modules that are loaded, by name. Some that are deprecated say so when they are asked for; they are left out. */
function loadedCore(): [name: string, exports: object][] {
  const { moduleLoadList } = process as unknown as { moduleLoadList: string[] };
  const loaded = moduleLoadList
    .filter((line) => line.startsWith('NativeModule '))
    .map((line) => line.slice('NativeModule '.length))
    .filter((name) => !/^(internal\/|_)|^(sys|punycode)$/.test(name));
  // What the program calls `process` is there without having been loaded.
  return [...new Set([...loaded, 'process'])]
    .map((name) => `node:${name}`)
    .filter((name) => isBuiltin(name))
    .map((name) => [name, getBuiltinModule(name) as object]);
}

function coreModule(name: string): CoreModule {
  const { config, core } = needRegistry();
  if (!config.overrideCore) throw coreRefused(name);
  const known = core.modules.get(name);
  if (known !== undefined) return known;
  const original = {
    number: 0,
    id: sha256(originText(name)),
    parent: undefined,
    at: Math.round(performance.timeOrigin),
    kept: true,
    summary: 'as loaded',
    standing: new Map(),
  };
  const made: CoreModule = {
    url: name,
    exports: getBuiltinModule(name) as object,
    history: { versions: [original], current: 0 },
    queue: Promise.resolve(),
    waiting: 0,
  };
  core.modules.set(name, made);
  return made;
}

/** What the text of each version of a core module begins with; see override.ts. */
export function originText(name: string): string {
  return `${name} of Node ${process.version}`;
}

function byPath(module: CoreModule, asked: string): CoreTarget {
  const { path, arity } = withArity(asked);
  const found = follow(module, path);
  const slot = slotAt(found.holder, found.key, module, path);
  const value = valueAt(slot);
  checkArity(module.url, path, value.length, arity);
  return { module, path, slot, arity };
}

/** Follows own properties from what the module exports. `default` is what it exports, as in an import. */
function follow(module: CoreModule, path: string): { holder: object; key: PropertyKey } {
  const keys = keysOf(path);
  if (keys[0] === 'default' && !Object.hasOwn(module.exports, 'default')) keys.shift();
  const last = keys.pop();
  if (last === undefined) {
    throw new HotswapError(
      'ERR_HOTSWAP_BAD_TARGET',
      path === 'default'
        ? `the default export of ${module.url} is the module itself, which its importers hold; aim at one of its functions: ${names(module)}`
        : `${JSON.stringify(path)} is not a path; a function of ${module.url} is one of ${names(module)}`,
      { module: module.url, path },
    );
  }
  let holder: unknown = module.exports;
  for (const key of keys) holder = own(holder, key) ? Reflect.get(holder, key) : undefined;
  if (own(holder, last)) return { holder, key: last };
  const inherited = isObject(holder) && Reflect.has(holder, last);
  throw new HotswapError(
    'ERR_HOTSWAP_MISSING',
    inherited
      ? `${module.url}#${path} is inherited; aim at the module and the prototype that it comes from`
      : `${module.url} has no function ${JSON.stringify(path)}; it has ${names(module)}`,
    { module: module.url, path },
  );
}

/** `a.b['c-d'][Symbol.iterator]` as its keys; none where it is no such path. */
function keysOf(path: string): PropertyKey[] {
  const part = /\.?([^.[\]]+)|\['([^']*)'\]|\[Symbol\.(\w+)\]/gy;
  const keys: PropertyKey[] = [];
  let end = 0;
  for (let found = part.exec(path); found !== null; found = part.exec(path)) {
    const [, plain, quoted, symbol] = found;
    const key = plain ?? quoted ?? Reflect.get(Symbol, symbol as string);
    if (typeof key !== 'string' && typeof key !== 'symbol') return [];
    keys.push(key);
    end = part.lastIndex;
  }
  return end === path.length ? keys : [];
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function own(holder: unknown, key: PropertyKey): holder is object {
  return isObject(holder) && Object.hasOwn(holder, key);
}

/** The slot of a property, if a function can be put there. */
function slotAt(holder: object, key: PropertyKey, module: CoreModule, path: string): Slot {
  const subject = { module: module.url, path };
  const value: unknown = Reflect.get(holder, key);
  if (typeof value !== 'function') {
    throw new HotswapError(
      'ERR_HOTSWAP_BAD_TARGET',
      `${module.url}#${path} is no function but ${describe(value)}; only functions can be replaced, by functions`,
      subject,
    );
  }
  if (isClass(value)) {
    throw new HotswapError(
      'ERR_HOTSWAP_BAD_TARGET',
      `${module.url}#${path} is a class; aim at one of its functions, e.g. ${path}.prototype.method`,
      subject,
    );
  }
  const original = Reflect.getOwnPropertyDescriptor(holder, key) as PropertyDescriptor;
  if (!changeable(original)) {
    throw new HotswapError(
      'ERR_HOTSWAP_STRUCTURAL',
      `${module.url}#${path} cannot be replaced: Node makes the property so that nothing can change it`,
      subject,
    );
  }
  if (holder === module.exports && !isBuiltin(module.url.slice('node:'.length))) {
    throw new HotswapError(
      'ERR_HOTSWAP_STRUCTURAL',
      `${module.url}#${path} cannot be replaced: of modules that are only named with node: Node tells importers no change`,
      subject,
    );
  }
  const { slots } = needRegistry().core;
  const known = slots.find((one) => one.holder === holder && one.key === key);
  if (known !== undefined) return known;
  const slot: Slot = { holder, key, original, claims: new Map() };
  slots.push(slot);
  return slot;
}

/** Whether a property can hold another function. */
export function changeable({ configurable, writable }: PropertyDescriptor): boolean {
  return configurable === true || writable === true;
}

/**
 * A function value is looked for where edits have put it, which may be a hot function of the program's, and then in the
 * modules of Node that are loaded: its functions do not say whose they are.
 */
function byValue(fn: AnyFunction): CoreTarget | undefined {
  const { slots } = needRegistry().core;
  let places = slots.flatMap(({ claims }) =>
    [...claims].filter(([, { value }]) => value === fn).map(([{ url }, { path }]) => ({ name: url, path })),
  );
  if (places.length === 0) {
    if (cellOf(fn) !== undefined) return undefined;
    const originals = slots.filter(({ original, claims }) => claims.size > 0 && original.value === fn);
    const seen = new Set<object>();
    places = loadedCore().flatMap(([name, exports]) =>
      [...functionsIn(exports, seen)]
        .filter(
          ({ holder, key, value }) =>
            value === fn || originals.some((one) => one.holder === holder && one.key === key),
        )
        .map(({ path }) => ({ name, path })),
    );
  }
  const [only, other] = places;
  if (only === undefined) return undefined;
  const module = coreModule(only.name);
  if (other === undefined) return byPath(module, only.path);
  const all = places.map(({ name, path }) => `${name}#${path}`);
  throw new HotswapError(
    'ERR_HOTSWAP_BAD_TARGET',
    `${describe(fn)} is in several places: ${list(all)}; name the one that is meant`,
    { names: all },
  );
}

interface Property {
  path: string;
  holder: object;
  key: PropertyKey;
  value: AnyFunction;
}

/**
 * The functions that a module exports, and those on its functions, classes, their prototypes and its objects. No getter
 * is called but `promises`: others open a stream, or load what the program does not use.
 */
function* functionsIn(exports: object, seen = new Set<object>()): Generator<Property> {
  const itself = Object.keys(exports).find((name) => Object.is(held(exports, name), exports));
  const places: { holder: object; at: string; deep: boolean }[] = [{ holder: exports, at: '', deep: false }];
  for (const { holder, at, deep } of places) {
    if (seen.has(holder)) continue;
    seen.add(holder);
    for (const key of Reflect.ownKeys(holder)) {
      const value = held(holder, key);
      if (!isObject(value) || UNNAMED.has(key)) continue;
      const path = pathTo(at === '' && key === 'prototype' && itself !== undefined ? itself : at, key);
      if (path === undefined) continue;
      if (typeof value === 'function') yield { path, holder, key, value };
      const inner = typeof value !== 'function' && /^_/.test(String(key)); // listeners, caches
      if ((!deep || key === 'prototype') && !inner && !isProxy(value))
        places.push({ holder: value, at: path, deep: deep || key !== 'prototype' });
    }
  }
}

const UNNAMED = new Set<PropertyKey>(['constructor', 'arguments', 'caller']);

function held(holder: object, key: PropertyKey): unknown {
  const property = Reflect.getOwnPropertyDescriptor(holder, key);
  return property?.get !== undefined && key === 'promises' ? Reflect.get(holder, key) : property?.value;
}

function pathTo(at: string, key: PropertyKey): string | undefined {
  if (typeof key === 'symbol') {
    const known = /^Symbol\.(\w+)$/.exec(key.description ?? '')?.[1];
    return known !== undefined && Reflect.get(Symbol, known) === key ? `${at}[Symbol.${known}]` : undefined;
  }
  const name = String(key);
  if (/^[\w$]+$/.test(name)) return at === '' ? name : `${at}.${name}`;
  return name.includes("'") ? undefined : `${at}['${name}']`;
}

function kindOf(path: string, fn: AnyFunction): FunctionInfo['kind'] {
  if (/\.prototype[.[]/.test(path)) return 'method';
  return /^(async\s*)?(\(|[\w$]+\s*=>)/.test(runningText(fn)) ? 'arrow' : 'function';
}

function isClass(value: AnyFunction): boolean {
  return isClassText(runningText(value));
}

function names({ exports }: CoreModule): string {
  return list([...functionsIn(exports)].map(({ path }) => path));
}
