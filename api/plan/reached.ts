/**
 * What the evaluation of a piece of the top level may come to call. In: a text's analysis, and units of it; out: these and all that they
 * name, with what that names. Pure. A name that is also a variable inside counts: one unit too many is no mistake.
 */
import { type Analysis, partAround } from './analysis.ts';
import { nodesOf, type Unit, unitsOf } from './units.ts';

export function reachedFrom(analysis: Analysis, units: readonly Unit[]): Unit[] {
  const byName = new Map(unitsOf(analysis).flatMap((unit) => unit.names.map((name) => [name, unit])));
  const reached = new Set(units);
  for (const unit of reached) {
    for (const node of nodesOf(unit)) {
      for (const { key, node: use } of partAround(analysis, node).references) {
        const named = use.start >= node.start && use.end <= node.end ? byName.get(key) : undefined;
        if (named !== undefined) reached.add(named);
      }
    }
  }
  return [...reached];
}
