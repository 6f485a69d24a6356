/**
 * What namespaces of TypeScript give the function or class that they merge with: properties, by which one that stays is brought
 * from one version to another. In: units, and the live value; out: the keys, and what the value has under them.
 */
import { boundNames, firstName, type Node } from '../../loader/parse.ts';
import { isOfStatements, type Unit } from '../plan/units.ts';

/** The keys under which a function or class holds what namespaces of its name export. */
export function mergedKeys(unit: Unit | undefined): string[] {
  if (unit === undefined || isOfStatements(unit)) return [];
  return (unit.more ?? []).flatMap(({ node }) => keysIn(node));
}

function keysIn(node: Node): string[] {
  if (node.type !== 'TSModuleDeclaration') return [];
  const id = node.id as Node;
  if (id.type === 'TSQualifiedName') return [secondName(id)];
  return ((node.body?.body ?? []) as Node[]).flatMap((statement) => {
    if (statement.type !== 'ExportNamedDeclaration') return [];
    const declaration = statement.declaration as Node | null;
    if (declaration === null) return [];
    if (declaration.type === 'VariableDeclaration')
      return declaration.declarations.flatMap(({ id }) => boundNames(id));
    const name =
      'id' in declaration && declaration.id !== null ? firstName(declaration.id as Node) : undefined;
    return name === undefined ? [] : [name];
  });
}

/** `B` of `A.B.C`. */
function secondName({ left, right }: Extract<Node, { type: 'TSQualifiedName' }>): string {
  return left.type === 'TSQualifiedName' ? secondName(left) : right.name;
}

/** What a value has under some keys. */
export function propertiesUnder(value: unknown, keys: readonly string[]): PropertyDescriptorMap | undefined {
  if (keys.length === 0 || !isHolder(value)) return undefined;
  const own: PropertyDescriptorMap = {};
  for (const key of keys) {
    const property = Object.getOwnPropertyDescriptor(value, key);
    if (property !== undefined) own[key] = property;
  }
  return own;
}

/** Lets a value have under some keys what it is to have there, and nothing else. */
export function putUnder(value: unknown, keys: readonly string[], own: PropertyDescriptorMap = {}): void {
  if (!isHolder(value)) return;
  for (const key of keys) Reflect.deleteProperty(value, key);
  Object.defineProperties(value, own);
}

function isHolder(value: unknown): value is object {
  return typeof value === 'function' || (typeof value === 'object' && value !== null);
}
