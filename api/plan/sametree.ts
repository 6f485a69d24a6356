/**
 * Whether two trees are the same code. In: trees, or nodes of two texts; out: yes or no. Comments, layout and how a literal is
 * spelled do not count. Pure.
 */
import type { Node } from '../../loader/parse.ts';
import type { Analysis } from './analysis.ts';

type Place = Pick<Node, 'start' | 'end'>;

/** Whether two nodes in the same place of two trees have the same text, and so are the same code: most of a module is. */
export function sameText(from: Analysis, a: Place, to: Analysis, b: Place): boolean {
  return (
    a.end - a.start === b.end - b.start &&
    from.source.slice(a.start, a.end) === to.source.slice(b.start, b.end)
  );
}

const IGNORED = new Set(['start', 'end', 'range', 'loc', 'parent', 'hashbang']);

/** Keys that do not count: places, and how a literal is spelled (not a template's: `String.raw` reads that). */
export function ignored(node: object, key: string): boolean {
  return IGNORED.has(key) || (key === 'raw' && 'type' in node && node.type === 'Literal');
}

/** Whether two trees are the same code, wherever it stands and however it is laid out. */
export function sameTree(a: unknown, b: unknown): boolean {
  if (isAbsent(a, b)) return true;
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
  return Object.keys(b).every((key) => key in a || ignored(b, key) || isAbsent(undefined, b[key]));
}

/**
 * Whether one tree has a property that says nothing and the other has none: a text that is parsed as TypeScript, as it has an
 * enum, has `decorators: []` and the like, which are not in JavaScript's trees.
 */
export function isAbsent(a: unknown, b: unknown): boolean {
  if (a !== undefined && b !== undefined) return false;
  const said = a ?? b;
  return said === undefined || said === null || said === false || (Array.isArray(said) && said.length === 0);
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !(value instanceof RegExp);
}

export function isNode(value: unknown): value is Node {
  return isObject(value) && typeof value.type === 'string';
}

/** Scalars, and regular expressions as literals hold them. */
function sameValue(a: unknown, b: unknown): boolean {
  if (a instanceof RegExp && b instanceof RegExp) return String(a) === String(b);
  return Object.is(a, b) || (isObject(a) && isObject(b) && sameTree(a, b));
}
