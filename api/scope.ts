/**
 * Which names a function takes from outside itself. In: a function's tree; out: its free references, and what a
 * module declares to meet them. Scopes are oxc-walker's; nothing here looks at running values.
 */
import { isReferenceIdentifier, ScopeTracker, walk } from 'oxc-walker';
import { boundNames, eachChild, type FunctionNode, isClass, isFunction, type Node } from '../loader/parse.ts';

/** One identifier that refers to a variable. */
export interface Reference {
  node: Node;
  /** it stands for `{ name: name }` */
  shorthand: boolean;
  /** `typeof name`, which no missing variable makes fail */
  typeofOnly: boolean;
}

export interface FreeReferences {
  names: Map<string, Reference[]>;
  /** `this`, `super`, `new.target`, `arguments` that an arrow takes from where it stands; `#x` of a class outside */
  context: Set<string>;
}

/**
 * The free references of a function. Its own name is not its own here: a call to it is a reference like any other.
 */
export function freeReferences(fn: FunctionNode): FreeReferences {
  const names = references(fn, (name, tracker) => !tracker.isDeclared(name));
  return { names, context: contextOf(fn) };
}

/** Every mention of the names that a function declares with `var`, the declarations included. */
export function varReferences(fn: FunctionNode): Map<string, Reference[]> {
  const own = new Set<Node>();
  const look = (node: Node): void => {
    if (node.type === 'VariableDeclaration' && node.kind === 'var') own.add(node);
    if (!isFunction(node) && !isClass(node)) eachChild(node, look);
  };
  eachChild(fn, look);
  if (own.size === 0) return new Map();
  return references(fn, (name, tracker) => {
    const declaration = tracker.getDeclaration(name);
    return declaration?.type === 'Variable' && own.has(declaration.variableNode as Node);
  });
}

/** The identifiers of a function, by name, whose variable `wanted` picks where they stand. */
function references(
  fn: FunctionNode,
  wanted: (name: string, tracker: ScopeTracker) => boolean,
): Map<string, Reference[]> {
  // A copy, because a function's own name would count as declared; children are shared, so positions hold.
  const root = { ...fn, id: null } as Node;
  const names = new Map<string, Reference[]>();
  const shorthands = new Set<number>();
  const scopeTracker = new ScopeTracker({ preserveExitedScopes: true });
  walk(root, { scopeTracker });
  scopeTracker.freeze();
  walk(root, {
    scopeTracker,
    enter(node, parent) {
      if (node.type === 'Property' && node.shorthand) shorthands.add(node.key.start);
      if (node.type !== 'Identifier') return;
      const declares = parent?.type === 'VariableDeclarator' && parent.id === node;
      if ((!declares && !isReferenceIdentifier(node, parent)) || !wanted(node.name, scopeTracker)) return;
      const list = names.get(node.name) ?? [];
      // In `{ a }` key and value may be one node seen twice.
      if (list.some((seen) => seen.node.start === node.start)) return;
      list.push({
        node,
        shorthand: shorthands.has(node.start),
        typeofOnly: parent?.type === 'UnaryExpression' && parent.operator === 'typeof',
      });
      names.set(node.name, list);
    },
  });
  return names;
}

/** What a function takes from its place rather than from a variable. */
function contextOf(fn: FunctionNode): Set<string> {
  const found = new Set<string>();
  const look = (node: Node, own: boolean, declared: ReadonlySet<string>): void => {
    switch (node.type) {
      case 'ThisExpression':
        if (!own) found.add('this');
        return;
      case 'Super':
        found.add('super');
        return;
      case 'MetaProperty':
        if (!own && node.meta.name === 'new') found.add('new.target');
        return;
      case 'PrivateIdentifier':
        if (!declared.has(node.name)) found.add(`#${node.name}`);
        return;
    }
    if (isClass(node)) {
      const inner = new Set(declared);
      node.body.body.forEach((member) => {
        if ('key' in member && member.key.type === 'PrivateIdentifier') inner.add(member.key.name);
      });
      // Members have a `this`, and where the class extends something a `super`, of their own.
      if (node.superClass) look(node.superClass, own, declared);
      const within = contextInside(node.body, inner);
      within.forEach((name) => found.add(name));
      return;
    }
    const has = own || (isFunction(node) && node.type !== 'ArrowFunctionExpression');
    eachChild(node, (child) => look(child, has, declared));
  };
  look(fn, false, new Set());
  return found;
}

/** Private names that a class body uses and neither it nor one around it declares. */
function contextInside(body: Node, declared: ReadonlySet<string>): Set<string> {
  const found = new Set<string>();
  const look = (node: Node, names: ReadonlySet<string>): void => {
    if (node.type === 'PrivateIdentifier' && !names.has(node.name)) found.add(`#${node.name}`);
    let inner = names;
    if (isClass(node)) {
      const more = new Set(names);
      node.body.body.forEach((member) => {
        if ('key' in member && member.key.type === 'PrivateIdentifier') more.add(member.key.name);
      });
      inner = more;
    }
    eachChild(node, (child) => look(child, inner));
  };
  look(body, declared);
  return found;
}

/** Every name that is declared somewhere inside a function, its parameters included. */
export function declaredWithin(fn: FunctionNode): Set<string> {
  const names = new Set<string>();
  const look = (node: Node): void => {
    if (isFunction(node)) {
      if (node !== fn && node.id) names.add(node.id.name);
      node.params.forEach((param) => boundNames(param).forEach((name) => names.add(name)));
    } else if (isClass(node)) {
      if (node.id) names.add(node.id.name);
    } else if (node.type === 'VariableDeclarator') {
      boundNames(node.id).forEach((name) => names.add(name));
    } else if (node.type === 'CatchClause' && node.param) {
      boundNames(node.param).forEach((name) => names.add(name));
    }
    eachChild(node, look);
  };
  look(fn);
  return names;
}
