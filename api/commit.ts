/**
 * The one way in for every change: an edited text becomes a version, is carried into the running program, and is
 * recorded. In: a live module and its new text, or a version to go to; out: the version, once it is live and on disk.
 * Everything that can fail comes before the first cell is written; then all are written in one synchronous step.
 */
import { putObject, sha256 } from '../cache/objects.ts';
import { HotswapError } from '../error.ts';
import type { HotFunction } from '../loader/functions.ts';
import {
  type Bound,
  type KeptVersion,
  type LiveCell,
  type LiveModule,
  type MadeFunction,
  writeCell,
} from '../loader/live.ts';
import { extensionOf } from '../loader/load.ts';
import { handedOnBy, keysOf } from '../loader/patch.ts';
import { type Analysis, analyse } from './analysis.ts';
import { checkNames, openNames } from './check.ts';
import { makeFunction, nativeOf, reach } from './evaluate.ts';
import { cellOf } from './given.ts';
import {
  boundOf,
  catchUp,
  currentText,
  currentVersion,
  type Deferred,
  historyOf,
  needRegistry,
  publicVersion,
  textUrl,
  type Version,
  versionText,
} from './history.ts';
import { plan, sameOwn } from './plan.ts';
import { withdrawAtExit } from './withdraw.ts';

/** What an edit makes of the current version. */
export interface Edit {
  /** the new text of the whole module */
  source: string;
  /** what it is about, for messages, e.g. `./pricing.js#price` */
  about: string;
  /** names that need no meeting in the module, because values are bound to them */
  bound: Bound;
}

/** Functions that are kept for going back, a module. */
const MADE = 32;

/**
 * Runs a change of one module after those asked for before it.
 * @param change makes its edit from the version that is current when its turn comes
 */
export function queued<T>(module: LiveModule, change: () => Promise<T>): Promise<T> {
  const turn = module.queue.then(change, change);
  module.queue = turn.catch(() => {});
  return turn;
}

/** Makes an edit the module's newest version. Must run within `queued`. */
export async function commit(module: LiveModule, edit: Edit): Promise<Version> {
  const current = currentVersion(module);
  const before = analyse(currentText(module), module.url);
  const bound = boundOf(current);
  if (edit.source === before.source && edit.bound === bound) return publicVersion(module, current);
  const after = analyse(edit.source, `the text of ${edit.about} after this edit`);
  const { replaced, structural } = plan(before, after);
  refuse(module, structural);
  for (const hot of edit.bound === bound ? [] : after.functions) {
    if (edit.bound.get(hot.path) !== bound.get(hot.path) && !replaced.includes(hot)) replaced.push(hot);
  }
  for (const hot of replaced) {
    const old = before.functions.find((one) => one.path === hot.path);
    const bound = new Set(Object.keys(edit.bound.get(hot.path) ?? {}));
    const known = old === undefined ? new Set<string>() : openNames(before, old);
    checkNames(known, hot, { module: module.url, analysis: after, bound });
  }
  const id = sha256(edit.source);
  const { steps, deferred } = prepare(
    module,
    after,
    replaced,
    edit.bound,
    textUrl(module, id, edit.bound.size === 0),
  );
  const version = await record(
    module,
    edit,
    id,
    current,
    replaced.map((hot) => `~${hot.path}`).join(', ') || 'comments and layout',
  );
  apply(module, steps);
  const history = historyOf(module);
  history.versions.push(version);
  makeCurrent(module, version, after.source);
  return publicVersion(module, version, deferred);
}

/** Brings an earlier or later version of the module back. Must run within `queued`. */
export async function goTo(module: LiveModule, version: KeptVersion): Promise<Version> {
  const history = historyOf(module);
  if (history.current === version.number) {
    // It runs; where the log would start another (HOTSWAP_RELOAD off, another process), it is to start as well.
    if (version.kept && history.log?.era((history.versions[0] as KeptVersion).id).current !== version.number)
      recordRestore(module, version);
    return publicVersion(module, version);
  }
  const bound = boundOf(version);
  const boundNow = boundOf(currentVersion(module));
  const before = analyse(currentText(module), module.url);
  const after = analyse(versionText(module, version), `version ${version.number} of ${module.url}`);
  const { replaced, structural } = plan(before, after);
  refuse(module, structural);
  for (const hot of after.functions) {
    if (bound.get(hot.path) !== boundNow.get(hot.path) && !replaced.includes(hot)) replaced.push(hot);
  }
  const { steps, deferred } = prepare(
    module,
    after,
    replaced,
    bound,
    textUrl(module, version.id, version.kept),
  );
  recordRestore(module, version);
  apply(module, steps);
  makeCurrent(module, version, after.source);
  return publicVersion(module, version, deferred);
}

/** Writes down that a version is in force again. @throws ERR_HOTSWAP_CACHE */
function recordRestore(module: LiveModule, version: KeptVersion): void {
  const { log, versions } = historyOf(module);
  if (log === undefined) return;
  withdrawAtExit(log);
  log.appendRestore((versions[0] as KeptVersion).id, version.number);
}

/** The text that runs stays in memory: a cache that is purged meanwhile must not stop the next edit. */
function makeCurrent(module: LiveModule, version: KeptVersion, text: string): void {
  const history = historyOf(module);
  history.text = text;
  history.current = version.number;
}

interface Step {
  index: number;
  native: HotFunction;
  hot: HotFunction;
  /** undefined: the function as its own text has it */
  value: unknown;
  /** of one that was made just now: what it is kept under, and the values bound into it */
  key?: string;
  bound?: MadeFunction['bound'];
}

interface Prepared {
  steps: Step[];
  deferred: Deferred[];
}

/**
 * Makes every replacement; changes nothing. A function has a cell for each text that closures of it were made from,
 * and each cell gets what its closures can run. Where they cannot reach a name that the new code needs they keep
 * their code, and the function around is replaced as well, so that closures made from now on are right.
 */
function prepare(
  module: LiveModule,
  analysis: Analysis,
  replaced: HotFunction[],
  bound: Bound,
  url: string,
): Prepared {
  const prepared: Prepared = { steps: [], deferred: [] };
  const cells = cellsOf(module);
  const waiting = new Set(replaced);
  const forced = new Set<HotFunction>();
  // Inner ones first: they may call for the one around them.
  for (let hot = innermost(waiting); hot !== undefined; hot = innermost(waiting)) {
    waiting.delete(hot);
    const missing = new Set<string>();
    const values = bound.get(hot.path);
    const known = cells.length;
    for (let index = 0; index < known; index++) {
      const cell = cells[index] as LiveCell;
      if (cell.path !== hot.path) continue;
      const native = nativeOf({ module, cell });
      if (
        values === undefined &&
        !forced.has(hot) &&
        sameOwn(analyse(cell.source, module.url), native, analysis, hot)
      ) {
        prepared.steps.push({ index, native, hot, value: undefined });
        continue;
      }
      const own = hot.local && /\bsuper\b/.test(analysis.source.slice(hot.start, hot.end)) ? index : '';
      const key = [hot.path, url, own, cell.slots.join(), analysis.source.slice(hot.start, hot.end)].join(
        '\n',
      );
      const kept = module.made.get(key);
      if (kept !== undefined && kept.bound === values) {
        prepared.steps.push({ index, native, hot, value: kept.value });
        continue;
      }
      const made = makeFunction({ module, analysis, hot, index, cell, bound: values ?? {}, url });
      if ('unreachable' in made) {
        made.unreachable.forEach((name) => missing.add(name));
      } else {
        prepared.steps.push({ index, native, hot, value: made.value, key, bound: values });
      }
    }
    if (missing.size > 0) {
      prepared.deferred.push(deferral(hot, missing));
      if (hot.parent !== undefined) {
        forced.add(hot.parent);
        waiting.add(hot.parent);
      }
    }
  }
  return prepared;
}

/** The one that stands latest in the text: no other of these is inside it. */
function innermost(waiting: Set<HotFunction>): HotFunction | undefined {
  let last: HotFunction | undefined;
  for (const hot of waiting) if (last === undefined || hot.index > last.index) last = hot;
  return last;
}

/** @param missing `name` for what closures do not hold, `name=` for what they hold and cannot assign to */
function deferral(hot: HotFunction, missing: ReadonlySet<string>): Deferred {
  const around = hot.parent === undefined ? 'the code around it' : hot.parent.path;
  const held = [...missing].filter((key) => !key.endsWith('='));
  const assigned = [...missing]
    .map((key) => key.replace(/=$/, ''))
    .filter((name, i, all) => all.indexOf(name) === i && !held.includes(name));
  const reasons = [
    ...held.map((name) => `${name} is not captured by anything in ${around}`),
    ...assigned.map((name) => `${name} is not assigned by anything in ${around}`),
  ];
  return { path: hot.path, names: [...held, ...assigned], reason: reasons.join('; ') };
}

/** Every cell of a module; those of the text that it was loaded with are entered here. */
function cellsOf(module: LiveModule): LiveCell[] {
  if (module.cells.length === 0) {
    analyse(module.source, module.url).functions.forEach((hot, position) => {
      const slots = keysOf(handedOnBy(hot));
      module.cells.push({ path: hot.path, source: module.source, position, slots });
    });
  }
  return module.cells;
}

function keep(made: Map<string, MadeFunction>, key: string, one: MadeFunction): void {
  made.delete(key);
  made.set(key, one);
  if (made.size > MADE) made.delete(made.keys().next().value as string);
}

/** Writes the version to disk and to the log; on failure neither has it. */
async function record(
  module: LiveModule,
  edit: Edit,
  id: string,
  current: KeptVersion,
  summary: string,
): Promise<KeptVersion> {
  const { config, publish } = needRegistry();
  const history = historyOf(module);
  const [original] = history.versions as [KeptVersion];
  const kept = edit.bound.size === 0;
  const made = { id, parent: current.number, at: Date.now(), summary };
  if (config.cacheDir === undefined || history.log === undefined) {
    const version = {
      ...made,
      number: history.versions.length,
      kept: false,
      text: edit.source,
      bound: edit.bound,
    };
    publish({ url: module.url, number: version.number, id, text: edit.source });
    return version;
  }
  const { log } = history;
  withdrawAtExit(log);
  const lost = history.versions.slice(1 + log.era(original.id).versions.length);
  let undo = () => {};
  if (kept) {
    const extension = extensionOf(module.url);
    const first =
      lost.length > 0 || history.versions.length === 1
        ? await putObject(config.cacheDir, module.base, extension)
        : undefined;
    const text = await putObject(config.cacheDir, edit.source, extension).catch((error: unknown) => {
      first?.undo();
      throw error;
    });
    undo = () => {
      first?.undo();
      text.undo();
    };
  }
  try {
    // A purge of the cache has taken their lines; numbers are positions in the log.
    for (const { id, parent = 0, at, summary, kept } of lost)
      log.appendVersion(original.id, { id, parent, at, summary, kept });
    const version = log.appendVersion(original.id, { ...made, kept });
    withdrawAtExit(log, undo);
    catchUpTo(module, version.number);
    if (kept) return version;
    publish({ url: module.url, number: version.number, id, text: edit.source });
    return { ...version, text: edit.source, bound: edit.bound };
  } catch (error) {
    undo();
    throw error;
  }
}

/** Versions that other processes made meanwhile come before ours. */
function catchUpTo(module: LiveModule, number: number): void {
  catchUp(module);
  historyOf(module).versions.length = number;
}

/** Carries prepared steps out: synchronous, and nothing in it can fail. */
function apply(module: LiveModule, steps: Step[]): void {
  for (const { index, value } of steps) writeCell(module.prefix, index, value);
  for (const { index, native, hot, value, key, bound } of steps) {
    if (index === native.index && !native.local) follow(module, native, hot, value);
    if (key !== undefined) keep(module.made, key, { value, bound });
  }
}

const originals = new WeakMap<
  object,
  { name: PropertyDescriptor | undefined; length: PropertyDescriptor | undefined }
>();

/** Lets `.length` and `.name` of the function that everyone holds follow its new code, where it can be reached. */
function follow(module: LiveModule, loaded: HotFunction, hot: HotFunction, value: unknown): void {
  const live = reach(module, loaded.reach);
  if (typeof live !== 'function') return;
  const cell = cellOf(live);
  if (cell?.url !== module.url || cell.index !== loaded.index) return; // something that wraps it
  const before = originals.get(live) ?? {
    name: Object.getOwnPropertyDescriptor(live, 'name'),
    length: Object.getOwnPropertyDescriptor(live, 'length'),
  };
  const length = value === undefined ? before.length : { value: hot.arity, configurable: true };
  const named = hot.node.id?.name ?? (loaded.node.id && loaded.reach ? variableOf(loaded.reach) : undefined);
  const name =
    value === undefined
      ? before.name
      : named !== undefined
        ? { value: named, configurable: true }
        : undefined;
  try {
    if (length && length.value !== live.length) Object.defineProperty(live, 'length', length);
    if (name && name.value !== live.name) Object.defineProperty(live, 'name', name);
    originals.set(live, before);
  } catch {
    // frozen: its code changes all the same
  }
}

/** The variable that a function without a name of its own is called by. */
function variableOf({ root, keys }: NonNullable<HotFunction['reach']>): string | undefined {
  return typeof root === 'string' && keys.length === 0 ? root : undefined;
}

function refuse(module: LiveModule, structural: { line: number; text: string }[]): void {
  const [first] = structural;
  if (first === undefined) return;
  throw new HotswapError(
    'ERR_HOTSWAP_STRUCTURAL',
    `${module.url} line ${first.line} changes outside of its functions, which cannot be applied in place: ${first.text}`,
    { module: module.url, line: first.line },
  );
}
