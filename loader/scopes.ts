/**
 * Who sees which variable. In: a module's tree; out: for each function what the functions and blocks around it hold, and
 * where each name leads. A variable that some inner function captures lives in a heap context already, so a patch
 * point may name it for nothing; any other it must leave alone, or V8 would have to move it there.
 */
import {
  blockOf,
  boundNames,
  type ClassNode,
  eachChild,
  type FunctionNode,
  firstName,
  isClass,
  isFunction,
  type Node,
} from './parse.ts';

/** What a patch point can hand to a replacement from around its function. */
export interface Surroundings {
  /** the name of a function expression, unless its parameters or body declare the same name */
  self: string | undefined;
  /**
   * captured variables of enclosing functions and blocks, innermost first, each name once; those left out whose name the function
   * declares itself, as the patch point stands among its own variables
   */
  names: CapturedName[];
  /** scopes that have an accessor of their own, innermost first, with the names that are to be asked of it */
  shared: { accessor: string; names: CapturedName[] }[];
  /** an arrow's: what of its function's `this`, `arguments`, `new.target` and `super` some arrow there captures */
  context: Set<ContextName>;
  /** #private names of classes inside functions, without `#`, as far as some member uses them */
  privates: string[];
}

type ContextName = 'this' | 'arguments' | 'new.target' | 'super';

export interface CapturedName {
  name: string;
  /** `const`, a class's or function expression's own name: an assignment throws */
  constant: boolean;
  /** whether something assigns to it after its declaration; V8 takes a variable that nothing does for a constant */
  assigned: boolean;
  /** a variable of the same name is nearer to the function that asks */
  hidden?: boolean;
}

/** One use of a name. */
export interface Reference {
  /** the variable, `this` and the like, or `#name` */
  key: string;
  kind: 'variable' | 'context' | 'private';
  /** the identifier; for `super.x` and `o.#x` the `super` and the `#x` */
  node: Node;
  parent: Node | undefined;
  /** where it is declared; undefined: nowhere in the module */
  scope: Scope | undefined;
  /** the target of an assignment */
  writes: boolean;
  /** the place where the name is declared, not a use */
  declares: boolean;
  /** `{ name }`, which stands for `{ name: name }` */
  shorthand: boolean;
}

interface Variable extends CapturedName {
  captured: boolean;
}

/** A function's, block's or class's variables. */
export interface Scope {
  parent: Scope | undefined;
  /** the function, field or static block whose code this is; undefined at the top level */
  owner: Node | undefined;
  variables: Map<string, Variable>;
  /** of a function with a `this` of its own: what is captured of it */
  context: Map<ContextName, { captured: boolean }> | undefined;
  /** of a class: its private names, with whether a member uses them */
  privates: Map<string, boolean> | undefined;
  /** a function's body, where its `var` declarations go */
  isBody: boolean;
  /** the block that its statements stand in, if they do */
  block: Node | undefined;
  /** how many functions stand in it, at any depth */
  inner: number;
  /** the module's, or a top-level class's: evaluated code sees it without being handed anything */
  handedOver: boolean;
}

/** A function that answers for the captured variables of one scope, to be declared there. */
export interface Accessor {
  name: string;
  block: Node;
  names: CapturedName[];
}

export interface ScopeMap {
  /** Scopes with so many variables and functions that naming all in each function would swell the text. */
  accessors(): Accessor[];
  /** What is around a function; empty for one that stands at the top level. */
  around(fn: FunctionNode): Surroundings;
  /** The scope that a function stands in. */
  outside(fn: Node): Scope;
  /** Parameters of a function that functions inside it capture. */
  capturedParameters(fn: Node): string[];
}

/** What holds of a reference that is no variable's. */
const READ = { writes: false, declares: false, shorthand: false };

const CONTEXT: readonly ContextName[] = ['this', 'arguments', 'new.target', 'super'];

/** The scope of a module's own variables. What is captured of them and assigned to is not kept up: nothing is handed on of them. */
export function moduleScope(body: readonly Node[]): Scope {
  const top = scope(undefined, undefined, true);
  top.handedOver = true;
  declareAll(body, top, top);
  return top;
}

/**
 * Reads the scopes in statements of a module (ECMA-262 chapters 9.1 and 14 to 16).
 * @param top the scope that they stand in: `moduleScope` of all the module's statements
 * @param references collects every use of a name, in source order, where given
 */
export function scopesOf(body: readonly Node[], top: Scope, references?: Reference[]): ScopeMap {
  const places = new Map<Node, Scope>();
  const parameters = new Map<Node, Scope>();
  const bodies = new Map<Node, Scope>();
  const blocks: Scope[] = [];
  for (let i = 0; i < body.length; i++) refer(body[i] as Node, top);
  return {
    around,
    accessors,
    outside: (fn) => places.get(fn) ?? top,
    capturedParameters: (fn) => captured(parameters.get(fn) as Scope).map(({ name }) => name),
  };

  function around(fn: FunctionNode): Surroundings {
    const own = [parameters.get(fn), bodies.get(fn)];
    const isOwn = (name: string): boolean => own.some((one) => one?.variables.has(name));
    const named = fn.type === 'FunctionExpression' ? fn.id?.name : undefined;
    const self = named === undefined || isOwn(named) ? undefined : named;
    const found: Surroundings = { self, names: [], shared: [], context: new Set(), privates: [] };
    const seen = new Set<string>();
    let wantsContext = fn.type === 'ArrowFunctionExpression';
    for (let at = places.get(fn); at !== undefined; at = at.parent) {
      if (at.handedOver) break;
      const names = at.block === undefined || !isCrowded(at) ? found.names : [];
      if (names !== found.names) found.shared.push({ accessor: accessorName(at.block as Node), names });
      at.variables.forEach((variable) => {
        const hidden = seen.has(variable.name);
        seen.add(variable.name);
        if (!variable.captured) return;
        // An accessor answers for all of its scope, so what is hidden keeps its place there.
        if (names !== found.names) names.push(hidden ? { ...variable, hidden } : variable);
        else if (!hidden && variable.name !== named && !isOwn(variable.name)) names.push(variable);
      });
      at.privates?.forEach((used, name) => {
        if (used && found.privates.indexOf(name) < 0) found.privates.push(name);
      });
      if (wantsContext && at.context !== undefined) {
        at.context.forEach(({ captured }, name) => {
          if (captured) found.context.add(name);
        });
        wantsContext = false;
      }
    }
    return found;
  }

  function accessors(): Accessor[] {
    const found: Accessor[] = [];
    for (let i = 0; i < blocks.length; i++) {
      const one = blocks[i] as Scope;
      if (!isCrowded(one)) continue;
      const names = captured(one);
      found.push({ name: accessorName(one.block as Node), block: one.block as Node, names });
    }
    return found;
  }

  /** Walks code in `here`, opening scopes and following names as it goes. */
  function refer(node: Node, here: Scope, parent?: Node): void {
    if (isFunction(node)) return referFunction(node, here);
    if (isClass(node)) return referClass(node, here);
    switch (node.type) {
      case 'Identifier':
        return use(node.name, node, here, parent);
      case 'JSXIdentifier':
        // `<div>` is a name of JSX's own, `<Page>` and `<ui.page>` are variables.
        if (node.name === 'this') return useContext('this', node, here, parent);
        if (parent?.type === 'JSXMemberExpression' || /^[^a-z]/.test(node.name))
          use(node.name, node, here, parent);
        return;
      case 'JSXMemberExpression':
        return refer(node.object, here, node);
      case 'JSXAttribute':
        if (node.value) refer(node.value, here, node);
        return;
      case 'JSXNamespacedName':
        return;
      case 'TSEnumDeclaration': {
        const members = initialiser(node, here);
        node.body.members.forEach(({ id }) => {
          if (id.type === 'Identifier') declare(members, id.name, true);
        });
        return node.body.members.forEach(({ initializer }) => {
          if (initializer) refer(initializer, members, node);
        });
      }
      case 'TSModuleDeclaration': {
        if (node.body?.type !== 'TSModuleBlock') return;
        const inside = inBlock(initialiser(node, here), node.body);
        declareAll(node.body.body as Node[], inside, inside);
        return node.body.body.forEach((statement) => refer(statement as Node, inside, node));
      }
      case 'TSImportEqualsDeclaration':
        return;
      case 'ThisExpression':
        return useContext('this', node, here, parent);
      case 'Super':
        return useContext('super', node, here, parent);
      case 'MetaProperty':
        if (node.meta.name === 'new') useContext('new.target', node, here, parent);
        return;
      case 'PrivateIdentifier':
        return usePrivate(node.name, node, here, parent);
      case 'MemberExpression':
        refer(node.object, here, node);
        if (node.computed || node.property.type === 'PrivateIdentifier') refer(node.property, here, node);
        return;
      case 'Property':
        if (node.computed) refer(node.key, here, node);
        return refer(node.value, here, node);
      case 'LabeledStatement':
        return refer(node.body, here, node);
      case 'BreakStatement':
      case 'ContinueStatement':
      case 'ImportDeclaration':
      case 'ExportAllDeclaration':
        return;
      case 'ExportNamedDeclaration':
        if (node.declaration) refer(node.declaration, here, node);
        return;
      case 'VariableDeclarator':
        pattern(node.id, here, false, node);
        if (node.init) refer(node.init, here, node);
        return;
      case 'AssignmentExpression':
        pattern(node.left, here, true, node);
        return refer(node.right, here, node);
      case 'UpdateExpression':
        return pattern(node.argument, here, true, node);
      case 'BlockStatement': {
        const block = inBlock(scope(here, here.owner), node);
        declareAll(node.body, block, functionScope(here));
        return node.body.forEach((statement) => refer(statement, block, node));
      }
      case 'SwitchStatement': {
        refer(node.discriminant, here, node);
        const block = scope(here, here.owner);
        node.cases.forEach((one) => declareAll(one.consequent, block, functionScope(here)));
        node.cases.forEach((one) => {
          if (one.test) refer(one.test, block, one);
          one.consequent.forEach((statement) => refer(statement, block, one));
        });
        return;
      }
      case 'ForStatement':
      case 'ForInStatement':
      case 'ForOfStatement': {
        const block = scope(here, here.owner);
        const head = node.type === 'ForStatement' ? node.init : node.left;
        if (head?.type === 'VariableDeclaration') {
          if (head.kind !== 'var') declareVariables(head, block);
          refer(head, block, node);
        } else if (head && node.type !== 'ForStatement') {
          pattern(head, block, true, node);
        } else if (head) {
          refer(head, block, node);
        }
        eachChild(node, (child) => {
          if (child !== head) refer(child, block, node);
        });
        return;
      }
      case 'CatchClause': {
        const block = scope(here, here.owner);
        if (node.param) {
          boundNames(node.param).forEach((name) => declare(block, name, false));
          pattern(node.param, block, false, node);
        }
        return refer(node.body, block, node);
      }
    }
    eachChild(node, (child) => refer(child, here, node));
  }

  function referFunction(fn: FunctionNode, here: Scope): void {
    places.set(fn, here);
    for (let at: Scope | undefined = here; at !== undefined; at = at.parent) at.inner++;
    let outer = here;
    if (fn.type === 'FunctionExpression' && fn.id) {
      outer = scope(here, fn);
      declare(outer, fn.id.name, true);
    }
    const block = blockOf(fn);
    const params = scope(outer, fn, block === undefined);
    parameters.set(fn, params);
    if (fn.type !== 'ArrowFunctionExpression') params.context = ownContext();
    fn.params.forEach((param) => {
      boundNames(param).forEach((name) => declare(params, name, false));
    });
    fn.params.forEach((param: Node) => {
      if ('decorators' in param) param.decorators?.forEach((one) => refer(one.expression, here, one));
      pattern(param, params, false, fn);
    });
    if (block === undefined) {
      if (fn.body !== null) refer(fn.body as Node, params, fn);
      return;
    }
    const body = inBlock(scope(params, fn, true), block);
    bodies.set(fn, body);
    declareAll(block.body as Node[], body, body);
    block.body.forEach((statement) => refer(statement as Node, body, block));
  }

  function inBlock(opened: Scope, block: Node): Scope {
    opened.block = block;
    blocks.push(opened);
    return opened;
  }

  function referClass(node: ClassNode, here: Scope): void {
    node.decorators?.forEach((one) => refer(one.expression, here, one));
    const block = scope(here, here.owner);
    block.handedOver = here.handedOver;
    if (node.id) declare(block, node.id.name, true);
    const privates = new Map<string, boolean>();
    block.privates = privates;
    node.body.body.forEach((member) => {
      if ('key' in member && member.key.type === 'PrivateIdentifier') privates.set(member.key.name, false);
    });
    if (node.superClass) refer(node.superClass, block, node);
    node.body.body.forEach((member) => {
      if ('decorators' in member) member.decorators?.forEach((one) => refer(one.expression, block, one));
      if (member.type === 'StaticBlock') {
        const body = initialiser(member, block);
        declareAll(member.body, body, body);
        member.body.forEach((statement) => refer(statement, body, member));
      } else if (member.type === 'MethodDefinition') {
        if (member.computed) refer(member.key, block, member);
        refer(member.value, block, member);
      } else if (member.type === 'PropertyDefinition' || member.type === 'AccessorProperty') {
        if (member.computed) refer(member.key, block, member);
        if (member.value) refer(member.value, initialiser(member, block), member);
      }
    });
  }

  /** Field initialisers and static blocks run as functions of their own, with a `this`. */
  function initialiser(member: Node, around: Scope): Scope {
    const body = scope(around, member, true);
    body.context = ownContext();
    return body;
  }

  /** A binding or assignment pattern: `writes` where its names are assigned to rather than declared. */
  function pattern(node: Node, here: Scope, writes: boolean, parent: Node, shorthand = false): void {
    switch (node.type) {
      case 'Identifier':
        return use(node.name, node, here, parent, writes ? 'writes' : 'declares', shorthand);
      case 'AssignmentPattern':
        pattern(node.left, here, writes, node, shorthand);
        return refer(node.right, here, node);
      case 'RestElement':
        return pattern(node.argument, here, writes, node);
      case 'ArrayPattern':
        return node.elements.forEach((element) => {
          if (element) pattern(element, here, writes, node);
        });
      case 'ObjectPattern':
        return node.properties.forEach((property) => {
          if (property.type === 'RestElement') return pattern(property, here, writes, node);
          if (property.computed) refer(property.key, here, property);
          pattern(property.value, here, writes, property, property.shorthand);
        });
      case 'ParenthesizedExpression':
        return pattern(node.expression, here, writes, parent);
      default:
        return refer(node, here, parent);
    }
  }

  function use(
    name: string,
    node: Node,
    here: Scope,
    parent: Node | undefined,
    how: 'reads' | 'writes' | 'declares' = 'reads',
    shorthand = parent?.type === 'Property' && parent.shorthand,
  ): void {
    let at: Scope | undefined = here;
    for (; at !== undefined; at = at.parent) {
      const variable = at.variables.get(name);
      if (variable !== undefined) {
        if (at.owner !== here.owner) variable.captured = true;
        if (how === 'writes') variable.assigned = true;
        break;
      }
      if (name === 'arguments' && at.context !== undefined) return useContext(name, node, here, parent);
    }
    const [writes, declares] = [how === 'writes', how === 'declares'];
    references?.push({ key: name, kind: 'variable', node, parent, scope: at, writes, declares, shorthand });
  }

  function useContext(name: ContextName, node: Node, here: Scope, parent: Node | undefined): void {
    let at: Scope | undefined = here;
    while (at !== undefined && at.context === undefined) at = at.parent;
    if (at?.context !== undefined && at.owner !== here.owner) {
      // `super.x` takes `this` along.
      if (name === 'super') (at.context.get('this') as { captured: boolean }).captured = true;
      (at.context.get(name) as { captured: boolean }).captured = true;
    }
    references?.push({ ...READ, key: name, kind: 'context', node, parent, scope: at });
  }

  function usePrivate(name: string, node: Node, here: Scope, parent: Node | undefined): void {
    let at: Scope | undefined = here;
    while (at !== undefined && at.privates?.has(name) !== true) at = at.parent;
    at?.privates?.set(name, true);
    references?.push({ ...READ, key: `#${name}`, kind: 'private', node, parent, scope: at });
  }
}

function scope(parent: Scope | undefined, owner: Node | undefined, isBody = false): Scope {
  return {
    parent,
    owner,
    variables: new Map(),
    context: undefined,
    privates: undefined,
    isBody,
    block: undefined,
    inner: 0,
    handedOver: false,
  };
}

function declare(to: Scope, name: string, constant: boolean): void {
  if (!to.variables.has(name)) to.variables.set(name, { name, constant, assigned: false, captured: false });
}

/** Enters the lexical declarations of a statement list into `block`, and `var` at any depth into `vars`. */
function declareAll(statements: readonly Node[], block: Scope, vars: Scope): void {
  for (let i = 0; i < statements.length; i++) {
    let statement = statements[i] as Node;
    if (
      (statement.type === 'ExportNamedDeclaration' || statement.type === 'ExportDefaultDeclaration') &&
      statement.declaration
    ) {
      statement = statement.declaration as Node;
    }
    if (statement.type === 'ImportDeclaration') {
      statement.specifiers.forEach((one) => declare(block, one.local.name, true));
    } else if (statement.type === 'FunctionDeclaration' || statement.type === 'ClassDeclaration') {
      if (statement.id) declare(block, statement.id.name, false);
    } else if (statement.type === 'VariableDeclaration') {
      declareVariables(statement, statement.kind === 'var' ? vars : block);
    } else if (
      statement.type === 'TSEnumDeclaration' ||
      statement.type === 'TSModuleDeclaration' ||
      statement.type === 'TSImportEqualsDeclaration'
    ) {
      const name = firstName(statement.id as Node);
      if (name !== undefined) declare(block, name, false);
    } else {
      hoist(statement, vars);
    }
  }
}

function declareVariables(node: Extract<Node, { type: 'VariableDeclaration' }>, to: Scope): void {
  const constant = node.kind !== 'let' && node.kind !== 'var';
  node.declarations.forEach((one) => {
    boundNames(one.id).forEach((name) => declare(to, name, constant));
  });
}

/** `var` declarations inside a statement, which belong to the function. Expressions hold none but those of their own functions. */
function hoist(node: Node, vars: Scope): void {
  switch (node.type) {
    case 'VariableDeclaration':
      if (node.kind === 'var') declareVariables(node, vars);
      return;
    case 'BlockStatement':
    case 'IfStatement':
    case 'ForStatement':
    case 'ForInStatement':
    case 'ForOfStatement':
    case 'WhileStatement':
    case 'DoWhileStatement':
    case 'SwitchStatement':
    case 'SwitchCase':
    case 'TryStatement':
    case 'CatchClause':
    case 'LabeledStatement':
    case 'WithStatement':
      eachChild(node, (child) => hoist(child, vars));
  }
}

/** The scope that `var` belongs to. */
function functionScope(here: Scope): Scope {
  let at = here;
  while (!at.isBody && at.parent !== undefined) at = at.parent;
  return at;
}

/** Names times functions from which on a scope gets an accessor: a closure more for each run of it, and a text that stays linear. */
const CROWD = 200;

function isCrowded(scope: Scope): boolean {
  if (scope.block === undefined || scope.inner * scope.variables.size < CROWD) return false;
  return scope.inner * captured(scope).length >= CROWD;
}

function captured(scope: Scope): CapturedName[] {
  const names: CapturedName[] = [];
  scope.variables.forEach((variable) => {
    if (variable.captured) names.push(variable);
  });
  return names;
}

function accessorName(block: Node): string {
  return `hs$s${block.start}`;
}

function ownContext(): Map<ContextName, { captured: boolean }> {
  const context = new Map<ContextName, { captured: boolean }>();
  CONTEXT.forEach((name) => context.set(name, { captured: false }));
  return context;
}
