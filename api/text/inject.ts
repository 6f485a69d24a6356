/**
 * The text edit behind `inject`: statements of one function put into another, or into clauses of it. In: the current
 * version, the hot function, the given one and where; out: the module's new text. The injected code ends where it ends:
 * a `return` in it leaves it, not the function around it, and what it declares is its own. Pure.
 */
import MagicString from 'magic-string';
import { HotswapError } from '../../error.ts';
import { awaits, blockOf, eachChild, isClass, isFunction, type Node } from '../../loader/parse.ts';
import { checkReadable, describe } from '../../messages.ts';
import type { Bindings } from '../given/bind.ts';
import type { Destination } from '../given/check.ts';
import type { Given } from '../given/given.ts';
import { freeReferences } from '../given/scope.ts';
import { type Carried, carry, innerText } from './carry.ts';
import { bodyOf, type Clause, clausesOf, isDirective, lastReached, type StatementList } from './clauses.ts';
import {
  enclose,
  freshName,
  type Insertion,
  putAfter,
  putAtTail,
  putAtTailOfArm,
  putBefore,
  putBeforeReturn,
  putBehindWork,
  unended,
} from './place.ts';
import type { Edited } from './rewrite.ts';

/** Statement index in the body or clause, from 0, or after its work and before its final return leaves. */
export type At = number | 'end';

/** All clauses, or some by index, from 0. */
export type Clauses = 'all' | readonly number[];

/**
 * @param clauses which clauses to inject into; not given: the body as a whole
 * @returns the new text of the whole module, and the values that its function needs bound, under the names used there
 * @throws ERR_HOTSWAP_ARITY when the injected function takes parameters
 * @throws ERR_HOTSWAP_MISSING when the body or a clause has no such statement, or the function no such clause
 * @throws ERR_HOTSWAP_OUT_OF_SCOPE, ERR_HOTSWAP_SYNTAX
 */
export function injectText(to: Destination, what: Given, bind: Bindings, at: At, clauses?: Clauses): Edited {
  const { hot, analysis } = to;
  checkInjectable(to, what);
  const carried = carry(to, what, bind);
  const insertion: Insertion = {
    whole: new MagicString(analysis.source),
    source: analysis.source,
    statements: statementsText(carried),
    into: hot.node,
  };
  const body = bodyOf(hot.node, hot.derived);
  const where = `${to.module}#${hot.path}`;
  const lists: [list: StatementList, name: string][] =
    clauses !== undefined
      ? chosen(to, clauses).map(([clause, i]) => [clause, `clause ${i} of ${where}`])
      : body === undefined
        ? clausesOf(hot.node, hot.derived).map((only) => [only, where])
        : [[body, where]];
  for (const [list, name] of lists) {
    if (at !== 'end') checkIndex(at, body === undefined ? 1 : list.statements.length, name, to);
    if (body !== undefined) injectInto(insertion, list, at);
    else if (at === 0) putBeforeReturn(insertion);
    else putBehindWork(insertion);
  }
  return { source: insertion.whole.toString(), values: carried.values };
}

/** The clauses that are asked for, in source order, each once. @throws ERR_HOTSWAP_MISSING */
function chosen({ hot, module }: Destination, asked: unknown): [Clause, number][] {
  checkReadable(asked, 'the list of clauses');
  const all = clausesOf(hot.node, hot.derived).map((clause, i): [Clause, number] => [clause, i]);
  if (asked === 'all') return all;
  const unknown = Array.isArray(asked) ? asked.filter((one) => !all.some(([, i]) => i === one)) : [asked];
  if (unknown.length > 0) {
    throw new HotswapError(
      'ERR_HOTSWAP_MISSING',
      `${module}#${hot.path} has ${all.length === 1 ? 'one clause, 0' : `clauses 0 to ${all.length - 1}`}; give 'all' or a list of these. Asked for was ${unknown.map(describe).join(', ')}.`,
      { module, path: hot.path },
    );
  }
  return all.filter(([, i]) => (asked as unknown[]).includes(i));
}

/** Puts the statements among those of a list, at an index that it has. */
function injectInto(insertion: Insertion, list: StatementList, at: At): void {
  const { statements, before, start, alone, isCase } = list;
  const [first] = statements;
  if (at === 'end') {
    const last = lastReached(statements);
    if (last !== undefined && (isCase || (alone && last === first))) putAtTailOfArm(insertion, last);
    else putAtTail(insertion, statements, before, start);
    return;
  }
  const next = statements[at];
  const previous = at === 0 ? before : statements[at - 1];
  const inBlock = alone && (at === 0 || statements.length === 1);
  if (next === undefined) putAfter(insertion, previous, start, inBlock);
  else putBefore(insertion, next, previous);
  if (inBlock) enclose(insertion, first as Node);
}

/** Whether a function's statements can stand in another's body at all. */
function checkInjectable({ module, hot, bound }: Destination, { node, ownName }: Given): void {
  const subject = { module, path: hot.path };
  if (node.params.length > 0) {
    throw new HotswapError(
      'ERR_HOTSWAP_ARITY',
      `a function injected into ${module}#${hot.path} takes no parameters; this one has ${node.params.length}. Source text can use the target's variables by name.`,
      subject,
    );
  }
  if (node.generator) {
    throw new HotswapError(
      'ERR_HOTSWAP_SYNTAX',
      `a generator cannot be injected into ${module}#${hot.path}; give a plain or async function`,
      subject,
    );
  }
  if (!hot.async && awaits(node.body as Node)) {
    throw new HotswapError(
      'ERR_HOTSWAP_SYNTAX',
      `the function injected into ${module}#${hot.path} awaits, and that one is not async; start what it awaits without await, or rewrite the target as async`,
      subject,
    );
  }
  if (ownName !== undefined && !bound.has(ownName) && freeReferences(node).names.has(ownName)) {
    throw new HotswapError(
      'ERR_HOTSWAP_OUT_OF_SCOPE',
      `the function injected into ${module}#${hot.path} uses ${ownName}, its own name, and only its statements go there. Write a function inside of it and call that.`,
      { ...subject, names: [ownName] },
    );
  }
}

function checkIndex(at: unknown, count: number, name: string, { module, hot }: Destination): void {
  if (typeof at !== 'number' || !Number.isInteger(at) || at < 0 || at > count) {
    throw new HotswapError(
      'ERR_HOTSWAP_MISSING',
      `${name} has ${count} statement${count === 1 ? '' : 's'}; code can be injected at 0 to ${count} or 'end', and ${describe(at)} was asked for`,
      { module, path: hot.path },
    );
  }
}

/** The injected function's body as statements that can stand among others: in a block if it declares anything. */
function statementsText(carried: Carried): string {
  const { text, constants } = carried;
  const { node, source } = carried.what;
  const block = blockOf(node);
  if (block === undefined) {
    const value = innerText(carried, false);
    const statement = opensOtherwise(value) ? `(${value});` : `${value};`;
    return constants === '' ? statement : `{ ${constants} ${statement} }`;
  }
  const exits: Extract<Node, { type: 'ReturnStatement' }>[] = [];
  let declares = constants !== '';
  const look = (child: Node): void => {
    if (isFunction(child) || isClass(child)) return;
    if (child.type === 'ReturnStatement') exits.push(child);
    if (child.type === 'VariableDeclaration') declares = true;
    eachChild(child, look);
  };
  for (const statement of block.body) {
    declares ||= statement.type === 'FunctionDeclaration' || statement.type === 'ClassDeclaration';
    if (!isDirective(statement)) look(statement);
  }
  const label = freshName('injected', node, source);
  for (const exit of exits) {
    if (exit.argument) {
      // `return value;` still evaluates the value; the semicolon, where there is one, ends that.
      const opens = opensOtherwise(source.slice(exit.argument.start));
      text.overwrite(exit.start, exit.argument.start, opens ? '{ (' : '{ ');
      text.appendLeft(exit.argument.end, opens ? ')' : '');
      text.appendLeft(exit.end, `${unended(source, exit) ? ';' : ''} break ${label}; }`);
    } else {
      text.overwrite(exit.start, exit.end, `break ${label};`);
    }
  }
  const alone = exits.length === 0 && !declares;
  const body = [constants, innerText(carried, alone)].filter((part) => part !== '').join(' ');
  if (alone) return body;
  return `${exits.length > 0 ? `${label}: ` : ''}{ ${body} }`;
}

/** Whether an expression would be read as something else at the start of a statement. */
function opensOtherwise(text: string): boolean {
  return /^(function|class|let|async\s+function)\b|^[{'"]/.test(text);
}
