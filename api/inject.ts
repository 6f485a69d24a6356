/**
 * The text edit behind `inject`: statements of one function put into another. In: the current version, the hot function,
 * the given one and where; out: the module's new text. The injected code ends where it ends: a `return` in
 * it leaves it, not the function around it, and what it declares is its own. Pure.
 */
import MagicString from 'magic-string';
import { HotswapError } from '../error.ts';
import { superCall } from '../loader/functions.ts';
import {
  blockOf,
  eachChild,
  type FunctionNode,
  isClass,
  isFunction,
  type Node,
  unwrapped,
} from '../loader/parse.ts';
import type { Bindings } from './bind.ts';
import { checkValue, type Destination } from './check.ts';
import { describe, type Given } from './given.ts';
import { type Edited, writeConstants } from './rewrite.ts';
import { declaredWithin, freeReferences, type Reference, varReferences } from './scope.ts';

/** Statement index in the body, from 0, or after its work and before its final return leaves. */
export type At = number | 'end';

/** The target's module as it is being edited. */
interface Insertion {
  whole: MagicString;
  source: string;
  /** what goes in: whole statements, each with its end */
  statements: string;
  /** the function that they go into */
  into: FunctionNode;
}

/**
 * @returns the new text of the whole module, and the values that its function needs bound, under the names used there
 * @throws ERR_HOTSWAP_ARITY when the injected function takes parameters
 * @throws ERR_HOTSWAP_MISSING when the body has no such statement
 * @throws ERR_HOTSWAP_OUT_OF_SCOPE, ERR_HOTSWAP_SYNTAX
 */
export function injectText(to: Destination, what: Given, bind: Bindings, at: At): Edited {
  const { hot, analysis } = to;
  checkInjectable(to, what);
  const free = freeReferences(what.node);
  const local = new Set([...declaredWithin(hot.node), ...freeReferences(hot.node).names.keys()]);
  checkInjected(to, what, free);

  const inserted = new MagicString(what.source);
  const constants = writeConstants(inserted, what.node, free, bind);
  const rename = (name: string, references: readonly Reference[]): string => {
    const fresh = freshName(name, hot.node, analysis.source, what.source);
    references.forEach(({ node, shorthand }) =>
      inserted.overwrite(node.start, node.end, shorthand ? `${name}: ${fresh}` : fresh),
    );
    return fresh;
  };
  varReferences(what.node).forEach((references, name) => {
    if (local.has(name)) rename(name, references);
  });
  const values = { ...to.kept };
  for (const [name, value] of Object.entries(bind.values)) {
    const references = free.names.get(name);
    if (references === undefined) continue;
    const taken = local.has(name) && !(name in to.kept && to.kept[name] === value);
    values[taken ? rename(name, references) : name] = value;
  }

  const insertion: Insertion = {
    whole: new MagicString(analysis.source),
    source: analysis.source,
    statements: statementsText(inserted, what, constants),
    into: hot.node,
  };
  const block = blockOf(hot.node);
  if (block === undefined) {
    injectConcise(insertion, at, to);
  } else {
    // In a derived constructor the statements count from `super(…)` on: before it there is no `this`.
    const opening = hot.derived ? superCall(hot.node) : undefined;
    const first =
      opening === undefined
        ? block.body.findIndex((statement) => !('directive' in statement && statement.directive))
        : block.body.indexOf(opening as never) + 1;
    const body = (first === -1 ? [] : block.body.slice(first)) as Node[];
    const before = block.body[(first === -1 ? block.body.length : first) - 1] as Node | undefined;
    if (at === 'end') {
      if (body.length > 0) injectTail(insertion, body.at(-1) as Node);
      else injectAfter(insertion, before, block.start + 1);
    } else {
      checkIndex(at, body.length, to);
      const next = body[at];
      const previous = at === 0 ? before : body[at - 1];
      if (next === undefined) injectAfter(insertion, previous, block.start + 1);
      else injectBefore(insertion, next, previous);
    }
  }
  return { source: insertion.whole.toString(), values };
}

/** Whether a function's statements can stand in another's body at all. */
function checkInjectable({ module, hot }: Destination, { node }: Given): void {
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
}

/** @throws ERR_HOTSWAP_OUT_OF_SCOPE for names that would mean something else in the target */
function checkInjected(to: Destination, what: Given, free: ReturnType<typeof freeReferences>): void {
  const { hot, module } = to;
  const subject = { module, path: hot.path };
  const { ownName } = what;
  if (ownName !== undefined && free.names.has(ownName) && !to.bound.has(ownName)) {
    throw new HotswapError(
      'ERR_HOTSWAP_OUT_OF_SCOPE',
      `the function injected into ${module}#${hot.path} uses ${ownName}, its own name, and only its statements go there. Write a function inside of it and call that.`,
      { ...subject, names: [ownName] },
    );
  }
  if (!what.isValue) return;
  checkValue(what, free, to);
  // Its globals must not be variables of the function that it goes into.
  const locals = declaredWithin(hot.node);
  const names = [...free.names.keys()].filter((name) => locals.has(name) && !to.bound.has(name));
  if (names.length > 0) {
    throw new HotswapError(
      'ERR_HOTSWAP_OUT_OF_SCOPE',
      `the function injected into ${module}#${hot.path} uses the global ${names.join(', ')}, and there it would be a variable of that function. Give source text to mean that one.`,
      { ...subject, names },
    );
  }
}

function checkIndex(at: unknown, count: number, { module, hot }: Destination): asserts at is number {
  if (typeof at !== 'number' || !Number.isInteger(at) || at < 0 || at > count) {
    throw new HotswapError(
      'ERR_HOTSWAP_MISSING',
      `${module}#${hot.path} has ${count} statement${count === 1 ? '' : 's'}; code can be injected at 0 to ${count} or 'end', and ${describe(at)} was asked for`,
      { module, path: hot.path },
    );
  }
}

/** An arrow that is one expression becomes a block with a return. */
function injectConcise({ whole, statements, into }: Insertion, at: At, to: Destination): void {
  if (at !== 'end') checkIndex(at, 1, to);
  const body = into.body as Node;
  if (at === 0) {
    whole.appendRight(body.start, `{ ${statements} return `).appendLeft(body.end, '; }');
  } else {
    const result = freshName('result', into, statements);
    const [open, close] = asInitialiser(body);
    whole
      .appendRight(body.start, `{ const ${result} = ${open}`)
      .appendLeft(body.end, `${close}; ${statements} return ${result}; }`);
  }
}

/** Before a statement; the one before that may rely on the line's end for its own. */
function injectBefore({ whole, source, statements }: Insertion, next: Node, previous?: Node): void {
  const joins = previous !== undefined && unended(source, previous) && /^[^\w$'"{};]/.test(statements);
  whole.appendRight(next.start, `${joins ? ';' : ''}${statements}${gap(source, next)}`);
}

/** After a statement, or at `start` where there is none. */
function injectAfter(
  { whole, source, statements }: Insertion,
  previous: Node | undefined,
  start: number,
): void {
  if (previous === undefined) {
    whole.appendLeft(start, ` ${statements}${source[start] === '}' ? ' ' : ''}`);
    return;
  }
  const between = gap(source, previous);
  // A comment at the end of the line is about the statement before.
  const rest = between === ' ' ? '' : source.slice(previous.end).split(/[\r\n]/, 1)[0];
  const comment = /^[ \t]*(?:\/\/.*|\/\*(?:(?!\*\/).)*\*\/)(?=[ \t]*$)/.exec(rest ?? '')?.[0] ?? '';
  if (unended(source, previous)) whole.appendLeft(previous.end, ';');
  whole.appendLeft(previous.end + comment.length, between + statements);
}

/** What goes between a statement and injected ones: a line of their own where it has one. */
function gap(source: string, { start }: Node): string {
  return /(?:\r\n|\n)[ \t]*$/.exec(source.slice(Math.max(0, start - 200), start))?.[0] ?? ' ';
}

/**
 * Where control leaves through a function's last statement: after it, between a final return's work and its leaving,
 * and the same in each arm of a final `if`, `switch` or `try` that ends by leaving.
 */
function injectTail(insertion: Insertion, last: Node): void {
  switch (last.type) {
    case 'ReturnStatement':
      // What does no work may wait; a function that is returned so stays where its path has it.
      if (last.argument === null || isFunction(unwrapped(last.argument)))
        return injectBefore(insertion, last);
      return injectBetween(insertion, last, last.argument);
    case 'ThrowStatement':
      return injectBefore(insertion, last);
    case 'BlockStatement':
      if (last.body.length === 0) return injectAfter(insertion, undefined, last.start + 1);
      return injectTail(insertion, last.body.at(-1) as Node);
  }
  for (const arm of arms(last)) {
    if (!leaves(arm)) continue;
    if (arm.type === 'BlockStatement' || arm.type === 'IfStatement') {
      injectTail(insertion, arm);
    } else {
      injectTail(insertion, arm);
      insertion.whole.prependRight(arm.start, '{ ').appendLeft(arm.end, ' }');
    }
  }
  if (!leaves(last)) injectAfter(insertion, last, last.end);
}

/** Between the work of a return and its leaving. */
function injectBetween({ whole, source, statements, into }: Insertion, exit: Node, value: Node): void {
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

/** The statements that one statement may end with. */
function arms(node: Node): Node[] {
  const found: (Node | null | undefined)[] = [];
  if (node.type === 'IfStatement') found.push(node.consequent, node.alternate);
  else if (node.type === 'SwitchStatement') found.push(...node.cases.map((one) => one.consequent.at(-1)));
  else if (node.type === 'TryStatement') {
    if (leaves(node.finalizer)) found.push(node.finalizer);
    else found.push(node.block, node.handler?.body);
  }
  return found.filter((one) => one !== null && one !== undefined);
}

/** Whether a statement always returns or throws. */
function leaves(node: Node | null | undefined): boolean {
  switch (node?.type) {
    case 'ReturnStatement':
    case 'ThrowStatement':
      return true;
    case 'BlockStatement':
      return leaves(node.body.at(-1));
    case 'IfStatement':
      return leaves(node.consequent) && leaves(node.alternate);
    case 'TryStatement':
      return (
        leaves(node.finalizer) || (leaves(node.block) && (node.handler === null || leaves(node.handler.body)))
      );
    case 'SwitchStatement':
      return (
        node.cases.some((one) => one.test === null) &&
        leaves(node.cases.at(-1)?.consequent.at(-1)) &&
        !node.cases.some((one) => one.consequent.some(breaks))
      );
    default:
      return false;
  }
}

/** Whether a statement of a switch may leave the switch by `break`. */
function breaks(node: Node): boolean {
  if (node.type === 'BreakStatement') return true;
  if (isFunction(node) || isClass(node)) return false;
  let found = false;
  eachChild(node, (child) => {
    found ||= breaks(child);
  });
  return found;
}

/** The injected function's body as statements that can stand among others: in a block if it declares anything. */
function statementsText(text: MagicString, { node, source }: Given, constants: string): string {
  const block = blockOf(node);
  if (block === undefined) {
    const body = node.body as Node;
    const value = text.slice(body.start, body.end);
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
    if ('directive' in statement && statement.directive) text.remove(statement.start, statement.end);
    else look(statement);
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
  const last = block.body.at(-1);
  const alone = exits.length === 0 && !declares;
  if (alone && last !== undefined && unended(source, last) && !('directive' in last && last.directive))
    text.appendLeft(last.end, ';');
  const inner = text.slice(block.start, block.end).slice(1, -1).trim();
  // A comment at the end may run to the end of its line.
  const rest = source.slice(last?.end ?? block.start + 1, block.end - 1);
  const body = [constants, inner].filter((part) => part !== '').join(' ') + (rest.includes('//') ? '\n' : '');
  if (alone) return body;
  return `${exits.length > 0 ? `${label}: ` : ''}{ ${body} }`;
}

/** Whether an expression would be read as something else at the start of a statement. */
function opensOtherwise(text: string): boolean {
  return /^(function|class|let|async\s+function)\b|^[{'"]/.test(text);
}

/** Whether a statement has no end of its own, neither a semicolon nor a brace. */
function unended(source: string, node: Node): boolean {
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

/** Whether code awaits outside of the functions in it. */
function awaits(node: Node): boolean {
  if (node.type === 'AwaitExpression' || (node.type === 'ForOfStatement' && node.await)) return true;
  if (isFunction(node)) return false;
  let found = false;
  eachChild(node, (child) => {
    found ||= awaits(child);
  });
  return found;
}

/** A name that nothing around uses. */
function freshName(wish: string, node: FunctionNode, ...texts: string[]): string {
  const taken = declaredWithin(node);
  freeReferences(node).names.forEach((_references, name) => taken.add(name));
  let name = wish;
  for (let i = 2; taken.has(name) || texts.some((text) => mentions(text, name)); i++) name = wish + i;
  return name;
}

function mentions(text: string, name: string): boolean {
  return new RegExp(`(?<![\\w$])${name.replaceAll('$', '\\$')}(?![\\w$])`).test(text);
}
