/**
 * Source text to syntax tree (ESTree), with oxc-parser. In: a module's text and its language; out: the program without
 * its types, or a HotswapError that names the line. The only place that knows the parser.
 */
import type {
  ArrowFunctionExpression,
  Class,
  FunctionBody,
  Function as FunctionWithBody,
  Node,
  ParseResult,
  ParserOptions,
  Program,
} from 'oxc-parser';
import { HotswapError, isTooDeep, tooDeep } from '../error.ts';
import { asImported } from '../node.ts';
import { whyNothingIsHot } from './allowed.ts';
import { checkDepth } from './depth.ts';
import type { Erased, EraseOptions } from './erase.ts';
import { asOurs, type Language, requireOurs, typed, unlisted } from './language.ts';

export type {
  AccessorProperty,
  CallExpression,
  FunctionBody,
  MethodDefinition,
  NewExpression,
  Node,
  ObjectProperty,
  Program,
  PropertyDefinition,
} from 'oxc-parser';

/** A function node of any syntactic form. */
export type FunctionNode = FunctionWithBody | ArrowFunctionExpression;
export type ClassNode = Class;

/** A text as all but the transformer see it: the tree of what is left when its types are blanked. */
export interface Read extends Erased {
  program: Program;
}

let loaded: typeof import('oxc-parser') | undefined;

/** The parser, a native addon, once the first text is to be read. @throws ERR_HOTSWAP_CONFIG where it cannot be loaded */
function parser(): typeof import('oxc-parser') {
  if (loaded !== undefined) return loaded;
  try {
    return (loaded = asOurs(() => asImported(() => requireOurs<typeof import('oxc-parser')>('oxc-parser'))));
  } catch (cause) {
    const why = whyNothingIsHot() ?? `oxc-parser cannot be loaded: ${(cause as Error).message}`;
    throw new HotswapError('ERR_HOTSWAP_CONFIG', why, { cause });
  }
}

/**
 * The parser's answer, errors included; for text that may well be wrong. Of TypeScript it is the whole tree.
 * @param early whether to report what only a whole module can be judged by: names declared twice, unknown #private
 *   names, `"use strict"` after a pattern, and the like (the early errors of ECMA-262)
 * @throws ERR_HOTSWAP_SYNTAX for a text that nests too deep or is too long to be read, as everything here does
 */
export function tryParse(
  source: string,
  lang: Language = 'js',
  early = false,
  isShallow = false,
): ParseResult {
  if (lang === 'js' && !isShallow) checkDepth(source);
  try {
    const options = { ...OPTIONS, lang, showSemanticErrors: early };
    return strictly(source, lang, (text) => parser().parseSync(`module.${lang}`, withoutMark(text), options));
  } catch (error) {
    // The tree comes as JSON, in a string: of some 20 million statements there can be none.
    if ((error as { code?: string }).code !== 'GenericFailure') throw error;
    throw tooDeep('the text', undefined, new RangeError('too long', { cause: error }));
  }
}

/** Node takes a byte order mark off before it looks for a line for the shell; the parser does not, and offsets are to stay: a comment. */
function withoutMark(source: string): string {
  return source.startsWith(MARKED) ? `\uFEFF//${source.slice(MARKED.length)}` : source;
}

/** What a text begins with whose line for the shell comes after a byte order mark. */
export const MARKED = '\uFEFF#!';

const OPTIONS = { sourceType: 'module', preserveParens: true } as const;

/**
 * What the parser takes for white space and JavaScript does not (ECMA-262 12.2): the ZERO WIDTH SPACE that comes with text copied
 * from a page, and NEXT LINE.
 */
const NO_SPACE = /[\u200b\u0085]/;

/** A character that the parser refuses everywhere but in strings, templates, patterns and comments. */
const NOWHERE = '\u180e';

/** The parser's answer, which has an error where one of those stands for white space; in types, where TypeScript has them too, it may. */
function strictly(source: string, lang: Language, parse: (text: string) => ParseResult): ParseResult {
  const result = parse(source);
  if (result.errors.length > 0 || lang === 'ts' || lang === 'tsx' || !NO_SPACE.test(source)) return result;
  const again = parse(source.replace(new RegExp(NO_SPACE, 'g'), NOWHERE));
  for (const error of again.errors) {
    const at = error.labels[0]?.start ?? 0;
    const said = `Invalid character U+${source.charCodeAt(at).toString(16).padStart(4, '0').toUpperCase()}, which is not seen`;
    error.codeframe = error.codeframe?.replace(error.message, said).replaceAll(NOWHERE, '') ?? null;
    error.message = said;
  }
  return again.errors.length > 0 ? again : result;
}

/**
 * Reads a text, or says what is wrong with it.
 * @param parser which way to parse: whole modules are loaded by another than edits are
 */
export function tryRead(
  source: string,
  lang: Language,
  { early = false, parser = fastParse, ...options }: EraseOptions & { early?: boolean; parser?: Parser } = {},
): Read | { errors: ParseResult['errors'] } {
  const result = parser(source, lang, early);
  const { program } = result;
  const failed = (found: ParseResult): boolean =>
    found.errors.some((one) => early || one.severity === 'Error');
  if (failed(result)) return { errors: result.errors };
  if (lang === 'js') return { program, plain: source, ...NOTHING };
  const { erase, restoreEnds } = typed();
  const erased = erase(source, program, options);
  if (erased.plain === source) return { program, ...erased };
  const isJsx = lang === 'tsx' || lang === 'jsx';
  const isScript = erased.left.every((one) => one.type.startsWith('JSX'));
  const plain = parser(erased.plain, isScript ? (isJsx ? 'jsx' : 'js') : lang, early);
  if (failed(plain)) return { errors: plain.errors };
  restoreEnds(plain.program, erased);
  return { program: plain.program, ...erased };
}

/** What a text without types has of them. */
export const NOTHING: Omit<Erased, 'plain'> = {
  left: [],
  properties: [],
  requires: [],
  withTypes: undefined,
  ends: new Map(),
  starts: new Map(),
};

type Parser = (source: string, lang: Language, early?: boolean) => ParseResult;

/**
 * The tree of a module's text.
 * @param what names the text in the error, e.g. `the new source of ./pricing.js#price`
 * @throws ERR_HOTSWAP_SYNTAX with the line, from 1, and a code frame
 */
export function read(source: string, what: string, lang: Language): Read {
  const found = named(what, () => tryRead(source, lang));
  if ('program' in found) return found;
  throw syntaxError(source, what, found.errors);
}

/** Does work on a text; that the text is too deep for it is said by the text's name. @throws ERR_HOTSWAP_SYNTAX */
export function named<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!isTooDeep(error)) throw error;
    throw tooDeep(what, (error as HotswapError).line, (error as HotswapError).cause ?? error);
  }
}

/** The whole tree of a text, types and all. @throws as `read` */
export function parse(source: string, what: string, lang: Language = 'js'): Program {
  const { program, errors } = fastParse(source, lang);
  if (errors.some((one) => one.severity === 'Error')) throw syntaxError(source, what, errors);
  return program;
}

/** What to say of a text that does not parse. @param frame what to show of it, where the parser has not read the author's text */
export function syntaxError(
  source: string,
  what: string,
  errors: ParseResult['errors'],
  frame?: string,
): HotswapError {
  const error = errors.find((found) => found.severity === 'Error') ?? errors[0];
  const line = lineOf(source, error?.labels[0]?.start ?? 0);
  return new HotswapError(
    'ERR_HOTSWAP_SYNTAX',
    `${what} does not parse: ${error?.message} (line ${line})${frame ?? frameOf(error)}`,
    { line },
  );
}

/**
 * The place of an error as the parser draws it, from a new line on, without the name that the text has for it alone.
 * @param of where more was read than the author's text: how many lines stand before it, and how many it has
 */
export function frameOf(
  error: ParseResult['errors'][number] | undefined,
  { before, lines } = { before: 0, lines: Infinity },
): string {
  if (!error?.codeframe) return '';
  const drawn = error.codeframe
    .trimEnd()
    .replace(/\[module\.\w+:(\d+)/, (_, line) => `[${line - before}`)
    .split('\n')
    .flatMap((line) => {
      const number = Number(/^ *(\d+) \|/.exec(line)?.[1] ?? before + 1) - before;
      return number < 1 || number > lines ? [] : [line.replace(/^( *)\d+ \|/, `$1${number} |`)];
    });
  return `\n${drawn.join('\n')}`;
}

/**
 * Reads a text of JavaScript on another thread (https://oxc.rs/docs/guide/usage/parser), as far as that can be done there.
 * @returns where its imports and exports begin, in order; undefined for a text that does not parse, or is to be read here
 */
export async function parseAway(source: string, early: boolean): Promise<number[] | undefined> {
  checkDepth(source);
  if (NO_SPACE.test(source)) return undefined; // it is read here
  const options = { ...OPTIONS, lang: 'js', showSemanticErrors: early } as const;
  const { errors, module } = await asOurs(() => parser().parse('module.js', withoutMark(source), options));
  if (errors.some((one) => early || one.severity === 'Error')) return undefined;
  const { staticImports, staticExports } = module;
  return [...staticImports, ...staticExports].map(({ start }) => start).sort((a, b) => a - b);
}

/** The statements between two offsets of a module's text, in their places; undefined where that does not parse by itself. */
export function parseAt(source: string, start: number, end: number): Program['body'] | undefined {
  return parsePiece(source, start, end)?.body;
}

/** The same, with the line for the shell that it may begin with. */
export function parsePiece(source: string, start: number, end: number): Program | undefined {
  const piece = source.slice(start, end);
  checkDepth(piece);
  const { program, errors } = fastParse(' '.repeat(start) + piece, 'js', false, true);
  return errors.some((found) => found.severity === 'Error') ? undefined : program;
}

let rawTransfer: boolean | undefined;

/** Languages for which the parser has loaded what reads that memory. */
const transferred = new Set<Language>();

/** How many modules are read by way of JSON before the other way's 20 ms are worth it. */
const FEW = 24;
let loads = 0;

/** The same for modules that are being loaded: a few, or a whole program. */
export function loadParse(source: string, lang: Language, early?: boolean): ParseResult {
  return ++loads > FEW ? fastParse(source, lang, early) : tryParse(source, lang, early);
}

/**
 * The same tree by oxc's raw transfer, from memory that the parser and we share instead of by way of JSON: a third to a
 * fifth of the time once its code is loaded, which takes 20 ms; so it serves edits, and programs of many modules.
 */
function fastParse(source: string, lang: Language, early = false, isShallow = false): ParseResult {
  if ((rawTransfer ??= parser().rawTransferSupported())) {
    if (lang === 'js' && !isShallow) checkDepth(source);
    try {
      const options = { ...OPTIONS, lang, showSemanticErrors: early, experimentalRawTransfer: true };
      // At its first use the parser loads more of itself, which imports from Node.
      const parsed = (): ParseResult =>
        asOurs(() =>
          asImported(() =>
            strictly(source, lang, (text) =>
              parser().parseSync(`module.${lang}`, withoutMark(text), options as ParserOptions),
            ),
          ),
        );
      if (transferred.has(lang)) return parsed();
      transferred.add(lang);
      return unlisted(parsed);
    } catch (error) {
      if (error instanceof HotswapError) throw error;
      // A list of a million items is too long for it alone; else there is an address space too small for its buffer.
      if (!isTooDeep(error)) rawTransfer = false;
    }
  }
  return tryParse(source, lang, early, isShallow);
}

/**
 * Line of an offset, from 1. CR LF, LF, CR and the two Unicode separators each end a line, as in ECMA-262 12.3.
 * @param from an earlier offset, of which the line is `line`; for many offsets in order
 */
export function lineOf(source: string, offset: number, from = 0, line = 1): number {
  if (from === 0 && source === last.source) {
    if (offset >= last.offset) [from, line] = [last.offset, last.line];
    else if (source === table.source || ++last.back > FEW_BACK) return lineIn(tableOf(source), offset);
  }
  for (let i = from; i < offset; i++) {
    const c = source.charCodeAt(i);
    if (c === 10 || c === 0x2028 || c === 0x2029 || (c === 13 && source.charCodeAt(i + 1) !== 10)) line++;
  }
  last = { source, offset, line, back: source === last.source ? last.back : 0 };
  return line;
}

/** Where the lines of a text begin, from the second on. Those of the last text that was asked for in no order are kept. */
function tableOf(source: string): readonly number[] {
  if (source === table.source) return table.starts;
  const starts: number[] = [];
  for (const { 0: end, index } of source.matchAll(/\r\n|[\n\r\u2028\u2029]/g))
    starts.push(index + end.length);
  table = { source, starts };
  return starts;
}

/** How often a text may be asked for an earlier offset before its lines are written down. */
const FEW_BACK = 4;

let table: { source: string; starts: readonly number[] } = { source: '', starts: [] };

/** The line, from 1, of an offset. */
function lineIn(starts: readonly number[], offset: number): number {
  let [low, high] = [0, starts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((starts[middle] as number) <= offset) low = middle + 1;
    else high = middle;
  }
  return low + 1;
}

/** What was asked for last: most ask for offsets of one text in order. */
let last = { source: '', offset: 0, line: 1, back: 0 };

/** First offset at or after `at` that is neither white space nor comment. */
export function skipTrivia(source: string, at: number): number {
  for (let i = at; ; ) {
    const c = source[i];
    if (c === '/' && source[i + 1] === '/') {
      while (i < source.length && !/[\n\r\u2028\u2029]/.test(source[i] as string)) i++;
    } else if (c === '/' && source[i + 1] === '*') {
      i = source.indexOf('*/', i + 2) + 2;
    } else if (c !== undefined && /\s|\uFEFF/.test(c)) {
      i++;
    } else {
      return i;
    }
  }
}

const TYPES = new Set(['typeParameters', 'typeArguments', 'superTypeArguments', 'implements', 'returnType']);

/** The keys of a node's children, those that hold types left out; undefined until a tree is walked. */
let childKeys: Record<string, readonly string[]> | undefined;

function keysOfChildren(): Record<string, readonly string[]> {
  const kinds = Object.entries(parser().visitorKeys);
  return Object.fromEntries(
    kinds.map(([type, keys]) => [type, keys.filter((key) => !TYPES.has(key) && key !== 'typeAnnotation')]),
  );
}

/**
 * Calls `visit(child, key)` for each child node that is no type, in source order. Index loops throughout: a program may
 * have patched `Array.prototype[Symbol.iterator]` in the realm that we run in.
 */
export function eachChild(node: Node, visit: (child: Node, key: string) => void): void {
  if (isOperation(node) && isChain(node)) return eachOperand(node, visit);
  const keys = (childKeys ??= keysOfChildren())[node.type];
  if (keys === undefined) return;
  for (let k = 0; k < keys.length; k++) {
    const key = keys[k] as string;
    const value = (node as unknown as Record<string, unknown>)[key];
    if (value === null || typeof value !== 'object') continue;
    if (Array.isArray(value)) {
      for (let i = 0; i < value.length; i++) {
        if (value[i] !== null && typeof value[i] === 'object') visit(value[i], key);
      }
    } else if (typeof (value as Node).type === 'string') {
      visit(value as Node, key);
    }
  }
}

type Operation = Extract<Node, { type: 'BinaryExpression' | 'LogicalExpression' }>;

function isOperation(node: Node): node is Operation {
  return node.type === 'BinaryExpression' || node.type === 'LogicalExpression';
}

/** How many operators one in the left of the other are walked along rather than into: each would take half a KB of the stack. */
const CHAIN = 64;

/** Whether an operation is the last of many: `a + b + c + …` */
function isChain(node: Operation): boolean {
  let at: Node = node;
  for (let i = 0; i < CHAIN; i++) {
    if (!isOperation(at)) return false;
    at = at.left as Node;
  }
  return true;
}

/** The operands of such a chain, in source order; `#x in o`, of which the two belong together, is one. */
function eachOperand(node: Operation, visit: (child: Node, key: string) => void): void {
  const rights: Node[] = [];
  let at: Node = node;
  while (isOperation(at) && (at.left as Node).type !== 'PrivateIdentifier') {
    rights.push(at.right as Node);
    at = at.left as Node;
  }
  visit(at, 'left');
  for (let i = rights.length - 1; i >= 0; i--) visit(rights[i] as Node, 'right');
}

/** Whether a text can name something: an identifier of ECMA-262 12.7, reserved words among them. */
export function isIdentifier(text: string): boolean {
  return /^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*$/u.test(text);
}

/** Whether a node is a function with code of its own. */
export function isFunction(node: Node): node is FunctionNode {
  return (
    node.type === 'ArrowFunctionExpression' ||
    ((node.type === 'FunctionExpression' || node.type === 'FunctionDeclaration') && node.body !== null)
  );
}

/** Whether a statement or a class member of TypeScript is for the compiler only. */
export function isErased(node: Node): boolean {
  if ('declare' in node && node.declare) return true;
  switch (node.type) {
    case 'TSInterfaceDeclaration':
    case 'TSTypeAliasDeclaration':
    case 'TSDeclareFunction':
    case 'TSNamespaceExportDeclaration':
    case 'TSIndexSignature':
    case 'TSAbstractMethodDefinition':
    case 'TSAbstractPropertyDefinition':
    case 'TSAbstractAccessorProperty':
      return true;
    case 'ImportDeclaration':
    case 'TSImportEqualsDeclaration':
      return node.importKind === 'type';
    case 'ExportAllDeclaration':
      return node.exportKind === 'type';
    case 'ExportNamedDeclaration':
      return node.exportKind === 'type' || (node.declaration !== null && isErased(node.declaration));
    case 'ExportDefaultDeclaration':
      return isErased(node.declaration as Node);
    case 'MethodDefinition':
      return (node.value as Node).type === 'TSEmptyBodyFunctionExpression';
    case 'TSModuleDeclaration':
      return node.body?.type === 'TSModuleBlock' && (node.body.body as Node[]).every(isErased);
    default:
      return false;
  }
}

/** Where a statement, or the class in it, begins: decorators of an exported class may stand before the `export`. */
export function startOf(node: Node): number {
  const inside = 'declaration' in node ? (node.declaration as Node | null) : node;
  const [first] = inside !== null && isClass(inside) ? inside.decorators : [];
  return Math.min(node.start, first?.start ?? node.start);
}

/** Whether a node is a class. */
export function isClass(node: Node): node is ClassNode {
  return node.type === 'ClassDeclaration' || node.type === 'ClassExpression';
}

/** Whether code awaits outside of the functions in it. */
export function awaits(node: Node): boolean {
  if (node.type === 'AwaitExpression' || (node.type === 'ForOfStatement' && node.await)) return true;
  if (isFunction(node)) return false;
  let found = false;
  eachChild(node, (child) => {
    found ||= awaits(child);
  });
  return found;
}

/** An expression without the parentheses (and TypeScript assertions) around it. */
export function unwrapped(node: Node): Node {
  let inner = node;
  while (
    inner.type === 'ParenthesizedExpression' ||
    inner.type === 'TSAsExpression' ||
    inner.type === 'TSSatisfiesExpression' ||
    inner.type === 'TSTypeAssertion' ||
    inner.type === 'TSNonNullExpression'
  ) {
    inner = inner.expression;
  }
  return inner;
}

/** The names that a pattern binds, in order, e.g. `a` and `c` for `{ a, b: [c = 1] }`. */
export function boundNames(pattern: Node, names: string[] = []): string[] {
  switch (pattern.type) {
    case 'Identifier':
      names.push(pattern.name);
      break;
    case 'AssignmentPattern':
      boundNames(pattern.left, names);
      break;
    case 'RestElement':
      boundNames(pattern.argument, names);
      break;
    case 'ArrayPattern':
      for (let i = 0; i < pattern.elements.length; i++) {
        const element = pattern.elements[i];
        if (element) boundNames(element, names);
      }
      break;
    case 'ObjectPattern':
      for (let i = 0; i < pattern.properties.length; i++) {
        const property = pattern.properties[i] as Node;
        boundNames(property.type === 'Property' ? property.value : property, names);
      }
      break;
  }
  return names;
}

/** The name that a declaration of TypeScript declares: `A` for `namespace A.B {}`. */
export function firstName(id: Node): string | undefined {
  if (id.type === 'TSQualifiedName') return firstName(id.left);
  return id.type === 'Identifier' ? id.name : undefined;
}

/** The name of an export or of what is imported, which may be written as a string (ECMA-262 16.2.3). */
export function exportName(node: Node): string {
  return node.type === 'Identifier' ? node.name : node.type === 'Literal' ? String(node.value) : '';
}

/** The statements of a function, or undefined for an arrow that is one expression. */
export function blockOf(node: FunctionNode): FunctionBody | undefined {
  return node.body === null || (node.type === 'ArrowFunctionExpression' && node.expression)
    ? undefined
    : (node.body as FunctionBody);
}
