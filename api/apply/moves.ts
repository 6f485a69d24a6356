/**
 * Where the functions of a module have gone from one version to another. In: two versions; out: the paths that changed on the way
 * between them. What an edit moved is known of those that this program has made; of others their texts tell, and
 * where one of those is gone, the texts before and after it.
 */
import type { KeptVersion, Move } from '../../loader/kept.ts';
import type { LiveModule } from '../../loader/live.ts';
import { historyOf, versionAt, versionText } from '../history/history.ts';
import { analyse } from '../plan/analysis.ts';
import { plan } from '../plan/plan.ts';

/** A version of which it is known what it moved. */
export function withMoves(version: KeptVersion, moves: Move[]): KeptVersion {
  return moves.length > 0 ? { ...version, moves } : { ...version, still: true };
}

/** What the edits between two versions moved: up from the one to where both come from, and down to the other. */
export function movesBetween(module: LiveModule, from: number, to: number): Move[] {
  const way = wayBetween(module, from, to);
  let all: Move[] = [];
  for (let at = 0; at < way.length - 1; ) {
    let next = at + 1;
    let step = stepOf(module, way[at] as KeptVersion, way[next] as KeptVersion);
    while (step === undefined && ++next < way.length)
      step = difference(module, way[at] as KeptVersion, way[next] as KeptVersion);
    all = joined(all, step ?? []);
    at = next;
  }
  return all;
}

/** The versions from one to another, both included. */
function wayBetween(module: LiveModule, from: number, to: number): KeptVersion[] {
  const parentOf = (number: number): number => versionAt(module, number).parent ?? 0;
  const [up, down] = [[from], [to]];
  for (let [x, y] = [from, to]; x !== y; ) {
    if (x > y) up.push((x = parentOf(x)));
    else down.push((y = parentOf(y)));
  }
  down.pop(); // both end with where they meet
  return [...up, ...down.reverse()].map((number) => versionAt(module, number));
}

/** What one edit moved, there or back; undefined where nobody knows any more. */
function stepOf(module: LiveModule, from: KeptVersion, to: KeptVersion): Move[] | undefined {
  const [version, back] = from.number > to.number ? [from, true] : [to, false];
  const known = version.moves ?? (version.still ? [] : undefined);
  if (known !== undefined) return back ? known.map(([a, b]): Move => [b, a]) : known;
  const found = difference(module, from, to);
  if (found?.length === 0) historyOf(module).versions.put({ ...version, still: true });
  return found;
}

/** What two texts tell; undefined where one is gone from the cache. */
function difference(module: LiveModule, from: KeptVersion, to: KeptVersion): Move[] | undefined {
  try {
    const [before, after] = [versionText(module, from), versionText(module, to)];
    return plan(analyse(before, module.url), analyse(after, module.url)).moves;
  } catch {
    return undefined;
  }
}

/** One change of paths after another. */
function joined(all: Move[], step: Move[]): Move[] {
  if (step.length === 0) return all;
  const next = new Map(step.filter(([a]) => a !== undefined));
  const seen = new Set(all.map(([, b]) => b));
  const begun = new Set(all.map(([a]) => a));
  return [
    ...all.map(([a, b]): Move => [a, next.has(b) ? next.get(b) : b]),
    ...step.filter(([a]) => a === undefined || !(seen.has(a) || begun.has(a))),
  ];
}
