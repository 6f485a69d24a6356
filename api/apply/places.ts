/**
 * Where the closures of a module are in a version. In: its cells and what an edit has moved; out: the path of each cell whose path is another
 * now, and the functions that must be looked at because of that, beside those that the texts tell.
 */
import type { HotFunction } from '../../loader/functions.ts';
import type { Move } from '../../loader/kept.ts';
import type { LiveCell, LiveModule } from '../../loader/live.ts';
import { type Analysis, analyse } from '../plan/analysis.ts';
import { groups, isWithin, plan, sameOwn } from '../plan/plan.ts';
import { sameText, sameTree } from '../plan/sametree.ts';
import { cellsOf, nativeOf } from '../running/cells.ts';

/** From one version to another. */
export interface Way {
  before: Analysis;
  after: Analysis;
  moves: readonly Move[];
}

/** Paths of the cells whose path is another from now on; undefined where the version has no such function. */
export type Places = Map<LiveCell, string | undefined>;

/** Where the cells are in the new version whose path it changes. */
export function placesOf(module: LiveModule, { before, after, moves }: Way): Places {
  const places: Places = new Map();
  if (moves.length === 0) return places;
  const way = new Map(moves);
  const go = (path: string): string | undefined => (way.has(path) ? way.get(path) : path);
  let free: Set<string> | undefined;
  let names: Map<string, HotFunction[]> | undefined;
  /** what a function may be that was gone: of its name, and no other one's */
  const freeFor = (name: string): HotFunction[] => {
    free ??= new Set(after.functions.map((hot) => hot.path));
    if (names === undefined) for (const { path } of before.functions) free.delete(go(path) as string);
    names ??= groups(after.functions, ({ path }) => plainPath(path));
    return names.get(name) ?? [];
  };
  const ways = new Map<string, Map<string | undefined, string | undefined>>();
  for (const cell of cellsOf(module)) {
    if (cell === undefined) continue;
    let path = cell.path === undefined ? undefined : go(cell.path);
    if (cell.source === after.source) {
      path = (after.functions[cell.position] as HotFunction).path;
    } else if (path === undefined && freeFor(plainPath(cell.name)).some((hot) => free?.has(hot.path))) {
      // It was gone and may be back: as what it was, or under a name that no other has.
      const analysis = analyse(cell.source, module.url);
      const since = ways.get(cell.source) ?? new Map(plan(analysis, after).moves);
      ways.set(cell.source, since);
      const found = since.has(cell.name) ? since.get(cell.name) : cell.name;
      const hot = after.functions.find((one) => one.path === found);
      const alone = [freeFor(plainPath(cell.name)), analysis.functions].every(
        (all) => all.filter((one) => plainPath(one.path) === plainPath(cell.name)).length === 1,
      );
      if (hot !== undefined && free?.has(hot.path)) {
        if (alone || sameTree(nativeOf(module, cell).node, hot.node)) path = hot.path;
      }
    }
    if (path !== cell.path) places.set(cell, path);
  }
  return places;
}

/** A path without the numbers that tell functions of one name apart. */
function plainPath(path: string): string {
  return path.includes('~') ? path.replace(/~\d+/g, '') : path;
}

/**
 * Functions that must be looked at because cells have moved, beside those that the two texts tell: where closures were another
 * function's until now, and what makes such closures.
 */
export function displaced(
  { before, after, moves }: Way,
  cells: LiveModule['cells'],
  places: Places,
  placeOf: (cell: LiveCell) => string | undefined,
): Set<HotFunction> {
  const [olds, news] = [byPath(before), byPath(after)];
  const way = new Map(moves);
  const found = new Set<HotFunction | undefined>();
  for (const cell of cells) {
    if (cell === undefined) continue;
    const old = cell.path === undefined ? undefined : olds.get(cell.path);
    const place = placeOf(cell);
    const hot = place === undefined ? undefined : news.get(place);
    if (places.has(cell)) {
      const around = old?.parent?.path;
      if (around !== undefined) found.add(news.get((way.has(around) ? way.get(around) : around) ?? ''));
      found.add(hot?.parent);
      found.add(hot);
    } else if (old !== undefined && hot !== undefined && !isSameCode(before, old, after, hot)) found.add(hot);
  }
  found.delete(undefined);
  return found as Set<HotFunction>;
}

/** Whether a function's own code is the same. What has the same text is: most of a module, whose trees are not looked at for it. */
function isSameCode(before: Analysis, old: HotFunction, after: Analysis, hot: HotFunction): boolean {
  return sameText(before, old, after, hot) || sameOwn(before, old, after, hot);
}

/** Functions whose closures keep earlier code, and may do without it now that something inside changes. */
export function retried(
  after: Analysis,
  stale: ReadonlySet<LiveCell>,
  waiting: ReadonlySet<HotFunction>,
  placeOf: (cell: LiveCell) => string | undefined,
): HotFunction[] {
  const paths = new Set([...stale].map(placeOf));
  if (paths.size === 0) return [];
  return after.functions.filter(
    (hot) => paths.has(hot.path) && [...waiting].some((one) => isWithin(one, hot)),
  );
}

function byPath({ functions }: Analysis): Map<string, HotFunction> {
  return new Map(functions.map((hot) => [hot.path, hot]));
}
