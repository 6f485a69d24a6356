/**
 * Edits of Node's own functions. In: a slot of a core module and a function, as a value or as source text; out: the
 * version, once the function stands in Node's place for every importer. A value is installed itself, with its closure, so
 * nothing of it is on disk. All that can fail comes before the first property is written.
 */
import { sha256 } from '../../cache/objects.ts';
import { HotswapError } from '../../error.ts';
import type { CoreModule, CoreVersion, Layer, Slot, Standing } from '../../loader/core.ts';
import type { KeptVersion } from '../../loader/kept.ts';
import { describe } from '../../messages.ts';
import { isAsyncFunction, isGeneratorFunction, syncBuiltinESMExports } from '../../node.ts';
import { queued } from '../apply/commit.ts';
import { announce } from '../apply/events.ts';
import type { EditOptions } from '../given/bind.ts';
import type { Code } from '../given/given.ts';
import { checkCallable } from '../given/given.ts';
import { currentVersion, needRegistry, publicVersion, type Version } from '../history/history.ts';
import { staging } from '../history/staging.ts';
import { shortened } from '../plan/summary.ts';
import { type CoreTarget, changeable, originText, valueAt } from '../target/core.ts';
import type { How } from '../text/wrap.ts';
import { type AnyFunction, dress, layered, made, numberOf, type Ready } from './standing.ts';

const { defineProperty, getOwnPropertyDescriptor } = Reflect;

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
  const ready: Ready = [];
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
function without(standing: Standing | undefined, record: AnyFunction, ready: Ready): Standing | undefined {
  const layer = standing?.layer;
  if (standing === undefined || layer === undefined) return standing;
  if (layer.what === record) return layer.inner;
  const inner = without(layer.inner, record, ready);
  return inner === layer.inner ? standing : layered({ ...layer, inner }, standing.path, ready);
}

function sameStanding(a: CoreVersion['standing'], b: CoreVersion['standing']): boolean {
  return a.size === b.size && [...a].every(([slot, standing]) => b.get(slot) === standing);
}

function installLayer(target: CoreTarget, what: Standing, how: Layer['how']): Version {
  const { module, path, slot } = target;
  const inner = currentOf(module).standing.get(slot);
  const original = inner?.layer?.original ?? functionIn(target);
  const ready: Ready = [];
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
  ready: Ready;
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

/** Makes a version live and says so. Nothing in it can fail where `checkCore` has just passed. */
function settleCore(proposal: CoreProposal): Version {
  const live = putCore(proposal);
  tellCore(proposal, live);
  return live;
}

/** Makes a version live. Nothing in it can fail where `checkCore` has just passed. */
export function putCore({ module, from, version, isNew, ready }: CoreProposal): Version {
  for (const dress of ready) dress();
  for (const slot of slotsBetween(from, version)) put(slot, module, version.standing.get(slot));
  syncBuiltinESMExports();
  if (isNew) module.history.versions.push(version);
  module.history.current = version.number;
  return publicVersion(module, version);
}

/** Tells that a version is live. */
export function tellCore({ module, from, version }: CoreProposal, live: Version): void {
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
function install({ module, slot }: CoreTarget, standing: Standing, ready: Ready): Version {
  return installAll(module, new Map(currentOf(module).standing).set(slot, standing), ready);
}

/** @param fresh makes the functions that are new ready, see `CoreProposal` */
function installAll(module: CoreModule, all: CoreVersion['standing'], fresh: Ready): Version {
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
  version.summary = shortened(pathsBetween(from, version).map((path) => `~${path}`));
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
