/**
 * What must change in a running module to go from one version to another. In: two analyses; out: the hot functions to
 * replace, and what else has come, gone or changed at the top level. Pure. Trees are compared, so comments and layout are no change.
 */
import { type HotFunction, type Part, superCall } from '../../loader/functions.ts';
import type { Move } from '../../loader/kept.ts';
import {
  blockOf,
  type ClassNode,
  isFunction,
  type Node,
  type PropertyDefinition,
  unwrapped,
} from '../../loader/parse.ts';
import { propertiesOf } from '../../loader/patch.ts';
import { type Analysis, partAround } from './analysis.ts';
import { ignored, isAbsent, isNode, sameText, sameTree } from './sametree.ts';
import {
  aligned,
  canBecome,
  classOf,
  givenBy,
  kindOf,
  kindOfFunction,
  nodesOf,
  textOfUnit,
  type Unit,
} from './units.ts';

export interface Plan {
  /** functions of the new version whose own code is another, outer before inner; a function is replaced for no change of the hot functions inside it */
  replaced: HotFunction[];
  /** functions whose path is another in the new version, `undefined` where one is new or gone */
  moves: Move[];
  /** paths of functions that are no more, by the path of one that each may have become and cannot be told from others */
  unclear: Map<string, string>;
  /** what only the new version has at its top level */
  added: Unit[];
  /** what it says otherwise there than the old one, more than functions: it must be evaluated anew */
  changed: Unit[];
  /** what only the old one had there */
  removed: Unit[];
  /** methods and accessors of classes that stay the same otherwise: new ones, and those that are gone */
  moreMembers: HotFunction[];
  lessMembers: HotFunction[];
  /** static fields of such classes that have come, gone, or are made otherwise */
  statics: StaticPair[];
}

/** A static field of a class at the top level. */
export interface StaticField {
  /** `Cart.made` */
  path: string;
  key: string;
  /** path of its class */
  of: string;
  node: PropertyDefinition;
}

export type StaticPair = [before: StaticField | undefined, after: StaticField | undefined];

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
  const moves: Move[] = [];
  const added: Unit[] = [];
  const changed: Unit[] = [];
  const removed: Unit[] = [];
  const moreMembers: HotFunction[] = [];
  const lessMembers: HotFunction[] = [];
  const statics: StaticPair[] = [];
  const unclear: Plan['unclear'] = new Map();
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
    const { pairs, difference } = compareOwn(from, before.node, to, after.node, after);
    if (difference === undefined && before.path === after.path)
      return pairs.forEach(([x, y]) => compareFunctions(x, y));
    if (difference === undefined) {
      const inner = children(to, after);
      return children(from, before).forEach((one, i) => compareFunctions(one, inner[i] as HotFunction));
    }
    replaced.push(after);
    const into = enclosed(from, before, to, after);
    into?.pairs.forEach(([x, y]) => compareFunctions(x, y));
    into?.others.forEach((one) => move(undefined, one));
    const outOf = into === undefined ? enclosed(to, after, from, before) : undefined;
    outOf?.pairs.forEach(([y, x]) => compareFunctions(x, y));
    outOf?.others.forEach((one) => move(one, undefined));
    if (into !== undefined || outOf !== undefined) return;
    // Closures of the functions inside exist already, whatever becomes of the one around them.
    compareInside(children(from, before), children(to, after));
  };

  /** Functions of a piece of code that is evaluated anew: closures of the old exist already, and take the new code. */
  const compareInside = (before: HotFunction[], after: HotFunction[]): void => {
    for (const [x, y] of matched(before, after, unclear)) {
      if (x !== undefined && y !== undefined) compareFunctions(x, y);
      else come(x, y);
    }
  };
  const come = (x: HotFunction | undefined, y: HotFunction | undefined): void => {
    move(x, y);
    if (x !== undefined) within(from, x).forEach((one) => move(one, undefined));
    if (y !== undefined) within(to, y).forEach((one) => move(undefined, one));
  };
  for (const [x, y] of aligned(from, to)) {
    if (x === undefined || y === undefined) {
      if (x !== undefined) removed.push(x);
      if (y !== undefined) added.push(y);
      outermost(from, x).forEach((one) => come(one, undefined));
      outermost(to, y).forEach((one) => come(undefined, one));
      continue;
    }
    const { pairs, isSame, come: members, statics: fields } = compareUnits(from, x, to, y);
    if (isSame) {
      pairs.forEach(([before, after]) => compareFunctions(before, after));
      for (const [one, other] of members) {
        if (one !== undefined) lessMembers.push(one);
        if (other !== undefined) moreMembers.push(other);
        come(one, other);
      }
      for (const [one, other] of fields) {
        statics.push([one, other]);
        compareInside(outermost(from, one), outermost(to, other));
      }
    } else {
      changed.push(y);
      compareInside(outermost(from, x), outermost(to, y));
    }
  }
  return { replaced, moves, unclear, added, changed, removed, moreMembers, lessMembers, statics };
}

/** How two units that declare the same names compare. */
interface UnitComparison {
  /** functions that are the same one */
  pairs: [HotFunction, HotFunction][];
  /** whether all is the same but the code of these functions, and methods that have come or gone */
  isSame: boolean;
  /** methods and accessors of a class that only one of the two has */
  come: [HotFunction | undefined, HotFunction | undefined][];
  /** static fields that only one of the two has, or that are made otherwise */
  statics: StaticPair[];
}

/** Compares two units up to the hot functions in them, with all that TypeScript merges with them. */
export function compareUnits(from: Analysis, x: Unit, to: Analysis, y: Unit): UnitComparison {
  const compared = compareDeclarations(from, x, to, y);
  const [olds, news] = [x.more ?? [], y.more ?? []];
  if (olds.length === 0 && news.length === 0) return compared;
  const more = olds.map((one, i) => news[i] && compareDeclarations(from, one, to, news[i]));
  if (compared.isSame && olds.length === news.length && more.every((one) => one?.isSame))
    return { ...compared, pairs: [...compared.pairs, ...more.flatMap((one) => one?.pairs ?? [])] };
  return { pairs: [], isSame: false, come: [], statics: [] };
}

function compareDeclarations(from: Analysis, x: Unit, to: Analysis, y: Unit): UnitComparison {
  if (x.imported !== undefined || y.imported !== undefined)
    return { pairs: [], isSame: textOfUnit(from, x) === textOfUnit(to, y), come: [], statics: [] };
  const [first, second] = [classOf(x), classOf(y)];
  if (first !== undefined && second !== undefined && kindOf(x) === kindOf(y)) {
    const compared = compareClasses(from, first, to, second);
    if (compared !== undefined) return { ...compared, isSame: true };
  }
  const [a, b] = [givenBy(x), givenBy(y)];
  const { pairs, difference } = compareOwn(from, x.node, to, y.node);
  if (isFunction(a) && isFunction(b) && !canBecome(kindOfFunction(a), kindOfFunction(b)))
    return { pairs, isSame: false, come: [], statics: [] };
  const sameClass = first === undefined || second === undefined;
  const isSame = difference === undefined && kindOf(x) === kindOf(y) && sameClass;
  return { pairs, isSame, come: [], statics: [] };
}

/** Compares two classes; undefined where the second must be made anew: its fields, its heritage, or its #private names are others. */
function compareClasses(
  from: Analysis,
  a: ClassNode,
  to: Analysis,
  b: ClassNode,
): Pick<UnitComparison, 'pairs' | 'come' | 'statics'> | undefined {
  if (!sameTree(a.id, b.id) || !sameTree(a.decorators, b.decorators)) return undefined;
  const pairs: UnitComparison['pairs'] = [];
  const come: UnitComparison['come'] = [];
  const own = (x: Node | null, y: Node | null): boolean => {
    if (x === null || y === null) return x === y;
    const compared = compareOwn(from, x, to, y);
    pairs.push(...compared.pairs);
    return compared.difference === undefined;
  };
  if (!own(a.superClass, b.superClass)) return undefined;
  const [olds, news] = [methodsOf(from, a), methodsOf(to, b)];
  if (olds === undefined || news === undefined) return undefined;
  const [fields, others] = [olds.rest, news.rest];
  if (fields.length !== others.length) return undefined;
  if (!fields.every((field, i) => own(field, others[i] as Node))) return undefined;
  const statics: UnitComparison['statics'] = [];
  for (const key of new Set([...olds.statics.keys(), ...news.statics.keys()])) {
    const [x, y] = [olds.statics.get(key), news.statics.get(key)];
    if (x === undefined || y === undefined || !own(x.node, y.node)) statics.push([x, y]);
  }
  for (const [key, x] of olds.methods) {
    const y = news.methods.get(key);
    if (y === undefined) come.push([x, undefined]);
    else if (x.derived !== y.derived || !sameTree(opening(x), opening(y))) return undefined;
    else if (parameterFields(from, x) !== parameterFields(to, y)) return undefined;
    else if (!sameTree(decoratorsOf(x), decoratorsOf(y))) return undefined;
    else if (!canBecome(x, y)) come.push([x, undefined], [undefined, y]);
    else pairs.push([x, y]);
  }
  for (const [key, y] of news.methods) if (!olds.methods.has(key)) come.push([undefined, y]);
  // What is private, what makes instances, and what is decorated as its class is made, cannot be given to a class that exists.
  const fixed = (one: HotFunction | undefined): boolean =>
    one !== undefined &&
    (one.kind === 'constructor' || isPrivate(one) || one.path.includes('[') || decoratorsOf(one).length > 0);
  if (come.some(([x, y]) => fixed(x) || fixed(y))) return undefined;
  return { pairs: pairs.sort(([, x], [, y]) => x.index - y.index), come, statics };
}

/** The methods of a class by side, kind and key, its static fields by key, and its other members in order; undefined where two have one key. */
function methodsOf(
  analysis: Analysis,
  node: ClassNode,
): { methods: Map<string, HotFunction>; statics: Map<string, StaticField>; rest: Node[] } | undefined {
  const { body } = node;
  const methods = new Map<string, HotFunction>();
  const statics = new Map<string, StaticField>();
  const rest: Node[] = [];
  const hots = body.body.length === 0 ? new Map<Node, HotFunction>() : hotsAround(analysis, body);
  for (const member of body.body) {
    const hot = member.type === 'MethodDefinition' ? hots.get(member.value as Node) : undefined;
    const field = staticField(analysis, node, member);
    if (field !== undefined) {
      if (statics.has(field.key)) return undefined;
      statics.set(field.key, field);
      continue;
    }
    if (hot === undefined) {
      rest.push(member);
      continue;
    }
    const key = `${hot.isStatic} ${hot.kind} ${hot.path}`;
    if (methods.has(key) || /~\d+$/.test(hot.path)) return undefined;
    methods.set(key, hot);
  }
  return { methods, statics, rest };
}

/** A static field that can be given to a class that exists: one with a plain key, which holds no class. */
function staticField({ classes }: Analysis, node: ClassNode, member: Node): StaticField | undefined {
  if (member.type !== 'PropertyDefinition' || !member.static || member.computed) return undefined;
  if (member.declare || member.decorators.length > 0) return undefined;
  const { key: name, start, end } = member;
  const key =
    name.type === 'Identifier' ? name.name : name.type === 'Literal' ? String(name.value) : undefined;
  const of = classes.find((one) => one.node === node)?.path;
  if (key === undefined || of === undefined) return undefined;
  if (classes.some((one) => one.node.start > start && one.node.end <= end)) return undefined;
  return { path: `${of}.${key}`, key, of, node: member };
}

/** The fields that the parameters of a constructor declare, as TypeScript has it. */
function parameterFields({ properties }: Analysis, { node }: HotFunction): string {
  return propertiesOf(node, properties).join();
}

/** `#check() {}`, `get #size() {}` */
function isPrivate({ owner }: HotFunction): boolean {
  return owner !== undefined && 'key' in owner && owner.key.type === 'PrivateIdentifier';
}

function opening({ derived, node }: HotFunction): Node | undefined {
  return derived ? superCall(node) : undefined;
}

/** Decorators of a method, which run as its class is made. Those of parameters are part of its code, and new code leaves the class as it is. */
function decoratorsOf({ owner }: HotFunction): unknown[] {
  return owner !== undefined && 'decorators' in owner ? (owner.decorators ?? []) : [];
}

/** Whether two functions are the same code, the hot functions inside them aside. */
export function sameOwn(from: Analysis, before: HotFunction, to: Analysis, after: HotFunction): boolean {
  return compareOwn(from, before.node, to, after.node, after).difference === undefined;
}

/**
 * Where a function's code stands, as it is, in a function inside its new code, as an edit that wraps it makes it: then what
 * was inside is inside that. @returns what is which, and the functions of the new code that were not there
 */
function enclosed(
  from: Analysis,
  before: HotFunction,
  to: Analysis,
  after: HotFunction,
): { pairs: [HotFunction, HotFunction][]; others: HotFunction[] } | undefined {
  const all = within(to, after);
  const olds = children(from, before);
  if (olds.length === 0) return undefined;
  // What a derived constructor hands to `super(…)` stays before it.
  const opening = before.derived ? superCall(before.node) : undefined;
  const isOpening = ({ start }: HotFunction): boolean => opening !== undefined && start < opening.end;
  const code = codeOf(before);
  for (const holder of all) {
    const inner = children(to, holder);
    if (inner.length !== olds.filter((one) => !isOpening(one)).length) continue;
    if (compareOwn(from, code, to, codeOf(holder)).difference !== undefined) continue;
    const first = children(to, after).filter((one) => opening !== undefined && one !== holder);
    const pairs = olds.map((one, i): [HotFunction, HotFunction] => [
      one,
      (isOpening(one) ? first[i] : inner[i - olds.filter(isOpening).length]) as HotFunction,
    ]);
    const met = new Set(pairs.map(([, one]) => one));
    return { pairs, others: all.filter((one) => ![...met].some((y) => y === one || isWithin(one, y))) };
  }
  return undefined;
}

/** A function's parameters and statements, what kind of function they stand in aside. */
function codeOf({ node, derived }: HotFunction): Node {
  const opening = derived ? superCall(node) : undefined;
  const body =
    opening === undefined
      ? node.body
      : { ...node.body, body: blockOf(node)?.body.filter((one) => one !== opening) };
  return { type: 'BlockStatement', start: NaN, end: NaN, params: node.params, body } as never;
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

/** The functions that stand right inside of one, in source order. */
export function children(analysis: Analysis, hot: HotFunction): HotFunction[] {
  return partAround(analysis, hot).functions.filter((one) => one.parent === hot);
}

/** The hot functions of a unit, or of a part of one, that stand in no other of its functions. */
function outermost(analysis: Analysis, unit: Pick<Unit, 'node' | 'more'> | undefined): HotFunction[] {
  if (unit === undefined) return [];
  return nodesOf(unit).flatMap((node) =>
    (partAround(analysis, node)?.functions ?? []).filter(
      (one) => one.parent === undefined && one.start >= node.start && one.end <= node.end,
    ),
  );
}

/** Every function inside one, at any depth. */
function within(analysis: Analysis, hot: HotFunction): HotFunction[] {
  return partAround(analysis, hot).functions.filter((one) => isWithin(one, hot));
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
  const old = hotsAround(from, first);
  const next = hotsAround(to, second);
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
    // A function that can be swapped and one that cannot are two: `(x, y = z) => …` becomes such a one by a `var z` in its body.
    if ((before === undefined) !== (after === undefined)) difference ??= b;
    if (a.type !== b.type) difference ??= b;
    const left = a as unknown as Record<string, unknown>;
    const right = b as unknown as Record<string, unknown>;
    for (const key of Object.keys({ ...left, ...right })) {
      if (difference !== undefined) return;
      if (ignored(a, key)) continue;
      const one = left[key];
      const other = right[key];
      if (isAbsent(one, other)) continue;
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

const nodes = new WeakMap<Part, Map<Node, HotFunction>>();

/** The hot functions of the statement around a node; of all for one that was put together and stands nowhere. */
function hotsAround(analysis: Analysis, node: Node): Map<Node, HotFunction> {
  if (Number.isNaN(node.start)) return new Map(analysis.functions.map((hot) => [hot.node, hot]));
  return byNode(partAround(analysis, node));
}

function byNode(part: Part): Map<Node, HotFunction> {
  let map = nodes.get(part);
  if (map === undefined) nodes.set(part, (map = new Map(part.functions.map((hot) => [hot.node, hot]))));
  return map;
}
