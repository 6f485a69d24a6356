/**
 * What a function's parameter list does besides naming parameters. In: a function's tree; out: its arity, and whether its
 * patterns and defaults may be moved into the body, so that a patch point can come before them. Pure.
 */
import {
  blockOf,
  boundNames,
  eachChild,
  type FunctionNode,
  isClass,
  isFunction,
  type Node,
} from './parse.ts';

/** The value of `.length` (ECMA-262 15.1.5, ExpectedArgumentCount). */
export function arityOf(node: FunctionNode): number {
  const { params } = node;
  for (let i = 0; i < params.length; i++) {
    const type = (params[i] as Node).type;
    if (type === 'AssignmentPattern' || type === 'RestElement') return i;
  }
  return params.length;
}

/** Whether some parameter is a pattern or has a default. */
export function hasInitialisers(node: FunctionNode): boolean {
  return node.params.some(
    (param: Node) =>
      param.type !== 'Identifier' && !(param.type === 'RestElement' && param.argument.type === 'Identifier'),
  );
}

/**
 * Whether patterns and defaults of the parameters mean the same as the body's first statements. They do not
 * where one mentions itself or a later parameter (which must be in its dead zone), where the body declares a
 * name that they mention or bind (the body's scope is another), or where `eval` could tell (ECMA-262 10.2.11).
 */
export function movable(node: FunctionNode): boolean {
  if (node.type !== 'ArrowFunctionExpression' && node.generator) return false; // would run at the first next()
  const { params } = node;
  if (params.some(isDecorated)) return false;
  const later = new Set<string>();
  const mentioned = new Set<string>();
  for (let i = params.length - 1; i >= 0; i--) {
    const param = params[i] as Node;
    boundNames(param).forEach((name) => {
      later.add(name);
    });
    const used = new Set<string>();
    initialiserNames(param, used);
    let clash = used.has('eval');
    used.forEach((name) => {
      clash ||= later.has(name);
      mentioned.add(name);
    });
    if (clash) return false;
  }
  const block = blockOf(node);
  if (block === undefined) return true;
  let clash = false;
  declaredIn(block, (name) => {
    clash ||= later.has(name) || mentioned.has(name);
  });
  return !clash;
}

/** Whether a parameter has a decorator, or a type that one is told. */
function isDecorated(param: Node): boolean {
  const inner = param.type === 'AssignmentPattern' ? param.left : param;
  return [param, inner].some(
    (one) =>
      ('decorators' in one && (one.decorators ?? []).length > 0) ||
      ('typeAnnotation' in one && Boolean(one.typeAnnotation)),
  );
}

/** Every identifier that a parameter's defaults and computed keys mention, at any depth; too many is safe. */
function initialiserNames(node: Node, names: Set<string>): void {
  const mention = (inner: Node): void => {
    if (inner.type === 'Identifier') names.add(inner.name);
    eachChild(inner, (child, key) => {
      // Keys of literals and names after a dot are no variables; `{ a }` is one all the same, as its value.
      const isKey = (key === 'key' || key === 'property') && 'computed' in inner && !inner.computed;
      if (!isKey) mention(child);
    });
  };
  switch (node.type) {
    case 'AssignmentPattern':
      initialiserNames(node.left, names);
      mention(node.right);
      break;
    case 'Property':
      if (node.computed) mention(node.key);
      initialiserNames(node.value, names);
      break;
    case 'Identifier':
      break;
    default:
      eachChild(node, (child) => initialiserNames(child, names));
  }
}

/** Names that a function body declares: its own let, const, class, function, and `var` at any depth. */
function declaredIn(body: Node, found: (name: string) => void, top = true): void {
  eachChild(body, (child) => {
    if (child.type === 'VariableDeclaration') {
      if (child.kind === 'var' || top) child.declarations.forEach((one) => boundNames(one.id).forEach(found));
    } else if (child.type === 'FunctionDeclaration' || child.type === 'ClassDeclaration') {
      if (top && child.id) found(child.id.name);
    } else if (!isFunction(child) && !isClass(child)) {
      declaredIn(child, found, false);
    }
  });
}
