/**
 * The analysis of a text in JavaScript that differs from another in a few statements. In: the text, and the other's analysis; out: an
 * Analysis equal to that of the whole text, for which only the changed statements were read, or nothing where it cannot be
 * told from them alone. The other's statements are shared where they stand, and copied, once someone asks, where they have moved.
 */
import { addTo, type HotFunction, type Part, partReader } from '../../loader/functions.ts';
import { lineOf, type Node, parseAt } from '../../loader/parse.ts';
import { moduleScope } from '../../loader/scopes.ts';
import type { Analysis } from './analysis.ts';
import { type Distance, MovedPart } from './moved.ts';

/** The analysis of `source`, from that of `other`. */
export function changed(source: string, other: Analysis): Analysis | undefined {
  const { parts, top } = other;
  const by = source.length - other.source.length;
  const region = statementsAround(other, difference(other.source, source));
  if (region === undefined) return undefined;
  const olds = parts.slice(region.from, region.to);
  const [{ start }, { end }] = [olds[0] as Part, olds.at(-1) as Part];
  if (continues(source, start)) return undefined;
  const statements = parseAt(source, start, end + by);
  if (statements === undefined || !sameKinds(olds, statements)) return undefined;
  const [first, last] = [statements[0] as Node, statements.at(-1) as Node];
  if (first.start !== start || last.end !== end + by) return undefined;
  const next = parts[region.to];
  if (next !== undefined && !endsThere(source, last, next.start + by)) return undefined;
  if (declared(statements) !== declared(olds.map(({ statement }) => statement))) return undefined;

  const before = parts.slice(0, region.from);
  const after = parts.slice(region.to);
  const news = statements.map(partReader(source, top, true, before));
  const distance: Distance = {
    offset: by,
    lines: lineOf(source, end + by, start) - lineOf(other.source, end, start),
    functions: count(news, 'functions') - count(olds, 'functions'),
    classes: count(news, 'classes') - count(olds, 'classes'),
  };
  if (renumbers(olds, news, after)) return undefined;
  const moves = Object.values(distance).some((value) => value !== 0);
  if (moves && after.some(({ accessors }) => accessors.length > 0)) return undefined; // their names tell their places

  const moved = moves ? after.map((part) => MovedPart.of(part, distance)) : after;
  const analysis = new Changed(source, [...before, ...news, ...moved], other);
  analysis.parts.forEach((part) => addTo(analysis, part));
  return analysis;
}

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
  readonly told = new Set<string>();
  readonly ends = new Map();
  readonly starts = new Map();
  readonly parts: Part[];
  readonly top: Analysis['top'];
  readonly hashbang: Analysis['hashbang'];
  #program: Analysis['program'] | undefined;

  constructor(source: string, parts: Part[], { top, hashbang, url }: Analysis) {
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

/** The statements that hold a piece of text, up to `to`; none where it reaches past them. */
function statementsAround(
  { parts }: Analysis,
  { start, end }: { start: number; end: number },
): { from: number; to: number } | undefined {
  const from = parts.findIndex((part) => start < part.end);
  const to = parts.findIndex((part, i) => i >= from && end <= part.end) + 1;
  if (from < 0 || to === 0 || (parts[from] as Part).start > start || (parts[to - 1] as Part).start > end)
    return undefined;
  return { from, to };
}

/** Whether what a statement begins with could be more of the one before it, or of another in that one's place (ECMA-262 12.10). */
function continues(source: string, at: number): boolean {
  return !/^(?!in\b|instanceof\b)[\w$'"{@]/.test(source.slice(at, at + 11));
}

/** Whether a statement ends where it does whatever follows. @param next where the next statement begins */
function endsThere(source: string, statement: Node, next: number): boolean {
  if (source[statement.end - 1] === ';' || /(Function|Class)Declaration$/.test(kindOf(statement) ?? ''))
    return true;
  return /[\n\r\u2028\u2029]/.test(source.slice(statement.end, next)) && !continues(source, next);
}

/** What a statement is; undefined for what the whole text must judge: lists of exports, directives. */
function kindOf(node: Node): string | undefined {
  if (node.type === 'ExportAllDeclaration' || ('directive' in node && node.directive)) return undefined;
  if (node.type !== 'ExportNamedDeclaration' && node.type !== 'ExportDefaultDeclaration') return node.type;
  return node.declaration ? `${node.type} ${node.declaration.type}` : undefined;
}

function sameKinds(olds: readonly Part[], news: readonly Node[]): boolean {
  if (olds.length !== news.length) return false;
  return olds.every(({ statement }, i) => {
    const kind = kindOf(statement);
    return kind !== undefined && kind === kindOf(news[i] as Node);
  });
}

/** The module's variables that statements declare. */
function declared(statements: readonly Node[]): string {
  return [...moduleScope(statements).variables.values()]
    .map(({ name, constant }) => `${constant} ${name}`)
    .join();
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
