/**
 * The top level of a module, a piece at a time. In: a text's analysis; out: its units (a function, a class, one variable of
 * several, one imported name, a statement), each with the names it declares; and which units of two texts are the same
 * one. Pure.
 */
import type { Part } from '../../loader/functions.ts';
import type { ImportUse } from '../../loader/imports.ts';
import { languageOf, typed } from '../../loader/language.ts';
import type { Kind } from '../../loader/live.ts';
import {
  boundNames,
  type ClassNode,
  type FunctionNode,
  firstName,
  isClass,
  type Node,
  startOf,
  unwrapped,
} from '../../loader/parse.ts';
import { type Analysis, lastFrom, referencesIn } from './analysis.ts';

/** What a top level is made of: a declaration without its `export`, one declarator or import of several, or another statement. */
export interface Unit {
  node: Node;
  /** the statement that it stands in, or is */
  statement: Node;
  /** names that it declares in the module; `default` where a default export has none of its own */
  names: string[];
  /** of an import: what it brings, and from where */
  imported?: Imported;
  /** further declarations of its name, which TypeScript merges: namespaces that add to a function or class, or pieces of an enum */
  more?: readonly Unit[];
}

export interface Imported {
  specifier: string;
  /** the name there, `*` for the namespace; undefined: nothing, the module only runs */
  name: string | undefined;
  /** import attributes, e.g. `{ type: 'json' }` */
  attributes: Record<string, string>;
  /** only decorators are told of it, as of a type: there need be nothing by that name */
  told?: true;
}

const known = new WeakMap<Part, Unit[]>();

/** The units of a text in source order. Lists of exports (`export { a }`, `export * from`) are none: they make nothing. */
export function unitsOf(analysis: Analysis): Unit[] {
  let units = all.get(analysis);
  if (units === undefined) {
    units = languageOf(analysis.url) === 'js' ? plainUnits(analysis) : mergedIn(analysis).units;
    all.set(analysis, units);
  }
  return units;
}

const all = new WeakMap<Analysis, Unit[]>();

function plainUnits(analysis: Analysis): Unit[] {
  return analysis.parts.flatMap((part) => unitsIn(analysis, part));
}

interface Merged {
  units: Unit[];
  /** by each declaration of a name that has several: the unit that is all of them */
  whole: Map<Node, Unit>;
}

const mergedOf = new WeakMap<Analysis, Merged>();

/** The units of TypeScript, of which declarations of one name make one thing (TypeScript Handbook: Declaration Merging). */
function mergedIn(analysis: Analysis): Merged {
  let found = mergedOf.get(analysis);
  if (found !== undefined) return found;
  const plain = plainUnits(analysis);
  const byName = new Map<string, Unit[]>();
  for (const unit of plain) {
    const [name] = unit.names;
    if (name !== undefined && /^(?:Function|Class|TSEnum|TSModule)Declaration$/.test(unit.node.type))
      byName.set(name, [...(byName.get(name) ?? []), unit]);
  }
  const whole = new Map<Node, Unit>();
  byName.forEach((all) => {
    if (all.length < 2) return;
    const first = all.find((one) => !isOfStatements(one)) ?? (all[0] as Unit);
    const unit = { ...first, more: all.filter((one) => one !== first) };
    for (const { node } of all) whole.set(node, unit);
  });
  const units = new Set(plain.map((unit) => whole.get(unit.node) ?? unit));
  found = { units: [...units], whole };
  mergedOf.set(analysis, found);
  return found;
}

/** Whether a declaration can only be made by statements: an enum or a namespace. */
export function isOfStatements({ node }: Unit): boolean {
  return /^TS/.test(node.type);
}

/** Every node of a unit, in source order. */
export function nodesOf({ node, more }: Pick<Unit, 'node' | 'more'>): Node[] {
  if (more === undefined) return [node];
  return [node, ...more.map((one) => one.node)].sort((a, b) => a.start - b.start);
}

/** The units of one statement. Imports of TypeScript that no code of the text uses are none. */
function unitsIn(analysis: Analysis, part: Part): Unit[] {
  const units = unitsOfPart(part);
  const isImport = part.statement.type === 'ImportDeclaration' || analysis.requires.length > 0;
  if (!isImport || languageOf(analysis.url) === 'js') return units;
  const { unused, told } = importsIn(analysis);
  for (const { node, imported } of units) if (imported !== undefined && told.has(node)) imported.told = true;
  return units.filter(
    ({ node, statement }) => told.has(node) || (!unused.has(node) && !unused.has(statement)),
  );
}

const uses = new WeakMap<Analysis, ImportUse>();

/** What the imports of a text in TypeScript are for. */
export function importsIn(analysis: Analysis): ImportUse {
  let use = uses.get(analysis);
  if (use === undefined) {
    const { source, url } = analysis;
    const { settingsFor, importUse } = typed();
    use = importUse(analysis, source, referencesIn(analysis), settingsFor(url), url);
    uses.set(analysis, use);
  }
  return use;
}

function unitsOfPart(part: Part): Unit[] {
  let units = known.get(part);
  if (units === undefined) known.set(part, (units = unitsOfStatement(part.statement)));
  return units;
}

function unitsOfStatement(statement: Node): Unit[] {
  switch (statement.type) {
    case 'ExportNamedDeclaration':
      if (statement.declaration === null) return [];
      return unitsOfStatement(statement.declaration).map((unit) => ({ ...unit, statement }));
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
      const name = firstName(statement.id as Node);
      return [{ node: statement, statement, names: name === undefined ? [] : [name] }];
    }
    case 'ImportDeclaration':
      return importedBy(statement);
    case 'EmptyStatement':
      return [];
    default:
      return [{ node: statement, statement, names: [] }];
  }
}

function importedBy(statement: Extract<Node, { type: 'ImportDeclaration' }>): Unit[] {
  const specifier = statement.source.value;
  const attributes: Record<string, string> = {};
  for (const { key, value } of statement.attributes)
    attributes[key.type === 'Identifier' ? key.name : String(key.value)] = value.value;
  const from = (name: string | undefined): Imported => ({ specifier, name, attributes });
  if (statement.specifiers.length === 0)
    return [{ node: statement, statement, names: [], imported: from(undefined) }];
  return statement.specifiers.map((node) => {
    const name =
      node.type === 'ImportDefaultSpecifier'
        ? 'default'
        : node.type === 'ImportNamespaceSpecifier'
          ? '*'
          : node.imported.type === 'Identifier'
            ? node.imported.name
            : node.imported.value;
    return { node, statement, names: [node.local.name], imported: from(name) };
  });
}

/** The text that says what a unit is: where two are equal, so is what they make. */
export function textOfUnit({ source }: Analysis, { node, imported, more = [] }: Unit): string {
  if (imported !== undefined) return `import ${JSON.stringify(imported)}`;
  return [node, ...more.map((one) => one.node)].map((one) => source.slice(startOf(one), one.end)).join('\n');
}

/** `const`, `let`, `var`, `using` of a variable; undefined of anything else. */
export function kindOf({ node, statement }: Unit): string | undefined {
  if (node.type !== 'VariableDeclarator') return undefined;
  const declaration = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
  return declaration?.type === 'VariableDeclaration' ? declaration.kind : undefined;
}

/** The value that a unit gives its name, as far as its text says. */
export function givenBy({ node }: Unit): Node {
  return node.type === 'VariableDeclarator' && node.init !== null ? unwrapped(node.init) : unwrapped(node);
}

/** The variable that `export default name` exports. */
export function nameByDefault(unit: Unit): string | undefined {
  const value = givenBy(unit);
  return unit.names[0] === 'default' && value.type === 'Identifier' ? value.name : undefined;
}

export function kindOfFunction({ async, generator }: FunctionNode): Kind {
  return { async, generator: generator === true };
}

/**
 * Whether who holds a function of one kind can be given another's result by its patch point, for the same use: an async
 * function answers with a promise and a generator with a generator before any of our code runs.
 */
export function canBecome(from: Kind, to: Kind): boolean {
  if (from.generator) return to.generator && (from.async || !to.async);
  return !from.async || (to.async && !to.generator);
}

/** The class that a unit declares. */
export function classOf(unit: Unit): ClassNode | undefined {
  const value = givenBy(unit);
  return isClass(value) ? value : undefined;
}

/** Whether a function or class stands in one of these, of which none stands in another. */
export function isIn(
  pieces: readonly Pick<Unit, 'node' | 'more'>[],
  { start, end }: Pick<Node, 'start' | 'end'>,
): boolean {
  let nodes = inOrder.get(pieces);
  if (nodes === undefined)
    inOrder.set(pieces, (nodes = pieces.flatMap(nodesOf).sort((a, b) => a.start - b.start)));
  const found = lastFrom(nodes, start);
  return found !== undefined && found.start <= start && found.end >= end;
}

const inOrder = new WeakMap<readonly Pick<Unit, 'node' | 'more'>[], Node[]>();

export type UnitPair = [before: Unit | undefined, after: Unit | undefined];

/**
 * Which units of two texts are the same one: what declares a name that it declared before, or says the same, the code of
 * its functions aside. The rest has come or gone. Units of which nothing has changed may be left out.
 */
export function aligned(from: Analysis, to: Analysis): UnitPair[] {
  const inPlace = alignedInPlace(from, to);
  if (inPlace !== undefined) return inPlace;
  const [olds, news] = [unitsOf(from), unitsOf(to)];
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
  for (const text of [textOfUnit, maskedText]) {
    const left = new Map<string, Unit[]>();
    for (const unit of news) {
      if (unit.names.length > 0 || taken.has(unit)) continue;
      const key = text(to, unit);
      left.set(key, [...(left.get(key) ?? []), unit]);
    }
    for (const unit of olds) {
      if (unit.names.length === 0 && !found.has(unit)) pair(unit, left.get(text(from, unit))?.shift());
    }
  }
  const inOrder: UnitPair[] = [];
  const before = new Map([...found].map(([x, y]) => [y, x]));
  for (const unit of olds) if (!found.has(unit)) inOrder.push([unit, undefined]);
  for (const unit of news) inOrder.push([before.get(unit), unit]);
  return inOrder;
}

/** The units that differ in texts of which each statement is where it was; undefined where statements have come or gone. */
export function alignedInPlace(from: Analysis, to: Analysis): UnitPair[] | undefined {
  if (from.parts.length !== to.parts.length) return undefined;
  const pairs: UnitPair[] = [];
  const isTyped = languageOf(to.url) !== 'js';
  const wholeOf = (of: Analysis, unit: Unit): Unit => (isTyped && mergedIn(of).whole.get(unit.node)) || unit;
  const seen = new Set<Unit>();
  for (let i = 0; i < to.parts.length; i++) {
    const [was, now] = [from.parts[i] as Part, to.parts[i] as Part];
    if (was === now || from.source.slice(was.start, was.end) === to.source.slice(now.start, now.end)) {
      if (isTyped && (now.statement.type === 'ImportDeclaration' || to.requires.length > 0))
        if (namesIn(unitsIn(from, was)) !== namesIn(unitsIn(to, now))) return undefined;
      continue;
    }
    const [olds, news] = [unitsIn(from, was), unitsIn(to, now)];
    if (olds.length !== news.length) return undefined;
    for (const [n, unit] of olds.entries()) {
      const other = news[n] as Unit;
      if (!isSameLine(from, unit, to, other)) return undefined;
      const whole = wholeOf(to, other);
      if (seen.has(whole)) continue;
      seen.add(whole);
      pairs.push([wholeOf(from, unit), whole]);
    }
  }
  return pairs;
}

function namesIn(units: readonly Unit[]): string {
  return units.map(({ names, imported }) => `${imported?.told ? 'type ' : ''}${names}`).join();
}

/** Whether two units in the same place are plainly the same one. */
function isSameLine(from: Analysis, a: Unit, to: Analysis, b: Unit): boolean {
  if (a.names.length === 0)
    return (
      b.names.length === 0 &&
      (textOfUnit(from, a) === textOfUnit(to, b) || maskedText(from, a) === maskedText(to, b))
    );
  return a.names.length === b.names.length && a.names.every((name, i) => name === b.names[i]);
}

/** The text of a unit without its hot functions, and without layout between words. */
function maskedText(analysis: Analysis, unit: Unit): string {
  if (unit.imported !== undefined) return textOfUnit(analysis, unit);
  const { source, functions } = analysis;
  const { node } = unit;
  let text = '';
  let at = node.start;
  for (const hot of functions) {
    if (hot.start < at || hot.end > node.end) continue;
    text += `${source.slice(at, hot.start)}\0`;
    at = hot.end;
  }
  return (text + source.slice(at, node.end)).replace(/\s+/g, ' ');
}
