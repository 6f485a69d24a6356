/**
 * A plan carried out. In: a live module and the change of its text; out: the replacement for each cell, all made before the
 * first is written, and what closures cannot be given. `prepare` may fail and changes nothing; `apply` changes the
 * program in one synchronous step and cannot fail.
 */
import { HotswapError } from '../error.ts';
import type { HotFunction } from '../loader/functions.ts';
import { canOpenGate, openGate, writeCell } from '../loader/gates.ts';
import type { Bound, Move } from '../loader/kept.ts';
import type { LiveCell, LiveModule, MadeFunction } from '../loader/live.ts';
import { type Analysis, analyse, outerReferences, scopesAround } from './analysis.ts';
import { cellsOf, homeOf, nativeOf } from './cells.ts';
import { type Made, makeFunction, reach } from './evaluate.ts';
import { cellOf } from './given.ts';
import type { Deferred } from './history.ts';
import { prepareMembers } from './members.ts';
import { overlaidIn, overlayOf } from './overlay.ts';
import { groups, isWithin, plan, type StaticPair, sameOwn } from './plan.ts';
import { sameTree } from './sametree.ts';
import { leavesBehind, prepareUnits } from './toplevel.ts';
import { canBecome, classOf, isIn, type Unit } from './units.ts';

/** Functions that are kept for going back, a module. */
const MADE = 32;

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
export interface Change {
  before: Analysis;
  after: Analysis;
  replaced: HotFunction[];
  moves: Move[];
  /** see `Plan` */
  unclear: ReadonlyMap<string, string>;
  /** what has come at the top level or changed there, see `Plan` */
  units: readonly Unit[];
  moreMembers: readonly HotFunction[];
  lessMembers: readonly HotFunction[];
  statics: readonly StaticPair[];
  /** whether an earlier version comes back */
  again: boolean;
  /** paths of functions that were exported and are no more: whoever holds one is told so when he calls it */
  gone: ReadonlySet<string>;
  /** values bound in the new version */
  bound: Bound;
  url: string;
}

export interface Prepared {
  /** what takes time before anything changes: imports, and what awaits at the top level */
  load: (() => Promise<void>) | undefined;
  /** evaluates what the version has newly at the top level, and returns what takes that back; see `prepareUnits` */
  evaluate: () => () => void;
  /** names of the version that live on the overlay */
  overlaid: ReadonlySet<string>;
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
export function prepare(module: LiveModule, change: Change): Prepared {
  const { after, bound, url } = change;
  const cells = cellsOf(module);
  if (!canOpenGate(module)) {
    throw new HotswapError(
      'ERR_HOTSWAP_STRUCTURAL',
      `${module.url} cannot be changed: the program has closed its global object (Object.preventExtensions, seal or freeze), and what replaces a function is kept there. Edit the module once before that, or leave globalThis open.`,
      { module: module.url },
    );
  }
  const overlaid = overlaidIn(module, after);
  if (overlaid.size > 0) overlayOf(module);
  const places = placesOf(module, change);
  const stale = new Set<LiveCell>();
  for (const cell of cells) if (cell?.stale) stale.add(cell);
  const steps: Step[] = [];
  const deferred = unclearOnes(change, places);
  const waiting = new Set(change.replaced);
  const arrived = new Set(places.values());
  for (const hot of arrived.size === 0 ? [] : after.functions) if (arrived.has(hot.path)) waiting.add(hot);
  const forced = new Set<HotFunction>();
  const isRemade = (hot: HotFunction): boolean =>
    change.moreMembers.includes(hot) ||
    isIn([...change.units, ...change.statics.flatMap(([, one]) => one ?? [])], hot);
  const takes = (cell: LiveCell, hot: HotFunction): boolean => canBecome(nativeOf(module, cell), hot);
  const make = (hot: HotFunction, index: number, values: MadeFunction['bound']): Made =>
    makeFunction({
      module,
      analysis: after,
      hot,
      index,
      cell: cells[index] as LiveCell,
      bound: values ?? {},
      url,
      overlaid,
      isLeft: change.units.some((unit) => leavesBehind(unit) && classOf(unit) === hot.classScope?.node),
      remade: () =>
        isRemade(hot) || cells.some((one, i) => i !== index && one?.path === hot.path && takes(one, hot)),
    });
  const loaded = cells.length;
  // Inner ones first: they may call for the one around them.
  for (let hot = innermost(waiting); hot !== undefined; hot = innermost(waiting)) {
    waiting.delete(hot);
    /** with a function that cannot give each */
    const missing = new Map<string, HotFunction>();
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
        sameHomes(cell, overlaid, after, hot) &&
        sameOwn(analyse(cell.source, module.url), native, after, hot)
      ) {
        steps.push({ index, native, hot, value: undefined });
        continue;
      }
      const home = hot.classScope && homeOf(module, cell);
      const key = [index, hot.path, url, home, after.source.slice(hot.start, hot.end)].join('\n');
      const kept = module.made.get(key);
      if (kept !== undefined && kept.bound === values) {
        steps.push({ index, native, hot, value: kept.value });
        continue;
      }
      const made = make(hot, index, values);
      if (!('value' in made)) stale.add(cell);
      if ('unreachable' in made) made.unreachable.forEach((name) => missing.set(name, native));
      else if ('unfit' in made) unfit = made.unfit;
      else steps.push({ index, native, hot, value: made.value, key, bound: values });
    }
    if (missing.size > 0 || unfit !== undefined) {
      deferred.push(deferral(hot, missing, unfit));
      if (hot.parent !== undefined) {
        forced.add(hot.parent);
        waiting.add(hot.parent);
      }
    }
  }
  places.forEach((to, cell) => {
    if (to !== undefined || cell.path === undefined || !change.gone.has(cell.path)) return;
    const native = nativeOf(module, cell);
    steps.push({
      index: cells.indexOf(cell),
      native,
      hot: native,
      value: removed(module, cell.path),
    });
  });
  // No text carries bound values: closures that new code makes of such a function need them handed over, too.
  const made = new Set<number>();
  const bind = (inClasses: boolean): void => {
    for (let index = loaded; index < cells.length && bound.size > 0; index++) {
      const hot = after.functions[(cells[index] as LiveCell).position] as HotFunction;
      if (!bound.has(hot.path) || made.has(index) || (hot.classScope !== undefined && !inClasses)) continue;
      made.add(index);
      const one = make(hot, index, valuesFor(hot, bound));
      if ('value' in one) steps.push({ index, native: hot, hot, value: one.value });
    }
  };
  const units = prepareUnits(module, change.before, after, change.units, bound, change.again, url);
  const members = prepareMembers(module, change);
  bind(false);
  const evaluate = (): (() => void) => {
    const undos = [units.run()];
    const undo = (): void => {
      for (const one of undos.splice(0).reverse()) one();
    };
    try {
      undos.push(members());
      bind(true); // the way into a class is there once it has been made
    } catch (error) {
      undo();
      throw error;
    }
    return undo;
  };
  return { load: units.load, evaluate, overlaid, steps, deferred, places, stale };
}

/** Whether the function as its own text has it would make closures that cannot run the version. */
function makesStale(module: LiveModule, cell: LiveCell, stale: ReadonlySet<LiveCell>): boolean {
  for (const inner of stale) {
    if (inner.batch === cell.batch && isWithin(nativeOf(module, inner), nativeOf(module, cell))) return true;
  }
  return false;
}

/** Whether each name at the top level that a function uses lives where the text of a cell took it to live. */
function sameHomes(
  cell: LiveCell,
  overlaid: ReadonlySet<string>,
  after: Analysis,
  hot: HotFunction,
): boolean {
  if (cell.overlaid.size === 0 && overlaid.size === 0) return true;
  return outerReferences(after, hot).every(({ key }) => cell.overlaid.has(key) === overlaid.has(key));
}

/** What the patch point of a function calls that was exported and is no more. */
function removed({ url }: LiveModule, path: string): () => never {
  return () => {
    throw new HotswapError(
      'ERR_HOTSWAP_REMOVED',
      `${url}#${path} was removed; rollback() or restore() brings it back`,
      { module: url, path },
    );
  };
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

/**
 * @param missing `name` for what closures do not hold, `name=` for what they hold and cannot assign to, each with the
 *   function that they were made of
 */
function deferral(
  hot: HotFunction,
  missing: ReadonlyMap<string, HotFunction>,
  unfit: string | undefined,
): Deferred {
  const around = hot.parent === undefined ? 'the code around it' : hot.parent.path;
  const held = [...missing.keys()].filter((key) => !key.endsWith('='));
  const assigned = [...missing.keys()]
    .map((key) => key.replace(/=$/, ''))
    .filter((name, i, all) => all.indexOf(name) === i && !held.includes(name));
  const reasons = [
    ...held.map((name) =>
      isCapturedAround(missing.get(name) as HotFunction, name)
        ? `closures made before have a variable ${name} of their own, which hides that of ${around}`
        : `${name} is not captured by anything in ${around}`,
    ),
    ...assigned.map((name) => `${name} is not assigned by anything in ${around}`),
    ...(unfit === undefined ? [] : [unfit]),
  ];
  return { path: hot.path, names: [...held, ...assigned], reason: reasons.join('; ') };
}

/** Whether something captures the variable that a name stands for right outside of a function. */
function isCapturedAround(hot: HotFunction, name: string): boolean {
  const declaring = scopesAround(hot).find(({ variables }) => variables.has(name));
  return declaring?.variables.get(name)?.captured ?? false;
}

function keep(made: Map<string, MadeFunction>, key: string, one: MadeFunction): void {
  made.delete(key);
  made.set(key, one);
  if (made.size > MADE) made.delete(made.keys().next().value as string);
}

/** The values bound into a function, or into one around it, which its code sees as well. */
export function valuesFor(hot: HotFunction, bound: Bound): MadeFunction['bound'] {
  const own = bound.get(hot.path);
  const outer = hot.parent === undefined ? undefined : valuesFor(hot.parent, bound);
  return outer === undefined ? own : { ...outer, ...own };
}

/** Carries prepared steps out: synchronous, and nothing in it can fail. */
export function apply(module: LiveModule, { steps, places, stale, overlaid }: Prepared): void {
  if (module.overlay !== undefined) module.overlay.names = overlaid;
  for (const cell of module.cells) if (cell !== undefined) cell.stale = stale.has(cell);
  places.forEach((path, cell) => {
    cell.path = path;
  });
  if (steps.length > 0) openGate(module);
  // A cell may have gone while the version was written to disk.
  for (const { index, value } of steps)
    if (module.cells[index] !== undefined) writeCell(module.prefix, index, value);
  for (const { index, native, hot, value, key, bound } of steps) {
    if (!native.local) follow(module, native, hot, value, index);
    if (key !== undefined) keep(module.made, key, { value, bound });
  }
}

const originals = new WeakMap<
  object,
  { name: PropertyDescriptor | undefined; length: PropertyDescriptor | undefined }
>();

/** Lets `.length` and `.name` of the function that everyone holds follow its new code, where it can be reached. */
function follow(
  module: LiveModule,
  loaded: HotFunction,
  hot: HotFunction,
  value: unknown,
  index: number,
): void {
  const live = reach(module, loaded.reach);
  if (typeof live !== 'function') return;
  const cell = cellOf(live);
  if (cell?.url !== module.url || cell.index !== index) return; // something that wraps it
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
