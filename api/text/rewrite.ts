/**
 * The text edit behind `rewrite`: another function in the place of one. In: the current version, the hot function and
 * the given one; out: the module's new text, in which nothing else has moved. Pure.
 */
import MagicString from 'magic-string';
import { HotswapError } from '../../error.ts';
import { type HotFunction, superCall } from '../../loader/functions.ts';
import { hasInitialisers, movable } from '../../loader/parameters.ts';
import {
  blockOf,
  boundNames,
  type FunctionNode,
  isIdentifier,
  type Node,
  skipTrivia,
  unwrapped,
} from '../../loader/parse.ts';
import type { Bindings } from '../given/bind.ts';
import { checkValue, type Destination } from '../given/check.ts';
import { type Given, isConcise, paramsText, typesText } from '../given/given.ts';
import { declaredWithin, type FreeReferences, freeReferences } from '../given/scope.ts';
import { partAround, scopesAround } from '../plan/analysis.ts';
import { sameTree } from '../plan/sametree.ts';

/** What an edit makes of a module's text. */
export interface Edited {
  /** the new text of the whole module */
  source: string;
  /** values that the function's text needs and cannot carry, by the name it has for them */
  values: Record<string, unknown>;
}

/** @throws ERR_HOTSWAP_OUT_OF_SCOPE, ERR_HOTSWAP_ARITY (an accessor's parameters), ERR_HOTSWAP_STRUCTURAL */
export function rewriteText(to: Destination, what: Given, bind: Bindings): Edited {
  const { hot, analysis } = to;
  const free = freeReferences(what.node);
  if (what.isValue) checkValue(what, free, to);
  checkShape(to, what);

  const text = new MagicString(what.source);
  const keepsName = retarget(text, what, free, to);
  const constants = writeConstants(text, what.node, free, bind);
  const { node } = what;
  const params = paramsText(what, text);
  const { before, after } = typesText(what);
  const list = `${before}(${params})${after}`;
  const async = node.async ? 'async ' : '';
  const star = node.generator ? '*' : '';

  let replacement: string;
  if (hot.owner !== undefined) {
    const accessor = hot.kind === 'getter' ? 'get ' : hot.kind === 'setter' ? 'set ' : '';
    const body = bodyText(text, node, constants);
    const kept = hot.derived && superCall(node) === undefined ? withSuper(to, what, body) : body;
    replacement = `${async}${star}${accessor}${keyText(analysis.plain, hot)}${list} ${kept}`;
  } else if (
    hot.node.type === 'ArrowFunctionExpression' &&
    node.type === 'ArrowFunctionExpression' &&
    !keepsName &&
    (isForwarded(what) || free.context.size > 0)
  ) {
    const concise = isConcise(node) && constants === '';
    const body = concise
      ? text.slice((node.body as Node).start, (node.body as Node).end)
      : bodyText(text, node, constants);
    replacement = `${async}${list} => ${body}`;
  } else {
    const name = keepsName ? what.ownName : keptName(to, what, free);
    const whole = `${async}function${star} ${name}${list} ${bodyText(text, node, constants)}`;
    replacement = hot.node.type === 'ArrowFunctionExpression' && opensStatement(to) ? `(${whole})` : whole;
  }
  const source = new MagicString(analysis.source).overwrite(hot.start, hot.end, replacement).toString();
  const values = Object.entries(bind.values).filter(([name]) => free.names.has(name));
  return { source, values: Object.fromEntries(values) };
}

/**
 * The name that a function keeps: a declaration's always, an expression's unless the new code means another by it. In source text
 * that is the function, where nothing else has the name.
 */
function keptName({ hot, bound }: Destination, what: Given, free: FreeReferences): string {
  const name = hot.node.id?.name ?? '';
  if (hot.node.type === 'FunctionDeclaration' || what.ownName === name || !free.names.has(name)) return name;
  const isAnother = bound.has(name) || name in globalThis || isAround(hot, name);
  return what.isValue || isAnother ? '' : name;
}

/** Whether something around a function declares a name. */
function isAround(hot: HotFunction, name: string): boolean {
  return scopesAround(hot).some((scope) => scope.variables.has(name));
}

/** Whether a function can stay an arrow and be hot: one whose parameters cannot be moved has no patch point (loader/patch.ts). */
function isForwarded({ node }: Given): boolean {
  return !hasInitialisers(node) || movable(node) !== undefined;
}

/** Whether the function stands where `function` would begin a declaration. */
function opensStatement({ analysis, hot }: Destination): boolean {
  const { statement } = partAround(analysis, hot);
  return (
    (statement.type === 'ExpressionStatement' && statement.expression === hot.node) ||
    (statement.type === 'ExportDefaultDeclaration' && statement.declaration === hot.node)
  );
}

/** The key of a method as it is written, brackets and all. */
function keyText(source: string, { owner, node }: HotFunction): string {
  const { key, computed } = owner as NonNullable<HotFunction['owner']>;
  return source.slice(computed ? source.lastIndexOf('[', key.start - 1) : key.start, node.start).trim();
}

/** Whether a given function fits where it goes at all. */
function checkShape({ hot, module }: Destination, { node, owner }: Given): void {
  const where = `${module}#${hot.path}`;
  const subject = { module, path: hot.path };
  const count = node.params.length;
  if (
    owner !== undefined &&
    (owner.kind === 'get' || owner.kind === 'set') &&
    hot.kind !== `${owner.kind}ter`
  ) {
    throw new HotswapError(
      'ERR_HOTSWAP_STRUCTURAL',
      `${where} is a ${hot.kind}, and the new source is a ${owner.kind}ter`,
      subject,
    );
  }
  if (hot.kind === 'getter' && count > 0) {
    throw new HotswapError(
      'ERR_HOTSWAP_ARITY',
      `${where} is a getter and takes no parameters; the new function has ${count}`,
      subject,
    );
  }
  if (hot.kind === 'setter' && (count !== 1 || node.params[0]?.type === 'RestElement')) {
    throw new HotswapError(
      'ERR_HOTSWAP_ARITY',
      `${where} is a setter and takes one parameter; the new function has ${count}`,
      subject,
    );
  }
  if (['getter', 'setter', 'constructor'].includes(hot.kind) && (node.async || node.generator)) {
    throw new HotswapError(
      'ERR_HOTSWAP_STRUCTURAL',
      `${where} is a ${hot.kind}, which can be neither async nor a generator`,
      subject,
    );
  }
}

/**
 * Turns a function's calls to itself into calls of the function it replaces.
 * @returns whether the new text must keep the name it calls itself by, having no other way
 */
export function retarget(
  text: MagicString,
  what: Given,
  free: FreeReferences,
  { hot, module, bound }: Destination,
): boolean {
  if (what.ownName !== undefined && bound.has(what.ownName)) return false;
  const calls = what.ownName === undefined ? undefined : free.names.get(what.ownName);
  if (calls === undefined || what.ownName === undefined) return false;
  const self = selfReference(hot) ?? hot.node.id?.name;
  if (self === what.ownName) return false;
  // Closures that exist may not hold the variable, but each function expression knows itself.
  if (hot.local && hot.node.type === 'FunctionExpression' && hot.owner === undefined && what.node.id)
    return true;
  // A source string that calls a name of the module's means the module's.
  if (!what.isValue && what.node.id === null) return false;
  const [root = ''] = self?.split('.') ?? [];
  if (self !== undefined && !declaredWithin(what.node).has(root)) {
    calls.forEach(({ node, shorthand }) =>
      text.overwrite(node.start, node.end, shorthand ? `${what.ownName}: ${self}` : self),
    );
    return false;
  }
  if (hot.owner === undefined && hot.node.type !== 'FunctionDeclaration') return true;
  throw new HotswapError(
    'ERR_HOTSWAP_OUT_OF_SCOPE',
    `the function for ${module}#${hot.path} calls itself as ${what.ownName}, and ${
      self === undefined ? 'there is no name for it there' : `it has a variable of its own called ${root}`
    }. Write it as a named function, or name the variable otherwise.`,
    { module, path: hot.path, names: [what.ownName] },
  );
}

/** An expression for the function in its module: `price`, `resolvers.Query.users`, `Cart.prototype.total`. */
export function selfReference({ reach }: HotFunction): string | undefined {
  if (reach === undefined) return undefined;
  const root = typeof reach.root === 'string' ? reach.root : reach.root.node.id?.name;
  if (root === undefined || !reach.keys.every(isIdentifier)) return undefined;
  return [root, ...reach.keys].join('.');
}

/**
 * Puts bound constants in: as declarations for the body, which are returned, or in place where parameters use them.
 * @param plain whether numbers, strings and the like go in place everywhere
 */
export function writeConstants(
  text: MagicString,
  node: FunctionNode,
  free: FreeReferences,
  { constants }: Bindings,
  plain = false,
): string {
  const lines: string[] = [];
  const bodyStart = (node.body as Node).start;
  constants.forEach((literal, name) => {
    const references = free.names.get(name) ?? [];
    const inParams = references.filter((one) => one.node.start < bodyStart);
    for (const { node: use, shorthand } of inParams) {
      text.overwrite(use.start, use.end, shorthand ? `${name}: ${literal}` : `(${literal})`);
    }
    const inBody = references.filter((one) => one.node.start >= bodyStart);
    if (inBody.length === 0) return;
    if (!plain || /^[-[{]/.test(literal)) {
      lines.push(`const ${name} = ${literal};`);
      return;
    }
    for (const { node: use, shorthand } of inBody) {
      const dotted = /^\d+$/.test(literal) && text.original[skipTrivia(text.original, use.end)] === '.';
      text.overwrite(use.start, use.end, `${shorthand ? `${name}: ` : ''}${literal}${dotted ? ' ' : ''}`);
    }
  });
  return lines.join(' ');
}

/** The body as a block, with the constants after its directives. */
export function bodyText(text: MagicString, node: FunctionNode, constants: string): string {
  const lead = constants === '' ? '' : ` ${constants}`;
  const block = blockOf(node);
  if (block === undefined) {
    const body = node.body as Node;
    const inner = unwrapped(body);
    // `=> ({ … })` has its parentheses for the arrow's sake only.
    const bare = inner.type === 'ObjectExpression' && inner.start === body.start + 1;
    const from = bare && inner.end === body.end - 1 ? inner : body;
    return `{${lead} return ${text.slice(from.start, from.end)}; }`;
  }
  if (constants === '') return text.slice(block.start, block.end);
  // After directives, and after the `super(…)` that a derived constructor opens with.
  let at = superCall(node)?.end ?? block.start + 1;
  for (const statement of block.body) {
    if ('directive' in statement && statement.directive) at = Math.max(at, statement.end);
  }
  const ended = at === block.start + 1 || text.original[at - 1] === ';';
  return `${text.slice(block.start, at)}${ended ? '' : ';'}${lead}${text.slice(at, block.end)}`;
}

/**
 * A derived constructor keeps its own `super(…)` where the new body does not begin with one. What that passes on has run
 * with the old parameters, and must mean the same with the new ones when the version is loaded.
 * @throws ERR_HOTSWAP_OUT_OF_SCOPE
 */
function withSuper({ analysis, hot, module }: Destination, { node }: Given, body: string): string {
  const call = superCall(hot.node) as Node;
  const used = freeReferences({
    ...hot.node,
    params: [],
    body: { type: 'BlockStatement', body: [call] },
  } as never);
  const names = hot.node.params.flatMap((param: Node, i) =>
    sameTree(param, node.params[i]) ? [] : boundNames(param).filter((name) => used.names.has(name)),
  );
  const hidden = [...declaredWithin(node)].filter(
    (name) => used.names.has(name) && !declaredWithin(hot.node).has(name),
  );
  if (names.length > 0 || hidden.length > 0) {
    throw new HotswapError(
      'ERR_HOTSWAP_OUT_OF_SCOPE',
      `${module}#${hot.path} begins with ${analysis.source.slice(call.start, call.end)}, and ${[...names, ...hidden].join(', ')} would be another there. Keep those parameters where they are.`,
      { module, path: hot.path, names: [...names, ...hidden] },
    );
  }
  const text = analysis.source.slice(call.start, call.end);
  return `{ ${text}${text.endsWith(';') ? '' : ';'}${body.slice(1)}`;
}
