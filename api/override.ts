/**
 * Edits of Node's own functions. In: a slot of a core module and a function, as a value or as source text; out: the
 * version, once the function stands in Node's place for every importer. A value is installed itself, with its closure, so
 * nothing of it is on disk. All that can fail comes before the first property is written.
 */
import { sha256 } from '../cache/objects.ts';
import { HotswapError } from '../error.ts';
import type { CoreModule, CoreVersion, Layer, Slot, Standing } from '../loader/core.ts';
import type { KeptVersion } from '../loader/kept.ts';
import { parens } from '../loader/patch.ts';
import { isAsyncFunction, isGeneratorFunction, isPromise, isProxy, syncBuiltinESMExports } from '../node.ts';
import { bindings, checkOptions, literalOf } from './bind.ts';
import { queued } from './commit.ts';
import { type CoreTarget, changeable, originText, valueAt } from './core.ts';
import type { Code, EditOptions } from './edit.ts';
import { announce } from './events.ts';
import {
  cellOf,
  checkCallable,
  cleanText,
  describe,
  type Given,
  given,
  isClassText,
  type Role,
} from './given.ts';
import { currentVersion, needRegistry, publicVersion, type Version } from './history.ts';
import { freeReferences } from './scope.ts';
import { staging } from './staging.ts';
import type { How } from './wrap.ts';

// biome-ignore lint/complexity/noBannedTypes: any function at all
type AnyFunction = Function;

const { apply, construct, defineProperty, getOwnPropertyDescriptor, ownKeys } = Reflect;

/**
 * Puts a function in the place of one of Node's.
 * @throws ERR_HOTSWAP_ARITY, ERR_HOTSWAP_SYNTAX, ERR_HOTSWAP_TOO_MANY, ERR_HOTSWAP_NO_SOURCE, ERR_HOTSWAP_OUT_OF_SCOPE
 *   (source text meets the global scope), ERR_HOTSWAP_STRUCTURAL
 */
export async function rewriteCore(target: CoreTarget, to: Code, options: EditOptions): Promise<Version> {
  const standing = made(target, to, options, 'the new source');
  const { module, path, arity } = target;
  if (arity !== undefined && standing.value.length !== arity) {
    throw new HotswapError(
      'ERR_HOTSWAP_ARITY',
      `${module.url}#${path}/${arity} insists on arity ${arity}, and the new function has ${standing.value.length}`,
      { module: module.url, path },
    );
  }
  return queued(module, async () => {
    const before = functionIn(target);
    if (before === standing.value) return publicVersion(module, currentOf(module));
    return install(target, standing, [() => dress(standing.value, before, false)]);
  });
}

/**
 * Wraps one of Node's functions: `what` runs before it (`at` 0) or after it ('end'; where it gives a promise, after
 * that is fulfilled), with its `this` and its arguments.
 * @throws ERR_HOTSWAP_MISSING for any other `at`, and as `rewriteCore`
 */
export async function injectCore(
  target: CoreTarget,
  code: Code,
  options: EditOptions,
  at: unknown,
): Promise<Version> {
  const { module, path } = target;
  const subject = { module: module.url, path };
  const what = made(target, code, options, 'the injected source');
  if ((at !== 0 && at !== 'end') || 'clauses' in options) {
    const asked = 'clauses' in options ? 'some of its clauses' : describe(at);
    throw new HotswapError(
      'ERR_HOTSWAP_MISSING',
      `${module.url}#${path} is Node's and is wrapped, as nothing can be put between its statements: code can be injected at 0 or 'end', and ${asked} was asked for`,
      subject,
    );
  }
  if (what.value.length > 0) {
    throw new HotswapError(
      'ERR_HOTSWAP_ARITY',
      `a function injected into ${module.url}#${path} takes no parameters; this one has ${what.value.length}. The arguments of the call are in \`arguments\` of a plain function, or in (...args).`,
      subject,
    );
  }
  if (isGeneratorFunction(what.value)) {
    throw new HotswapError(
      'ERR_HOTSWAP_SYNTAX',
      `a generator cannot be injected into ${module.url}#${path}; give a plain or async function`,
      subject,
    );
  }
  return queued(module, async () => {
    const before = functionIn(target);
    if (isAsyncFunction(what.value) && !isAsyncFunction(before)) {
      throw new HotswapError(
        'ERR_HOTSWAP_SYNTAX',
        `the function injected into ${module.url}#${path} is async, and that one is not, so nothing would wait for it; start what it awaits without await`,
        subject,
      );
    }
    return installLayer(target, what, at === 0 ? 'inject at 0' : 'inject at end');
  });
}

/**
 * Wraps one of Node's functions, as `around`, `before`, `after` and `onError` say.
 * @throws as `rewriteCore`
 */
export async function wrapCore(
  target: CoreTarget,
  code: unknown,
  options: EditOptions,
  how: How,
): Promise<Version> {
  if (typeof code !== 'string') checkCallable(code, 'a wrapper');
  const what = made(target, code as Code, options, 'the wrapper');
  return queued(target.module, async () => installLayer(target, what, how));
}

/** Calls a function, closure and all, in the stead of one of Node's, as `record(next, ...args)`. Must run within `queued`. */
export function mockCore(target: CoreTarget, record: AnyFunction): Version {
  const text = `mock // value ${numberOf(record)}`;
  return installLayer(target, { path: target.path, value: record, text }, 'around');
}

/** Takes a mock out, wherever others have been put around it since. Must run within `queued`. */
export function unmockCore({ module, slot }: CoreTarget, record: AnyFunction): void {
  const current = currentOf(module);
  const standing = current.standing.get(slot);
  const ready: CoreProposal['ready'] = [];
  const left = without(standing, record, ready);
  if (left === standing) return;
  const all = new Map(current.standing);
  if (left === undefined) all.delete(slot);
  else all.set(slot, left);
  const { versions } = module.history;
  let before: CoreVersion | undefined = current;
  while (before !== undefined && !sameStanding(before.standing, all))
    before = before.parent === undefined ? undefined : versions[before.parent];
  if (before !== undefined) goToCoreNow(module, before);
  else installAll(module, all, ready);
}

/** What stands in a slot without one of its layers: those around it are made anew. */
function without(
  standing: Standing | undefined,
  record: AnyFunction,
  ready: CoreProposal['ready'],
): Standing | undefined {
  const layer = standing?.layer;
  if (standing === undefined || layer === undefined) return standing;
  if (layer.what === record) return layer.inner;
  const inner = without(layer.inner, record, ready);
  return inner === layer.inner ? standing : layered({ ...layer, inner }, standing.path, ready);
}

function sameStanding(a: CoreVersion['standing'], b: CoreVersion['standing']): boolean {
  return a.size === b.size && [...a].every(([slot, standing]) => b.get(slot) === standing);
}

/** One function around what stands in a slot. */
function layered(layer: Layer, path: string, ready: CoreProposal['ready']): Standing {
  const { what, text, how, inner } = layer;
  const before = inner?.value ?? layer.original;
  const value = wrapped(before, what, how);
  ready.push(() => dress(value, before, true));
  return {
    path,
    value,
    text: `${how}: ${text}\nof: ${inner?.text ?? Function.prototype.toString.call(before)}`,
    layer,
  };
}

function installLayer(target: CoreTarget, what: Standing, how: Layer['how']): Version {
  const { module, path, slot } = target;
  const inner = currentOf(module).standing.get(slot);
  const original = inner?.layer?.original ?? functionIn(target);
  const ready: CoreProposal['ready'] = [];
  const layer: Layer = { what: what.value, text: what.text, how, inner, original };
  return install(target, layered(layer, path, ready), ready);
}

/** What is to become of a core module. */
export interface CoreProposal {
  module: CoreModule;
  /** the version that is live */
  from: CoreVersion;
  version: CoreVersion;
  isNew: boolean;
  /** what makes functions that are new look like those whose place they take; done when nothing can fail any more */
  ready: (() => void)[];
}

/** Brings a version of a core module back. Must run within `queued`. @throws ERR_HOTSWAP_STRUCTURAL */
export async function goToCore(module: CoreModule, version: KeptVersion): Promise<Version> {
  return goToCoreNow(module, version);
}

function goToCoreNow(module: CoreModule, version: KeptVersion): Version {
  if (version === currentVersion(module)) return publicVersion(module, version);
  const to = module.history.versions[version.number] as CoreVersion;
  return conclude({ module, from: liveOf(module), version: to, isNew: false, ready: [] });
}

/** Carries a proposal out at once, or leaves it with the transaction that the edit is part of. */
function conclude(proposal: CoreProposal): Version {
  const { module, from, version } = proposal;
  checkCore(proposal);
  const transaction = staging();
  if (transaction === undefined) return settleCore(proposal);
  if (version === from) transaction.core.delete(module);
  else transaction.core.set(module, proposal);
  return publicVersion(module, version);
}

/** Makes a version live. Nothing in it can fail where `checkCore` has just passed. */
export function settleCore({ module, from, version, isNew, ready }: CoreProposal): Version {
  for (const dress of ready) dress();
  for (const slot of slotsBetween(from, version)) put(slot, module, version.standing.get(slot));
  syncBuiltinESMExports();
  if (isNew) module.history.versions.push(version);
  module.history.current = version.number;
  const live = publicVersion(module, version);
  const paths = pathsBetween(from, version);
  const { number, id } = version;
  const [path] = paths;
  announce({
    module: module.url,
    path,
    paths,
    from: from.number,
    fromId: from.id,
    number,
    id,
    version: live,
  });
  return live;
}

/** Whether a version can be made live. @throws ERR_HOTSWAP_STRUCTURAL */
export function checkCore({ module, from, version }: CoreProposal): void {
  for (const { holder, key } of slotsBetween(from, version)) {
    const now = getOwnPropertyDescriptor(holder, key);
    if (now === undefined ? Object.isExtensible(holder) : changeable(now)) continue;
    throw new HotswapError(
      'ERR_HOTSWAP_STRUCTURAL',
      `${module.url}: something has frozen the property ${String(key)}, which now nothing can change`,
      { module: module.url },
    );
  }
}

/** The slots in which two versions differ. */
function slotsBetween(from: CoreVersion, to: CoreVersion): Slot[] {
  const slots = new Set([...from.standing.keys(), ...to.standing.keys()]);
  return [...slots].filter((slot) => from.standing.get(slot) !== to.standing.get(slot));
}

/** Paths of the functions in which two versions differ. */
export function pathsBetween(from: CoreVersion, to: CoreVersion): string[] {
  return slotsBetween(from, to).map(
    (slot) => ((to.standing.get(slot) ?? from.standing.get(slot)) as Standing).path,
  );
}

function liveOf({ history }: CoreModule): CoreVersion {
  return history.versions[history.current] as CoreVersion;
}

/** The version that the next edit is made from. */
function currentOf(module: CoreModule): CoreVersion {
  return currentVersion(module) as CoreVersion;
}

/** The function that is in a slot, or will be when the caller's transaction has ended. */
function functionIn({ module, slot }: CoreTarget): AnyFunction {
  const current = currentOf(module);
  if (current === liveOf(module)) return valueAt(slot);
  const { original } = slot;
  return current.standing.get(slot)?.value ?? (original.get === undefined ? original.value : valueAt(slot));
}

/** Makes the newest version of a module, in which this stands in the target's slot. */
function install({ module, slot }: CoreTarget, standing: Standing, ready: CoreProposal['ready']): Version {
  return installAll(module, new Map(currentOf(module).standing).set(slot, standing), ready);
}

/** @param fresh makes the functions that are new ready, see `CoreProposal` */
function installAll(module: CoreModule, all: CoreVersion['standing'], fresh: CoreProposal['ready']): Version {
  const current = currentOf(module);
  const staged = staging()?.core.get(module);
  const version: CoreVersion = {
    number: module.history.versions.length,
    id: sha256(versionText(module, all)),
    // What a transaction has in mind so far never comes to be on its own.
    parent: staged?.isNew ? current.parent : current.number,
    at: Date.now(),
    summary: '',
    kept: false,
    standing: all,
  };
  const from = liveOf(module);
  version.summary = pathsBetween(from, version)
    .map((path) => `~${path}`)
    .join(', ');
  const ready = [...(staged?.ready ?? []), ...fresh];
  return conclude({ module, from, version, isNew: true, ready });
}

/** What a version's id is the hash of: the module and the Node it is of, then each path with the text that stands there, and a number where that is a value. */
export function versionText({ url }: CoreModule, all: CoreVersion['standing']): string {
  const lines = [...all.values()].map(({ path, text }) => `${path} = ${text}`);
  return [originText(url), ...lines.sort()].join('\n');
}

/** Puts a module's function into a slot, or takes it out of it; what another module has put there then stands again. */
function put(slot: Slot, module: CoreModule, standing: Standing | undefined): void {
  const { holder, key, claims } = slot;
  const { replaced } = needRegistry().core;
  // The program may have put something there while nothing of ours was.
  if (claims.size === 0) slot.original = getOwnPropertyDescriptor(holder, key) ?? slot.original;
  claims.delete(module);
  if (standing !== undefined) claims.set(module, standing);
  const last = [...claims.values()].at(-1);
  const at = replaced.indexOf(slot);
  if (last === undefined) {
    if (at !== -1) replaced.splice(at, 1);
    defineProperty(holder, key, slot.original);
    return;
  }
  if (at === -1) replaced.push(slot);
  const { get, set, ...rest } = slot.original;
  const accessor = get !== undefined || set !== undefined;
  defineProperty(holder, key, { ...rest, ...(accessor ? { writable: true } : {}), value: last.value });
}

/**
 * Gives a function what Node's own properties had (`util.promisify.custom`, `realpathSync.native`) and it lacks: a name where
 * it has none, a prototype where its own is empty, so that `instanceof` holds.
 * @param whole whether it is to look like Node's in all, its length too
 */
function dress(value: AnyFunction, like: AnyFunction, whole: boolean): void {
  if (value === like || isProxy(value) || isProxy(like)) return;
  for (const key of ownKeys(like)) {
    if (key === 'arguments' || key === 'caller') continue;
    const has = getOwnPropertyDescriptor(value, key);
    const empty = (key === 'name' && has?.value === '') || (key === 'prototype' && isBare(has?.value));
    if (whole || has === undefined || empty)
      defineProperty(value, key, getOwnPropertyDescriptor(like, key) as PropertyDescriptor);
  }
}

/** Whether a prototype is as the engine makes it. */
function isBare(prototype: unknown): boolean {
  return (
    typeof prototype === 'object' &&
    prototype !== null &&
    Object.getPrototypeOf(prototype) === Object.prototype &&
    ownKeys(prototype).every((key) => key === 'constructor')
  );
}

/** A function that runs `what` before, after or around the original, and is otherwise the original. */
function wrapped(original: AnyFunction, what: AnyFunction, how: Layer['how']): AnyFunction {
  const waits = isAsyncFunction(original) && isAsyncFunction(what);
  const run = (self: unknown, args: unknown[], target: AnyFunction | undefined): unknown => {
    const next = (...given: unknown[]): unknown =>
      target === undefined ? apply(original, self, given) : construct(original, given, target);
    const call = (...given: unknown[]): unknown =>
      apply(what, target === undefined ? self : undefined, given);
    const then = (done: (result: unknown) => unknown): unknown => {
      const result = next(...args);
      return isPromise(result) ? result.then(done) : done(result);
    };
    switch (how) {
      case 'around':
        return call(next, ...args);
      case 'before':
        call(...args);
        return next(...args);
      case 'after':
        return then((result) => {
          call(result, ...args);
          return result;
        });
      case 'onError': {
        const failed = (error: unknown): unknown => call(error, ...args);
        try {
          const result = next(...args);
          return isPromise(result) ? result.catch(failed) : result;
        } catch (error) {
          return failed(error);
        }
      }
      case 'inject at 0': {
        const ran = call(...args);
        return waits ? Promise.resolve(ran).then(() => next(...args)) : next(...args);
      }
      default:
        return then((result) => {
          const ran = call(...args);
          return waits ? Promise.resolve(ran).then(() => result) : result;
        });
    }
  };
  if (isAsyncFunction(original)) {
    return async function (this: unknown, ...args: unknown[]) {
      return run(this, args, undefined);
    };
  }
  return function wrapper(this: unknown, ...args: unknown[]): unknown {
    return run(this, args, new.target === wrapper ? original : new.target);
  };
}

/** What an edit brings: the value itself, or what source text (or a value that names are bound in) makes in global scope. */
function made({ module, path }: CoreTarget, code: Code, options: EditOptions, role: Role): Standing {
  checkOptions(options, role);
  bindings(options.bind);
  const bind = Object.entries(options.bind ?? {});
  if (typeof code === 'function' && bind.length === 0) {
    const text = Function.prototype.toString.call(code);
    if (!isClassText(text)) return { path, value: code, text: textOf(code) };
  }
  const what = given(code, role);
  const constants = bind.map(([name, value]) => `const ${name} = ${literalOf(value) ?? describe(value)};`);
  const { node, owner, source } = what;
  const { start, end } = owner ?? node;
  const text = [...constants, source.slice(start, end)].join('\n');
  checkFree(what, new Set(bind.map(([name]) => name)), module, path);
  return { path, value: evaluated(what, bind, text, module, path), text };
}

/** Functions with one text may hold different closures; each that was given has a number in this thread. */
const numbers = new WeakMap<AnyFunction, number>();
let lastNumber = 0;

function textOf(value: AnyFunction): string {
  const text = cellOf(value) === undefined ? Function.prototype.toString.call(value) : cleanText(value);
  return `${text} // value ${numberOf(value)}`;
}

function numberOf(value: AnyFunction): number {
  const known = numbers.get(value) ?? ++lastNumber;
  numbers.set(value, known);
  return known;
}

/** @throws ERR_HOTSWAP_OUT_OF_SCOPE for names that are neither its own, a global's, nor bound */
function checkFree(what: Given, bound: ReadonlySet<string>, module: CoreModule, path: string): void {
  const { names, context } = freeReferences(what.node);
  const open = [...names].filter(
    ([name, uses]) =>
      !(name in globalThis || name === what.ownName || bound.has(name)) &&
      !uses.every(({ typeofOnly }) => typeofOnly),
  );
  const all = [...open.map(([name]) => name), ...context];
  if (all.length === 0) return;
  throw new HotswapError(
    'ERR_HOTSWAP_OUT_OF_SCOPE',
    `the source for ${module.url}#${path} uses ${all.join(', ')}, and it is evaluated in global scope. Pass values with { bind }, or give a function, which keeps its closure.`,
    { module: module.url, path, names: all },
  );
}

const { eval: inGlobalScope } = globalThis;

/** @throws ERR_HOTSWAP_SYNTAX for what the engine refuses, ERR_HOTSWAP_STRUCTURAL where it evaluates no text */
function evaluated(
  { source, node, owner, ownName }: Given,
  bind: [string, unknown][],
  text: string,
  module: CoreModule,
  path: string,
): AnyFunction {
  let expression = `(${source.slice(node.start, node.end)})`;
  if (owner !== undefined) {
    const name = JSON.stringify(/([^.[\]']+)[\]']*$/.exec(path)?.[1] ?? path);
    const marks = `${node.async ? 'async ' : ''}${node.generator ? '*' : ''}`;
    expression = `({${marks}${name}${source.slice(parens(source, node).open, node.end)}})[${name}]`;
  }
  const names = bind.map(([name]) => name);
  // Only a variable's name is not known inside: a function's own name is.
  const keeps = ownName !== undefined && !node.id && owner === undefined && !names.includes(ownName);
  const result = keeps ? `const ${ownName}=${expression};return ${ownName}` : `return ${expression}`;
  const url = `${module.url}#${path.replaceAll("'", '')}?hotswap=${sha256(text).slice(0, 12)}`;
  try {
    const make = inGlobalScope(
      `(function(${names.join()}){"use strict";${result}\n})\n//# sourceURL=${url}`,
    ) as AnyFunction;
    return make(...bind.map(([, value]) => value));
  } catch (cause) {
    const subject = { module: module.url, path, cause };
    if (cause instanceof EvalError) {
      throw new HotswapError(
        'ERR_HOTSWAP_STRUCTURAL',
        `${module.url}#${path} cannot be made from source text: this process runs with --disallow-code-generation-from-strings. Give a function.`,
        subject,
      );
    }
    throw new HotswapError(
      'ERR_HOTSWAP_SYNTAX',
      `the new code of ${module.url}#${path} is refused by the engine: ${(cause as Error).message}`,
      subject,
    );
  }
}
