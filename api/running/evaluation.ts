/**
 * Text that becomes running code. In: a piece of a version's text with what it needs around it, and the scope to evaluate it
 * in; out: the value, on its own line of a file that exists, or an error that a person can act on. What the program
 * runs does not change by this.
 */
import MagicString from 'magic-string';
import { HotswapError } from '../../error.ts';
import type { Place } from '../../loader/erase.ts';
import { typed } from '../../loader/language.ts';
import type { LiveCell, LiveModule, Scope } from '../../loader/live.ts';
import { eachChild, lineOf, type Node } from '../../loader/parse.ts';
import { setProperties } from '../../loader/patch.ts';
import { type Analysis, partAround } from '../plan/analysis.ts';
import { importsIn } from '../plan/units.ts';
import { lifeOf } from './cells.ts';
import { isOverlaid, overlaidIn, same } from './overlay.ts';
import { compiling } from './stacktraces.ts';
import { guardConstants, patchInside, referTo } from './surroundings.ts';
import { traced } from './traced.ts';

/** A piece of a version's text that is evaluated by itself: a unit of the top level, a member of a class. */
export interface Piece {
  module: LiveModule;
  analysis: Analysis;
  /** in source order */
  nodes: readonly Node[];
  /** what is taken of the text for them */
  places: readonly Pick<Node, 'start' | 'end'>[];
  /** what it is for, and where it is evaluated, see `evaluated` */
  path: string;
  scope: Scope | undefined;
  isAsync?: boolean;
  /** names of what its code is given when it is called */
  params: readonly string[];
  /** names that the piece declares for itself: in it they do not lead to the overlay */
  own?: readonly string[];
  /**
   * Makes the piece the body of an arrow, its names leading to where they live and its functions being hot.
   * @param cells of its functions
   * @returns what goes before it, and itself with what goes after it, or this by itself where the piece is statements
   */
  body: (text: MagicString, cells: readonly LiveCell[]) => [head: string, text: string, tail?: string];
  /** file that stack traces are to name */
  url: string;
}

/** A piece as a function that evaluates it. @throws as `placed` and `evaluated` */
export function compiled(piece: Piece): (...values: unknown[]) => unknown {
  const { module, analysis, nodes, places, scope, isAsync, params, own = [], url } = piece;
  const overlaid = overlaidIn(module, analysis);
  const place = { start: places[0]?.start as number, end: places.at(-1)?.end as number };
  const isHere = (one: { start: number; end: number }): boolean =>
    places.some(({ start, end }) => one.start >= start && one.end <= end);
  const text = new MagicString(analysis.plain);
  const parts = [...new Set(nodes.map((node) => partAround(analysis, node)))];
  const references = parts
    .flatMap((part) => part.references)
    .filter((one) => isHere(one.node) && !own.includes(one.key) && !params.includes(one.key));
  for (const reference of references) if (isOverlaid(reference, overlaid)) referTo(text, reference);
  const guard = guardConstants(text, references, overlaid);
  const usesMeta = nodes.map((node) => replaceMetas(text, node)).includes(true);
  const first = module.cells.length;
  const inside = parts.flatMap((part) => part.functions).filter(isHere);
  patchInside(text, { module, analysis, overlaid }, inside, place, new Set(), () => undefined);
  const last = module.cells.length;
  for (const node of nodes) setParameters(text, node, analysis);
  finishTypes(text, analysis, overlaid, (offset) => isHere({ start: offset, end: offset }));
  const [head, body, tail] = piece.body(text, module.cells.slice(first) as LiveCell[]);
  const all = ['hs$o', 'hs$i', 'hs$meta', ...params, 'hs$life', 'hs$see=()=>hs$life', ...guard];
  const opening = `(${isAsync ? 'async' : ''}(${all.join()})=>${head}`;
  const code =
    tail === undefined
      ? placed(piece, place, opening, `${body})`, url)
      : placed(piece, place, '', body, url, [opening, `${tail})`]);
  const factory = evaluated(piece, scope, code, place.start) as (...args: unknown[]) => unknown;
  const life = lifeOf(module, first, last);
  return (...values) => {
    const meta = usesMeta ? module.meta?.() : undefined;
    return factory(module.overlay?.values, same, meta, ...values, life);
  };
}

/** Gives constructors in a piece of text the assignments that their parameters stand for, as the module's settings have it. */
export function setParameters(text: MagicString, node: Node, { url, properties }: Analysis): void {
  if (properties.length > 0) setProperties(text, node, properties, typed().settingsFor(url).define);
}

/** Puts into pieces of a text what their types come to at run time: what decorators are told, and `require`. */
export function finishTypes(
  text: MagicString,
  analysis: Analysis,
  overlaid: ReadonlySet<string>,
  isHere: (offset: number) => boolean,
): void {
  const { requires, withTypes, url } = analysis;
  if (requires.length === 0 && withTypes === undefined) return;
  const { setRequires, settingsFor, tellTypes, toldName } = typed();
  setRequires(text, analysis, url, isHere);
  const placed = (name: string): string | undefined =>
    overlaid.has(name) ? `hs$o.${name}` : toldName(importsIn(analysis).told, name);
  tellTypes(text, analysis, settingsFor(url), placed, isHere);
}

/** Rewrites `import.meta`. @returns whether there was any */
function replaceMetas(text: MagicString, node: Node): boolean {
  let found = false;
  const look = (one: Node): void => {
    if (one.type === 'MetaProperty' && one.meta.name === 'import') {
      found = true;
      text.overwrite(one.start, one.end, 'hs$meta');
    } else eachChild(one, look);
  };
  look(node);
  return found;
}

/**
 * Names of ours stand around new code, and its own of that kind would hide them. A module that is only loaded may have them.
 * @throws ERR_HOTSWAP_SYNTAX
 */
function checkOwn({ module, analysis, path }: Subject, place: Pick<Node, 'start' | 'end'>): void {
  if (!/hs\$|\\u/.test(analysis.plain.slice(place.start, place.end))) return;
  const look = (node: Node, isKey: boolean): void => {
    if (node.end <= place.start || node.start >= place.end) return;
    if (
      !isKey &&
      /^(?:JSX)?Identifier$/.test(node.type) &&
      'name' in node &&
      /^hs\$/.test(String(node.name))
    ) {
      const line = lineOf(analysis.source, node.start);
      throw new HotswapError(
        'ERR_HOTSWAP_SYNTAX',
        `the new code of ${module.url}#${path} uses the name ${node.name} (line ${line}); names that begin with hs$ are hotswap's own, so choose another`,
        { module: module.url, path, line, names: [String(node.name)] },
      );
    }
    const isPlain = !('computed' in node) || !node.computed;
    eachChild(node, (child, key) => look(child, isPlain && (key === 'property' || key === 'key')));
  };
  look(partAround(analysis, place).statement, false);
}

/** What evaluated code is of. */
interface Subject {
  module: LiveModule;
  analysis: Analysis;
  /** of what is made, for messages */
  path: string;
}

/**
 * Code in which the text from `start` to `end` keeps its line, and its column where there is room before it.
 * @param head what goes before the text @param url file that stack traces are to name
@@ * @throws ERR_HOTSWAP_STRUCTURAL for JSX in a module that was loaded without any
 */
function placed(
  subject: Subject,
  { start, end }: { start: number; end: number },
  head: string,
  text: string,
  url: string,
  [opening, closing]: readonly [string, string] = ['', ''],
): string {
  const { module, analysis } = subject;
  checkOwn(subject, { start, end });
  const { source } = analysis;
  const lineStart = lineStartOf(source, start);
  const padding =
    '\n'.repeat(lineOf(source, start) - 1) + ' '.repeat(Math.max(0, start - lineStart - head.length));
  const left = analysis.left.filter((one) => one.start >= start && one.end <= end);
  const code = `${padding}${head}${text}`;
  const ready = left.length === 0 ? code : transformed(module, analysis, left, code);
  const made = traced(`${opening}${ready}${closing}`, analysis, url);
  if (url === module.url) compiling(module, made);
  return made;
}

/** A piece of code of a version, to be evaluated with others; see `placed`. */
export interface Placing {
  /** what it is of the version's text */
  start: number;
  end: number;
  subject: Subject;
  scope: Scope | undefined;
  head: string;
  text: string;
  url: string;
}

/**
 * What several pieces of one version evaluate to, in their order. Those that are evaluated in one scope and stand on lines of their own are
 * one text, so that many are compiled in the time of the whole: one by one, each would come with all the lines before it.
 * @throws as `placed` and `evaluated`
 */
export function evaluatedTogether(pieces: readonly Placing[]): unknown[] {
  const values = new Map<Placing, unknown>();
  const alone = ({ subject, start, end, head, text, url, scope }: Placing): unknown =>
    evaluated(subject, scope, placed(subject, { start, end }, head, text, url), start);
  for (const group of groupsOf(pieces)) {
    const made = group.length === 1 ? undefined : evaluatedAsOne(group);
    group.forEach((piece, i) => {
      values.set(piece, made === undefined ? alone(piece) : made[i]);
    });
  }
  return pieces.map((piece) => values.get(piece));
}

/** So many texts hold pieces that stand on lines of one another; what is more keeps its lines there, and not its columns. */
const LAYERS = 16;

/** Pieces that may be one text, each list in the order of the version's text. */
function groupsOf(pieces: readonly Placing[]): Placing[][] {
  const groups: Placing[][] = [];
  const open = new Map<Scope | undefined, { group: Placing[]; line: number }[]>();
  for (const piece of [...pieces].sort((a, b) => a.start - b.start)) {
    const { subject, scope, start, end } = piece;
    const { source, left } = subject.analysis;
    if (left.length > 0) {
      groups.push([piece]); // the transformer knows what it is to leave by its place
      continue;
    }
    const layers = open.get(scope) ?? [];
    open.set(scope, layers);
    const line = lineOf(source, start);
    let layer = layers.find((one) => one.line < line) ?? (layers.length < LAYERS ? undefined : layers.at(-1));
    if (layer === undefined) {
      layer = { group: [], line: 0 };
      layers.push(layer);
      groups.push(layer.group);
    }
    layer.group.push(piece);
    layer.line = Math.max(layer.line, lineOf(source, end));
  }
  return groups;
}

/** What pieces evaluate to that are one text; undefined where the engine refuses it, which one of them is to be refused for. */
function evaluatedAsOne(group: readonly Placing[]): unknown[] | undefined {
  const [{ subject, scope, url }] = group as [Placing];
  const { module, analysis } = subject;
  const { source } = analysis;
  let [code, line, column] = ['[', 1, 1];
  for (const { start, end, head, text, subject } of group) {
    checkOwn(subject, { start, end });
    const own = lineOf(source, start);
    if (own > line) [code, line, column] = [code + '\n'.repeat(own - line), own, 0];
    code += `${' '.repeat(Math.max(0, start - lineStartOf(source, start) - head.length - column))}${head}${text},`;
    line += text.match(/\r\n|[\n\r\u2028\u2029]/g)?.length ?? 0;
    column = Number.POSITIVE_INFINITY;
  }
  const made = traced(`${code}]`, analysis, url);
  try {
    const values = evaluated(subject, scope, made) as unknown[];
    if (url === module.url) compiling(module, made);
    return values;
  } catch (error) {
    if ((error as HotswapError).code !== 'ERR_HOTSWAP_SYNTAX') throw error;
    return undefined;
  }
}

/** Where the line of an offset begins, as V8 counts columns. */
function lineStartOf(source: string, offset: number): number {
  let at = offset;
  while (at > 0 && source[at - 1] !== '\n' && source[at - 1] !== '\r') at--;
  return at;
}

/** What is more than types, made JavaScript. */
function transformed(module: LiveModule, { source }: Analysis, left: readonly Place[], code: string): string {
  const { url, scope } = module;
  const { JSX, settingsFor, transformExpression } = typed();
  const made = transformExpression(code, { url, source, settings: settingsFor(url), left });
  const uses = new RegExp(`\\b${JSX.replace('$', '\\$')}\\["([^"]*)"\\]`, 'g');
  const needed = [...made.matchAll(uses)].map(([, specifier]) => specifier as string);
  const keys = `typeof ${JSX}=='object'?Object.keys(${JSX}):[]`;
  const loaded = needed.length === 0 ? [] : (scope?.(keys) as string[]);
  const missing = needed.filter((one) => !loaded.includes(one));
  if (missing.length === 0) return made;
  throw new HotswapError(
    'ERR_HOTSWAP_STRUCTURAL',
    `${url} was loaded without JSX that needs ${missing.join(', ')}, and evaluated text cannot import it; this change needs a restart`,
    { module: url, names: missing },
  );
}

/**
 * @param start where the code begins in the version's text, for messages
 * @throws ERR_HOTSWAP_SYNTAX for what the engine refuses
 * @throws ERR_HOTSWAP_STRUCTURAL where code generation is disallowed, or the module has not handed over its scope
 */
function evaluated(
  { module, path, analysis }: Subject,
  scope: Scope | undefined,
  code: string,
  start = 0,
): unknown {
  if (scope === undefined) {
    throw new HotswapError(
      'ERR_HOTSWAP_STRUCTURAL',
      `${module.url}#${path} cannot be edited yet: it has not been evaluated`,
      { module: module.url, path },
    );
  }
  try {
    return scope(code);
  } catch (cause) {
    const subject = { module: module.url, path, cause };
    if (cause instanceof EvalError) {
      throw new HotswapError(
        'ERR_HOTSWAP_STRUCTURAL',
        `${module.url}#${path} cannot be edited: this process runs with --disallow-code-generation-from-strings, and an edit is evaluated text`,
        subject,
      );
    }
    const message = cause instanceof Error ? cause.message : String(cause);
    const line = lineOf(analysis.source, start);
    throw new HotswapError(
      'ERR_HOTSWAP_SYNTAX',
      `the new code of ${module.url}#${path} (from line ${line} on) is refused by the engine: ${message}`,
      { ...subject, line },
    );
  }
}
