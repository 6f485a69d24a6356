/**
 * The text edit behind `addClause`: the clauses of one function put among those of another. In: the current version, the
 * hot function, the given one and where; out: the module's new text. A `return` of the new code leaves the function; where it
 * comes to its end, the clause after it is tried. Its parameters are the target's, under the names they have there. Pure.
 */
import MagicString from 'magic-string';
import { HotswapError } from '../../error.ts';
import { arityOf } from '../../loader/parameters.ts';
import {
  blockOf,
  boundNames,
  eachChild,
  type FunctionNode,
  type Node,
  skipTrivia,
} from '../../loader/parse.ts';
import { describe } from '../../messages.ts';
import type { Bindings } from '../given/bind.ts';
import type { Destination } from '../given/check.ts';
import type { Given } from '../given/given.ts';
import { declaredWithin, freeReferences, parameterReferences, varReferences } from '../given/scope.ts';
import { sameTree } from '../plan/sametree.ts';
import { type Carried, carry, innerText, rename } from './carry.ts';
import { bodyOf, type Clause, clausesOf, dividedBefore } from './clauses.ts';
import { freshName, gap, type Insertion, putAfter, putBefore, putBeforeReturn } from './place.ts';
import { type Edited, retarget, selfReference } from './rewrite.ts';

/** Where new clauses go: before the one of that index, from 0, or after the last. */
export type Order = number | 'end';

/**
 * @returns the new text of the whole module, and the values that its function needs bound, under the names used there
 * @throws ERR_HOTSWAP_ARITY where the parameters do not correspond
 * @throws ERR_HOTSWAP_MISSING where there is no such position
 * @throws ERR_HOTSWAP_STRUCTURAL for a position between two cases of a `switch` that cannot be divided
 * @throws ERR_HOTSWAP_OUT_OF_SCOPE, ERR_HOTSWAP_SYNTAX
 */
export function addClauseText(to: Destination, what: Given, bind: Bindings, order: Order): Edited {
  const { hot, analysis } = to;
  checkKind(to, what);
  const targets = correspondence(to, what);
  const index = position(to, order);
  const carried = carry(to, what, bind, true);
  const { ownName = '' } = what;
  const [root = ''] = (selfReference(hot) ?? hot.node.id?.name ?? '').split('.');
  const callsItself = carried.free.names.has(ownName) && !to.bound.has(ownName);
  const isHidden = callsItself && declaredWithin(hot.node).has(root);
  if (retarget(carried.text, what, carried.free, to) || isHidden) {
    throw new HotswapError(
      'ERR_HOTSWAP_OUT_OF_SCOPE',
      `the clause for ${to.module}#${hot.path} calls itself as ${ownName}, and there is no name for the target there. Call it in source text by a name that the module has for it.`,
      { module: to.module, path: hot.path, names: [ownName] },
    );
  }
  const statements = clauseText(carried, takeParameters(to, carried, targets, bind));
  if (statements !== '') {
    const insertion = { whole: new MagicString(analysis.source), source: analysis.source, into: hot.node };
    insert({ ...insertion, statements }, to, index);
    return { source: insertion.whole.toString(), values: carried.values };
  }
  return { source: analysis.source, values: { ...to.kept } };
}

/** Whether a function's statements mean in the target's body what they mean in its own. */
function checkKind({ module, hot }: Destination, { node }: Given): void {
  const where = `${module}#${hot.path}`;
  const subject = { module, path: hot.path };
  const kind = (one: { async: boolean; generator: boolean }) =>
    `${one.async ? 'async' : 'not async'}${one.generator ? ' and a generator' : ''}`;
  if ((node.async && !hot.async) || (node.generator && !(hot.generator && node.async === hot.async))) {
    throw new HotswapError(
      'ERR_HOTSWAP_SYNTAX',
      `the clause for ${where} is ${kind(node)}, and that one is ${kind(hot)}; give a function of the same kind, or rewrite the target`,
      subject,
    );
  }
  if (hot.node.type !== 'ArrowFunctionExpression' || node.type === 'ArrowFunctionExpression') return;
  const inside = freeReferences({ ...node, type: 'ArrowFunctionExpression', id: null } as FunctionNode);
  const names = [...inside.context, ...(inside.names.has('arguments') ? ['arguments'] : [])];
  if (names.length > 0) {
    throw new HotswapError(
      'ERR_HOTSWAP_OUT_OF_SCOPE',
      `the clause for ${where} uses ${names.join(', ')}, and the target is an arrow, which has none of its own`,
      { ...subject, names },
    );
  }
}

/**
 * The target's name for each parameter of the given function that its body mentions.
 * @throws ERR_HOTSWAP_ARITY
 */
function correspondence(
  { module, hot, analysis }: Destination,
  { node, source }: Given,
): Map<string, string> {
  const where = `${module}#${hot.path}`;
  const subject = { module, path: hot.path };
  const arity = arityOf(node);
  if (arity !== hot.arity) {
    throw new HotswapError(
      'ERR_HOTSWAP_ARITY',
      `${where} has arity ${hot.arity}, and the function whose clauses it is to get has ${arity}`,
      subject,
    );
  }
  const used = parameterReferences(node);
  const names = new Map<string, string>();
  node.params.forEach((param: Node, i) => {
    const theirs: Node | undefined = hot.node.params[i];
    if (param.type === 'Identifier' && !used.has(param.name)) {
      names.set(param.name, theirs?.type === 'Identifier' ? theirs.name : '');
      return;
    }
    if (theirs !== undefined && corresponds(param, theirs, names)) return;
    const text = source.slice(param.start, param.end);
    const found =
      theirs === undefined ? 'no such parameter' : `${analysis.source.slice(theirs.start, theirs.end)}`;
    throw new HotswapError(
      'ERR_HOTSWAP_ARITY',
      `parameter ${i} of the clause for ${where} is ${text}, and there it is ${found}. Names may differ, patterns and defaults may not; write it as the target does.`,
      { ...subject, names: boundNames(param) },
    );
  });
  const again = [...varReferences(node).keys()].filter((name) =>
    node.params.some((param: Node) => boundNames(param).includes(name)),
  );
  if (again.length > 0) {
    throw new HotswapError(
      'ERR_HOTSWAP_SYNTAX',
      `the clause for ${where} declares its parameter ${again.join(', ')} again with var; leave the declaration out`,
      { ...subject, names: again },
    );
  }
  return names;
}

/** Whether two parameters take the same from a call, names aside, which are entered as pairs. */
function corresponds(ours: Node, theirs: Node, names: Map<string, string>): boolean {
  if (ours.type === 'Identifier' && theirs.type === 'Identifier') {
    names.set(ours.name, theirs.name);
    return true;
  }
  // What it says besides names must be the same, and mean the same there.
  const same = (a: Node, b: Node) =>
    sameTree(a, b) && ![...names].some(([x, y]) => x !== y && (mentions(a, x) || mentions(a, y)));
  if (ours.type === 'AssignmentPattern' && theirs.type === 'AssignmentPattern')
    return corresponds(ours.left, theirs.left, names) && same(ours.right, theirs.right);
  if (ours.type === 'RestElement' && theirs.type === 'RestElement')
    return corresponds(ours.argument, theirs.argument, names);
  if (ours.type === 'ArrayPattern' && theirs.type === 'ArrayPattern')
    return (
      ours.elements.length === theirs.elements.length &&
      ours.elements.every((one, i) => {
        const other = theirs.elements[i];
        return one && other ? corresponds(one, other, names) : !one && !other;
      })
    );
  if (ours.type === 'ObjectPattern' && theirs.type === 'ObjectPattern')
    return (
      ours.properties.length === theirs.properties.length &&
      ours.properties.every((one, i) => {
        const other = theirs.properties[i] as Node;
        if (one.type !== 'Property' || other.type !== 'Property') return corresponds(one, other, names);
        const key = one.computed ? same(one.key, other.key) : sameTree(one.key, other.key);
        return one.computed === other.computed && key && corresponds(one.value, other.value, names);
      })
    );
  return false;
}

function mentions(node: Node, name: string): boolean {
  let found = node.type === 'Identifier' && node.name === name;
  eachChild(node, (child) => {
    found ||= mentions(child, name);
  });
  return found;
}

/**
 * Writes the target's names for the parameters. One that the new code assigns to, or whose name in the target the new code
 * has for something else, becomes a variable of its own.
 * @returns the declarations of those
 */
function takeParameters(
  { hot, analysis }: Destination,
  { what, text }: Carried,
  targets: ReadonlyMap<string, string>,
  bind: Bindings,
): string {
  const own = new Set([...declaredWithin({ ...what.node, params: [] }), ...bind.constants.keys()]);
  const copies: string[] = [];
  parameterReferences(what.node).forEach((references, name) => {
    const target = targets.get(name) as string;
    const written = references.some(({ writes }) => writes);
    if (written || (target !== name && own.has(target))) {
      const fresh = freshName(name, hot.node, analysis.source, what.source);
      copies.push(`${written ? 'let' : 'const'} ${fresh} = ${target};`);
      rename(text, references, name, fresh);
    } else if (target !== name) {
      rename(text, references, name, target);
    }
  });
  return copies.join(' ');
}

/** The new clauses as statements; in a block if they declare anything, since the target may have the same names. */
function clauseText(carried: Carried, copies: string): string {
  const { what, constants } = carried;
  const block = blockOf(what.node);
  const inner = block === undefined ? `return ${innerText(carried, false)};` : innerText(carried, true);
  if (inner === '') return '';
  const declares = block?.body.some(
    ({ type, ...statement }) =>
      type === 'FunctionDeclaration' ||
      type === 'ClassDeclaration' ||
      (type === 'VariableDeclaration' && 'kind' in statement && statement.kind !== 'var'),
  );
  const own = declares || constants !== '' ? `{ ${constants}${constants && ' '}${inner} }` : inner;
  return copies === '' ? own : `{ ${copies} ${own} }`;
}

/** @throws ERR_HOTSWAP_MISSING */
function position({ module, hot }: Destination, order: unknown): number {
  const count = clausesOf(hot.node, hot.derived).length;
  if (order === 'end') return count;
  if (typeof order === 'number' && Number.isInteger(order) && order >= 0 && order <= count) return order;
  throw new HotswapError(
    'ERR_HOTSWAP_MISSING',
    `${module}#${hot.path} has ${count} clause${count === 1 ? '' : 's'}; others can be added at 0 to ${count} or 'end', and ${describe(order)} was asked for`,
    { module, path: hot.path },
  );
}

/** @throws ERR_HOTSWAP_STRUCTURAL between two cases of a `switch` that cannot be divided */
function insert(insertion: Insertion, { module, hot }: Destination, index: number): void {
  const { whole, source, statements, into } = insertion;
  const body = bodyOf(into, hot.derived);
  if (body === undefined) {
    const { start, end } = into.body as Node;
    if (index === 0) putBeforeReturn(insertion);
    else whole.appendRight(start, '{ return ').appendLeft(end, `; ${statements} }`);
    return;
  }
  const all = clausesOf(into, hot.derived);
  const clause = all[index];
  const isEmpty = clause?.statements.length === 0;
  if (clause === undefined || isEmpty) {
    putAfter(insertion, body.statements.at(-1) ?? body.before, body.start);
    return;
  }
  const { head, of, from, previous, elseOf } = clause;
  if (head === undefined) {
    const about = of && dividedBefore(from, of);
    if (about === undefined) throw undivided(module, hot.path, all, index);
    const lead = gap(source, { start: from });
    whole.appendRight(
      from,
      `} ${statements}${lead}switch (${source.slice(about.start, about.end)}) {${lead}`,
    );
    return;
  }
  if (elseOf !== undefined) {
    // The branch before always leaves, so what was its `else` may as well follow it.
    const at = skipTrivia(source, elseOf.consequent.end);
    whole.remove(at, at + (source[at + 4] === ' ' ? 5 : 4));
  }
  putBefore(insertion, head, previous);
}

function undivided(module: string, path: string, all: readonly Clause[], index: number): HotswapError {
  const at = (one: Clause) => one.head !== undefined || one.statements.length === 0;
  const first = all.findLastIndex((one, i) => i < index && at(one));
  const next = all.findIndex((one, i) => i > index && at(one));
  return new HotswapError(
    'ERR_HOTSWAP_STRUCTURAL',
    `clause ${index} of ${module}#${path} is a case of a switch that cannot be divided there: it is about more than a variable or a property, a default or a case before leads on, or a case declares something. Add at ${first} or ${next === -1 ? all.length : next}.`,
    { module, path },
  );
}
