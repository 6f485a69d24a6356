/**
 * What must change in a running module to go from one version to another. In: two analyses; out: the hot functions to
 * replace, or what stands in the way. Pure. Trees are compared, so comments and layout are no change.
 */
import { type HotFunction, type Part, superCall } from '../loader/functions.ts';
import { lineOf, type Node, unwrapped } from '../loader/parse.ts';
import { type Analysis, partAround } from './analysis.ts';

export interface Plan {
  /** functions of the new version whose own code is another, outer before inner; a function is replaced for no change of the hot functions inside it */
  replaced: HotFunction[];
  /** functions whose path is another in the new version, `undefined` where one is new or gone */
  moves: Move[];
  /** paths of functions that are no more, by the path of one that each may have become and cannot be told from others */
  unclear: Map<string, string>;
  /** places in the new version that no replaced function covers; the plan cannot be carried out in place with any */
  structural: { line: number; text: string }[];
}

export type Move = [from: string | undefined, to: string | undefined];

const known = new WeakMap<Analysis, WeakMap<Analysis, Plan>>();

/**
 * Compares two versions. A plan is kept as long as both analyses are, for going back and forth between them.
 * @param from the version that runs @param to the version that is to run
 */
export function plan(from: Analysis, to: Analysis): Plan {
  let plans = known.get(from);
  if (plans === undefined) known.set(from, (plans = new WeakMap()));
  let found = plans.get(to);
  if (found === undefined) plans.set(to, (found = compared(from, to)));
  return { ...found, replaced: [...found.replaced] };
}

function compared(from: Analysis, to: Analysis): Plan {
  const replaced: HotFunction[] = [];
  const structural: Plan['structural'] = [];
  const moves: Move[] = [];
  const unclear: Plan['unclear'] = new Map();
  const differs = (at: Node): void => {
    const text = to.source.slice(at.start, at.end).split('\n', 1)[0] as string;
    structural.push({
      line: lineOf(to.source, at.start),
      text: text.length > 60 ? `${text.slice(0, 57)}…` : text,
    });
  };

  const move = (before: HotFunction | undefined, after: HotFunction | undefined): void => {
    if (before?.path !== after?.path) moves.push([before?.path, after?.path]);
  };
  const compareFunctions = (before: HotFunction, after: HotFunction): void => {
    move(before, after);
    if (sameText(from, before.node, to, after.node) || sameTree(before.node, after.node)) {
      if (before.path === after.path) return;
      const inner = within(to, after);
      within(from, before).forEach((one, i) => move(one, inner[i]));
      return;
    }
    const opens = (hot: HotFunction) => (hot.derived ? superCall(hot.node) : undefined);
    const [first, second] = [opens(before), opens(after)];
    if (!after.local && first !== undefined && second !== undefined && !sameTree(first, second))
      return differs(second);
    const { pairs, difference } = compareOwn(from, before.node, to, after.node, after);
    if (difference === undefined && before.path === after.path)
      return pairs.forEach(([x, y]) => compareFunctions(x, y));
    if (difference === undefined) {
      const inner = children(to, after);
      return children(from, before).forEach((one, i) => compareFunctions(one, inner[i] as HotFunction));
    }
    replaced.push(after);
    // Closures of the functions inside exist already, whatever becomes of the one around them.
    const found = matched(children(from, before), children(to, after), unclear);
    found.forEach(([x, y]) => {
      if (x !== undefined && y !== undefined) return compareFunctions(x, y);
      move(x, y);
      if (x !== undefined) within(from, x).forEach((one) => move(one, undefined));
      if (y !== undefined) within(to, y).forEach((one) => move(undefined, one));
    });
  };

  const { length } = to.parts;
  if (from.parts.length !== length) {
    const first = to.program.body.findIndex((statement, i) => !sameTree(from.program.body[i], statement));
    differs((to.program.body[first] ?? to.program) as Node);
    return { replaced, moves, unclear, structural };
  }
  for (let i = 0; i < length; i++) {
    const [older, newer] = [from.parts[i] as Part, to.parts[i] as Part];
    if (older === newer || sameText(from, older, to, newer)) continue;
    const { pairs, difference } = compareOwn(from, older.statement, to, newer.statement);
    if (difference !== undefined) differs(difference);
    pairs.forEach(([before, after]) => compareFunctions(before, after));
  }
  return { replaced, moves, unclear, structural };
}

/** Whether two functions are the same code, the hot functions inside them aside. */
export function sameOwn(from: Analysis, before: HotFunction, to: Analysis, after: HotFunction): boolean {
  return compareOwn(from, before.node, to, after.node, after).difference === undefined;
}

/**
 * Which of the functions in one function are which in its new code. A name tells, unless several have it (`~2`): then
 * what is the same code is the same function, and the rest pair in order between those, where there are as many as before.
 */
function matched(
  olds: HotFunction[],
  news: HotFunction[],
  unclear: Plan['unclear'],
): [HotFunction | undefined, HotFunction | undefined][] {
  const found = new Map<HotFunction, HotFunction | undefined>();
  const named = groups(news, nameIn);
  groups(olds, nameIn).forEach((before, name) => {
    const after = named.get(name) ?? [];
    const taken = new Map<HotFunction, HotFunction>();
    const pair = (x: HotFunction, y: HotFunction): void => {
      found.set(x, y);
      taken.set(y, x);
    };
    if (before.length > 1 || after.length > 1) {
      for (const x of before) {
        const y = after.find((one) => !taken.has(one) && sameTree(x.node, one.node));
        if (y !== undefined) pair(x, y);
      }
    }
    // Those left, by the matched one that each comes after.
    let last: HotFunction | undefined;
    const left = groups(before, (one) => (last = found.get(one) ?? last));
    last = undefined;
    const right = groups(after, (one) => (last = taken.has(one) ? one : last));
    left.forEach((run, after) => {
      const xs = run.filter((one) => !found.has(one));
      const ys = (right.get(after) ?? []).filter((one) => !taken.has(one));
      if (xs.length === ys.length) xs.forEach((x, i) => pair(x, ys[i] as HotFunction));
      else if (ys.length > 0) xs.forEach((x) => unclear.set(x.path, (ys[0] as HotFunction).path));
    });
  });
  const met = new Set(found.values());
  return [
    ...olds.map((x): [HotFunction, HotFunction | undefined] => [x, found.get(x)]),
    ...news.filter((y) => !met.has(y)).map((y): [undefined, HotFunction] => [undefined, y]),
  ];
}

export function groups<K>(list: HotFunction[], keyOf: (one: HotFunction) => K): Map<K, HotFunction[]> {
  const found = new Map<K, HotFunction[]>();
  for (const one of list) {
    const key = keyOf(one);
    const group = found.get(key);
    if (group === undefined) found.set(key, [one]);
    else group.push(one);
  }
  return found;
}

/** The name of a function inside another, without the number that tells it from others. */
function nameIn({ path, parent }: HotFunction): string {
  return path.slice((parent?.path.length ?? -3) + 3).replace(/~\d+$/, '');
}

function children({ functions }: Analysis, hot: HotFunction): HotFunction[] {
  return functions.filter((one) => one.parent === hot);
}

/** Every function inside one, at any depth. */
function within({ functions }: Analysis, hot: HotFunction): HotFunction[] {
  return functions.filter((one) => isWithin(one, hot));
}

export function isWithin(inner: HotFunction, outer: HotFunction): boolean {
  for (let at = inner.parent; at !== undefined; at = at.parent) if (at === outer) return true;
  return false;
}

/** Compares two trees up to the hot functions in them (`within` aside), which are paired. @returns the pairs, and the first difference */
function compareOwn(
  from: Analysis,
  first: Node,
  to: Analysis,
  second: Node,
  within?: HotFunction,
): { pairs: [HotFunction, HotFunction][]; difference: Node | undefined } {
  const old = byNode(partAround(from, first));
  const next = byNode(partAround(to, second));
  const pairs: [HotFunction, HotFunction][] = [];
  let difference: Node | undefined;
  const compare = (x: Node, y: Node): void => {
    if (sameText(from, x, to, y)) return;
    const [a, b] = [unwrapped(x), unwrapped(y)];
    const before = old.get(a);
    const after = next.get(b);
    if (before !== undefined && after !== undefined && after !== within) {
      pairs.push([before, after]);
      // The name of a declaration is a variable of what is around it.
      if (a.type === 'FunctionDeclaration' && !sameTree(before.node.id, after.node.id)) difference ??= b;
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

type Place = Pick<Node, 'start' | 'end'>;

const nodes = new WeakMap<Part, Map<Node, HotFunction>>();

function byNode(part: Part): Map<Node, HotFunction> {
  let map = nodes.get(part);
  if (map === undefined) nodes.set(part, (map = new Map(part.functions.map((hot) => [hot.node, hot]))));
  return map;
}

/** Whether two nodes in the same place of two trees have the same text, and so are the same code: most of a module is. */
export function sameText(from: Analysis, a: Place, to: Analysis, b: Place): boolean {
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
