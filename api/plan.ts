/**
 * What must change in a running module to go from one version to another. In: two analyses; out: the hot functions to
 * replace, or what stands in the way. Pure. Trees are compared, so comments and layout are no change.
 */
import { type HotFunction, superCall } from '../loader/functions.ts';
import { lineOf, type Node, unwrapped } from '../loader/parse.ts';
import type { Analysis } from './analysis.ts';

export interface Plan {
  /** functions of the new version whose code is another */
  replaced: HotFunction[];
  /** places in the new version that no replaced function covers; the plan cannot be carried out in place with any */
  structural: { line: number; text: string }[];
}

/** Compares two versions. @param from the version that runs @param to the version that is to run */
export function plan(from: Analysis, to: Analysis): Plan {
  const result: Plan = { replaced: [], structural: [] };
  const old = new Map<Node, HotFunction>(from.functions.map((hot) => [hot.node, hot]));
  const next = new Map<Node, HotFunction>(to.functions.map((hot) => [hot.node, hot]));

  const differs = (b: Node): void => {
    const text = to.source.slice(b.start, b.end).split('\n', 1)[0] as string;
    result.structural.push({
      line: lineOf(to.source, b.start),
      text: text.length > 60 ? `${text.slice(0, 57)}…` : text,
    });
  };

  const compare = (left: Node, right: Node): void => {
    if (sameText(from, left, to, right)) return;
    const [a, b] = [unwrapped(left), unwrapped(right)];
    const before = old.get(a);
    const after = next.get(b);
    if (before !== undefined && after !== undefined) {
      if (sameTree(a, b)) return;
      const opens = (hot: HotFunction) => (hot.derived ? superCall(hot.node) : undefined);
      const [first, second] = [opens(before), opens(after)];
      if (first !== undefined && second !== undefined && !sameTree(first, second)) return differs(second);
      result.replaced.push(after);
      return;
    }
    if (a.type !== b.type) return differs(b);
    const fields = a as unknown as Record<string, unknown>;
    const others = b as unknown as Record<string, unknown>;
    for (const key of Object.keys(fields)) {
      if (ignored(a, key)) continue;
      const x = fields[key];
      const y = others[key];
      if (isNode(x) && isNode(y)) compare(x, y);
      else if (
        Array.isArray(x) &&
        Array.isArray(y) &&
        x.length === y.length &&
        x.every((one, i) => isNode(one) === isNode(y[i]))
      ) {
        x.forEach((one, i) => {
          if (isNode(one)) compare(one, y[i]);
          else if (!sameValue(one, y[i])) differs(b);
        });
      } else if (!sameValue(x, y)) return differs(b);
    }
  };

  const statements = Math.max(from.program.body.length, to.program.body.length);
  if (from.program.body.length !== to.program.body.length) {
    const first = firstDifference(from, to, statements);
    differs((to.program.body[first] ?? to.program) as Node);
    return result;
  }
  compare(from.program, to.program);
  return result;
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

function firstDifference(from: Analysis, to: Analysis, length: number): number {
  for (let i = 0; i < length; i++) {
    if (!sameTree(from.program.body[i], to.program.body[i])) return i;
  }
  return 0;
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
