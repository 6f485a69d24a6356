/**
 * The text edit behind `rewrite`: another function in the place of one. In: the current version, the hot function and
 * the given one; out: the module's new text, in which nothing else has moved. Pure.
 */
import MagicString from 'magic-string';
import { HotswapError } from '../error.ts';
import { type HotFunction, superCall } from '../loader/functions.ts';
import { blockOf, type FunctionNode, type Node, unwrapped } from '../loader/parse.ts';
import type { Bindings } from './bind.ts';
import { checkValue, type Destination } from './check.ts';
import { type Given, isConcise, paramsText } from './given.ts';
import { declaredWithin, type FreeReferences, freeReferences } from './scope.ts';

/**
 * @returns the new text of the whole module
 * @throws ERR_HOTSWAP_OUT_OF_SCOPE, ERR_HOTSWAP_ARITY (an accessor's parameters), ERR_HOTSWAP_STRUCTURAL
 */
export function rewriteText(to: Destination, what: Given, bind: Bindings): string {
  const { hot, analysis } = to;
  const free = freeReferences(what.node);
  if (what.isValue) checkValue(what, free, to);
  checkShape(to, what);

  const text = new MagicString(what.source);
  const keepsName = retarget(text, what, free, to);
  const constants = writeConstants(text, what.node, free, bind);
  const { node } = what;
  const params = paramsText(what, text);
  const async = node.async ? 'async ' : '';
  const star = node.generator ? '*' : '';

  let replacement: string;
  if (hot.owner !== undefined) {
    const accessor = hot.kind === 'getter' ? 'get ' : hot.kind === 'setter' ? 'set ' : '';
    const body = bodyText(text, node, constants);
    const kept = hot.derived && superCall(node) === undefined ? withSuper(to, body) : body;
    replacement = `${async}${star}${accessor}${keyText(analysis.source, hot)}(${params}) ${kept}`;
  } else if (hot.node.type === 'ArrowFunctionExpression' && node.type === 'ArrowFunctionExpression') {
    const concise = isConcise(node) && constants === '';
    const body = concise
      ? text.slice((node.body as Node).start, (node.body as Node).end)
      : bodyText(text, node, constants);
    replacement = `${async}(${params}) => ${body}`;
  } else {
    const declared = hot.node.type === 'FunctionDeclaration' ? (hot.node.id?.name ?? '') : '';
    const name = declared !== '' ? declared : keepsName ? what.ownName : '';
    replacement = `${async}function${star} ${name}(${params}) ${bodyText(text, node, constants)}`;
  }
  return new MagicString(analysis.source).overwrite(hot.start, hot.end, replacement).toString();
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
}

/**
 * Turns a function's calls to itself into calls of the function it replaces.
 * @returns whether the new text must keep the name it calls itself by, having no other way
 */
function retarget(
  text: MagicString,
  what: Given,
  free: FreeReferences,
  { hot, module }: Destination,
): boolean {
  const calls = what.ownName === undefined ? undefined : free.names.get(what.ownName);
  if (calls === undefined || what.ownName === undefined) return false;
  const self = selfReference(hot);
  if (self === what.ownName) return false;
  // A source string that calls a name of the module's means the module's.
  if (!what.isValue && what.node.id === null) return false;
  const [root = ''] = self?.split('.') ?? [];
  if (self !== undefined && !declaredWithin(what.node).has(root)) {
    calls.forEach(({ node, shorthand }) =>
      text.overwrite(node.start, node.end, shorthand ? `${what.ownName}: ${self}` : self),
    );
    return false;
  }
  const nameable =
    hot.owner === undefined &&
    (hot.node.type === 'FunctionExpression' || what.node.type !== 'ArrowFunctionExpression');
  if (nameable && hot.node.type !== 'FunctionDeclaration') return true;
  throw new HotswapError(
    'ERR_HOTSWAP_OUT_OF_SCOPE',
    `the function for ${module}#${hot.path} calls itself as ${what.ownName}, and ${
      self === undefined ? 'there is no name for it there' : `it has a variable of its own called ${root}`
    }. Write it as a named function, or name the variable otherwise.`,
    { module, path: hot.path, names: [what.ownName] },
  );
}

/** An expression for the function in its module: `price`, `resolvers.Query.users`, `Cart.prototype.total`. */
function selfReference({ reach }: HotFunction): string | undefined {
  if (reach === undefined) return undefined;
  const root = typeof reach.root === 'string' ? reach.root : reach.root.node.id?.name;
  if (root === undefined || !reach.keys.every((key) => /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key)))
    return undefined;
  return [root, ...reach.keys].join('.');
}

/** Puts bound constants in: as declarations for the body, which are returned, or in place where parameters use them. */
export function writeConstants(
  text: MagicString,
  node: FunctionNode,
  free: FreeReferences,
  { constants }: Bindings,
): string {
  const lines: string[] = [];
  const bodyStart = (node.body as Node).start;
  constants.forEach((literal, name) => {
    const references = free.names.get(name) ?? [];
    const inParams = references.filter((one) => one.node.start < bodyStart);
    for (const { node: use, shorthand } of inParams) {
      text.overwrite(use.start, use.end, shorthand ? `${name}: ${literal}` : `(${literal})`);
    }
    if (references.length > inParams.length) lines.push(`const ${name} = ${literal};`);
  });
  return lines.join(' ');
}

/** The body as a block, with the constants after its directives. */
function bodyText(text: MagicString, node: FunctionNode, constants: string): string {
  const lead = constants === '' ? '' : ` ${constants}`;
  const block = blockOf(node);
  if (block === undefined) {
    const body = node.body as Node;
    const inner = unwrapped(body);
    // `=> ({ … })` has its parentheses for the arrow's sake only.
    const from = inner.type === 'ObjectExpression' ? inner : body;
    return `{${lead} return ${text.slice(from.start, from.end)}; }`;
  }
  if (constants === '') return text.slice(block.start, block.end);
  let at = block.start + 1;
  for (const statement of block.body) {
    if ('directive' in statement && statement.directive) at = statement.end;
  }
  return `${text.slice(block.start, at)}${lead}${text.slice(at, block.end)}`;
}

/** A derived constructor keeps its own `super(…)` where the new body does not begin with one. */
function withSuper({ analysis, hot }: Destination, body: string): string {
  const call = superCall(hot.node) as Node;
  return `{ ${analysis.source.slice(call.start, call.end)}${body.slice(1)}`;
}
