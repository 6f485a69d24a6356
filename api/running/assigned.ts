/**
 * What a piece of the top level assigns to as it runs: `total = 0`, `Cart.prototype.total = sum`. In: its unit; out: the targets, and for one of
 * a property what puts back the value that was there. What functions do that it calls is not seen.
 */
import { eachChild, isFunction, type Node } from '../../loader/parse.ts';
import { isProxy } from '../../node.ts';
import { type Analysis, partAround } from '../plan/analysis.ts';
import { nodesOf, type Unit } from '../plan/units.ts';

/** A variable of the module, and the keys that lead on from its value: `Cart`, `['prototype', 'total']`. */
export interface Target {
  root: string;
  keys: string[];
}

/** What a unit assigns to by itself, or in a function that is called where it stands. Pure. */
export function assignedBy(analysis: Analysis, unit: Unit): Target[] {
  const found: Target[] = [];
  for (const node of nodesOf(unit)) {
    const variables = new Map<Node, string>();
    for (const { node: use, key, scope } of partAround(analysis, node).references)
      if (scope?.handedOver === true && scope.parent === undefined) variables.set(use, key);
    const add = (target: Node): void => {
      const { root, keys } = chainOf(target);
      const name = variables.get(root);
      if (name !== undefined && keys !== undefined) found.push({ root: name, keys });
    };
    const look = (one: Node, isCalled: boolean): void => {
      if (isFunction(one) && !isCalled) return;
      if (one.type === 'AssignmentExpression') eachTarget(one.left, add);
      else if (one.type === 'UpdateExpression') add(one.argument);
      else if (one.type === 'ForInStatement' || one.type === 'ForOfStatement') eachTarget(one.left, add);
      const isAround = one.type === 'ParenthesizedExpression' && isCalled; // `(() => …)()`
      eachChild(one, (child, key) => look(child, isAround || key === 'callee'));
    };
    look(node, false);
  }
  return found;
}

/** `a.b['c']` as `a` and `['b', 'c']`; no keys where one is computed. */
function chainOf(target: Node): { root: Node; keys: string[] | undefined } {
  let root = target;
  let keys: string[] | undefined = [];
  while (root.type === 'MemberExpression') {
    const { computed, property } = root;
    const key = !computed && property.type === 'Identifier' ? property.name : literalOf(property);
    keys = keys && key !== undefined ? [key, ...keys] : undefined;
    root = root.object;
  }
  return { root, keys };
}

function literalOf(node: Node): string | undefined {
  return node.type === 'Literal' ? String(node.value) : undefined;
}

/** `[a, { b: c.d = 1 }, ...e]`: `a`, `c.d` and `e`. */
function eachTarget(node: Node, add: (target: Node) => void): void {
  if (node.type === 'Identifier' || node.type === 'MemberExpression') add(node);
  else if (node.type === 'ArrayPattern') for (const one of node.elements) one && eachTarget(one, add);
  else if (node.type === 'ObjectPattern')
    for (const one of node.properties) eachTarget(one.type === 'Property' ? one.value : one.argument, add);
  else if (node.type === 'AssignmentPattern') eachTarget(node.left, add);
  else if (node.type === 'RestElement') eachTarget(node.argument, add);
}

/** What puts back an object's property, `keys` being the way to it. Only values are looked at, as a getter is the program's code. */
export function putsBackProperty(value: unknown, keys: readonly string[]): () => void {
  let holder = value;
  for (const key of keys.slice(0, -1)) holder = own(holder, key)?.value;
  const key = keys.at(-1) as string;
  if (!isPlain(holder)) return () => {};
  const was = own(holder, key);
  return () => {
    if (was === undefined) Reflect.deleteProperty(holder, key);
    else Reflect.defineProperty(holder, key, was);
  };
}

function own(holder: unknown, key: string): PropertyDescriptor | undefined {
  return isPlain(holder) ? Reflect.getOwnPropertyDescriptor(holder, key) : undefined;
}

/** Whether it has properties, and those are no code of the program's (a proxy's traps are). */
function isPlain(value: unknown): value is object {
  return ((typeof value === 'object' && value !== null) || typeof value === 'function') && !isProxy(value);
}
