/**
 * A plan carried out. In: a live module and the change of its text; out: the replacement for each cell, all made before the
 * first is written, and what closures cannot be given. `prepare` may fail and changes nothing; `apply` changes the
 * program in one synchronous step and cannot fail.
 */
import { HotswapError } from '../../error.ts';
import type { HotFunction } from '../../loader/functions.ts';
import { canOpenGate, openGate, readCell, writeCell } from '../../loader/gates.ts';
import type { Bound, Move } from '../../loader/kept.ts';
import type { LiveCell, LiveModule, MadeFunction } from '../../loader/live.ts';
import type { AnyFunction } from '../given/given.ts';
import { type Deferred, versionAt } from '../history/history.ts';
import { type Analysis, analyse, outerReferences } from '../plan/analysis.ts';
import { children, isWithin, sameOwn } from '../plan/plan.ts';
import { canBecome, classOf, isIn, type Unit } from '../plan/units.ts';
import { cellsOf, homeOf, nativeOf } from '../running/cells.ts';
import { type Members, prepareMembers } from '../running/members.ts';
import { overlaidIn, overlayOf } from '../running/overlay.ts';
import { leavesBehind, prepareUnits } from '../running/toplevel.ts';
import { takeBack } from '../running/undo.ts';
import { deferral, type Unable, unclearOnes } from './deferral.ts';
import { heldIn, type Made, makeFunction } from './evaluate.ts';
import { heirOf, isData, preparePassing } from './passing.ts';
import { displaced, type Places, placesOf, retried } from './places.ts';

/** Functions that are kept for going back, a module. */
const MADE = 32;

/** Times that a closure was left behind of which it is known what it ran then. */
const KEPT = 32;

interface Step {
  index: number;
  native: HotFunction;
  hot: HotFunction;
  /** undefined: the function as its own text has it */
  value: unknown;
  /** what it is kept under, if it was made just now, and what is kept */
  made?: [key: string, one: MadeFunction];
}

/** A change of a module from one version to another. */
export interface Change extends Members {
  replaced: HotFunction[];
  moves: Move[];
  /** see `Plan` */
  unclear: ReadonlyMap<string, string>;
  /** what has come at the top level or changed there, see `Plan` */
  units: readonly Unit[];
  /** whether an earlier version comes back */
  again: boolean;
  /** number of the version that is to run, if nobody comes before it */
  to: number;
  /** whether the way back led over versions in between: then a function may be another than the two texts tell */
  retraced: boolean;
  /** paths of functions that were exported and are no more: whoever holds one is told so when he calls it */
  gone: ReadonlySet<string>;
  /** functions whose code is gone and that call what they were exported as, see `heirsOf` */
  heirs: ReadonlyMap<string, string>;
  /** values bound in the new version */
  bound: Bound;
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
  places: Places;
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
  const deferred = change.retraced ? [] : unclearOnes(change.unclear, places);
  const placeOf = (cell: LiveCell): string | undefined => (places.has(cell) ? places.get(cell) : cell.path);
  const waiting = new Set(change.replaced);
  if (places.size > 0 || change.retraced)
    for (const hot of displaced(change, cells, places, placeOf)) waiting.add(hot);
  for (const hot of retried(after, stale, waiting, placeOf)) waiting.add(hot);
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
  /**
   * Whether closures that a function makes inside itself become what stands in their places in the version.
   * @param first number of the cell of the first function inside @param of the function as the text has it that they are made from
   */
  const leadsTo = (first: number, from: Analysis, of: HotFunction, hot: HotFunction): boolean => {
    const inside = children(after, hot);
    return children(from, of).every((one, i) => {
      const inner = cells[first + one.index - of.index - 1];
      return inner !== undefined && !stale.has(inner) && placeOf(inner) === inside[i]?.path;
    });
  };
  const loaded = cells.length;
  const byPlace = new Map<string | undefined, number[]>();
  for (const [index, cell] of waiting.size === 0 ? [] : cells.entries()) {
    const place = cell && placeOf(cell);
    const known = byPlace.get(place);
    if (known === undefined) byPlace.set(place, [index]);
    else known.push(index);
  }
  // Inner ones first: they may call for the one around them.
  for (let hot = innermost(waiting); hot !== undefined; hot = innermost(waiting)) {
    waiting.delete(hot);
    const unable: Unable[] = [];
    let able = 0;
    const values = valuesFor(hot, bound);
    for (const index of byPlace.get(hot.path) ?? []) {
      const cell = cells[index] as LiveCell;
      const native = nativeOf(module, cell);
      const from = analyse(cell.source, module.url);
      stale.delete(cell);
      if (
        !bound.has(hot.path) &&
        !forced.has(hot) &&
        !makesStale(module, cell, stale) &&
        sameHomes(cell, overlaid, after, hot) &&
        sameOwn(from, native, after, hot) &&
        leadsTo(index + 1, from, native, hot)
      ) {
        steps.push({ index, native, hot, value: undefined });
        able++;
        continue;
      }
      const home = hot.classScope && homeOf(module, cell);
      const key = [index, hot.path, url, home, after.source.slice(hot.start, hot.end)].join('\n');
      const kept = module.made.get(key);
      if (kept !== undefined && kept.bound === values && leadsTo(kept.first, after, hot, hot)) {
        steps.push({ index, native, hot, value: kept.value });
        able++;
        continue;
      }
      const made = make(hot, index, values);
      if ('value' in made) {
        steps.push({ index, native, hot, value: made.value, made: [key, { ...made, bound: values }] });
        able++;
        continue;
      }
      stale.add(cell);
      unable.push({ native, ...made });
      // They ran something when this version was live: that again, not what was edited since.
      const ran = change.again ? keptIn(module, cell, change.to) : undefined;
      if (ran !== undefined) steps.push({ index, native, hot, value: ran.value });
    }
    if (unable.length > 0) {
      deferred.push(deferral(hot, unable, able > 0));
      if (hot.parent !== undefined) {
        forced.add(hot.parent);
        waiting.add(hot.parent);
      }
    }
  }
  let hasHeirs = false;
  places.forEach((to, cell) => {
    if (to !== undefined || cell.path === undefined) return;
    const native = nativeOf(module, cell);
    const isPlain = !native.generator && native.kind !== 'constructor';
    const heir = isPlain ? change.heirs.get(cell.path) : undefined;
    if (heir === undefined ? !change.gone.has(cell.path) : isData(after, heir)) return;
    hasHeirs ||= heir !== undefined;
    const value = heir === undefined ? removed(module, cell.path) : heirOf(module, heir);
    steps.push({ index: cells.indexOf(cell), native, hot: native, value });
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
  const passing = preparePassing(module, change.before, after, overlaid, hasHeirs);
  deferred.push(...(passing?.deferred ?? []));
  const members = prepareMembers(module, change);
  bind(false);
  const evaluate = (): (() => void) => {
    const undos = [units.run()];
    try {
      undos.push(members());
      bind(true); // the way into a class is there once it has been made
      if (passing !== undefined) undos.push(passing.run());
    } catch (error) {
      takeBack(undos);
      throw error;
    }
    return () => takeBack(undos);
  };
  const loads = [units.load, passing?.load].filter((one) => one !== undefined);
  const load = async (): Promise<void> => {
    for (const one of loads) await one();
  };
  return { load: loads.length === 0 ? undefined : load, evaluate, overlaid, steps, deferred, places, stale };
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

/** The one that stands latest in the text: no other of these is inside it. */
function innermost(waiting: Set<HotFunction>): HotFunction | undefined {
  let last: HotFunction | undefined;
  for (const hot of waiting) if (last === undefined || hot.index > last.index) last = hot;
  return last;
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

/** What closures with a cell ran when a version was live that they could not run; undefined where nobody knows any more. */
function keptIn(module: LiveModule, { kept }: LiveCell, version: number): { value: unknown } | undefined {
  if (kept === undefined) return undefined;
  for (
    let number: number | undefined = version;
    number !== undefined;
    number = versionAt(module, number).parent
  )
    if (kept.has(number)) return { value: kept.get(number) };
  return undefined;
}

/**
 * Carries prepared steps out: synchronous, and nothing in it can fail.
 * @param version number of the version that runs from now on
 */
export function apply(
  module: LiveModule,
  { steps, places, stale, overlaid }: Prepared,
  version: number,
): void {
  if (module.overlay !== undefined) module.overlay.names = overlaid;
  module.cells.forEach((cell, index) => {
    if (cell === undefined) return;
    if (stale.has(cell) && !cell.stale) {
      cell.kept ??= new Map();
      if (!cell.kept.has(version)) cell.kept.set(version, readCell(module.prefix, index));
      if (cell.kept.size > KEPT) cell.kept.delete(cell.kept.keys().next().value as number);
    }
    cell.stale = stale.has(cell);
  });
  places.forEach((path, cell) => {
    cell.path = path;
  });
  if (steps.length > 0) openGate(module);
  // A cell may have gone while the version was written to disk.
  for (const { index, value } of steps)
    if (module.cells[index] !== undefined) writeCell(module.prefix, index, value);
  for (const { index, native, hot, value, made } of steps) {
    if (!native.local) follow(module, native, hot, value, index);
    if (made !== undefined) keep(module.made, ...made);
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
  const live = heldIn(module, loaded, index) as AnyFunction | undefined;
  if (live === undefined) return;
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
