/**
 * A plan carried out. In: a live module and the change of its text; out: the replacement for each cell, all made before the
 * first is written, and what closures cannot be given. `prepare` may fail and changes nothing; `apply` changes the
 * program in one synchronous step and cannot fail.
 */
import { HotswapError } from '../../error.ts';
import type { HotFunction } from '../../loader/functions.ts';
import { canOpenGate, openGate, readCell, writeCell } from '../../loader/gates.ts';
import type { LiveCell, LiveModule } from '../../loader/live.ts';
import type { AnyFunction } from '../given/given.ts';
import type { Deferred } from '../history/history.ts';
import { reachedFrom } from '../plan/reached.ts';
import { putNewest } from '../plan/recent.ts';
import { isIn, type Unit } from '../plan/units.ts';
import { cellsOf, nativeOf } from '../running/cells.ts';
import type { Leads } from '../running/importing.ts';
import { prepareMembers } from '../running/members.ts';
import { overlaidIn, overlayOf } from '../running/overlay.ts';
import { showEdits } from '../running/shown.ts';
import { prepareUnits } from '../running/toplevel.ts';
import { takeBack } from '../running/undo.ts';
import { heldIn } from './evaluate.ts';
import { heirOf, importedAs, isData, preparePassing } from './passing.ts';
import { type Places, placesOf } from './places.ts';
import { type Change, Replacing, type Step } from './replacing.ts';

/** Functions that are kept for going back, a module. */
const MADE = 32;

/** Times that a closure was left behind of which it is known what it ran then. */
const KEPT = 32;

export interface Prepared {
  /** refuses imports that cannot be, which takes time and changes nothing; undefined where there are none */
  check: ((leads: Leads) => Promise<void>) | undefined;
  /** what takes time before all else changes: imports, and what awaits at the top level; gives what takes that back */
  load: ((leads: Leads) => Promise<() => void>) | undefined;
  /** whether something awaits there */
  waits: boolean;
  /** specifiers of what is imported or passed on anew */
  imports: readonly string[];
  /** evaluates what the version has newly at the top level, and returns what takes that back; see `prepareUnits` */
  evaluate: () => () => void;
  /** names of the version that live on the overlay */
  overlaid: ReadonlySet<string>;
  steps: Step[];
  /** what cells held that were written before, for what awaits; by their numbers */
  early: ReadonlyMap<number, unknown>;
  deferred: Deferred[];
  places: Places;
  /** every cell whose closures keep earlier code */
  stale: Set<LiveCell>;
  /** lets go of the cells that were made for it, where it is not carried out */
  abandon: () => void;
}

/** Makes every replacement, and all that is new; changes nothing. @throws what an edit may be refused with */
export function prepare(module: LiveModule, change: Change): Prepared {
  const cells = cellsOf(module);
  const first = cells.length;
  try {
    return prepareFrom(first, module, change);
  } catch (error) {
    abandonCells(cells, first);
    throw error;
  }
}

/** No version has the functions of these cells: who got hold of one keeps its code. */
function abandonCells(cells: LiveModule['cells'], from: number, to = cells.length): void {
  cells.fill(undefined, from, to);
}

/** @param first number of the first cell that it makes */
function prepareFrom(first: number, module: LiveModule, change: Change): Prepared {
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
  const replacing = new Replacing(module, change, places, overlaid);
  const { steps, deferred, stale } = replacing;
  const imported = new Set(change.units.flatMap((unit) => (unit.imported === undefined ? [] : unit.names)));
  let hasHeirs = false;
  places.forEach((to, cell) => {
    if (to !== undefined || cell.path === undefined) return;
    const native = nativeOf(module, cell);
    const isPlain = !native.generator && native.kind !== 'constructor';
    const heir = isPlain ? change.heirs.get(cell.path) : undefined;
    const isImported = heir === undefined && isPlain && imported.has(cell.path);
    if (heir === undefined ? !isImported && !change.gone.has(cell.path) : isData(after, heir)) return;
    hasHeirs ||= heir !== undefined;
    const value = isImported
      ? importedAs(module, cell.path)
      : heir === undefined
        ? removed(module, cell.path)
        : heirOf(module, heir);
    steps.push({ index: cells.indexOf(cell), native, hot: native, value });
  });
  const { before, units, again } = change;
  const members = prepareMembers(module, change);
  const early = new Map<number, unknown>();
  const ahead = (waiting: readonly Unit[]): (() => void) => {
    const reached = reachedFrom(after, waiting);
    const inVersion = new Set(after.functions);
    const called = steps.filter(({ hot }) => inVersion.has(hot) && isIn(reached, hot.node));
    const { former, undo } = writeCells(module, { steps: called, early });
    for (const [index, value] of former) early.set(index, value);
    return () => {
      undo();
      early.clear();
    };
  };
  const topLevel = prepareUnits(module, { before, after, units, members, bound, again, url, ahead });
  const passing = preparePassing(module, change.before, after, overlaid, hasHeirs);
  deferred.push(...(passing?.deferred ?? []));
  replacing.bindInside(false);
  const last = cells.length;
  const evaluate = (): (() => void) => {
    const next = cells.length;
    const undos = [() => abandonCells(cells, next)];
    try {
      undos.push(topLevel.run());
      replacing.bindInside(true); // the way into a class is there once it has been made
      if (passing !== undefined) undos.push(passing.run());
    } catch (error) {
      takeBack(undos);
      throw error;
    }
    return () => takeBack(undos);
  };
  const check = async (leads: Leads): Promise<void> => {
    await topLevel.check?.(leads);
    await passing?.check?.(leads);
  };
  const load = async (leads: Leads): Promise<() => void> => {
    await passing?.load?.(leads);
    return (await topLevel.load?.(leads)) ?? (() => {});
  };
  return {
    check: (topLevel.check ?? passing?.check) && check,
    load: (topLevel.load ?? passing?.load) && load,
    waits: topLevel.waits,
    imports: [...topLevel.imports, ...(passing?.imports ?? [])],
    evaluate,
    overlaid,
    steps,
    early,
    deferred,
    places,
    stale,
    abandon: () => abandonCells(cells, first, last),
  };
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

/** Cells that were written, with what they held. */
export interface Written {
  former: Map<number, unknown>;
  undo: () => void;
}

/** Writes the cells: what is evaluated after this calls the new code. */
export function writeCells(module: LiveModule, { steps, early }: Pick<Prepared, 'steps' | 'early'>): Written {
  const former = new Map<number, unknown>();
  const { prefix, cells } = module;
  showEdits();
  if (steps.length > 0) openGate(module);
  for (const { index, value } of steps) {
    if (cells[index] === undefined) continue; // it has gone since it was made ready
    if (!former.has(index)) former.set(index, early.has(index) ? early.get(index) : readCell(prefix, index));
    writeCell(prefix, index, value);
  }
  const undo = (): void => {
    for (const [index, value] of former) if (cells[index] !== undefined) writeCell(prefix, index, value);
  };
  return { former, undo };
}

/**
 * Carries the rest out: synchronous, and nothing in it can fail.
 * @param former what the cells held that have been written
 * @param version number of the version that runs from now on
 */
export function apply(
  module: LiveModule,
  { steps, places, stale, overlaid }: Prepared,
  { former }: Written,
  version: number,
): void {
  if (module.overlay !== undefined) module.overlay.names = overlaid;
  module.cells.forEach((cell, index) => {
    if (cell === undefined) return;
    if (stale.has(cell) && !cell.stale) {
      cell.kept ??= new Map();
      const held = former.has(index) ? former.get(index) : readCell(module.prefix, index);
      if (!cell.kept.has(version)) putNewest(cell.kept, version, held, KEPT);
    }
    cell.stale = stale.has(cell);
  });
  places.forEach((path, cell) => {
    cell.path = path;
  });
  // Those of functions in a class that was made anew have been made with it.
  if (steps.length > former.size) openGate(module);
  for (const { index, value } of steps)
    if (!former.has(index) && module.cells[index] !== undefined) writeCell(module.prefix, index, value);
  for (const { index, native, hot, value, made } of steps) {
    if (!native.local) follow(module, native, hot, value, index);
    if (made !== undefined) putNewest(module.made, ...made, MADE);
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
