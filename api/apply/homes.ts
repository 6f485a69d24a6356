/**
 * What is made anew although its text is as it was: a name in it leads elsewhere now. In: the plan that leads from one version to
 * another, both texts, and the values bound in each; out: the same plan with more in it, and what keeps what it had.
 */
import type { ClassScope, HotFunction } from '../../loader/functions.ts';
import type { Bound } from '../../loader/kept.ts';
import type { LiveModule } from '../../loader/live.ts';
import type { Deferred } from '../history/history.ts';
import { type Analysis, referencesIn } from '../plan/analysis.ts';
import type { Plan } from '../plan/plan.ts';
import { classOf, isIn, nameByDefault, type Unit, unitsOf } from '../plan/units.ts';
import {
  followsFields,
  homeOf,
  instancePrivate,
  madeIn,
  namesInFields,
  namespaceOf,
  overlaidIn,
  privateNames,
} from '../running/overlay.ts';

/** Adds functions into which other values are bound. */
export function rebind(planned: Plan, after: Analysis, was: Bound, bound: Bound): void {
  for (const hot of was === bound ? [] : after.functions) {
    if (bound.get(hot.path) !== was.get(hot.path)) replaceToo(planned, hot);
  }
}

/**
 * Adds functions that use a name which lives elsewhere now, and classes that give it to fields.
 * @returns classes whose fields keep what they were given, and those that leave instances behind
 */
export function rehome(module: LiveModule, planned: Plan, before: Analysis, after: Analysis): Deferred[] {
  followDefault(planned, after);
  const [old, now] = [module.overlay?.names ?? overlaidIn(module, before), overlaidIn(module, after)];
  if (module.overlay !== undefined && module.overlay.namespaces.size > 0)
    renewImports(module, planned, after, now);
  const kept = leftBehind(planned, before);
  if (old === now) return kept;
  for (const one of referencesIn(after)) {
    if (homeOf(one, old) === homeOf(one, now)) continue;
    const { start, end } = one.node;
    const hot = after.functions.findLast(({ node }) => node.start <= start && node.end >= end);
    if (hot !== undefined) replaceToo(planned, hot);
  }
  for (const scope of after.classes) {
    const { node, path } = scope;
    if (isIn([...planned.added, ...planned.changed], node)) continue;
    const homes = namesInFields(after, node, now);
    const unit = unitsOf(after).find((one) => classOf(one) === node);
    const [name = ''] = unit?.names ?? [];
    const made = unit && madeIn(module, name, now);
    const isThere = (made?.homes ?? '') === homes.join() && old.has(name) === now.has(name);
    if (isThere || made?.passes) continue;
    if (unit !== undefined && followsFields(module, after, unit)) remake(planned, unit, scope);
    else kept.push(...deferredIn(path, homes, planned));
  }
  return kept;
}

/** What to say of classes that are made anew and have #private names, which instances made before have not. */
function leftBehind({ changed }: Plan, before: Analysis): Deferred[] {
  return changed.flatMap((unit): Deferred[] => {
    const node = classOf(unit);
    const [path = ''] = unit.names;
    if (node === undefined || instancePrivate(node) === undefined) return [];
    const was = unitsOf(before).find((one) => one.names.includes(path));
    if (was === undefined || classOf(was) === undefined) return [];
    const names = [...privateNames(node)].map((name) => `#${name}`);
    const reason = `instances that were made before stay of the class as it was, and so does who holds that class; new ones have ${names.join(', ')} of their own`;
    return [{ path, names, reason }];
  });
}

/** Adds imports of namespaces that have become others. */
function renewImports(module: LiveModule, planned: Plan, after: Analysis, now: ReadonlySet<string>): void {
  const planning = new Set([...planned.added, ...planned.changed]);
  const stale = unitsOf(after).filter((unit) => {
    const { imported, names } = unit;
    const [name = ''] = names;
    if (imported === undefined || !now.has(name) || planning.has(unit)) return false;
    return namespaceOf(module, imported) !== (madeIn(module, name, now)?.homes ?? '');
  });
  if (stale.length > 0) planned.changed = [...planned.changed, ...stale];
}

/** Adds `export default name` where that name is made anew. */
function followDefault(planned: Plan, after: Analysis): void {
  const { added, changed } = planned;
  if (added.length === 0 && changed.length === 0) return;
  const unit = unitsOf(after).find(({ names }) => names[0] === 'default');
  const name = unit && nameByDefault(unit);
  if (unit === undefined || added.includes(unit) || changed.includes(unit)) return;
  if ([...added, ...changed].some(({ names }) => name !== undefined && names.includes(name)))
    planned.changed = [...changed, unit].sort((a, b) => a.node.start - b.node.start);
}

/** What to say of a class that stays, where one of the names in its fields has come to stand for something else. */
function deferredIn(path: string, homes: readonly string[], { added, changed }: Plan): Deferred[] {
  const names = homes.filter((name) => [...added, ...changed].some((unit) => unit.names.includes(name)));
  if (names.length === 0) return [];
  const reason = `its fields are given what ${names.join(', ')} stood for when the class was made, until one of them is changed`;
  return [{ path, names, reason }];
}

function replaceToo({ replaced, added }: Plan, hot: HotFunction): void {
  if (!replaced.includes(hot) && !isIn(added, hot)) replaced.push(hot);
}

/** Lets a class be made anew as a whole, which was to stay, or to get and lose members. The plan is shared but for its lists. */
function remake(planned: Plan, unit: Unit, { node, path }: ClassScope): void {
  planned.changed = [...planned.changed, unit].sort((a, b) => a.node.start - b.node.start);
  planned.moreMembers = planned.moreMembers.filter((hot) => hot.classScope?.node !== node);
  planned.lessMembers = planned.lessMembers.filter((hot) => hot.classScope?.path !== path);
  planned.statics = planned.statics.filter(([x, y]) => (y ?? x)?.of !== path);
}
