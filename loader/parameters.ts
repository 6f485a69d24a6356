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
 * How a parameter list may become the body's first statements. `flat`: `({ a }, b = g()) => { … }` as
 * `(hs$0, hs$1) => { var { a } = hs$0; var b = …; … }`. `nested`: as `{ let { a } = …; let b = …; { … } }`, where a default mentions
 * a later parameter, which is in its dead zone then, or the body declares what a default means otherwise (ECMA-262 10.2.11).
 */
export type ParameterMove = 'flat' | 'nested';

/** How patterns and defaults of the parameters may be moved into the body; undefined where they would mean something else there. */
export function movable(node: FunctionNode): ParameterMove | undefined {
  if (node.type !== 'ArrowFunctionExpression' && node.generator) return undefined; // would run at the first next()
  const { params } = node;
  if (params.some(isDecorated) || params.some(usesItself)) return undefined;
  const names = new Set<string>(params.flatMap((param: Node) => boundNames(param)));
  const bound = new Set<string>();
  const mentioned = new Set<string>();
  let move: ParameterMove | undefined = 'flat';
  const mention = (name: string): void => {
    mentioned.add(name);
    if (name === 'eval' || (names.has(name) && !bound.has(name))) move = 'nested';
  };
  for (const param of params) eachInTurn(param as Node, mention, (name) => bound.add(name));
  const block = blockOf(node);
  if (block === undefined) return move;
  declaredIn(block, (name, isVar) => {
    if (names.has(name) || mentioned.has(name)) move = isVar ? undefined : move && 'nested';
  });
  return mentioned.has('eval') && declaresVar(block) ? undefined : move;
}

/** Whether a parameter's default reads the parameter itself, as in `(a = a) => a`, which is an error when it does. */
function usesItself(param: Node): boolean {
  if (param.type !== 'AssignmentPattern' || param.left.type !== 'Identifier') return false;
  const { name } = param.left;
  const reads = (node: Node): boolean => {
    if (isFunction(node)) return false;
    if (node.type === 'Identifier') return node.name === name;
    let found = false;
    eachChild(node, (child) => {
      found ||= reads(child);
    });
    return found;
  };
  return reads(param.right);
}

/** Whether a function body has a `var` that an eval in the parameters must not see. */
function declaresVar(block: Node): boolean {
  let found = false;
  declaredIn(block, (_name, isVar) => {
    found ||= isVar;
  });
  return found;
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

/**
 * What a parameter does, in the order in which it does it: mentions names in defaults and computed keys, and binds its own. For
 * `{ a, [k]: b = a }` that is: binds a, mentions k and a, binds b (ECMA-262 8.6.2, BindingInitialization).
 */
function eachInTurn(node: Node, mentions: (name: string) => void, binds: (name: string) => void): void {
  switch (node.type) {
    case 'AssignmentPattern':
      freeNames(node.right).forEach(mentions);
      return eachInTurn(node.left, mentions, binds);
    case 'Property':
      if (node.computed) freeNames(node.key).forEach(mentions);
      return eachInTurn(node.value, mentions, binds);
    case 'Identifier':
      return binds(node.name);
    default:
      eachChild(node, (child) => eachInTurn(child, mentions, binds));
  }
}

/**
 * Names that an expression uses and that no function in it declares: `x` of `(y) => { var z = x + y; return z; }`. Those
 * that only a block, a loop or a class in it declares count as well; too many is safe.
 */
function freeNames(node: Node, names = new Set<string>()): Set<string> {
  if (node.type === 'Identifier') names.add(node.name);
  if (isFunction(node)) {
    // The body's own names are none of the parameters': `(p = q) => { var q; }` uses a `q` from around it.
    const own = new Set<string>(node.params.flatMap((param: Node) => boundNames(param)));
    if (node.type === 'FunctionExpression' && node.id) own.add(node.id.name);
    const outside = (used: Set<string>) => used.forEach((name) => own.has(name) || names.add(name));
    const inParameters = new Set<string>();
    for (const param of node.params) freeNames(param as Node, inParameters);
    outside(inParameters);
    const block = blockOf(node);
    if (block !== undefined) declaredIn(block, (name) => own.add(name));
    outside(freeNames(node.body as Node));
    return names;
  }
  eachChild(node, (child, key) => {
    // Keys of literals and names after a dot are no variables; `{ a }` is one all the same, as its value.
    const isKey = (key === 'key' || key === 'property') && 'computed' in node && !node.computed;
    if (!isKey) freeNames(child, names);
  });
  return names;
}

/** Names that a function body declares: its own let, const, class, function, and `var` at any depth. */
function declaredIn(body: Node, found: (name: string, isVar: boolean) => void, top = true): void {
  eachChild(body, (child) => {
    if (child.type === 'VariableDeclaration') {
      const isVar = child.kind === 'var';
      if (isVar || top)
        child.declarations.forEach((one) => boundNames(one.id).forEach((name) => found(name, isVar)));
    } else if (child.type === 'FunctionDeclaration' || child.type === 'ClassDeclaration') {
      if (top && child.id) found(child.id.name, false);
    } else if (!isFunction(child) && !isClass(child)) {
      declaredIn(child, found, false);
    }
  });
}
