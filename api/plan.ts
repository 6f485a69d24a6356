/**
 * What must change in a running module to go from one version to another. In: two analyses; out: the hot functions to
 * replace, or what stands in the way. Pure. Trees are compared, so comments and layout are no change.
 */
import { type HotFunction, superCall } from '../loader/functions.ts';
import { lineOf, type Node, unwrapped } from '../loader/parse.ts';
import type { Analysis } from './analysis.ts';

export interface Plan {
  /** functions of the new version whose own code is another, outer before inner; a function is replaced for no change of the hot functions inside it */
  replaced: HotFunction[];
  /** places in the new version that no replaced function covers; the plan cannot be carried out in place with any */
  structural: { line: number; text: string }[];
}

/** Compares two versions. @param from the version that runs @param to the version that is to run */
export function plan(from: Analysis, to: Analysis): Plan {
  const replaced: HotFunction[] = [];
  const structural: Plan['structural'] = [];
  const differs = (at: Node): void => {
    const text = to.source.slice(at.start, at.end).split('\n', 1)[0] as string;
    structural.push({
      line: lineOf(to.source, at.start),
      text: text.length > 60 ? `${text.slice(0, 57)}…` : text,
    });
  };

  const compareFunctions = (before: HotFunction, after: HotFunction): void => {
    if (sameText(from, before.node, to, after.node) || sameTree(before.node, after.node)) return;
    const opens = (hot: HotFunction) => (hot.derived ? superCall(hot.node) : undefined);
    const [first, second] = [opens(before), opens(after)];
    if (first !== undefined && second !== undefined && !sameTree(first, second)) return differs(second);
    const { pairs, difference } = compareOwn(from, before.node, to, after.node, after);
    if (difference === undefined) return pairs.forEach(([x, y]) => compareFunctions(x, y));
    replaced.push(after);
    // Closures of the functions inside exist already, whatever becomes of the one around them.
    for (const inner of to.functions) {
      if (inner.parent !== after) continue;
      const old = from.functions.find((one) => one.path === inner.path);
      if (old !== undefined) compareFunctions(old, inner);
    }
  };

  const { length } = to.program.body;
  if (from.program.body.length !== length) {
    const first = to.program.body.findIndex((statement, i) => !sameTree(from.program.body[i], statement));
    differs((to.program.body[first] ?? to.program) as Node);
    return { replaced, structural };
  }
  for (let i = 0; i < length; i++) {
    const { pairs, difference } = compareOwn(
      from,
      from.program.body[i] as Node,
      to,
      to.program.body[i] as Node,
    );
    if (difference !== undefined) differs(difference);
    pairs.forEach(([before, after]) => compareFunctions(before, after));
  }
  return { replaced, structural };
}

/** Whether two functions are the same code, the hot functions inside them aside. */
export function sameOwn(from: Analysis, before: HotFunction, to: Analysis, after: HotFunction): boolean {
  return compareOwn(from, before.node, to, after.node, after).difference === undefined;
}

/** Compares two trees up to the hot functions in them (`within` aside), which are paired. @returns the pairs, and the first difference */
function compareOwn(
  from: Analysis,
  first: Node,
  to: Analysis,
  second: Node,
  within?: HotFunction,
): { pairs: [HotFunction, HotFunction][]; difference: Node | undefined } {
  const old = byNode(from);
  const next = byNode(to);
  const pairs: [HotFunction, HotFunction][] = [];
  let difference: Node | undefined;
  const compare = (x: Node, y: Node): void => {
    if (sameText(from, x, to, y)) return;
    const [a, b] = [unwrapped(x), unwrapped(y)];
    const before = old.get(a);
    const after = next.get(b);
    if (before !== undefined && after !== undefined && after !== within) {
      pairs.push([before, after]);
      return;
    }
    if (a.type !== b.type) difference ??= b;
    const left = a as unknown as Record<string, unknown>;
    const right = b as unknown as Record<string, unknown>;
    for (const key of Object.keys(left)) {
      if (difference !== undefined) return;
      if (ignored(a, key)) continue;
      const one = left[key];
      const other = right[key];
      if (isNode(one) && isNode(other)) compare(one, other);
      else if (Array.isArray(one) && Array.isArray(other) && one.length === other.length) {
        one.forEach((item, i) => {
          if (isNode(item) && isNode(other[i])) compare(item, other[i]);
          else if (!sameTree(item, other[i])) difference ??= b;
        });
      } else if (!sameTree(one, other)) difference ??= b;
    }
  };
  compare(first, second);
  return { pairs, difference };
}

const nodes = new WeakMap<Analysis, Map<Node, HotFunction>>();

function byNode(analysis: Analysis): Map<Node, HotFunction> {
  let map = nodes.get(analysis);
  if (map === undefined)
    nodes.set(analysis, (map = new Map(analysis.functions.map((hot) => [hot.node, hot]))));
  return map;
}

/** Whether two nodes in the same place of two trees have the same text, and so are the same code: most of a module is. */
export function sameText(from: Analysis, a: Node, to: Analysis, b: Node): boolean {
  return (
    a.end - a.start === b.end - b.start &&
    from.source.slice(a.start, a.end) === to.source.slice(b.start, b.end)
  );
}

const IGNORED = new Set(['start', 'end', 'range', 'loc', 'parent', 'hashbang']);

/** Keys that do not count: places, and how a literal is spelled (not a template's: `String.raw` reads that). */
function ignored(node: object, key: string): boolean {
  return IGNORED.has(key) || (key === 'raw' && 'type' in node && node.type === 'Literal');
}

/** Whether two trees are the same code, wherever it stands and however it is laid out. */
export function sameTree(a: unknown, b: unknown): boolean {
  if (!isObject(a) || !isObject(b)) return sameValue(a, b);
  if (Array.isArray(a) || Array.isArray(b)) {
    return (
      Array.isArray(a) &&
      Array.isArray(b) &&
      a.length === b.length &&
      a.every((one, i) => sameTree(one, b[i]))
    );
  }
  for (const key of Object.keys(a)) {
    if (!ignored(a, key) && !sameTree(a[key], b[key])) return false;
  }
  return Object.keys(b).every((key) => key in a || ignored(b, key));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !(value instanceof RegExp);
}

function isNode(value: unknown): value is Node {
  return isObject(value) && typeof value.type === 'string';
}

/** Scalars, and regular expressions as literals hold them. */
function sameValue(a: unknown, b: unknown): boolean {
  if (a instanceof RegExp && b instanceof RegExp) return String(a) === String(b);
  return Object.is(a, b) || (isObject(a) && isObject(b) && sameTree(a, b));
}
