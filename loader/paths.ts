/**
 * How a person would name a place in a source text. In: keys, callees and left sides of assignments; out: the parts that
 * paths are made of: `.total`, `['a-b']`, `app.get('/x')`; and text as a line of a message has it. Pure.
 */
import { oneLine } from '../messages.ts';
import {
  type CallExpression,
  isFunction,
  isIdentifier,
  type NewExpression,
  type Node,
  unwrapped,
} from './parse.ts';

export interface Naming {
  /** `.name`, `.#name`, `['a-b']`, `[0]`, `[Symbol.iterator]` */
  keyText(key: Node, computed: boolean): string;
  /** a callee, an assignment's left side or a tag */
  text(node: Node): string;
  /** `app.get('/x')` */
  callText(node: CallExpression | NewExpression): string;
}

/** The names of places in one text. */
export function naming(source: string): Naming {
  return { keyText, text, callText };

  /** `.name`, `.#name`, `['a-b']`, `[0]`, `[Symbol.iterator]` */
  function keyText(key: Node, computed: boolean): string {
    if (!computed && key.type === 'Identifier') return `.${key.name}`;
    if (key.type === 'PrivateIdentifier') return `.#${key.name}`;
    if (key.type === 'Literal' && typeof key.value === 'string') {
      return isIdentifier(key.value) ? `.${key.value}` : `['${key.value}']`;
    }
    return `[${oneLine(source.slice(key.start, key.end))}]`;
  }

  /** A callee, an assignment's left side or a tag, as a person would name it. */
  function text(node: Node): string {
    const inner = unwrapped(node);
    switch (inner.type) {
      case 'Identifier':
        return inner.name;
      case 'ThisExpression':
        return 'this';
      case 'Super':
        return 'super';
      case 'ChainExpression':
        return text(inner.expression);
      case 'AwaitExpression':
        return text(inner.argument);
      case 'MemberExpression':
        return text(inner.object) + keyText(inner.property, inner.computed);
      case 'CallExpression':
      case 'NewExpression':
        return callText(inner);
      case 'ArrowFunctionExpression':
      case 'FunctionExpression':
        return 'iife';
      default:
        return oneLine(source.slice(inner.start, inner.end));
    }
  }

  /**
   * `app.get('/x')`: the callee and the first argument where that is a literal. In a chain of calls the ones
   * before are left out if this one has a literal, so that a link more does not rename those after it.
   */
  function callText(node: CallExpression | NewExpression): string {
    const first = node.arguments[0];
    const literal = first?.type === 'Literal' ? oneLine(source.slice(first.start, first.end)) : '';
    const callee = unwrapped(node.callee);
    const prefix = node.type === 'NewExpression' ? 'new ' : '';
    if (literal !== '' && callee.type === 'MemberExpression') {
      const method = keyText(callee.property, callee.computed);
      return `${prefix}${chainRoot(callee.object, method)}${method}(${literal})`;
    }
    return `${prefix}${text(callee)}(${literal})`;
  }

  /** What a chain of calls hangs on: `app` in `app.get('/a', f).get('/b', g)`, `app.route('/a')` in `app.route('/a').get('/b', g)`. */
  function chainRoot(node: Node, method: string): string {
    const inner = unwrapped(node);
    const callee = inner.type === 'CallExpression' ? unwrapped(inner.callee) : undefined;
    if (inner.type !== 'CallExpression' || callee?.type !== 'MemberExpression') return text(inner);
    const registers =
      keyText(callee.property, callee.computed) === method ||
      inner.arguments.some((argument) => isFunction(argument));
    return registers ? chainRoot(callee.object, method) : text(inner);
  }
}
