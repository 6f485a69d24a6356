/**
 * What the cells of a module are to call in a version. In: a live module, the change of its text, and where its cells are then; out: a step for
 * each cell that is to call something else, all made, and what closures cannot be given. Nothing is written.
 */
import type { HotFunction } from '../../loader/functions.ts';
import type { Bound, Move } from '../../loader/kept.ts';
import type { LiveCell, LiveModule, MadeFunction } from '../../loader/live.ts';
import { type Deferred, versionAt } from '../history/history.ts';
import { type Analysis, analyse, outerReferences } from '../plan/analysis.ts';
import { isCalledThereOnly } from '../plan/called.ts';
import { children, isWithin, sameOwn } from '../plan/plan.ts';
import { canBecome, classOf, isIn, type Unit } from '../plan/units.ts';
import { cellsOf, homeOf, nativeOf } from '../running/cells.ts';
import { evaluatedTogether } from '../running/evaluation.ts';
import type { Members } from '../running/members.ts';
import { leavesBehind, homeOf as nameHome } from '../running/overlay.ts';
import { comingBack } from '../running/toplevel.ts';
import { deferral, type Unable, unclearOnes } from './deferral.ts';
import { type Later, type Made, makeFunction } from './evaluate.ts';
import { displaced, type Places, retried } from './places.ts';

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

/** What a cell is to call. */
export interface Step {
  index: number;
  native: HotFunction;
  hot: HotFunction;
  /** undefined: the function as its own text has it */
  value: unknown;
  /** what it is kept under, if it was made just now, and what is kept */
  made?: [key: string, one: MadeFunction];
  /** what is made with others, and has its value once all are */
  later?: { value: unknown };
}

/** So many functions are made one by one; more are compiled as one text. */
const FEW = 8;

/**
 * A function has a cell for each text that closures of it were made from, and each cell gets what its closures can run. Where
 * they cannot reach a name that the new code needs they keep their code, and the function around is replaced as well, so
 * that closures made from now on are right. So it is where they have another `length`: `(req, res)` that is `(err, req, res, next)` now.
 */
export class Replacing {
  readonly steps: Step[] = [];
  readonly deferred: Deferred[];
  /** every cell whose closures keep earlier code */
  readonly stale = new Set<LiveCell>();
  readonly #module: LiveModule;
  readonly #change: Change;
  readonly #places: Places;
  readonly #overlaid: ReadonlySet<string>;
  readonly #cells: (LiveCell | undefined)[];
  /** how many cells there were before anything was made */
  readonly #loaded: number;
  /** functions that are still to be looked at */
  readonly #waiting: Set<HotFunction>;
  /** those that must be made whatever their text says, as closures inside keep earlier code */
  readonly #forced = new Set<HotFunction>();
  /** new cells that have been handed their values */
  readonly #bound = new Set<number>();
  /** where many are made: what is still to be evaluated */
  #together: Later[] | undefined;

  constructor(module: LiveModule, change: Change, places: Places, overlaid: ReadonlySet<string>) {
    this.#module = module;
    this.#change = change;
    this.#places = places;
    this.#overlaid = overlaid;
    this.#cells = cellsOf(module);
    this.#loaded = this.#cells.length;
    this.deferred = change.retraced ? [] : unclearOnes(change.unclear, places);
    for (const cell of this.#cells) if (cell?.stale) this.stale.add(cell);
    this.#waiting = new Set(change.replaced);
    const placeOf = (cell: LiveCell): string | undefined => this.#placeOf(cell);
    if (places.size > 0 || change.retraced)
      for (const hot of displaced(change, this.#cells, places, placeOf)) this.#waiting.add(hot);
    for (const hot of retried(change.after, this.stale, this.#waiting, placeOf)) this.#waiting.add(hot);
    this.#replaceAll();
  }

  /** Hands values to the new cells of functions that have some: no text carries them to closures that new code makes. */
  bindInside(inClasses: boolean): void {
    const { after, bound } = this.#change;
    for (let index = this.#loaded; index < this.#cells.length && bound.size > 0; index++) {
      const hot = after.functions[(this.#cells[index] as LiveCell).position] as HotFunction;
      if (!bound.has(hot.path) || this.#bound.has(index) || (hot.classScope !== undefined && !inClasses))
        continue;
      this.#bound.add(index);
      const made = this.#make(hot, index, valuesFor(hot, bound));
      if ('value' in made) this.steps.push({ index, native: hot, hot, value: made.value });
    }
  }

  #replaceAll(): void {
    const byPlace = new Map<string | undefined, number[]>();
    for (const hot of this.#waiting)
      for (let at: HotFunction | undefined = hot; at !== undefined; at = at.parent) byPlace.set(at.path, []);
    for (let index = 0; index < this.#cells.length && byPlace.size > 0; index++) {
      const cell = this.#cells[index];
      if (cell !== undefined) byPlace.get(this.#placeOf(cell))?.push(index);
    }
    // Inner ones first: they may call for the one around them, which stands before them.
    const inTurn = [...this.#waiting].sort((a, b) => a.index - b.index);
    this.#together = inTurn.length > FEW ? [] : undefined;
    for (let hot = inTurn.pop(); hot !== undefined; hot = inTurn.pop()) {
      this.#waiting.delete(hot);
      const around = this.#replace(hot, byPlace.get(hot.path) ?? []);
      if (around === undefined || this.#waiting.has(around)) continue;
      this.#waiting.add(around);
      inTurn.splice(inTurn.findLastIndex((one) => one.index < around.index) + 1, 0, around);
    }
    this.#evaluateTogether();
  }

  #evaluateTogether(): void {
    const together = this.#together ?? [];
    this.#together = undefined;
    if (together.length === 0) return;
    try {
      const factories = evaluatedTogether(together.map(({ placing }) => placing));
      together.forEach(({ done }, i) => done(factories[i]));
    } catch (error) {
      this.#module.cells.length = this.#loaded;
      throw error;
    }
    for (const step of this.steps) {
      if (step.later === undefined) continue;
      step.value = step.later.value;
      if (step.made !== undefined) step.made[1].value = step.value;
    }
  }

  /** @param indexes numbers of the cells that are the function's @returns the function around, where that is to be made as well */
  #replace(hot: HotFunction, indexes: readonly number[]): HotFunction | undefined {
    const { again, to } = this.#change;
    const unable: Unable[] = [];
    for (const index of indexes) {
      const cell = this.#cells[index] as LiveCell;
      const native = nativeOf(this.#module, cell);
      this.stale.delete(cell);
      const found = this.#valueFor(hot, index, native);
      if ('value' in found) {
        this.steps.push({ index, native, hot, ...found });
        continue;
      }
      this.stale.add(cell);
      unable.push({ native, from: analyse(cell.source, this.#module.url), ...found });
      // They ran something when this version was live: that again, not what was edited since.
      const ran = again ? keptIn(this.#module, cell, to) : undefined;
      if (ran !== undefined) this.steps.push({ index, native, hot, value: ran.value });
    }
    if (unable.length === 0) return this.#isOfOtherArity(hot, indexes) ? hot.parent : undefined;
    // Of those that nobody can call again nothing is to be said; the function around makes new ones all the same.
    const held = unable.filter((one) => !isCalledThereOnly(one.from, one.native));
    if (held.length > 0) this.deferred.push(deferral(hot, held, unable.length < indexes.length));
    if (hot.parent !== undefined) this.#forced.add(hot.parent);
    return hot.parent;
  }

  /** Whether closures have another `length` than the new code: nothing reaches those that exist, but the next ones are to have it. */
  #isOfOtherArity(hot: HotFunction, indexes: readonly number[]): boolean {
    return indexes.some(
      (index) => nativeOf(this.#module, this.#cells[index] as LiveCell).arity !== hot.arity,
    );
  }

  /** What a cell of a function is to call: the function as the cell's own text has it (`undefined`), one that was made before, or a new one. */
  #valueFor(
    hot: HotFunction,
    index: number,
    native: HotFunction,
  ): Pick<Step, 'value' | 'made' | 'later'> | Exclude<Made, { value: unknown }> {
    const { after, bound, url } = this.#change;
    const module = this.#module;
    const cell = this.#cells[index] as LiveCell;
    const from = analyse(cell.source, module.url);
    if (
      !bound.has(hot.path) &&
      !this.#forced.has(hot) &&
      !this.#makesStale(cell) &&
      homesOf(after, hot, cell.overlaid) === homesOf(after, hot, this.#overlaid) &&
      sameOwn(from, native, after, hot) &&
      this.#leadsTo(index + 1, from, native, hot)
    )
      return { value: undefined };
    const values = valuesFor(hot, bound);
    const home = hot.classScope && homeOf(module, cell);
    const code = after.source.slice(hot.start, hot.end);
    const key = [index, hot.path, url, home, homesOf(after, hot, this.#overlaid), code].join('\n');
    const kept = module.made.get(key);
    if (kept !== undefined && kept.bound === values && this.#leadsTo(kept.first, after, hot, hot))
      return { value: kept.value };
    const made = this.#make(hot, index, values);
    if (!('value' in made)) return made;
    const { value, first } = made;
    const later = this.#together === undefined ? {} : { later: made };
    return { value, made: [key, { value, first, bound: values }], ...later };
  }

  #make(hot: HotFunction, index: number, values: MadeFunction['bound']): Made {
    const { after, units, url } = this.#change;
    const module = this.#module;
    const takes = (cell: LiveCell): boolean => canBecome(nativeOf(module, cell), hot);
    const ofClass = units.find(
      (unit) => hot.classScope !== undefined && classOf(unit) === hot.classScope.node,
    );
    return makeFunction(
      {
        module,
        analysis: after,
        hot,
        index,
        cell: this.#cells[index] as LiveCell,
        bound: values ?? {},
        url,
        overlaid: this.#overlaid,
        isLeft: ofClass !== undefined && hot.classScope !== undefined && leavesBehind(hot.classScope.node),
        back: ofClass && comingBack(module, after, ofClass, this.#overlaid),
        remade: () =>
          this.#isRemade(hot) ||
          this.#cells.some((one, i) => i !== index && one?.path === hot.path && takes(one)),
      },
      this.#together,
    );
  }

  /** Whether a function stands in something that is evaluated anew. */
  #isRemade(hot: HotFunction): boolean {
    const { moreMembers, units, statics } = this.#change;
    return moreMembers.includes(hot) || isIn([...units, ...statics.flatMap(([, one]) => one ?? [])], hot);
  }

  #placeOf(cell: LiveCell): string | undefined {
    return this.#places.has(cell) ? this.#places.get(cell) : cell.path;
  }

  /**
   * Whether closures that a function makes inside itself become what stands in their places in the version.
   * @param first number of the cell of the first function inside @param of the function as the text has it that they are made from
   */
  #leadsTo(first: number, from: Analysis, of: HotFunction, hot: HotFunction): boolean {
    const inside = children(this.#change.after, hot);
    return children(from, of).every((one, i) => {
      const inner = this.#cells[first + one.index - of.index - 1];
      if (inner === undefined || this.stale.has(inner)) return false;
      return this.#placeOf(inner) === inside[i]?.path && one.arity === inside[i]?.arity;
    });
  }

  /** Whether the function as its own text has it would make closures that cannot run the version. */
  #makesStale(cell: LiveCell): boolean {
    const native = nativeOf(this.#module, cell);
    for (const inner of this.stale)
      if (inner.batch === cell.batch && isWithin(nativeOf(this.#module, inner), native)) return true;
    return false;
  }
}

/** Which of the names that a function uses live on the overlay: the same text is other code where those are others. */
function homesOf(after: Analysis, hot: HotFunction, overlaid: ReadonlySet<string>): string {
  if (overlaid.size === 0) return '';
  const names = outerReferences(after, hot).flatMap((one) => nameHome(one, overlaid) ?? []);
  return [...new Set(names)].sort().join();
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
