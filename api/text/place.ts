/**
 * Where statements go in a function's text: before another, after it, or between its work and its leaving. In: the
 * module's text as it is being edited, what goes in, and where; out: the edit. A statement that stood alone gets a block.
 */
import type MagicString from 'magic-string';
import { type FunctionNode, isClass, isFunction, type Node, unwrapped } from '../../loader/parse.ts';
import { declaredWithin, freeReferences } from '../given/scope.ts';
import { exits, lastReached } from './clauses.ts';

/** The target's module as it is being edited. */
export interface Insertion {
  whole: MagicString;
  source: string;
  /** what goes in: whole statements, each with its end */
  statements: string;
  /** the function that they go into */
  into: FunctionNode;
}

/** Before a statement; the one before that may rely on the line's end for its own. */
export function putBefore({ whole, source, statements }: Insertion, next: Node, previous?: Node): void {
  const joins = previous !== undefined && unended(source, previous) && /^[^\w$'"{};]/.test(statements);
  whole.appendRight(next.start, `${joins ? ';' : ''}${statements}${gap(source, next)}`);
}

/**
 * After a statement, or at `start` where there is none.
 * @param alone the statement is to be a block with what follows it
 */
export function putAfter(
  { whole, source, statements }: Insertion,
  previous: Node | undefined,
  start: number,
  alone = false,
): void {
  if (previous === undefined) {
    whole.appendLeft(start, ` ${statements}${source[start] === '}' ? ' ' : ''}`);
    return;
  }
  const between = alone ? ' ' : gap(source, previous);
  // A comment at the end of the line is about the statement before.
  const rest = between === ' ' ? '' : source.slice(previous.end).split(/[\r\n]/, 1)[0];
  const comment = /^[ \t]*(?:\/\/.*|\/\*(?:(?!\*\/).)*\*\/)(?=[ \t]*$)/.exec(rest ?? '')?.[0] ?? '';
  if (unended(source, previous)) whole.appendLeft(previous.end, ';');
  whole.appendLeft(previous.end + comment.length, between + statements);
}

/** An arrow that is one expression becomes a block with a return, before which or after which the statements go. */
export function putBeforeReturn({ whole, statements, into }: Insertion): void {
  const body = into.body as Node;
  whole.appendRight(body.start, `{ ${statements} return `).appendLeft(body.end, '; }');
}

/** The same between the expression's work and its return. */
export function putBehindWork({ whole, statements, into }: Insertion): void {
  const body = into.body as Node;
  const result = freshName('result', into, statements);
  const [open, close] = asInitialiser(body);
  whole
    .appendRight(body.start, `{ const ${result} = ${open}`)
    .appendLeft(body.end, `${close}; ${statements} return ${result}; }`);
}

/**
 * Where control leaves through the last of some statements that it reaches: after it, between a return's work and its
 * leaving, and the same in each arm of an `if`, `switch`, `try` or labelled statement that leaves.
 * @param before the statement before the first
 * @param alone as for `putAfter`
 * @param caught what is thrown there goes to a `catch` of the function, and does not leave it
 */
export function putAtTail(
  insertion: Insertion,
  statements: readonly Node[],
  before: Node | undefined,
  start: number,
  alone = false,
  caught = false,
): void {
  const last = lastReached(statements);
  if (last === undefined) return putAfter(insertion, before, start);
  const previous = statements[statements.indexOf(last) - 1] ?? before;
  switch (last.type) {
    case 'ReturnStatement':
      // What does no work may wait; a function that is returned so stays where its path has it.
      if (last.argument === null || isFunction(unwrapped(last.argument)))
        return putBefore(insertion, last, previous);
      return putBetween(insertion, last, last.argument);
    case 'ThrowStatement':
      if (!caught) putBefore(insertion, last, previous);
      return;
    case 'BlockStatement':
      return putAtTail(insertion, last.body as Node[], undefined, last.start + 1, false, caught);
  }
  const leaving = arms(last).filter(exits);
  for (const arm of leaving) putAtTailOfArm(insertion, arm, caught || isCaught(arm, last));
  if (leaving.length === 0 || !exits(last)) putAfter(insertion, last, last.end, alone);
}

/** The same for a statement that has no list of its own to stand in. */
export function putAtTailOfArm(insertion: Insertion, arm: Node, caught = false): void {
  putAtTail(insertion, [arm], undefined, arm.start, true, caught);
  if (caught && arm.type === 'ThrowStatement') return;
  if (arm.type !== 'BlockStatement' && arm.type !== 'IfStatement') enclose(insertion, arm);
}

/** Makes a block of a statement, and of what was put at it before. */
export function enclose({ whole }: Insertion, { start, end }: Node): void {
  whole.prependRight(start, '{ ').appendLeft(end, ' }');
}

/** Between the work of a return and its leaving. */
function putBetween({ whole, source, statements, into }: Insertion, exit: Node, value: Node): void {
  const result = freshName('result', into, statements);
  const [open, close] = asInitialiser(value);
  whole.overwrite(exit.start, exit.start + 'return'.length, `const ${result} =`);
  whole.appendRight(value.start, open).appendLeft(value.end, close);
  const line = gap(source, exit);
  whole.appendLeft(
    exit.end,
    `${unended(source, exit) ? ';' : ''}${line}${statements}${line}return ${result};`,
  );
}

/** The statements that one statement may leave by. */
function arms(node: Node): Node[] {
  const found: (Node | null | undefined)[] = [];
  if (node.type === 'IfStatement') found.push(node.consequent, node.alternate);
  else if (node.type === 'SwitchStatement')
    found.push(...node.cases.map((one) => lastReached(one.consequent as Node[])));
  else if (node.type === 'TryStatement') {
    if (node.finalizer !== null && exits(node.finalizer)) found.push(node.finalizer);
    else found.push(node.block, node.handler?.body);
  } else if (node.type === 'LabeledStatement' && !isLoop(node.body)) found.push(node.body);
  return found.filter((one) => one !== null && one !== undefined);
}

/** Whether a `continue` may name a statement, which must then stay a loop. */
function isLoop(node: Node): boolean {
  return node.type === 'LabeledStatement'
    ? isLoop(node.body)
    : /^(?:For|ForIn|ForOf|While|DoWhile)Statement$/.test(node.type);
}

/** Whether a `try` catches what this part of it throws. */
function isCaught(part: Node, holder: Node): boolean {
  return holder.type === 'TryStatement' && holder.block === part && holder.handler !== null;
}

/** What goes between a statement and injected ones: a line of their own where it has one. */
export function gap(source: string, { start }: { start: number }): string {
  return /(?:\r\n|\n)[ \t]*$/.exec(source.slice(Math.max(0, start - 200), start))?.[0] ?? ' ';
}

/** Whether a statement has no end of its own, neither a semicolon nor a brace. */
export function unended(source: string, node: Node): boolean {
  switch (node.type) {
    case 'ExpressionStatement':
    case 'VariableDeclaration':
    case 'ReturnStatement':
    case 'ThrowStatement':
    case 'BreakStatement':
    case 'ContinueStatement':
    case 'DebuggerStatement':
    case 'DoWhileStatement':
      return source[node.end - 1] !== ';';
    case 'IfStatement':
      return unended(source, node.alternate ?? node.consequent);
    case 'ForStatement':
    case 'ForInStatement':
    case 'ForOfStatement':
    case 'WhileStatement':
    case 'LabeledStatement':
      return unended(source, node.body);
    default:
      return false;
  }
}

/**
 * What a value needs around it where it becomes a variable's: a function or class without a name must not take that of
 * the variable (ECMA-262 8.4.5), and in a list of values the commas must not become the declaration's.
 */
function asInitialiser(value: Node): [open: string, close: string] {
  if (value.type === 'SequenceExpression') return ['(', ')'];
  const inner = unwrapped(value);
  return (isFunction(inner) || isClass(inner)) && !inner.id ? ['(0, ', ')'] : ['', ''];
}

/** A name that nothing around uses. */
export function freshName(wish: string, node: FunctionNode, ...texts: string[]): string {
  const taken = declaredWithin(node);
  freeReferences(node).names.forEach((_references, name) => taken.add(name));
  let name = wish;
  for (let i = 2; taken.has(name) || texts.some((text) => mentions(text, name)); i++) name = wish + i;
  return name;
}

function mentions(text: string, name: string): boolean {
  return new RegExp(`(?<![\\w$])${name.replaceAll('$', '\\$')}(?![\\w$])`).test(text);
}
