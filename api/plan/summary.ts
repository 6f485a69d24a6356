/**
 * What a version changed, in a line. In: the plan that leads to it and both texts; out: `+new, -gone, ~changed`, the first of
 * them where there are many, as histories, `plan()` and watching show it. Pure.
 */
import type { HotFunction } from '../../loader/functions.ts';
import { languageOf } from '../../loader/language.ts';
import { type Node, tryParse } from '../../loader/parse.ts';
import { oneLine, short } from '../../messages.ts';
import type { Analysis } from './analysis.ts';
import { exportedLocals, localOf } from './exported.ts';
import type { Plan } from './plan.ts';
import { isIn, type Unit } from './units.ts';

/** What a version changed that changed no code: nothing that TypeScript takes off either, or just that. */
const NOTHING = 'comments and layout';
const TYPES = 'types';

/** Whether a summary says that no code has changed. */
export function isNothing(summary: string): boolean {
  return summary === NOTHING || summary === TYPES;
}

/** What a version changed, as a person would list it: `+new, -gone, ~changed`, exports by the names they have outside. */
export function summaryOf(planned: Plan, before: Analysis, after: Analysis): string {
  const { replaced, added, changed, removed, moreMembers, lessMembers, statics } = planned;
  const isMade = (hot: HotFunction): boolean =>
    isIn([...changed, ...statics.flatMap(([, field]) => field ?? [])], hot);
  const names = (units: Unit[], { source }: Analysis): string[] =>
    units.flatMap(({ names, node }) => (names.length > 0 ? names : [beginning(source, node)]));
  const list = (mark: string, units: Unit[], here: Analysis, there: Analysis): string[] => {
    const others = new Set(exportedLocals(there.source, there.url).map((one) => one.name));
    const exported = exportedLocals(here.source, here.url).filter((one) => !others.has(one.name));
    const locals = new Set(exported.map((one) => localOf(one, here)));
    const own = names(units, here).filter((name) => !locals.has(name));
    return [...new Set([...own, ...exported.map((one) => one.name)])].map((name) => mark + name);
  };
  const all = [
    ...list('+', notIn(before, added), after, before),
    ...moreMembers.map((hot) => `+${hot.path}`),
    ...list('-', notIn(after, removed), before, after),
    ...lessMembers.map((hot) => `-${hot.path}`),
    ...statics.map(([x, y]) =>
      x === undefined ? `+${y?.path}` : y === undefined ? `-${x.path}` : `~${y.path}`,
    ),
    ...names(changed, after).map((name) => `~${name}`),
    ...exportsMoved(planned, before, after).map((name) => `~${name}`),
    ...replaced.filter((hot) => !isMade(hot)).map((hot) => `~${hot.path}`),
  ];
  if (all.length > 0) return shortened(all);
  return languageOf(after.url) === 'js' || bare(before) === bare(after) ? NOTHING : TYPES;
}

/** Units, without imports that the other text has as well: TypeScript drops those that nothing uses, and the author has not. */
function notIn(other: Analysis, units: Unit[]): Unit[] {
  const isTyped = languageOf(other.url) !== 'js';
  if (!isTyped || !units.some(({ imported }) => imported !== undefined)) return units;
  const written = new Set<string>();
  for (const statement of tryParse(other.source, languageOf(other.url)).program.body) {
    if (statement.type !== 'ImportDeclaration') continue;
    for (const { local } of statement.specifiers) written.add(local.name);
  }
  return units.filter(
    ({ imported, names }) => imported === undefined || !names.every((name) => written.has(name)),
  );
}

/** A text without its comments and layout. */
function bare({ source, url }: Analysis): string {
  let text = source;
  for (const { start, end } of [...tryParse(source, languageOf(url)).comments].reverse())
    text = text.slice(0, start) + text.slice(end);
  return text.replace(/\s+/g, '');
}

/** Changes that a line names; of more it says how many. */
const NAMED = 8;

/** A list for a line that a person reads, and that is kept. */
export function shortened(changes: readonly string[]): string {
  const rest = changes.length - NAMED;
  return changes.slice(0, NAMED).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}

/** Exports that stand for another variable of the module than before, where both are in both versions. */
function exportsMoved({ added, removed }: Plan, before: Analysis, after: Analysis): string[] {
  const now = exportedLocals(after.source, after.url);
  const was = exportedLocals(before.source, before.url);
  if (now === was) return [];
  const named = new Map(was.map((one) => [one.name, one]));
  const come = new Set([...added, ...removed].flatMap((unit) => unit.names));
  return now.flatMap((one) => {
    const old = named.get(one.name);
    const [x, y] = [old?.local, one.local];
    return x === undefined || y === undefined || x === y || come.has(x) || come.has(y) ? [] : [one.name];
  });
}

/** How a statement begins, in a line. */
function beginning(source: string, { start, end }: Node): string {
  return short(oneLine(source.slice(start, end)).replace(/;$/, ''), 40);
}
