/**
 * The text edit behind `inject`: statements of one function put into another. In: the current version, the hot function,
 * the given one and where; out: the module's new text. The injected code ends where it ends: a `return` in
 * it leaves it, not the function around it. Pure.
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
import { parens } from '../loader/patch.ts';
import type { Bindings } from './bind.ts';
import { checkValue, type Destination } from './check.ts';
import type { Given } from './given.ts';
import { writeConstants } from './rewrite.ts';
import { declaredWithin, freeReferences } from './scope.ts';

/** Statement index in the body, from 0, or after its work and before its final return leaves. */
export type At = number | 'end';

/**
 * @returns the new text of the whole module
 * @throws ERR_HOTSWAP_ARITY when the injected function takes parameters
 * @throws ERR_HOTSWAP_MISSING when the body has no such statement
 * @throws ERR_HOTSWAP_OUT_OF_SCOPE
 */
export function injectText(to: Destination, what: Given, bind: Bindings, at: At): string {
  const { hot, analysis, module } = to;
  const subject = { module, path: hot.path };
  if (what.node.params.length > 0) {
    throw new HotswapError(
      'ERR_HOTSWAP_ARITY',
      `a function injected into ${module}#${hot.path} takes no parameters; this one has ${what.node.params.length}`,
      subject,
    );
  }
  if (what.node.generator) {
    throw new HotswapError(
      'ERR_HOTSWAP_SYNTAX',
      `a generator cannot be injected into ${module}#${hot.path}`,
      subject,
    );
  }
  const free = freeReferences(what.node);
  if (what.isValue) {
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
  const inserted = new MagicString(what.source);
  const constants = writeConstants(inserted, what.node, free, bind);
  const statements = statementsText(inserted, what, constants);

  const whole = new MagicString(analysis.source);
  const block = blockOf(hot.node);
  if (block === undefined) {
    injectConcise(whole, analysis.source, hot.node, statements, at, to);
  } else {
    const body = block.body.filter(
      (statement) => !('directive' in statement && statement.directive),
    ) as Node[];
    // In a derived constructor the statements count from `super(…)` on: before it there is no `this`.
    const opening = hot.derived ? superCall(hot.node) : undefined;
    if (opening !== undefined) body.shift();
    const directives = block.body.length - body.length - (opening === undefined ? 0 : 1);
    const start = opening?.end ?? block.body[directives - 1]?.end ?? block.start + 1;
    if (at === 'end') {
      injectAtEnd(whole, analysis.source, body.at(-1), statements, block.end - 1, hot.node);
    } else {
      checkIndex(at, body.length, to);
      const next = body[at];
      if (next !== undefined) whole.appendRight(next.start, `${statements} `);
      else whole.appendLeft(body.at(-1)?.end ?? start, ` ${statements}`);
    }
  }
  return whole.toString();
}

function checkIndex(at: unknown, count: number, { module, hot }: Destination): asserts at is number {
  if (typeof at !== 'number' || !Number.isInteger(at) || at < 0 || at > count) {
    throw new HotswapError(
      'ERR_HOTSWAP_MISSING',
      `${module}#${hot.path} has ${count} statement${count === 1 ? '' : 's'}; code can be injected at 0 to ${count} or 'end', and ${JSON.stringify(at)} was asked for`,
      { module, path: hot.path },
    );
  }
}

/** An arrow that is one expression becomes a block with a return. */
function injectConcise(
  whole: MagicString,
  source: string,
  node: FunctionNode,
  statements: string,
  at: At,
  to: Destination,
): void {
  if (at !== 'end') checkIndex(at, 1, to);
  const body = node.body as Node;
  const inner = unwrapped(body);
  const from = inner.type === 'ObjectExpression' ? inner : body;
  const value = source.slice(from.start, from.end);
  if (at === 0) {
    whole.overwrite(body.start, body.end, `{ ${statements} return ${value}; }`);
  } else {
    const result = freshName('result', node, statements);
    whole.overwrite(body.start, body.end, `{ const ${result} = ${value}; ${statements} return ${result}; }`);
  }
}

/** After the last statement, or between a final return's work and its leaving; both arms of a final `if` are ends. */
function injectAtEnd(
  whole: MagicString,
  source: string,
  last: Node | undefined,
  statements: string,
  end: number,
  node: FunctionNode,
): void {
  if (last?.type === 'ReturnStatement') {
    if (last.argument === null) {
      whole.appendRight(last.start, `${statements} `);
    } else {
      const result = freshName('result', node, statements);
      const value = source.slice(last.argument.start, last.argument.end);
      whole.overwrite(last.start, last.end, `const ${result} = ${value}; ${statements} return ${result};`);
    }
  } else if (last?.type === 'ThrowStatement') {
    whole.appendRight(last.start, `${statements} `);
  } else if (last?.type === 'BlockStatement') {
    injectAtEnd(whole, source, last.body.at(-1), statements, last.end - 1, node);
  } else if (
    last?.type === 'IfStatement' &&
    last.alternate &&
    leaves(last.consequent) &&
    leaves(last.alternate)
  ) {
    injectArm(whole, source, last.consequent, statements, node);
    injectArm(whole, source, last.alternate, statements, node);
  } else {
    whole.appendLeft(last?.end ?? end, ` ${statements}${last === undefined ? ' ' : ''}`);
  }
}

function injectArm(
  whole: MagicString,
  source: string,
  arm: Node,
  statements: string,
  node: FunctionNode,
): void {
  if (arm.type !== 'BlockStatement' && arm.type !== 'IfStatement') {
    whole.appendRight(arm.start, '{ ');
    injectAtEnd(whole, source, arm, statements, arm.end, node);
    whole.appendLeft(arm.end, ' }');
  } else {
    injectAtEnd(whole, source, arm, statements, arm.end - 1, node);
  }
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
    default:
      return false;
  }
}

/** The injected function's body as statements that can stand among others: in a block if it declares anything. */
function statementsText(text: MagicString, { node, source }: Given, constants: string): string {
  const block = blockOf(node);
  if (block === undefined) {
    const body = node.body as Node;
    const value = text.slice(body.start, body.end);
    const opens = /^(function|class|let|async\s+function)\b|^[{]/.test(value);
    const statement = opens ? `(${value});` : `${value};`;
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
    look(statement);
  }
  const { close } = parens(source, node);
  const label = freshName('injected', node, source.slice(close));
  for (const exit of exits) {
    if (exit.argument) {
      // `return value;` still evaluates the value; the semicolon, where there is one, ends that.
      text.overwrite(exit.start, exit.argument.start, '{ ');
      text.appendLeft(exit.end, `${source[exit.end - 1] === ';' ? '' : ';'} break ${label}; }`);
    } else {
      text.overwrite(exit.start, exit.end, `break ${label};`);
    }
  }
  const inner = text.slice(block.start, block.end).slice(1, -1).trim();
  const body = [constants, inner].filter((part) => part !== '').join(' ');
  if (exits.length > 0) return `${label}: { ${body} }`;
  return declares ? `{ ${body} }` : needsEnd(body) ? `${body};` : body;
}

function needsEnd(body: string): boolean {
  return body !== '' && !/[;}]$/.test(body);
}

/** A name that nothing around uses. */
function freshName(wish: string, node: FunctionNode, ...texts: string[]): string {
  const taken = declaredWithin(node);
  freeReferences(node).names.forEach((_references, name) => taken.add(name));
  let name = wish;
  for (let i = 2; taken.has(name) || texts.some((text) => new RegExp(`\\b${name}\\b`).test(text)); i++)
    name = wish + i;
  return name;
}
