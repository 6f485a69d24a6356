/**
 * The types that decorators are told (`emitDecoratorMetadata`). In: the tree of a TypeScript module, types and all; out: for each
 * class, member and constructor that is decorated, or that has a decorated parameter, the types that TypeScript tells, and where they go
 * in. They go in as decorators of their own, which run before the author's: `@Get() find(id: string) {}` becomes
 * `@Get() @hs$helpers.decorateMetadata("design:type",Function) … find(id) {}`.
 */
import type MagicString from 'magic-string';
import { fingerprint } from '../cache/fingerprint.ts';
import {
  type ClassNode,
  eachChild,
  type FunctionNode,
  isClass,
  isFunction,
  type MethodDefinition,
  type Node,
  type Program,
} from './parse.ts';
import { HELPERS } from './registry.ts';
import {
  type NamedValue,
  scopeOf,
  scopeOfParameters,
  type TypeContext,
  type TypeScope,
  type TypeValue,
  topScope,
  valueOfType,
} from './typevalues.ts';

/** What one class or member is told. */
export interface DesignTypes {
  /** where that goes in: after its last decorator, of a parameter where some have any, or before what has none */
  at: number;
  where: 'parameter' | 'member' | 'before';
  /** in TypeScript's order */
  told: [key: 'type' | 'paramtypes' | 'returntype', value: TypeValue | TypeValue[]][];
  /** decorators of a rest parameter, which the transformer does not know: they go in there as well */
  rest: { index: number; decorators: Decorator[] } | undefined;
}

type Decorator = Extract<Node, { type: 'Decorator' }>;

const known = new WeakMap<Program, DesignTypes[]>();

/** All that a module's decorators are told. @param strict `strictNullChecks` */
export function designTypes(program: Program, strict: boolean): DesignTypes[] {
  let found = known.get(program);
  if (found === undefined) known.set(program, (found = find(program, strict)));
  return found;
}

function find(program: Program, strict: boolean): DesignTypes[] {
  const found: DesignTypes[] = [];
  const visit = (node: Node, scope: TypeScope): void => {
    if (isClass(node)) {
      const inside = scopeOfParameters(node, scope);
      if (node.type === 'ClassDeclaration') found.push(...toldOf(node, { scope: inside, strict }));
      return eachChild(node, (child) => visit(child, inside));
    }
    if (isFunction(node)) scope = scopeOfParameters(node, scope);
    const statements =
      node.type === 'BlockStatement' || node.type === 'StaticBlock' || node.type === 'TSModuleBlock'
        ? (node.body as Node[])
        : undefined;
    if (statements !== undefined) scope = scopeOf(statements, scope);
    eachChild(node, (child) => visit(child, scope));
  };
  const top = topScope(program);
  for (const statement of program.body) visit(statement as Node, top);
  return found;
}

type Member = ClassNode['body']['body'][number];

function toldOf(node: ClassNode, context: TypeContext): DesignTypes[] {
  const found: DesignTypes[] = [];
  const add = (decorated: Node, params: readonly Node[], told: DesignTypes['told']): void => {
    const index = params.findIndex((one) => one.type === 'RestElement' && decoratorsOf(one).length > 0);
    const rest = index < 0 ? undefined : { index, decorators: decoratorsOf(params[index] as Node) };
    const ofParameter = params.flatMap((one, i) => (i === index ? [] : decoratorsOf(one))).at(-1);
    const last = ofParameter ?? decoratorsOf(decorated).at(-1);
    const where = ofParameter !== undefined ? 'parameter' : last !== undefined ? 'member' : 'before';
    if (last !== undefined || rest !== undefined)
      found.push({ at: last?.end ?? decorated.start, where, told, rest });
  };
  const members = node.body.body;
  for (const member of members) {
    if (!('key' in member) || member.key.type === 'PrivateIdentifier') continue;
    if (!('kind' in member)) add(member, [], [['type', valueOfType(member.typeAnnotation, context)]]);
    else if (member.kind !== 'constructor' && member.value.body !== null)
      add(member, paramsOf(member), toldOfMethod(member, members, context));
  }
  const made = members.find(
    (one) => one.type === 'MethodDefinition' && one.kind === 'constructor' && one.value.body !== null,
  );
  const params = made?.type === 'MethodDefinition' ? paramsOf(made) : undefined;
  if (params !== undefined) add(node, params, [['paramtypes', valuesOf(params, context)]]);
  return found;
}

function toldOfMethod(
  member: MethodDefinition,
  members: readonly Member[],
  around: TypeContext,
): DesignTypes['told'] {
  const context = { ...around, scope: scopeOfParameters(member.value, around.scope) };
  if (member.kind === 'method') {
    const { returnType, async } = member.value as FunctionNode;
    const returned = returnType ? valueOfType(returnType as Node, context) : async ? 'Promise' : 'void 0';
    return [
      ['type', 'Function'],
      ['paramtypes', valuesOf(paramsOf(member), context)],
      ['returntype', returned],
    ];
  }
  const pair = members.filter((one): one is MethodDefinition => isAccessor(one) && sameKey(one, member));
  const setter = pair.find((one) => one.kind === 'set');
  const getter = pair.find((one) => one.kind === 'get');
  const [taken] = setter === undefined ? [] : paramsOf(setter);
  const type = (taken && annotationOf(taken)) ?? (getter?.value as FunctionNode | undefined)?.returnType;
  return [
    ['type', valueOfType(type as Node | undefined, context)],
    ['paramtypes', valuesOf(setter === undefined ? [] : paramsOf(setter), context)],
  ];
}

function isAccessor(member: Member): member is MethodDefinition {
  return member.type === 'MethodDefinition' && (member.kind === 'get' || member.kind === 'set');
}

function sameKey(a: MethodDefinition, b: MethodDefinition): boolean {
  if (a === b) return true;
  const text = ({ key, computed }: MethodDefinition): string | undefined =>
    key.type === 'Identifier' && !computed
      ? key.name
      : key.type === 'Literal'
        ? String(key.value)
        : undefined;
  return a.static === b.static && text(a) !== undefined && text(a) === text(b);
}

/** Parameters, without a `this` that stands for its type only. */
function paramsOf({ value }: MethodDefinition): Node[] {
  return (value.params as Node[]).filter((one) => !(one.type === 'Identifier' && one.name === 'this'));
}

/** The decorators of a class, a member or a parameter, wherever the parser has put these. */
function decoratorsOf(node: Node): Decorator[] {
  const own = 'decorators' in node ? ((node.decorators ?? []) as Decorator[]) : [];
  if (own.length > 0) return own;
  if (node.type === 'AssignmentPattern') return decoratorsOf(node.left);
  return node.type === 'TSParameterProperty' ? decoratorsOf(node.parameter as Node) : own;
}

function valuesOf(params: readonly Node[], context: TypeContext): TypeValue[] {
  return params.map((param) => {
    const type = annotationOf(param);
    return valueOfType(param.type === 'RestElement' ? elementOf(type) : type, context);
  });
}

function annotationOf(param: Node): Node | undefined {
  if (param.type === 'TSParameterProperty') return annotationOf(param.parameter as Node);
  const own = 'typeAnnotation' in param ? (param.typeAnnotation as Node | null) : null;
  if (own === null && param.type === 'AssignmentPattern') return annotationOf(param.left);
  return own?.type === 'TSTypeAnnotation' ? (own.typeAnnotation as Node) : undefined;
}

/** `string` of `...rest: string[]` and of `...rest: Array<string>` */
function elementOf(type: Node | undefined): Node | undefined {
  if (type?.type === 'TSArrayType') return type.elementType as Node;
  const all = type?.type === 'TSTypeReference' ? ((type.typeArguments?.params ?? []) as Node[]) : [];
  return all.length === 1 ? all[0] : undefined;
}

/** The names at the top level that are asked for at run time. */
export function toldNames(all: readonly DesignTypes[]): Set<string> {
  const names = new Set<string>();
  for (const { told } of all)
    for (const value of told.flatMap(([, one]) => one))
      if (typeof value === 'object' && value.isTop) names.add(value.root);
  return names;
}

/**
 * The decorators that tell types, as text.
 * @param placed where a name at the top level is to be read, where not by itself, e.g. `hs$o.Service`
 */
export function designText(
  { told, where }: DesignTypes,
  placed: (name: string) => string | undefined,
): string {
  const text = (value: TypeValue): string => (typeof value === 'string' ? value : textOfName(value, placed));
  const helper = where === 'parameter' ? 'parameterMetadata' : 'decorateMetadata';
  return told
    .map(([key, value]) => {
      const shown = Array.isArray(value) ? `[${value.map(text).join()}]` : text(value);
      return ` @${HELPERS}.${helper}("design:${key}",${shown})`;
    })
    .join('');
}

/** Takes the decorators of a rest parameter out. @returns the same as decorators that may stand anywhere */
export function takeRest(text: MagicString, { rest }: DesignTypes): string {
  if (rest === undefined) return '';
  return rest.decorators
    .map(({ start, end, expression }) => {
      const made = ` @${HELPERS}.decorateParam(${rest.index},${text.slice(expression.start, expression.end)})`;
      text.remove(start, end);
      return made;
    })
    .join('');
}

function textOfName({ root, path, isTop }: NamedValue, placed: (name: string) => string | undefined): string {
  const whole = [(isTop ? placed(root) : undefined) ?? root, ...path].join('.');
  const [first = '', ...rest] = whole.split('.');
  if (rest.length === 0) return `(typeof ${first}=="function"?${first}:Object)`;
  return `${HELPERS}.designType(typeof ${first}=="undefined"?void 0:${first},${JSON.stringify(rest)})`;
}

/** The variable that holds a module which is imported for what decorators are told of it. */
export function typesFrom(specifier: string): string {
  return `hs$t${fingerprint(specifier)}`;
}
