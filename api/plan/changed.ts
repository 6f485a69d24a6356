/**
 * The analysis of a text in JavaScript that differs from another in a few statements. In: the text, and the other's analysis; out: an
 * Analysis equal to that of the whole text, for which only the changed statements were read, or nothing where it cannot be
 * told from them alone. The other's statements are shared where they stand, and copied, once someone asks, where they have moved.
 */
import { addTo, type HotFunction, type Part, partReader } from '../../loader/functions.ts';
import { exportName, lineOf, type Node, parseAt, skipTrivia } from '../../loader/parse.ts';
import { type CapturedName, moduleScope, type Scope } from '../../loader/scopes.ts';
import type { Analysis } from './analysis.ts';
import { type Distance, MovedPart } from './moved.ts';

/** The analysis of `source`, from that of `other`. */
export function changed(source: string, other: Analysis): Analysis | undefined {
  const by = source.length - other.source.length;
  const region = regionOf(other, difference(other.source, source));
  if (region === undefined || source.startsWith('#!', region.start)) return undefined;
  const { start, end, olds, before, after } = region;
  const statements = parseAt(source, start, end + by);
  if (statements === undefined || !standAlone(source, region, statements, by)) return undefined;
  if (!exportsAreSound(region, statements)) return undefined;

  const top = topOf(other, region, statements);
  const renamed = top !== other.top;
  const first = renamed ? before.map((part) => MovedPart.of(part, NOWHERE, top)) : before;
  const news = statements.map(partReader(source, top, true, first));
  const distance: Distance = {
    offset: by,
    lines: lineOf(source, end + by, start) - lineOf(other.source, end, start),
    functions: count(news, 'functions') - count(olds, 'functions'),
    classes: count(news, 'classes') - count(olds, 'classes'),
  };
  if (renumbers(olds, news, after)) return undefined;
  const moves = renamed || Object.values(distance).some((value) => value !== 0);
  const told = [...(renamed ? before : []), ...(moves ? after : [])];
  if (told.some(({ accessors }) => accessors.length > 0)) return undefined; // their names tell their places

  const last = moves ? after.map((part) => MovedPart.of(part, distance, top)) : after;
  const analysis = new Changed(source, [...first, ...news, ...last], top, other);
  analysis.parts.forEach((part) => addTo(analysis, part));
  if (exportsAlike(region, statements)) analysis.exported = other.exported;
  return analysis;
}

const NOWHERE: Distance = { offset: 0, lines: 0, functions: 0, classes: 0 };

/** An analysis whose whole tree is put together once someone asks. */
class Changed implements Analysis {
  readonly functions: HotFunction[] = [];
  readonly classes: Analysis['classes'] = [];
  readonly accessors: Analysis['accessors'] = [];
  readonly source: string;
  readonly url: string;
  readonly plain: string;
  readonly left = [];
  readonly properties = [];
  readonly requires = [];
  readonly withTypes = undefined;
  readonly ends = new Map();
  readonly starts = new Map();
  readonly parts: Part[];
  readonly top: Analysis['top'];
  readonly hashbang: Analysis['hashbang'];
  exported: Analysis['exported'];
  #program: Analysis['program'] | undefined;

  constructor(source: string, parts: Part[], top: Scope, { hashbang, url }: Analysis) {
    this.source = source;
    this.plain = source;
    this.url = url;
    this.parts = parts;
    this.top = top;
    this.hashbang = hashbang;
  }

  get program(): Analysis['program'] {
    const { parts, hashbang, source } = this;
    const body = parts.map(({ statement }) => statement) as Analysis['program']['body'];
    this.#program ??= { type: 'Program', body, sourceType: 'module', hashbang, start: 0, end: source.length };
    return this.#program;
  }
}

/** Where two texts differ: in both from `start` on, up to `end` in the first. */
function difference(first: string, second: string): { start: number; end: number } {
  const shorter = Math.min(first.length, second.length);
  const start = longest(shorter, (from, to) => first.slice(from, to) === second.slice(from, to));
  const backwards = (text: string, from: number, to: number) =>
    text.slice(text.length - to, text.length - from);
  const same = longest(
    shorter - start,
    (from, to) => backwards(first, from, to) === backwards(second, from, to),
  );
  return { start, end: first.length - same };
}

/** The greatest length, up to `limit`, for which two texts are the same. @param same whether they are between two lengths */
function longest(limit: number, same: (from: number, to: number) => boolean): number {
  let [known, differs] = [0, limit + 1];
  while (differs - known > 1) {
    const half = (known + differs) >> 1;
    if (same(known, half)) known = half;
    else differs = half;
  }
  return known;
}

/** A piece of the earlier text, from the end of a statement or the beginning of one to another such place. */
interface Region {
  start: number;
  end: number;
  /** the statements in it, those before it and those after it */
  olds: Part[];
  before: Part[];
  after: Part[];
  /** whether it begins where a statement begins, so that what stands before that is as it was */
  fromStatement: boolean;
}

/** The statements that a difference touches, with what is around them where it reaches into that; none for the line `#!`. */
function regionOf(
  { parts, source, hashbang }: Analysis,
  { start, end }: { start: number; end: number },
): Region | undefined {
  if (hashbang && start <= hashbang.end) return undefined;
  const beyond = parts.findIndex((part) => part.end >= start);
  const from = beyond < 0 ? parts.length : beyond;
  const past = parts.findIndex((part) => part.start > end);
  const to = Math.max(from, past < 0 ? parts.length : past);
  const [before, olds, after] = [parts.slice(0, from), parts.slice(from, to), parts.slice(to)];
  const [first, last] = [olds[0], olds.at(-1)];
  const fromStatement = first !== undefined && first.start <= start;
  const toStatement = last !== undefined && last.end >= end;
  return {
    start: fromStatement ? first.start : (before.at(-1)?.end ?? hashbang?.end ?? 0),
    end: toStatement ? last.end : (after[0]?.start ?? source.length),
    olds,
    before,
    after,
    fromStatement,
  };
}

/**
 * Whether statements that were read by themselves are those statements among the others too, and the others what they were.
 * @param by how far those after them have moved
 */
function standAlone(
  source: string,
  { start, before, after, fromStatement }: Region,
  statements: readonly Node[],
  by: number,
): boolean {
  const [previous, following] = [before.at(-1), after[0] && unmoved(after[0])];
  if (statements.some(isText) || (following !== undefined && isText(following))) return false; // its place may make it a directive
  const next = after[0] && after[0].start + by;
  const [first, last] = [statements[0]?.start ?? next, statements.at(-1)];
  if (
    previous !== undefined &&
    first !== undefined &&
    !endsThere(source, unmoved(previous), previous.end, first)
  ) {
    if (!fromStatement || first !== start || continues(source, start)) return false;
  }
  if (next === undefined) return true;
  return last === undefined ? skipTrivia(source, start) === next : endsThere(source, last, last.end, next);
}

function isText(node: Node): boolean {
  return (
    node.type === 'ExpressionStatement' &&
    node.expression.type === 'Literal' &&
    typeof node.expression.value === 'string'
  );
}

/** Whether what a statement begins with could be more of the one before it, or of another in that one's place (ECMA-262 12.10). */
function continues(source: string, at: number): boolean {
  return !/^(?!in\b|instanceof\b)[\w$'"{@]/.test(source.slice(at, at + 11));
}

/** Whether a statement ends at an offset whatever follows. @param next where the next statement begins */
function endsThere(source: string, statement: Node, end: number, next: number): boolean {
  if (skipTrivia(source, end) !== next) return false;
  const { type } = ('declaration' in statement && (statement.declaration as Node | null)) || statement;
  if (source[end - 1] === ';' || type === 'FunctionDeclaration' || type === 'ClassDeclaration') return true;
  return /[\n\r\u2028\u2029]/.test(source.slice(end, next)) && !continues(source, next);
}

/** Whether no name that some statements export, and the former ones did not, is exported by others too. */
function exportsAreSound({ olds, before, after }: Region, statements: readonly Node[]): boolean {
  const names = new Set(statements.flatMap(exportsOf));
  for (const one of olds) for (const name of exportsOf(unmoved(one))) names.delete(name);
  const isExported = (part: Part): boolean => exportsOf(unmoved(part)).some((name) => names.has(name));
  return names.size === 0 || !(before.some(isExported) || after.some(isExported));
}

/** Whether statements plainly export what the former ones did: they are the same declarations of names, and no lists or imports. */
function exportsAlike({ olds }: Region, statements: readonly Node[]): boolean {
  const told = (nodes: readonly Node[]): string | undefined => {
    const names: string[] = [];
    for (const node of nodes) {
      if (node.type === 'ImportDeclaration' || node.type === 'ExportAllDeclaration') return undefined;
      if (node.type === 'ExportDefaultDeclaration') return undefined;
      if (node.type !== 'ExportNamedDeclaration') continue;
      if (node.declaration === null) return undefined;
      names.push(...exportsOf(node));
    }
    return names.join();
  };
  const before = told(olds.map(unmoved));
  return before !== undefined && before === told(statements);
}

/** The names that a statement exports. */
function exportsOf(node: Node): string[] {
  switch (node.type) {
    case 'ExportDefaultDeclaration':
      return ['default'];
    case 'ExportAllDeclaration':
      return node.exported ? [exportName(node.exported)] : [];
    case 'ExportNamedDeclaration':
      return node.declaration
        ? declaredBy([node.declaration]).map(({ name }) => name)
        : node.specifiers.map(({ exported }) => exportName(exported));
    default:
      return [];
  }
}

/** The module's scope: another where others declare a variable, or where it is another kind of variable. */
function topOf({ top }: Analysis, { olds, before, after }: Region, statements: readonly Node[]): Scope {
  const told = (nodes: readonly Node[]): string =>
    declaredBy(nodes)
      .map(({ name, constant }) => `${constant} ${name}`)
      .join();
  if (told(statements) === told(olds.map(unmoved))) return top;
  const other = moduleScope([...before.map(unmoved), ...statements, ...after.map(unmoved)]);
  other.variables.forEach((variable, name) => {
    Object.assign(variable, top.variables.get(name), { constant: variable.constant });
  });
  return other;
}

/** The module's variables that statements declare. */
function declaredBy(statements: readonly Node[]): CapturedName[] {
  return [...moduleScope(statements).variables.values()];
}

/** A part's statement, wherever it stands. */
function unmoved(part: Part): Node {
  return part instanceof MovedPart ? part.unmoved : part.statement;
}

function count(parts: readonly Part[], of: 'functions' | 'classes'): number {
  return parts.reduce((sum, part) => sum + part[of].length, 0);
}

/** Whether other paths in some statements give equal ones in later statements other numbers. */
function renumbers(olds: readonly Part[], news: readonly Part[], later: readonly Part[]): boolean {
  const more = new Map<string, number>();
  for (const { names } of news) for (const name of names) more.set(name, (more.get(name) ?? 0) + 1);
  for (const { names } of olds) for (const name of names) more.set(name, (more.get(name) ?? 0) - 1);
  more.forEach((difference, name) => {
    if (difference === 0) more.delete(name);
  });
  return more.size > 0 && later.some(({ names }) => names.some((name) => more.has(name)));
}
