/**
 * Which names a function takes from outside itself. In: a function's tree; out: its free references, and the names that
 * it declares. It stands alone: nothing here looks at a module or at running values.
 */
import {
  boundNames,
  eachChild,
  type FunctionNode,
  isClass,
  isFunction,
  type Node,
} from '../../loader/parse.ts';
import { moduleScope, scopesOf, type Reference as Use } from '../../loader/scopes.ts';

/** One identifier that refers to a variable. */
export interface Reference {
  node: Node;
  /** it stands for `{ name: name }` */
  shorthand: boolean;
  /** `typeof name`, which no missing variable makes fail */
  typeofOnly: boolean;
  /** the target of an assignment */
  writes: boolean;
}

export interface FreeReferences {
  names: Map<string, Reference[]>;
  /** `this`, `super`, `new.target` that it takes from where it stands; `#x` of a class outside */
  context: Set<string>;
}

/**
 * The free references of a function. Its own name is not its own here: a call to it is a reference like any other.
 */
export function freeReferences(fn: FunctionNode): FreeReferences {
  const uses = usesIn(fn);
  const context = new Set<string>();
  for (const { kind, key, scope } of uses) {
    // A method's `super` hangs on the object it was written in.
    if (
      kind !== 'variable' &&
      (scope === undefined || (key === 'super' && scope.parent?.parent === undefined))
    )
      context.add(key);
  }
  return {
    names: byName(uses.filter(({ kind, scope }) => kind === 'variable' && scope === undefined)),
    context,
  };
}

/** Every mention of the names that a function declares with `var`, the declarations included. */
export function varReferences(fn: FunctionNode): Map<string, Reference[]> {
  const names = new Set<string>();
  const look = (node: Node): void => {
    if (node.type === 'VariableDeclaration' && node.kind === 'var') {
      for (const one of node.declarations) boundNames(one.id).forEach((name) => names.add(name));
    }
    if (!isFunction(node) && !isClass(node)) eachChild(node, look);
  };
  eachChild(fn, look);
  if (names.size === 0) return new Map();
  return byName(
    usesIn(fn).filter(
      ({ key, scope }) => names.has(key) && scope?.isBody && scope.parent?.parent?.parent === undefined,
    ),
  );
}

/** Every mention of a function's parameters in its body. */
export function parameterReferences(fn: FunctionNode): Map<string, Reference[]> {
  const { start } = fn.body as Node;
  return byName(
    usesIn(fn).filter(
      ({ kind, node, scope }) =>
        kind === 'variable' &&
        node.start >= start &&
        scope?.parent !== undefined &&
        scope.parent.parent === undefined,
    ),
  );
}

/** The uses of names in a function by itself. The scope above its parameters is the top. */
function usesIn(fn: FunctionNode): Use[] {
  // A copy without a name, because that would count as declared; children are shared, so positions hold.
  const type = fn.type === 'FunctionDeclaration' ? 'FunctionExpression' : fn.type;
  const expression = { ...fn, type, id: null } as Node;
  const uses: Use[] = [];
  scopesOf([expression], moduleScope([]), uses);
  return uses;
}

function byName(uses: Use[]): Map<string, Reference[]> {
  const names = new Map<string, Reference[]>();
  for (const { key, node, parent, shorthand, writes } of uses) {
    const list = names.get(key) ?? [];
    list.push({
      node,
      shorthand,
      writes,
      typeofOnly: parent?.type === 'UnaryExpression' && parent.operator === 'typeof',
    });
    names.set(key, list);
  }
  return names;
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
