/**
 * The hot functions of a module and their paths. In: a source text and its tree; out: every function that can
 * be swapped, in source order, each with a name that holds as long as the code around it does, as one list for the
 * loader, or by top-level statement for the API. Pure: all see a module through what is found here.
 */

import { arityOf, hasInitialisers, movable } from './parameters.ts';
import {
  blockOf,
  type ClassNode,
  eachChild,
  type FunctionNode,
  isClass,
  isFunction,
  lineOf,
  type MethodDefinition,
  type Node,
  type ObjectProperty,
  type Program,
  skipTrivia,
  startOf,
  unwrapped,
} from './parse.ts';
import { type Naming, naming } from './paths.ts';
import {
  type Accessor,
  moduleScope,
  type Reference,
  type Scope,
  type ScopeMap,
  type Surroundings,
  scopesOf,
} from './scopes.ts';

export type FunctionKind = 'function' | 'arrow' | 'method' | 'getter' | 'setter' | 'constructor';

/** How the running program can be asked for the function: the variable it hangs on, then the keys. */
export interface Reach {
  /** a module variable, or the class itself (`this` of the class scope) */
  root: string | ClassScope;
  keys: string[];
}

/** A class at the top level: its own scope, through which its functions see #private names and `super`. */
export interface ClassScope {
  /** position among the module's classes, from 0 */
  index: number;
  path: string;
  node: ClassNode;
}

/** One function that can be swapped. */
export interface HotFunction {
  /** position among the module's hot functions, from 0: the number in the name of its cell */
  index: number;
  /** `add`, `Cart.prototype.total`, `Cart.prototype.get size`, `app.get('/x')[1]`, with `~2` for the second of equals */
  path: string;
  kind: FunctionKind;
  async: boolean;
  generator: boolean;
  /** what `.length` says: parameters before the first with a default or rest */
  arity: number;
  /** line of its first character, from 1 */
  line: number;
  /** offsets of its text as `toString()` would give it: a method with its key, without `static` */
  start: number;
  end: number;
  /** the function itself, for a method the part from its parameters on */
  node: FunctionNode;
  /** the method definition or property that holds it, for kinds other than function and arrow */
  owner: MethodDefinition | ObjectProperty | undefined;
  /** the top-level class around it, whose scope its code is evaluated in */
  classScope: ClassScope | undefined;
  /** the class that it is a member of */
  memberOf: ClassScope | undefined;
  /** whether it is on the static side of that class */
  isStatic: boolean;
  /** a constructor of a class with `extends`: hot after `super(…)` */
  derived: boolean;
  reach: Reach | undefined;
  /** stands in a function, or in a block with variables of its own: `reach` is no way to it from the module */
  local: boolean;
  /** the hot function it stands in, if any */
  parent: HotFunction | undefined;
  /** what its patch point hands on of the functions and blocks around it; at the top level only its own name */
  surroundings: Surroundings;
  /** the scope that it stands in */
  scope: Scope;
  /** its parameters that functions inside it capture */
  capturedParameters: readonly string[];
}

/** All that `functionsOf` finds. */
export interface ModuleFunctions {
  functions: HotFunction[];
  classes: ClassScope[];
  /** accessors to be declared in crowded scopes */
  accessors: Accessor[];
}

/** What one top-level statement holds. */
export interface Part extends ModuleFunctions {
  start: number;
  end: number;
  statement: Node;
  /** every use of a name in it, in source order; none where they were not asked for */
  references: Reference[];
  /** every path that was given in it, before `~2` and the like told equals apart */
  names: string[];
}

interface Place {
  /** path of the function around, with ` > ` after it */
  prefix: string;
  /** inside a function, or a block with variables of its own: nothing there can be walked to */
  local: boolean;
  parent: HotFunction | undefined;
  /** path of a function that stands right here */
  name: string;
  /** what a call that stands here puts before its own text: `total = ` in `const total = memo(() => …)` */
  lead: string;
  reach: Reach | undefined;
  classScope: ClassScope | undefined;
  memberOf: ClassScope | undefined;
  isStatic: boolean;
  /** an arrow right here is a field's value, and its `this` the instance or class */
  isField: boolean;
}

/**
 * Finds the hot functions of a module.
 * @param program the tree of `source`
 * @param references collects every use of a name in it, in source order, where given
 * @param named see `partReader`
 */
export function functionsOf(
  source: string,
  program: Program,
  references?: Reference[],
  named = true,
): ModuleFunctions {
  const found: ModuleFunctions = { functions: [], classes: [], accessors: [] };
  const top = moduleScope(program.body as Node[]);
  const read = partReader(source, top, references !== undefined, [], named);
  for (let i = 0; i < program.body.length; i++) {
    const part = read(program.body[i] as Node);
    addTo(found, part);
    references?.push(...part.references);
  }
  return found;
}

/** Adds what a statement holds to what those before it hold. */
export function addTo(all: ModuleFunctions, { functions, classes, accessors }: ModuleFunctions): void {
  for (let i = 0; i < functions.length; i++) all.functions.push(functions[i] as HotFunction);
  for (let i = 0; i < classes.length; i++) all.classes.push(classes[i] as ClassScope);
  for (let i = 0; i < accessors.length; i++) all.accessors.push(accessors[i] as Accessor);
}

/**
 * Reads a module's top-level statements, one a call and in order.
 * @param top the module's scope
 * @param withReferences whether uses of names are wanted
 * @param before what stands before the first statement that will be read
 * @param named whether functions are to have their paths, lines and `reach`: the loader asks for none of them
 */
export function partReader(
  source: string,
  top: Scope,
  withReferences: boolean,
  before: readonly Part[] = [],
  named = true,
): (statement: Node) => Part {
  const seen = new Map<string, number>();
  const { keyText, callText, text } = named ? naming(source) : UNNAMED;
  let last = { offset: 0, line: 1 };
  let index = 0;
  let classIndex = 0;
  let part: Part;
  let scopes: ScopeMap;
  for (let i = 0; i < before.length; i++) {
    const { functions, classes, names } = before[i] as Part;
    index += functions.length;
    classIndex += classes.length;
    for (let n = 0; n < names.length; n++)
      seen.set(names[n] as string, (seen.get(names[n] as string) ?? 0) + 1);
  }

  const outermost: Place = {
    prefix: '',
    local: false,
    parent: undefined,
    name: 'anonymous',
    lead: '',
    reach: undefined,
    classScope: undefined,
    memberOf: undefined,
    isStatic: false,
    isField: false,
  };
  return (statement) => {
    const { end } = statement;
    const start = startOf(statement);
    const references: Reference[] = [];
    scopes = scopesOf([statement], top, withReferences ? references : undefined);
    const accessors = scopes.accessors();
    part = { start, end, statement, functions: [], classes: [], accessors, references, names: [] };
    visit(statement, outermost);
    return part;
  };

  /** Functions come in source order, all but some keys of classes, so that each search goes on from the one before. */
  function lineAt(offset: number): number {
    if (!named) return 0;
    if (offset < last.offset) last = { offset: 0, line: 1 };
    last = { offset, line: lineOf(source, offset, last.offset, last.line) };
    return last.line;
  }

  function unique(path: string): string {
    if (!named) return '';
    const count = (seen.get(path) ?? 0) + 1;
    seen.set(path, count);
    part.names.push(path);
    return count === 1 ? path : `${path}~${count}`;
  }

  function add(
    node: FunctionNode,
    place: Place,
    path: string,
    kind: FunctionKind,
    owner: HotFunction['owner'],
    derived = false,
  ): void {
    if (isAsm(node)) return;
    const whole = owner ?? node;
    let { start } = whole;
    if (owner !== undefined && 'static' in owner) {
      const decorator = owner.decorators?.at(-1);
      if (decorator !== undefined) start = skipTrivia(source, decorator.end);
      if (owner.static) start = skipTrivia(source, start + 'static'.length);
    }
    const surroundings = scopes.around(node);
    if (kind === 'arrow' && place.isField) surroundings.context.add('this');
    const hot: HotFunction = {
      index: index++,
      path: unique(place.prefix + path),
      kind,
      async: node.async,
      generator: node.type !== 'ArrowFunctionExpression' && node.generator,
      arity: arityOf(node),
      line: lineAt(start),
      start,
      end: whole.end,
      node,
      owner,
      classScope: place.classScope,
      isStatic: place.isStatic,
      memberOf: place.memberOf,
      derived,
      reach: place.reach,
      local: place.local,
      parent: place.parent,
      surroundings,
      scope: scopes.outside(node),
      capturedParameters: scopes.capturedParameters(node),
    };
    part.functions.push(hot);
    enter(node, hot.path, { ...place, parent: hot });
  }

  /** Goes on to the functions inside one. */
  function enter(node: FunctionNode, path: string, place: Place): void {
    const inside: Place = {
      ...outermost,
      prefix: `${path} > `,
      local: true,
      parent: place.parent,
      classScope: place.classScope,
    };
    for (let i = 0; i < node.params.length; i++) visit(node.params[i] as Node, inside);
    if (node.body === null) return;
    visit(
      node.body as Node,
      blockOf(node) === undefined ? { ...inside, name: 'return', lead: 'return ' } : inside,
    );
  }

  function visit(node: Node, place: Place): void {
    if (isFunction(node)) {
      if (node.type === 'ArrowFunctionExpression') {
        if (canForward(node)) add(node, place, place.name, 'arrow', undefined);
        else enter(node, unique(place.prefix + place.name), place);
      } else {
        const declared = node.type === 'FunctionDeclaration' ? node.id?.name : undefined;
        const at = declared === undefined ? place : { ...place, reach: { root: declared, keys: [] } };
        add(node, at, declared ?? place.name, 'function', undefined);
      }
      return;
    }
    if (isClass(node)) return visitClass(node, place);
    switch (node.type) {
      case 'ExportDefaultDeclaration':
        return visit(node.declaration, { ...place, name: 'default', lead: 'default = ' });
      case 'VariableDeclarator':
        visit(node.id, place);
        if (node.init && !isLeaf(node.init))
          visit(
            node.init,
            node.id.type === 'Identifier' ? at(place, node.id.name, variable(node.id.name)) : place,
          );
        return;
      case 'AssignmentPattern':
        visit(node.left, place);
        return visit(
          node.right,
          node.left.type === 'Identifier' ? at(place, node.left.name, variable(node.left.name)) : place,
        );
      case 'AssignmentExpression': {
        visit(node.left, place);
        if (isLeaf(node.right)) return;
        const name = text(node.left);
        return visit(node.right, at(place, name, reachOf(node.left)));
      }
      case 'CallExpression':
      case 'NewExpression': {
        if (!isLeaf(node.callee)) visit(node.callee, at(place, `${place.lead}iife`, undefined, place.lead));
        let call: string | undefined;
        for (let i = 0; i < node.arguments.length; i++) {
          const argument = node.arguments[i] as Node;
          if (isLeaf(argument)) continue;
          call ??= callText(node);
          visit(argument, at(place, `${place.lead}${call}[${i}]`, undefined));
        }
        return;
      }
      case 'TaggedTemplateExpression': {
        visit(node.tag, place);
        const { expressions } = node.quasi;
        for (let i = 0; i < expressions.length; i++) {
          visit(expressions[i] as Node, at(place, `${place.lead}${text(node.tag)}\`\`[${i}]`, undefined));
        }
        return;
      }
      case 'ArrayExpression':
        for (let i = 0; i < node.elements.length; i++) {
          const element = node.elements[i];
          if (element && !isLeaf(element))
            visit(element, at(place, `${place.name}[${i}]`, step(place.reach, String(i))));
        }
        return;
      case 'ObjectExpression':
        for (let i = 0; i < node.properties.length; i++) {
          const property = node.properties[i] as ObjectProperty | Node;
          if (property.type === 'Property') visitProperty(property as ObjectProperty, place);
          else visit(property, place);
        }
        return;
      case 'MemberExpression':
        if (!isLeaf(node.object)) visit(node.object, at(place, place.name, undefined, place.lead));
        if (node.computed) visitKey(node.property, place);
        return;
      case 'JSXOpeningElement':
        for (let i = 0; i < node.attributes.length; i++) {
          const attribute = node.attributes[i] as Node;
          const name = attribute.type === 'JSXAttribute' ? text(attribute.name) : '...';
          visit(attribute, at(place, `${place.lead}<${text(node.name)}>.${name}`, undefined));
        }
        return;
      case 'Decorator':
        return; // it has run when the class is there
      case 'TSEnumDeclaration':
        return; // what its members are is settled when it is made
      case 'TSModuleDeclaration': {
        const prefix = `${place.prefix}${text(node.id)} > `;
        if (node.body) visit(node.body as Node, { ...outermost, prefix, local: true, parent: place.parent });
        return;
      }
      case 'ImportExpression':
        return eachChild(node, (child) => visit(child, { ...place, reach: undefined }));
      case 'ExpressionStatement': {
        // Nobody can call it, and a parenthesis put before it could go to the line above, as a call.
        const { expression } = node;
        const all = expression.type === 'SequenceExpression' ? expression.expressions : [expression];
        const first = all[0] as Node;
        if (first.type !== 'ArrowFunctionExpression' || first.async || source[first.start] === '(') break;
        enter(first, unique(place.prefix + place.name), place);
        for (let i = 1; i < all.length; i++) visit(all[i] as Node, place);
        return;
      }
      case 'ReturnStatement':
        if (node.argument && !isLeaf(node.argument))
          visit(node.argument, at(place, 'return', undefined, 'return '));
        return;
      case 'YieldExpression':
        if (node.argument) visit(node.argument, at(place, 'yield', undefined, 'yield '));
        return;
      case 'BlockStatement':
      case 'SwitchStatement':
      case 'ForStatement':
      case 'ForInStatement':
      case 'ForOfStatement':
      case 'CatchClause':
        if (!place.local && bindsLexically(node))
          return eachChild(node, (child) => visit(child, { ...place, local: true }));
        break;
    }
    eachChild(node, (child) => visit(child, place));
  }

  /** A function that is itself the key is never called, and its text is the key. */
  function visitKey(key: Node, place: Place): void {
    if (!isFunction(unwrapped(key))) visit(key, { ...place, reach: undefined });
  }

  function visitProperty(property: ObjectProperty, place: Place): void {
    if (property.computed) visitKey(property.key, place);
    const { value } = property;
    const key = keyText(property.key, property.computed);
    const here = { ...place, isField: false, memberOf: undefined };
    if (property.kind !== 'init' && isFunction(value)) {
      const path = `${place.name}.${property.kind} ${key.startsWith('.') ? key.slice(1) : key}`;
      add(
        value,
        { ...here, reach: accessor(place.reach, property.kind, key) },
        path,
        property.kind === 'get' ? 'getter' : 'setter',
        property,
      );
    } else if (property.method && isFunction(value)) {
      add(value, { ...here, reach: step(place.reach, plainKey(key)) }, place.name + key, 'method', property);
    } else if (!isLeaf(value)) {
      visit(value, at(place, place.name + key, step(place.reach, plainKey(key))));
    }
  }

  function visitClass(node: ClassNode, place: Place): void {
    const name = node.type === 'ClassDeclaration' ? (node.id?.name ?? place.name) : place.name;
    if (node.superClass)
      visit(node.superClass, {
        ...place,
        name: `${name} extends`,
        lead: `${name} extends `,
        reach: undefined,
      });
    // Only a class at the top level is evaluated once, and so has one scope to hand over.
    const scope: ClassScope = { index: place.local ? -1 : classIndex++, path: place.prefix + name, node };
    if (!place.local) part.classes.push(scope);
    const { body } = node.body;
    for (let i = 0; i < body.length; i++) {
      const member = body[i];
      if (member?.type === 'StaticBlock') {
        const inside: Place = {
          ...place,
          prefix: `${place.prefix}${name}.static > `,
          local: true,
          name: 'anonymous',
          lead: '',
          reach: undefined,
        };
        member.body.forEach((statement) => visit(statement, inside));
        continue;
      }
      if (member?.type !== 'MethodDefinition' && member?.type !== 'PropertyDefinition') continue;
      if (member.computed) visitKey(member.key, place);
      const key = keyText(member.key, member.computed);
      const side = member.static ? name : `${name}.prototype`;
      const on: Reach = { root: scope, keys: member.static ? [] : ['prototype'] };
      const here: Place = {
        ...place,
        name: side + key,
        lead: `${side}${key} = `,
        // A field of an instance, or a #private name, hangs on nothing that can be walked to.
        reach:
          (member.type === 'PropertyDefinition' && !member.static) || key.startsWith('.#')
            ? undefined
            : step(on, plainKey(key)),
        classScope: place.local ? place.classScope : scope,
        memberOf: scope,
        isStatic: member.static,
        isField: false,
      };
      if (!('kind' in member)) {
        if (member.value) visit(member.value, { ...here, isField: true });
      } else if (isFunction(member.value)) {
        if (member.kind === 'get' || member.kind === 'set') {
          const path = `${side}.${member.kind} ${key.startsWith('.') ? key.slice(1) : key}`;
          const reach = key.startsWith('.#') ? undefined : accessor(on, member.kind, key);
          add(member.value, { ...here, reach }, path, member.kind === 'get' ? 'getter' : 'setter', member);
        } else if (member.kind === 'constructor') {
          const derived = node.superClass !== null;
          if (!derived || superCall(member.value) !== undefined) {
            add(member.value, { ...here, reach: undefined }, here.name, 'constructor', member, derived);
          }
        } else {
          add(member.value, here, here.name, 'method', member);
        }
      }
    }
  }
}

const UNNAMED: Naming = { keyText: () => '', text: () => '', callText: () => '' };

/** The place of something that is called `name` there. Written out: spreading took a tenth of the time of an edit. */
function at(place: Place, name: string, reach: Reach | undefined, lead = `${name} = `): Place {
  const { prefix, local, parent, classScope, memberOf, isStatic, isField } = place;
  return { prefix, local, parent, name, lead, reach, classScope, memberOf, isStatic, isField };
}

/** Whether a node has nothing inside, so that no place need be made for it. */
function isLeaf({ type }: Node): boolean {
  return type === 'Identifier' || type === 'Literal' || type === 'ThisExpression';
}

function variable(name: string): Reach {
  return { root: name, keys: [] };
}

function step(reach: Reach | undefined, key: string | undefined): Reach | undefined {
  return reach === undefined || key === undefined
    ? undefined
    : { root: reach.root, keys: [...reach.keys, key] };
}

/** Accessors are walked to as `get size`, which the walker takes for the getter of `size`. */
function accessor(reach: Reach | undefined, kind: 'get' | 'set', key: string): Reach | undefined {
  const plain = plainKey(key);
  return plain === undefined ? undefined : step(reach, `${kind} ${plain}`);
}

/** The property key behind `.name` or `['a-b']`; undefined for private and computed ones. */
function plainKey(key: string): string | undefined {
  if (key.startsWith('.#')) return undefined;
  if (key.startsWith('.')) return key.slice(1);
  return key.startsWith("['") ? key.slice(2, -2) : undefined;
}

function reachOf(node: Node): Reach | undefined {
  if (node.type === 'Identifier') return variable(node.name);
  if (node.type !== 'MemberExpression' || node.computed || node.property.type !== 'Identifier')
    return undefined;
  return step(reachOf(node.object), node.property.name);
}

/** The `super(…)` that a derived constructor must open with to be hot. */
export function superCall(method: FunctionNode): Node | undefined {
  const statements = blockOf(method)?.body ?? [];
  for (let i = 0; i < statements.length; i++) {
    const statement = statements[i];
    if (statement?.type !== 'ExpressionStatement') return undefined;
    if ('directive' in statement && statement.directive) continue;
    const call = unwrapped(statement.expression);
    return call.type === 'CallExpression' && call.callee.type === 'Super' ? statement : undefined;
  }
  return undefined;
}

/** Whether a block, loop, switch or catch clause has variables of its own. */
function bindsLexically(node: Node): boolean {
  let binds = node.type === 'CatchClause' && node.param !== null;
  const look = (child: Node): void => {
    if (child.type === 'VariableDeclaration') binds ||= child.kind !== 'var';
    else if (child.type === 'FunctionDeclaration' || child.type === 'ClassDeclaration') binds = true;
    else if (child.type === 'SwitchCase') eachChild(child, look);
  };
  eachChild(node, look);
  return binds;
}

/**
 * Whether an arrow's arguments can be handed on as they came. An arrow has no `arguments`, so its parameters
 * with patterns or defaults are renamed and taken apart in the body; see `movable`.
 */
function canForward(arrow: FunctionNode): boolean {
  return !hasInitialisers(arrow) || movable(arrow) !== undefined;
}

/** Whether V8 checks and compiles a function as asm.js, which has no place for a patch point. */
function isAsm(node: FunctionNode): boolean {
  const first = blockOf(node)?.body[0];
  return first !== undefined && 'directive' in first && first.directive === 'use asm';
}
