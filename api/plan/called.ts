/**
 * Which functions are called where they stand and by nobody later. In: a function of a text; out: whether its closures can be called once the
 * call that they were made for is over. `[1, 2].map((x) => x + RATE)` lets go of its callback, `app.get('/', (req) => …)` keeps it. What only might be
 * a list is taken for something that keeps. Pure.
 */
import type { HotFunction } from '../../loader/functions.ts';
import { eachChild, type Node, unwrapped } from '../../loader/parse.ts';
import { type Analysis, partAround, scopesAround } from './analysis.ts';

/** Methods of arrays that call their first argument before they return, and never again (ECMA-262 23.1.3). */
const CALLING = new Set(
  'every filter find findIndex findLast findLastIndex flatMap forEach map reduce reduceRight some sort toSorted'.split(
    ' ',
  ),
);

/** Methods of arrays, and functions of `Object` and `Array`, that give an array. */
const LISTING = new Set(
  'concat fill filter flat flatMap map reverse slice sort splice toReversed toSorted toSpliced with'.split(
    ' ',
  ),
);
const MAKING: Record<string, ReadonlySet<string>> = {
  Object: new Set(['entries', 'getOwnPropertyNames', 'keys', 'values']),
  Array: new Set(['from', 'of']),
};

/** Whether nobody can call a function once the expression that it stands in is evaluated. */
export function isCalledThereOnly(analysis: Analysis, hot: HotFunction): boolean {
  const { node, kind, async, generator } = hot;
  if ((kind !== 'arrow' && kind !== 'function') || async || generator || node.id) return false;
  const holder = holderOf(partAround(analysis, hot).statement, node);
  const isGlobal = (name: string): boolean => !scopesAround(hot).some(({ variables }) => variables.has(name));
  if (holder?.type === 'NewExpression') {
    // The executor of a promise (ECMA-262 27.2.3.1).
    const { callee } = holder;
    return (
      callee.type === 'Identifier' &&
      callee.name === 'Promise' &&
      isGlobal('Promise') &&
      isAt(holder, 0, node)
    );
  }
  if (holder?.type !== 'CallExpression') return false;
  const callee = unwrapped(holder.callee);
  if (callee === node) return true;
  const [object, method] = memberOf(callee);
  if (object === undefined) return false;
  if (CALLING.has(method)) return isAt(holder, 0, node) && isList(object, isGlobal);
  if (method === 'from') return isNamed(object, 'Array') && isGlobal('Array') && isAt(holder, 1, node);
  const [first] = holder.arguments;
  const isPattern = first?.type === 'Literal' && 'regex' in first;
  return (method === 'replace' || method === 'replaceAll') && isPattern && isAt(holder, 1, node);
}

/** Whether an expression is an array whatever the program's values are. */
function isList(node: Node, isGlobal: (name: string) => boolean): boolean {
  const value = unwrapped(node);
  if (value.type === 'ArrayExpression') return true;
  if (value.type !== 'CallExpression') return false;
  const [object, method] = memberOf(unwrapped(value.callee));
  if (object === undefined) return false;
  if (object.type === 'Identifier' && MAKING[object.name]?.has(method)) return isGlobal(object.name);
  return LISTING.has(method) && isList(object, isGlobal);
}

/** `o` and `m` of `o.m`. */
function memberOf(node: Node): [object: Node | undefined, method: string] {
  if (node.type !== 'MemberExpression' || node.computed || node.property.type !== 'Identifier')
    return [undefined, ''];
  return [unwrapped(node.object), node.property.name];
}

function isNamed(node: Node, name: string): boolean {
  return node.type === 'Identifier' && node.name === name;
}

/** Whether a function is a call's argument with a number. */
function isAt(
  { arguments: all }: Extract<Node, { arguments: unknown[] }>,
  index: number,
  node: Node,
): boolean {
  const argument = all[index] as Node | undefined;
  return argument !== undefined && unwrapped(argument) === node;
}

/** The node around another, parentheses and types aside. */
function holderOf(from: Node, node: Node): Node | undefined {
  let holder: Node | undefined;
  const descend = (at: Node): void => {
    if (unwrapped(at) === node) return;
    if (unwrapped(at) === at) holder = at;
    eachChild(at, (child) => {
      if (child.start <= node.start && child.end >= node.end) descend(child);
    });
  };
  descend(from);
  return holder;
}
