/**
 * Types as the values that decorators are told. In: a type's tree, and the declarations around it; out: what TypeScript would write
 * for it with `emitDecoratorMetadata`: `String` for `'a' | 'b'`, the class itself for a class. As TypeScript does file by file
 * (`isolatedModules`), what is imported is asked for at run time. Pure. The rules are those of `typeSerializer.ts` and of
 * `getTypeReferenceSerializationKind` in TypeScript 5.9.
 */
import type { Node, Program } from './parse.ts';

/** A value: one of `Constant`, or what a name leads to at run time where that is a function, and `Object` where it is none. */
export type TypeValue = Constant | NamedValue;

type Constant =
  | 'Object'
  | 'Function'
  | 'String'
  | 'Number'
  | 'Boolean'
  | 'BigInt'
  | 'Symbol'
  | 'Array'
  | 'Promise'
  | 'void 0';

/** `ns.inner.Type`: the variable `ns`, and the properties from there. */
export interface NamedValue {
  root: string;
  path: string[];
  /** whether the variable is one that the module declares or imports at its top level */
  isTop: boolean;
}

/** Declarations that types can name, innermost first. */
export interface TypeScope {
  parent: TypeScope | undefined;
  names: Map<string, Node[]>;
}

/** What the types of one place mean. */
export interface TypeContext {
  scope: TypeScope;
  /** `strictNullChecks` */
  strict: boolean;
}

type Declaration<Type extends Node['type']> = Extract<Node, { type: Type }>;

/** Opens a scope with what some statements declare. */
export function scopeOf(statements: readonly Node[], parent: TypeScope | undefined): TypeScope {
  const scope: TypeScope = { parent, names: new Map() };
  for (const statement of statements) {
    const inner =
      statement.type === 'ExportNamedDeclaration' || statement.type === 'ExportDefaultDeclaration'
        ? (statement.declaration as Node | null)
        : statement;
    if (inner !== null) enter(scope, inner);
  }
  return scope;
}

/** Opens a scope with the type parameters of a class or function: `<T extends string>`. */
export function scopeOfParameters(node: object, parent: TypeScope): TypeScope {
  const { typeParameters } = node as { typeParameters?: { params: readonly Node[] } | null };
  const scope: TypeScope = { parent, names: new Map() };
  for (const one of typeParameters?.params ?? [])
    if (one.type === 'TSTypeParameter') declare(scope, one.name.name, one);
  return scope;
}

function enter(scope: TypeScope, node: Node): void {
  if (node.type === 'ImportDeclaration') {
    const isType = node.importKind === 'type';
    for (const one of node.specifiers)
      if (!isType && !('importKind' in one && one.importKind === 'type')) declare(scope, one.local.name, one);
      else declare(scope, one.local.name, { ...one, importKind: 'type' } as Node);
  } else if (node.type === 'VariableDeclaration') {
    for (const one of node.declarations) if (one.id.type === 'Identifier') declare(scope, one.id.name, one);
  } else if ('id' in node && node.id !== null) {
    const name = firstOf(node.id as Node);
    if (name !== undefined) declare(scope, name, node);
  }
}

function declare({ names }: TypeScope, name: string, node: Node): void {
  const all = names.get(name);
  if (all === undefined) names.set(name, [node]);
  else all.push(node);
}

function firstOf(id: Node): string | undefined {
  if (id.type === 'TSQualifiedName') return firstOf(id.left);
  return id.type === 'Identifier' ? id.name : undefined;
}

/** The value of a type; `Object` where there is none. */
export function valueOfType(type: Node | null | undefined, context: TypeContext): TypeValue {
  if (type === null || type === undefined) return 'Object';
  switch (type.type) {
    case 'TSTypeAnnotation':
    case 'TSParenthesizedType':
      return valueOfType(type.typeAnnotation, context);
    case 'TSTypePredicate':
      return type.asserts ? 'void 0' : 'Boolean';
    case 'TSFunctionType':
    case 'TSConstructorType':
      return 'Function';
    case 'TSTypeOperator':
      return type.operator === 'readonly' ? valueOfType(type.typeAnnotation, context) : 'Object';
    case 'TSTypeReference':
      return valueOfReference(type, context);
    case 'TSIntersectionType':
      return valueOfAll(type.types as Node[], true, context);
    case 'TSUnionType':
      return valueOfAll(type.types as Node[], false, context);
    case 'TSConditionalType':
      return valueOfAll([type.trueType as Node, type.falseType as Node], false, context);
    default:
      return simple(type) ?? 'Object';
  }
}

/** Types that say themselves what they are. */
function simple(type: Node): Constant | undefined {
  switch (type.type) {
    case 'TSVoidKeyword':
    case 'TSUndefinedKeyword':
    case 'TSNeverKeyword':
    case 'TSNullKeyword':
      return 'void 0';
    case 'TSArrayType':
    case 'TSTupleType':
      return 'Array';
    case 'TSBooleanKeyword':
      return 'Boolean';
    case 'TSStringKeyword':
    case 'TSTemplateLiteralType':
      return 'String';
    case 'TSNumberKeyword':
      return 'Number';
    case 'TSBigIntKeyword':
      return 'BigInt';
    case 'TSSymbolKeyword':
      return 'Symbol';
    case 'TSLiteralType':
      return kindOfLiteral(type.literal as Node);
    default:
      return undefined;
  }
}

/** `'a'`, `-1n`, `true`, `` `a` `` */
function kindOfLiteral(literal: Node): Constant {
  if (literal.type === 'TemplateLiteral') return 'String';
  if (literal.type === 'UnaryExpression') return kindOfLiteral(literal.argument);
  if (literal.type !== 'Literal') return 'Object';
  if ('bigint' in literal && literal.bigint) return 'BigInt';
  switch (typeof literal.value) {
    case 'string':
      return 'String';
    case 'number':
      return 'Number';
    case 'boolean':
      return 'Boolean';
    default:
      return 'void 0';
  }
}

function valueOfAll(types: readonly Node[], isIntersection: boolean, context: TypeContext): TypeValue {
  let value: TypeValue | undefined;
  for (const one of types) {
    const type = withoutParentheses(one);
    if (type.type === 'TSNeverKeyword') {
      if (isIntersection) return 'void 0';
      continue;
    }
    if (type.type === 'TSUnknownKeyword') {
      if (!isIntersection) return 'Object';
      continue;
    }
    if (type.type === 'TSAnyKeyword') return 'Object';
    if (!context.strict && (type.type === 'TSNullKeyword' || type.type === 'TSUndefinedKeyword')) continue;
    const next = valueOfType(type, context);
    if (next === 'Object') return next;
    if (value !== undefined && JSON.stringify(value) !== JSON.stringify(next)) return 'Object';
    value = next;
  }
  return value ?? 'void 0';
}

function withoutParentheses(type: Node): Node {
  return type.type === 'TSParenthesizedType' ? withoutParentheses(type.typeAnnotation as Node) : type;
}

/** What a name of a type stands for: a value, or what values of that type are. */
type Meaning = { value: NamedValue } | { kind: Constant };

function valueOfReference(type: Declaration<'TSTypeReference'>, context: TypeContext): TypeValue {
  const meaning = meaningOf(type.typeName as Node, context, new Set());
  return 'value' in meaning ? meaning.value : meaning.kind;
}

/** `A` or `a.b.C` as its parts; undefined for `this.x` and `import('x').y` */
function partsOf(name: Node): string[] | undefined {
  if (name.type === 'Identifier') return [name.name];
  if (name.type !== 'TSQualifiedName') return undefined;
  const left = partsOf(name.left);
  return left && [...left, name.right.name];
}

/** Lib types that a name at run time does not tell: aliases, and interfaces that are told as what they are. */
const LIB: Record<string, Constant> = {
  __proto__: null as never,
  ReadonlyArray: 'Array',
  ClassDecorator: 'Function',
  MethodDecorator: 'Function',
  ParameterDecorator: 'Function',
  PropertyDecorator: 'Function',
  Promise: 'Promise',
  BigInt: 'Object',
  Symbol: 'Object',
};

function meaningOf(name: Node, context: TypeContext, seen: Set<Node>): Meaning {
  const parts = partsOf(name);
  if (parts === undefined) return { kind: 'Object' };
  const [root = '', ...path] = parts;
  const found = lookUp(root, context.scope);
  if (found === undefined) {
    const lib = path.length === 0 ? LIB[root] : undefined;
    return lib === undefined ? { value: { root, path, isTop: false } } : { kind: lib };
  }
  return meaningIn(found, root, path, context, seen);
}

interface Found {
  declarations: readonly Node[];
  scope: TypeScope;
}

function lookUp(name: string, from: TypeScope | undefined): Found | undefined {
  for (let scope = from; scope !== undefined; scope = scope.parent) {
    const declarations = scope.names.get(name);
    if (declarations !== undefined) return { declarations, scope };
  }
  return undefined;
}

/** @param path what is asked for of the thing that these declare; `root` and `walked` are the way to it at run time */
function meaningIn(
  { declarations, scope }: Found,
  root: string,
  path: readonly string[],
  context: TypeContext,
  seen: Set<Node>,
  walked: readonly string[] = [],
): Meaning {
  const value: Meaning = { value: { root, path: [...walked, ...path], isTop: isTop(root, context.scope) } };
  const inside = { ...context, scope };
  for (const one of declarations) {
    if (/^Import\w*Specifier$/.test(one.type))
      return 'importKind' in one && one.importKind === 'type' ? { kind: 'Object' } : value;
    if (one.type === 'TSImportEqualsDeclaration') {
      if (one.importKind === 'type') return { kind: 'Object' };
      const target = partsOf(one.moduleReference as Node);
      if (target === undefined) return value; // = require('x')
      const [first = '', ...rest] = target;
      const found = lookUp(first, scope);
      return found === undefined ? value : meaningIn(found, first, [...rest, ...path], inside, seen);
    }
  }
  if (path.length > 0)
    return meaningInside(declarations, root, path, inside, seen, walked) ?? { kind: 'Object' };
  if (declarations.some((one) => one.type === 'ClassDeclaration' || isClassValue(one))) return value;
  return { kind: kindOfDeclarations(declarations, inside, seen) ?? 'Object' };
}

function isTop(name: string, from: TypeScope): boolean {
  return lookUp(name, from)?.scope.parent === undefined;
}

/** `const A = class {}` together with `interface A {}` */
function isClassValue(node: Node): boolean {
  return node.type === 'VariableDeclarator' && node.init?.type === 'ClassExpression';
}

/** A member of namespaces, or of an enum. */
function meaningInside(
  declarations: readonly Node[],
  root: string,
  [first = '', ...rest]: readonly string[],
  context: TypeContext,
  seen: Set<Node>,
  walked: readonly string[],
): Meaning | undefined {
  for (const one of declarations) {
    if (one.type === 'TSEnumDeclaration' && rest.length === 0)
      return { kind: kindOfMember(one, first, context) };
    if (one.type !== 'TSModuleDeclaration') continue;
    const names = partsOf(one.id as Node)?.slice(1) ?? [];
    if (names.length > 0) {
      // `namespace A.B {}`: what it declares in `A` is another namespace.
      if (first !== names[0]) continue;
      const inner = { ...one, id: restOf(one.id as Node) } as Node;
      const found = meaningInside([inner], root, rest, context, seen, [...walked, first]);
      if (found !== undefined) return found;
    }
    if (names.length > 0 || one.body?.type !== 'TSModuleBlock') continue;
    const scope = scopeOf(one.body.body as Node[], context.scope);
    const found = scope.names.get(first);
    if (found !== undefined)
      return meaningIn({ declarations: found, scope }, root, rest, context, seen, [...walked, first]);
  }
  return undefined;
}

/** `B.C` of `A.B.C` */
function restOf(id: Node): Node {
  if (id.type !== 'TSQualifiedName') return id;
  return id.left.type === 'TSQualifiedName' ? ({ ...id, left: restOf(id.left) } as Node) : (id.right as Node);
}

/** What values of a declared type are, as far as its declarations tell; undefined where they declare no type. */
function kindOfDeclarations(
  declarations: readonly Node[],
  context: TypeContext,
  seen: Set<Node>,
): Constant | undefined {
  let isInterface = false;
  for (const one of declarations) {
    if (one.type === 'TSEnumDeclaration') return kindOfEnum(declarations, context);
    if (one.type === 'TSTypeAliasDeclaration' || one.type === 'TSTypeParameter') {
      if (seen.has(one)) return 'Object';
      const type = one.type === 'TSTypeParameter' ? one.constraint : one.typeAnnotation;
      const scope = scopeOfParameters(one, context.scope);
      return type ? kindOf(type as Node, { ...context, scope }, new Set(seen).add(one)) : 'Object';
    }
    if (one.type !== 'TSInterfaceDeclaration') continue;
    isInterface = true;
    if (isCallable(one, context, seen)) return 'Function';
  }
  return isInterface ? 'Object' : undefined;
}

function isCallable(
  node: Declaration<'TSInterfaceDeclaration'>,
  context: TypeContext,
  seen: Set<Node>,
): boolean {
  if (seen.has(node)) return false;
  if (node.body.body.some((one) => one.type === 'TSCallSignatureDeclaration')) return true;
  const more = new Set(seen).add(node);
  return node.extends.some(({ expression }) => {
    if (expression.type !== 'Identifier') return false;
    const found = lookUp(expression.name, context.scope);
    return (
      found && kindOfDeclarations(found.declarations, { ...context, scope: found.scope }, more) === 'Function'
    );
  });
}

/** What every value of a type is: a string, say, for `'a' | B` where `B` is `string & {}`. */
function kindOf(of: Node, context: TypeContext, seen: Set<Node>): Constant {
  const type = withoutParentheses(of);
  const inner = (one: unknown): Constant => kindOf(one as Node, context, seen);
  switch (type.type) {
    case 'TSFunctionType':
      return 'Function';
    case 'TSTypeLiteral':
      return type.members.some((one) => one.type === 'TSCallSignatureDeclaration') ? 'Function' : 'Object';
    case 'TSUnionType':
      return kindOfUnion(type.types.map(inner), context);
    case 'TSIntersectionType':
      return type.types.map(inner).find((one) => SCALARS.has(one)) ?? 'Object';
    case 'TSTypeOperator':
      if (type.operator === 'readonly') return inner(type.typeAnnotation);
      return type.operator === 'keyof' ? kindOfKeys(type.typeAnnotation as Node, context) : 'Symbol';
    case 'TSIndexedAccessType':
      return kindOfMembers(type, context, seen);
    case 'TSTypeQuery':
      return kindOfValue(valueNamed(type, context));
    case 'TSTypeReference':
      return kindOfReference(type, context, seen);
    default:
      return simple(type) ?? 'Object';
  }
}

const SCALARS = new Set<Constant>(['String', 'Number', 'Boolean', 'BigInt', 'Symbol']);

function kindOfUnion(kinds: readonly Constant[], { strict }: TypeContext): Constant {
  const some = strict ? kinds : kinds.filter((one) => one !== 'void 0');
  const [first = 'void 0', ...more] = some.length > 0 ? some : kinds;
  if (more.length === 0) return first;
  return more.every((one) => one === first) && SCALARS.has(first) ? first : 'Object';
}

function kindOfReference(
  type: Declaration<'TSTypeReference'>,
  context: TypeContext,
  seen: Set<Node>,
): Constant {
  const name = partsOf(type.typeName as Node)?.join('.') ?? '';
  const [first] = (type.typeArguments?.params ?? []) as Node[];
  if (first !== undefined && lookUp(name, context.scope) === undefined) {
    if (name === 'Array') return 'Array';
    if (/^(?:Uppercase|Lowercase|Capitalize|Uncapitalize)$/.test(name)) return 'String';
    if (/^(?:Exclude|Extract|Readonly)$/.test(name)) {
      const kind = kindOf(first, context, seen);
      return SCALARS.has(kind) || kind === 'Array' ? kind : 'Object';
    }
    if (name === 'NonNullable') {
      const loose = { ...context, strict: false };
      const kind = kindOf(first, loose, seen);
      return kind;
    }
  }
  const meaning = meaningOf(type.typeName as Node, context, seen);
  return 'kind' in meaning && meaning.kind !== 'Promise' ? meaning.kind : 'Object';
}

/** `keyof typeof OPTIONS`, `keyof Shape` */
function kindOfKeys(of: Node, context: TypeContext): Constant {
  const keys = propertiesOf(of, context)?.map(({ key }) => key);
  if (keys === undefined || keys.length === 0) return keys === undefined ? 'Object' : 'void 0';
  const kinds = keys.map((key) => (typeof key === 'number' ? 'Number' : 'String') as Constant);
  return kindOfUnion(kinds, context);
}

/** `(typeof ROLES)[number]`, `(typeof OPTIONS)[keyof typeof OPTIONS]`, `Shape['name']` */
function kindOfMembers(
  type: Declaration<'TSIndexedAccessType'>,
  context: TypeContext,
  seen: Set<Node>,
): Constant {
  const { objectType, indexType } = type;
  const all = propertiesOf(withoutParentheses(objectType as Node), context);
  if (all === undefined) return 'Object';
  const index = withoutParentheses(indexType as Node);
  const key =
    index.type === 'TSLiteralType' && index.literal.type === 'Literal' ? index.literal.value : undefined;
  const some = key === undefined ? all : all.filter((one) => one.key === key);
  if (some.length === 0) return 'Object';
  return kindOfUnion(
    some.map(({ type: inner, value }) =>
      inner ? kindOf(inner, context, seen) : value ? (kindOfConstant(value) ?? 'Object') : 'Object',
    ),
    context,
  );
}

function kindOfConstant(value: Node): Constant | undefined {
  return /^(?:Literal|TemplateLiteral|UnaryExpression)$/.test(value.type) ? kindOfLiteral(value) : undefined;
}

/** What a constant's own value is, as far as its text tells. */
function kindOfValue(init: Node | undefined): Constant {
  if (init === undefined) return 'Object';
  const value = withoutAssertions(init);
  if (value.type === 'ArrayExpression') return 'Array';
  if (value.type === 'FunctionExpression' || value.type === 'ArrowFunctionExpression') return 'Function';
  return kindOfConstant(value) ?? 'Object';
}

/** The initial value of the variable in `typeof variable`, where it is a constant's. */
function valueNamed({ exprName }: Declaration<'TSTypeQuery'>, { scope }: TypeContext): Node | undefined {
  const name = exprName.type === 'Identifier' ? exprName.name : '';
  const declared = lookUp(name, scope)?.declarations.find((one) => one.type === 'VariableDeclarator');
  return (declared?.type === 'VariableDeclarator' && declared.init) || undefined;
}

/** `x` of `x as const` and of `x satisfies T` */
function withoutAssertions(value: Node): Node {
  return value.type === 'TSAsExpression' || value.type === 'TSSatisfiesExpression'
    ? withoutAssertions(value.expression)
    : value;
}

interface Property {
  key: string | number;
  type?: Node | undefined;
  value?: Node | undefined;
}

/** The properties of a type that is written out; undefined where it is not, or has more than these. */
function propertiesOf(of: Node, context: TypeContext): Property[] | undefined {
  const type = withoutParentheses(of);
  if (type.type === 'TSTypeQuery') {
    const init = valueNamed(type, context);
    return init && propertiesOfValue(withoutAssertions(init));
  }
  if (type.type === 'TSTypeLiteral') return propertiesOfMembers(type.members as Node[]);
  if (type.type !== 'TSTypeReference' || type.typeName.type !== 'Identifier') return undefined;
  const declarations = lookUp(type.typeName.name, context.scope)?.declarations ?? [];
  const [one, ...more] = declarations;
  if (one?.type === 'TSTypeAliasDeclaration') return propertiesOf(one.typeAnnotation as Node, context);
  if (one?.type !== 'TSInterfaceDeclaration' || more.length > 0 || one.extends.length > 0) return undefined;
  return propertiesOfMembers(one.body.body as Node[]);
}

function propertiesOfMembers(members: readonly Node[]): Property[] | undefined {
  const found: Property[] = [];
  for (const one of members) {
    if (one.type !== 'TSPropertySignature' && one.type !== 'TSMethodSignature') return undefined;
    const key = keyOf(one.key as Node, one.computed);
    if (key === undefined) return undefined;
    const type =
      one.type === 'TSPropertySignature' ? (one.typeAnnotation?.typeAnnotation as Node) : undefined;
    found.push({ key, type: one.optional ? undefined : type });
  }
  return found;
}

/** Of `['a', 'b']` and `{ a: 1 }` */
function propertiesOfValue(value: Node): Property[] | undefined {
  if (value.type === 'ArrayExpression')
    return value.elements.map((one, key) => ({ key, value: (one as Node | null) ?? undefined }));
  if (value.type !== 'ObjectExpression') return undefined;
  const found: Property[] = [];
  for (const one of value.properties) {
    const key = one.type === 'Property' ? keyOf(one.key, one.computed) : undefined;
    if (key === undefined || one.type !== 'Property') return undefined;
    found.push({ key, value: one.value });
  }
  return found;
}

function keyOf(key: Node, computed: boolean): string | number | undefined {
  if (key.type === 'Identifier' && !computed) return key.name;
  const value = key.type === 'Literal' ? key.value : undefined;
  return typeof value === 'string' || typeof value === 'number' ? value : undefined;
}

type Enum = Declaration<'TSEnumDeclaration'>;

/** An enum of strings, of numbers, or of both. */
function kindOfEnum(declarations: readonly Node[], context: TypeContext): Constant {
  const kinds = declarations.flatMap((one) =>
    one.type === 'TSEnumDeclaration'
      ? one.body.members.map(({ initializer }) => kindOfInitializer(initializer as Node | null, one, context))
      : [],
  );
  return kinds.length === 0 ? 'Number' : kindOfUnion(kinds, context);
}

function kindOfMember(of: Enum, name: string, context: TypeContext): Constant {
  const member = of.body.members.find(
    ({ id }) => ('name' in id ? id.name : 'value' in id && id.value) === name,
  );
  return kindOfInitializer((member?.initializer as Node | undefined) ?? null, of, context);
}

/** `'a'`, `` `a${B}` ``, `A + 'x'`, `Other.A`: strings; anything else is a number. */
function kindOfInitializer(value: Node | null, of: Enum, context: TypeContext): Constant {
  if (value === null) return 'Number';
  if (value.type === 'ParenthesizedExpression') return kindOfInitializer(value.expression, of, context);
  if (value.type === 'TemplateLiteral' || (value.type === 'Literal' && typeof value.value === 'string'))
    return 'String';
  if (value.type === 'BinaryExpression' && value.operator === '+') {
    const sides = [value.left, value.right].map((one) => kindOfInitializer(one as Node, of, context));
    return sides.includes('String') ? 'String' : 'Number';
  }
  if (value.type === 'Identifier') {
    const isOwn = of.body.members.some(({ id }) => 'name' in id && id.name === value.name);
    if (isOwn) return kindOfMember(of, value.name, context);
    const declared = lookUp(value.name, context.scope)?.declarations[0];
    return declared?.type === 'VariableDeclarator' && declared.init !== null
      ? (kindOfConstant(declared.init) ?? 'Number')
      : 'Number';
  }
  if (value.type === 'MemberExpression' && value.object.type === 'Identifier') {
    const other = lookUp(value.object.name, context.scope)?.declarations.find(
      (one) => one.type === 'TSEnumDeclaration',
    );
    const name = value.property.type === 'Identifier' ? value.property.name : '';
    return other?.type === 'TSEnumDeclaration' ? kindOfMember(other, name, context) : 'Number';
  }
  return 'Number';
}

/** A program's own scope. */
export function topScope(program: Program): TypeScope {
  return scopeOf(program.body as Node[], undefined);
}
