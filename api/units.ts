/**
 * The top level of a module, a piece at a time. In: a text's analysis; out: its units (a function, a class, one variable of
 * several, an import, a statement), each with the names it declares; and which units of two texts are the same one. Pure.
 */
import { boundNames, eachChild, isFunction, type Node, type Program } from '../loader/parse.ts';
import type { Analysis } from './analysis.ts';

/** What a top level is made of: a declaration without its `export`, one declarator of several, or another statement. */
export interface Unit {
  node: Node;
  /** the statement that it stands in, or is */
  statement: Node;
  /** names that it declares in the module; `default` where a default export has none of its own */
  names: string[];
}

const known = new WeakMap<Program, Unit[]>();

/** The units of a text in source order. Lists of exports (`export { a }`, `export * from`) are none: they make nothing. */
export function unitsOf({ program }: Analysis): Unit[] {
  let units = known.get(program);
  if (units === undefined) known.set(program, (units = program.body.flatMap(unitsIn)));
  return units;
}

function unitsIn(statement: Node): Unit[] {
  switch (statement.type) {
    case 'ExportNamedDeclaration':
      if (statement.declaration !== null)
        return unitsIn(statement.declaration).map((unit) => ({ ...unit, statement }));
      return [];
    case 'ExportAllDeclaration':
      return [];
    case 'ExportDefaultDeclaration': {
      const node = statement.declaration as Node;
      const name = 'id' in node && /Declaration$/.test(node.type) ? (node.id as Node | null) : null;
      return [{ node, statement, names: [name?.type === 'Identifier' ? name.name : 'default'] }];
    }
    case 'VariableDeclaration':
      return statement.declarations.map((one) => ({ node: one, statement, names: boundNames(one.id) }));
    case 'FunctionDeclaration':
    case 'ClassDeclaration':
      return [{ node: statement, statement, names: statement.id === null ? [] : [statement.id.name] }];
    case 'TSEnumDeclaration':
    case 'TSModuleDeclaration': {
      const name = 'name' in statement.id ? statement.id.name : undefined;
      return [{ node: statement, statement, names: name === undefined ? [] : [name] }];
    }
    case 'ImportDeclaration':
      return [{ node: statement, statement, names: statement.specifiers.map((one) => one.local.name) }];
    default:
      return [{ node: statement, statement, names: [] }];
  }
}

/** `const`, `let`, `var`, `using` of a variable; undefined of anything else. */
export function kindOf({ node, statement }: Unit): string | undefined {
  if (node.type !== 'VariableDeclarator') return undefined;
  const declaration = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
  return declaration?.type === 'VariableDeclaration' ? declaration.kind : undefined;
}

/** Whether a unit makes functions, classes or variables, and does so at once. */
export function isDeclaration({ node, names }: Unit): boolean {
  return names.length > 0 && node.type !== 'ImportDeclaration' && (isFunction(node) || !awaits(node));
}

function awaits(node: Node): boolean {
  if (node.type === 'AwaitExpression') return true;
  if (isFunction(node)) return false;
  let found = false;
  eachChild(node, (child) => {
    found ||= awaits(child);
  });
  return found;
}

export type UnitPair = [before: Unit | undefined, after: Unit | undefined];

/**
 * Which units of two texts are the same one: what declares a name that it declared before, or says the same, the code of
 * its functions aside. The rest has come or gone.
 */
export function aligned(from: Analysis, to: Analysis): UnitPair[] {
  const [olds, news] = [unitsOf(from), unitsOf(to)];
  if (olds.length === news.length && olds.every((unit, i) => sameNames(unit, news[i] as Unit)))
    return olds.map((unit, i) => [unit, news[i]]);
  const found = new Map<Unit, Unit>();
  const taken = new Set<Unit>();
  const pair = (x: Unit, y: Unit | undefined): void => {
    if (y === undefined || taken.has(y)) return;
    found.set(x, y);
    taken.add(y);
  };
  const declared = new Map(news.flatMap((unit) => unit.names.map((name) => [name, unit])));
  for (const unit of olds) {
    const name = unit.names.find((one) => declared.has(one));
    if (name !== undefined) pair(unit, declared.get(name));
  }
  for (const textOf of [plainText, maskedText]) {
    const left = new Map<string, Unit[]>();
    for (const unit of news) {
      if (unit.names.length > 0 || taken.has(unit)) continue;
      const text = textOf(to, unit);
      left.set(text, [...(left.get(text) ?? []), unit]);
    }
    for (const unit of olds) {
      if (unit.names.length === 0 && !found.has(unit)) pair(unit, left.get(textOf(from, unit))?.shift());
    }
  }
  return [
    ...olds.map((unit): UnitPair => [unit, found.get(unit)]),
    ...news.filter((unit) => !taken.has(unit)).map((unit): UnitPair => [undefined, unit]),
  ];
}

function sameNames(a: Unit, b: Unit): boolean {
  return (
    a.node.type === b.node.type &&
    a.names.length === b.names.length &&
    a.names.every((name, i) => name === b.names[i])
  );
}

function plainText({ source }: Analysis, { node }: Unit): string {
  return source.slice(node.start, node.end);
}

/** The text of a unit without its hot functions. */
function maskedText({ source, functions }: Analysis, { node }: Unit): string {
  let text = '';
  let at = node.start;
  for (const hot of functions) {
    if (hot.start < at || hot.end > node.end) continue;
    text += `${source.slice(at, hot.start)}\0`;
    at = hot.end;
  }
  return text + source.slice(at, node.end);
}
