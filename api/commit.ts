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
import { type Analysis, analyse } from './analysis.ts';
import { cellsOf, nativeOf } from './cells.ts';
import { checkNames, openNames } from './check.ts';
import { type Made, makeFunction, reach } from './evaluate.ts';
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
import { groups, isWithin, type Move, plan, sameOwn, sameTree } from './plan.ts';
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
  const { replaced, structural, moves, unclear } = plan(before, after);
  refuse(module, structural);
  const boundNow = moves.length === 0 ? edit.bound : movedBound(edit.bound, moves);
  for (const hot of boundNow === bound ? [] : after.functions) {
    if (boundNow.get(hot.path) !== bound.get(hot.path) && !replaced.includes(hot)) replaced.push(hot);
  }
  for (const hot of replaced) {
    const path = moves.find(([, to]) => to === hot.path);
    const old = before.functions.find((one) => one.path === (path === undefined ? hot.path : path[0]));
    const bound = new Set(Object.keys(valuesFor(hot, boundNow) ?? {}));
    const known = old === undefined ? new Set<string>() : openNames(before, old);
    checkNames(known, hot, { module: module.url, analysis: after, bound });
  }
  const id = sha256(edit.source);
  const prepared = prepare(module, {
    before,
    after,
    replaced,
    moves,
    unclear,
    bound: boundNow,
    url: textUrl(module, id, boundNow.size === 0),
  });
  const version = await record(
    module,
    { ...edit, bound: boundNow },
    id,
    current,
    replaced.map((hot) => `~${hot.path}`).join(', ') || 'comments and layout',
  );
  apply(module, prepared);
  const history = historyOf(module);
  history.versions.push(moves.length === 0 ? version : { ...version, moves });
  makeCurrent(module, version, after.source);
  return publicVersion(module, version, prepared.deferred);
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
  const { replaced, structural, unclear } = plan(before, after);
  refuse(module, structural);
  for (const hot of after.functions) {
    if (bound.get(hot.path) !== boundNow.get(hot.path) && !replaced.includes(hot)) replaced.push(hot);
  }
  const prepared = prepare(module, {
    before,
    after,
    replaced,
    moves: movesBetween(history.versions, history.current, version.number),
    unclear,
    bound,
    url: textUrl(module, version.id, version.kept),
  });
  recordRestore(module, version);
  apply(module, prepared);
  makeCurrent(module, version, after.source);
  return publicVersion(module, version, prepared.deferred);
}

/** What the edits between two versions moved: up from the one to where both come from, and down to the other. */
function movesBetween(versions: readonly KeptVersion[], from: number, to: number): Move[] {
  const steps: Move[][] = [];
  const down: Move[][] = [];
  for (let [x, y] = [from, to]; x !== y; ) {
    const { moves = [], parent = 0 } = versions[Math.max(x, y)] as KeptVersion;
    if (x > y) {
      x = parent;
      if (moves.length > 0) steps.push(moves.map(([a, b]) => [b, a]));
    } else {
      y = parent;
      if (moves.length > 0) down.unshift(moves);
    }
  }
  let all: Move[] = [];
  for (const step of [...steps, ...down]) {
    const next = new Map(step.filter(([a]) => a !== undefined));
    const seen = new Set(all.map(([, b]) => b));
    const begun = new Set(all.map(([a]) => a));
    all = [
      ...all.map(([a, b]): Move => [a, next.has(b) ? next.get(b) : b]),
      ...step.filter(([a]) => a === undefined || !(seen.has(a) || begun.has(a))),
    ];
  }
  return all;
}

/** Bound values where their functions have moved to. */
function movedBound(bound: Bound, moves: readonly Move[]): Bound {
  if (bound.size === 0) return bound;
  const to = new Map(moves);
  const moved = new Map<string, Readonly<Record<string, unknown>>>();
  bound.forEach((values, path) => {
    const now = to.has(path) ? to.get(path) : path;
    if (now !== undefined) moved.set(now, values);
  });
  return moved;
}

/** The values bound into a function, or into one around it, which its code sees as well. */
function valuesFor(hot: HotFunction, bound: Bound): MadeFunction['bound'] {
  const own = bound.get(hot.path);
  const outer = hot.parent === undefined ? undefined : valuesFor(hot.parent, bound);
  return outer === undefined ? own : { ...outer, ...own };
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

/** A change of a module from one version to another. */
interface Change {
  before: Analysis;
  after: Analysis;
  replaced: HotFunction[];
  moves: Move[];
  /** see `Plan` */
  unclear: ReadonlyMap<string, string>;
  /** values bound in the new version */
  bound: Bound;
  url: string;
}

interface Prepared {
  steps: Step[];
  deferred: Deferred[];
  /** paths of the cells whose path is another from now on */
  places: Map<LiveCell, string | undefined>;
  /** every cell whose closures keep earlier code */
  stale: Set<LiveCell>;
}

/**
 * Makes every replacement; changes nothing. A function has a cell for each text that closures of it were made from,
 * and each cell gets what its closures can run. Where they cannot reach a name that the new code needs they keep
 * their code, and the function around is replaced as well, so that closures made from now on are right.
 */
function prepare(module: LiveModule, change: Change): Prepared {
  const { after, bound, url } = change;
  const cells = cellsOf(module);
  const places = placesOf(module, change);
  const stale = new Set<LiveCell>();
  for (const cell of cells) if (cell?.stale) stale.add(cell);
  const prepared: Prepared = { steps: [], deferred: unclearOnes(change, places), places, stale };
  const waiting = new Set(change.replaced);
  const arrived = new Set(places.values());
  for (const hot of arrived.size === 0 ? [] : after.functions) if (arrived.has(hot.path)) waiting.add(hot);
  const forced = new Set<HotFunction>();
  const make = (hot: HotFunction, index: number, values: MadeFunction['bound']): Made =>
    makeFunction({
      module,
      analysis: after,
      hot,
      index,
      cell: cells[index] as LiveCell,
      bound: values ?? {},
      url,
    });
  const loaded = cells.length;
  // Inner ones first: they may call for the one around them.
  for (let hot = innermost(waiting); hot !== undefined; hot = innermost(waiting)) {
    waiting.delete(hot);
    const missing = new Set<string>();
    let unfit: string | undefined;
    const values = valuesFor(hot, bound);
    const known = cells.length;
    for (let index = 0; index < known; index++) {
      const cell = cells[index];
      if (cell === undefined) continue;
      if ((places.has(cell) ? places.get(cell) : cell.path) !== hot.path) continue;
      const native = nativeOf(module, cell);
      stale.delete(cell);
      if (
        !bound.has(hot.path) &&
        !forced.has(hot) &&
        !makesStale(module, cell, stale) &&
        sameOwn(analyse(cell.source, module.url), native, after, hot)
      ) {
        prepared.steps.push({ index, native, hot, value: undefined });
        continue;
      }
      const own = hot.local && /\bsuper\b/.test(after.source.slice(hot.start, hot.end)) ? index : '';
      const key = [hot.path, url, own, cell.slots.join(), after.source.slice(hot.start, hot.end)].join('\n');
      const kept = module.made.get(key);
      if (kept !== undefined && kept.bound === values) {
        prepared.steps.push({ index, native, hot, value: kept.value });
        continue;
      }
      const made = make(hot, index, values);
      if (!('value' in made)) stale.add(cell);
      if ('unreachable' in made) made.unreachable.forEach((name) => missing.add(name));
      else if ('unfit' in made) unfit = made.unfit;
      else prepared.steps.push({ index, native, hot, value: made.value, key, bound: values });
    }
    if (missing.size > 0 || unfit !== undefined) {
      prepared.deferred.push(deferral(hot, missing, unfit));
      if (hot.parent !== undefined) {
        forced.add(hot.parent);
        waiting.add(hot.parent);
      }
    }
  }
  // No text carries bound values: closures that new code makes of such a function need them handed over, too.
  for (let index = loaded; index < cells.length && bound.size > 0; index++) {
    const hot = after.functions[(cells[index] as LiveCell).position] as HotFunction;
    if (!bound.has(hot.path)) continue;
    const made = make(hot, index, valuesFor(hot, bound));
    if ('value' in made) prepared.steps.push({ index, native: hot, hot, value: made.value });
  }
  return prepared;
}

/** Whether the function as its own text has it would make closures that cannot run the version. */
function makesStale(module: LiveModule, cell: LiveCell, stale: ReadonlySet<LiveCell>): boolean {
  for (const inner of stale) {
    if (inner.batch === cell.batch && isWithin(nativeOf(module, inner), nativeOf(module, cell))) return true;
  }
  return false;
}

/** Where the cells are in the new version whose path it changes. */
function placesOf(module: LiveModule, { before, after, moves }: Change): Prepared['places'] {
  const places: Prepared['places'] = new Map();
  if (moves.length === 0) return places;
  const way = new Map(moves);
  const go = (path: string): string | undefined => (way.has(path) ? way.get(path) : path);
  const free = new Set(after.functions.map((hot) => hot.path));
  for (const { path } of before.functions) free.delete(go(path) as string);
  const names = groups(after.functions, ({ path }) => plainPath(path));
  const ways = new Map<string, Map<string | undefined, string | undefined>>();
  for (const cell of cellsOf(module)) {
    if (cell === undefined) continue;
    let path = cell.path === undefined ? undefined : go(cell.path);
    if (cell.source === after.source) {
      path = (after.functions[cell.position] as HotFunction).path;
    } else if (path === undefined && names.get(plainPath(cell.name))?.some((hot) => free.has(hot.path))) {
      // It was gone and may be back: as what it was, or under a name that no other has.
      const analysis = analyse(cell.source, module.url);
      const since = ways.get(cell.source) ?? new Map(plan(analysis, after).moves);
      ways.set(cell.source, since);
      const found = since.has(cell.name) ? since.get(cell.name) : cell.name;
      const hot = after.functions.find((one) => one.path === found);
      const alone = [names.get(plainPath(cell.name)) ?? [], analysis.functions].every(
        (all) => all.filter((one) => plainPath(one.path) === plainPath(cell.name)).length === 1,
      );
      if (hot !== undefined && free.has(hot.path)) {
        if (alone || sameTree(nativeOf(module, cell).node, hot.node)) path = hot.path;
      }
    }
    if (path !== cell.path) places.set(cell, path);
  }
  return places;
}

/** A path without the numbers that tell functions of one name apart. */
function plainPath(path: string): string {
  return path.replace(/~\d+/g, '');
}

/** What is to be said of functions of which nobody can tell what became of them. */
function unclearOnes({ unclear }: Change, places: Prepared['places']): Deferred[] {
  const lost = new Set<string>();
  if (unclear.size > 0) {
    places.forEach((to, cell) => {
      const path = to === undefined && cell.path !== undefined ? unclear.get(cell.path) : undefined;
      if (path !== undefined) lost.add(path);
    });
  }
  return [...lost].map((path) => ({
    path,
    names: [],
    reason: `there are more or fewer functions of this name than before, each with other code, and nothing tells which is which`,
  }));
}

/** The one that stands latest in the text: no other of these is inside it. */
function innermost(waiting: Set<HotFunction>): HotFunction | undefined {
  let last: HotFunction | undefined;
  for (const hot of waiting) if (last === undefined || hot.index > last.index) last = hot;
  return last;
}

/** @param missing `name` for what closures do not hold, `name=` for what they hold and cannot assign to */
function deferral(hot: HotFunction, missing: ReadonlySet<string>, unfit: string | undefined): Deferred {
  const around = hot.parent === undefined ? 'the code around it' : hot.parent.path;
  const held = [...missing].filter((key) => !key.endsWith('='));
  const assigned = [...missing]
    .map((key) => key.replace(/=$/, ''))
    .filter((name, i, all) => all.indexOf(name) === i && !held.includes(name));
  const reasons = [
    ...held.map((name) => `${name} is not captured by anything in ${around}`),
    ...assigned.map((name) => `${name} is not assigned by anything in ${around}`),
    ...(unfit === undefined ? [] : [unfit]),
  ];
  return { path: hot.path, names: [...held, ...assigned], reason: reasons.join('; ') };
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
function apply(module: LiveModule, { steps, places, stale }: Prepared): void {
  for (const cell of module.cells) if (cell !== undefined) cell.stale = stale.has(cell);
  places.forEach((path, cell) => {
    cell.path = path;
  });
  // A cell may have gone while the version was written to disk.
  for (const { index, value } of steps)
    if (module.cells[index] !== undefined) writeCell(module.prefix, index, value);
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
