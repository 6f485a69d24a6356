/**
 * The function that an edit brings: a function value or its source text. In: either; out: its clean text and tree.
 * A value's text never shows our patch points; what has no source (native, bound, a Proxy) is refused.
 */
import type MagicString from 'magic-string';
import { HotswapError } from '../../error.ts';
import { type Language, languageOf } from '../../loader/language.ts';
import type { LiveCell, LiveModule } from '../../loader/live.ts';
import { CELL_NAMES } from '../../loader/names.ts';
import {
  blockOf,
  type ClassNode,
  type FunctionNode,
  frameOf,
  isClass,
  isFunction,
  type MethodDefinition,
  type Node,
  named,
  type ObjectProperty,
  tryRead,
  unwrapped,
} from '../../loader/parse.ts';
import { parens } from '../../loader/patch.ts';
import { registry } from '../../loader/registry.ts';
import { checkReadable, describe, nameOf, oneLine, short } from '../../messages.ts';
import { runningText } from '../../node.ts';
import { currentText } from '../history/history.ts';
import { moduleOfCells } from '../modules/module.ts';
import { type Analysis, analyse } from '../plan/analysis.ts';
import { cellsOf, nativeOf, pathOf } from '../running/cells.ts';
import { formerOf } from '../running/former.ts';
import { classPathIn } from '../running/overlay.ts';

// biome-ignore lint/suspicious/noExplicitAny: any function will do, whatever it takes
export type AnyFunction = (this: any, ...args: any[]) => unknown;

/** What an edit takes: a function, or its source text. */
// biome-ignore lint/suspicious/noExplicitAny: any function will do, whatever it takes
export type Code = ((...args: any[]) => unknown) | string;

export interface Given {
  /** text that the tree's positions are offsets into: the function's own, perhaps with a wrapper around it */
  source: string;
  /** the same without its types */
  plain: string;
  node: FunctionNode;
  /** the method or accessor it was written as */
  owner: MethodDefinition | ObjectProperty | undefined;
  /** what it calls itself: its own name, or the variable's for an arrow that calls itself */
  ownName: string | undefined;
  /** whether it came as a value, whose closure cannot be read */
  isValue: boolean;
}

/** Names in a call of hotswap what is being asked for, for messages. */
export type Role = 'the new source' | 'the injected source' | 'the new clause' | 'the wrapper' | 'the source';

/**
 * @param lang of the module that it is for; a function value's text is in its own module's, or JavaScript
 * @throws ERR_HOTSWAP_NO_SOURCE for natives, bound functions, Proxies, and what is no function at all
 * @throws ERR_HOTSWAP_SYNTAX for text that does not parse or is not a function
 * @throws ERR_HOTSWAP_TOO_MANY for text with more than one function
 */
export function given(what: unknown, role: Role, lang: Language = 'js'): Given {
  if (typeof what === 'string') return { ...parseFunction(what, role, lang), isValue: false };
  if (typeof what !== 'function') {
    throw new HotswapError(
      'ERR_HOTSWAP_NO_SOURCE',
      `${role} must be a function or a string with one; got ${describe(what)}`,
    );
  }
  const own = cellOf(what);
  const parsed = parseFunction(cleanText(what), role, own === undefined ? 'js' : languageOf(own.url));
  if (lang === 'js') parsed.source = parsed.plain;
  // A method cannot see its own name; an arrow has that of the variable that it was put in.
  const name = parsed.owner === undefined ? nameOf(what) : '';
  return { ...parsed, ownName: parsed.ownName ?? (name || undefined), isValue: true };
}

/** Whether `toString()` gave a class; a method may be called `class` as well. */
export function isClassText(text: string): boolean {
  return /^class\b(?!\s*\()/.test(text);
}

/** A hot function as a value can be found again by the cell that its own text names. */
export function cellOf(fn: unknown): { url: string; index: number } | undefined {
  return cellIn(runningText(fn));
}

/** The same by the text that V8 has of it. */
export function cellIn(text: string): { url: string; index: number } | undefined {
  if (isClassText(text)) return undefined;
  const cells = [...text.matchAll(CELL_NAMES)];
  const module = moduleOfCells(cells[0]?.[1]);
  if (module === undefined) return undefined;
  const indices = cells.filter((cell) => cell[1] === module.prefix).map((cell) => Number(cell[2]));
  // A computed key or a default of a parameter may hold hot functions too; the outermost one is meant.
  const start = (index: number) => {
    const cell = new Set(indices).size > 1 ? cellsOf(module)[index] : undefined;
    return cell === undefined ? 0 : nativeOf(module, cell).start;
  };
  return { url: module.url, index: indices.reduce((a, b) => (start(b) < start(a) ? b : a)) };
}

/**
 * The text of a function (or class) value without anything of ours in it; of a hot one, its current version's.
 * @throws ERR_HOTSWAP_NO_SOURCE
 */
export function cleanText(fn: unknown): string {
  const text = runningText(fn);
  if (/\{\s*\[native code\]\s*\}\s*$/.test(text)) {
    throw new HotswapError(
      'ERR_HOTSWAP_NO_SOURCE',
      `${describe(fn)} has no source: it is native, bound, or a Proxy. Pass the function it stands for, or source text.`,
    );
  }
  const cell = cellOf(fn);
  const live = cell && registry()?.modules.get(cell.url);
  if (cell !== undefined && live !== undefined) {
    const own = cellsOf(live)[cell.index] as LiveCell;
    const path = pathOf(live, own);
    const now = analyse(currentText(live), live.url);
    const hot = now.functions.find((one) => one.path === path);
    if (hot !== undefined) return now.source.slice(hot.start, hot.end);
    const { start, end } = nativeOf(live, own); // the current version has it no more
    return own.source.slice(start, end);
  }
  const former = cell === undefined && !isClassText(text) ? formerOf(text) : undefined;
  if (former !== undefined) {
    // It hands its calls to the instance that is live.
    const now = analyse(currentText(former.module), former.module.url);
    const hot = now.functions.find((one) => one.path === former.path);
    if (hot !== undefined) return now.source.slice(hot.start, hot.end);
  }
  const found = isClassText(text) ? classIn(text, currentText) : undefined;
  return found === undefined ? text : found.analysis.source.slice(found.start, found.end);
}

/** Where a class is, by the text that V8 has of it: in a version's text, or in the one that it was made from where that has it no more. */
export function classIn(
  text: string,
  textOf: (module: LiveModule) => string,
): { analysis: Analysis; start: number; end: number } | undefined {
  const scope =
    /hs\$scope\("(hs\$[0-9a-z]+)",\s*\(?hs\$c\)?\s*=>\s*\(?(?:\(\)=>0,)?eval\(hs\$c\)\)?,\s*(\d+)\)/.exec(
      text,
    );
  const owner = scope && moduleOfCells(scope[1]);
  if (scope && owner) {
    const now = analyse(textOf(owner), owner.url);
    const path = classPathIn(owner, Number(scope[2]));
    const node = now.classes.find((one) => one.path === path)?.node;
    if (node) return { analysis: now, start: node.start, end: node.end };
  }
  // One inside a function is known by the cells of its members.
  let found: { module: LiveModule; cell: LiveCell; node: ClassNode } | undefined;
  for (const [, prefix, index] of text.matchAll(CELL_NAMES)) {
    const module = moduleOfCells(prefix);
    const cell = module && cellsOf(module)[Number(index)];
    const node = cell && nativeOf(module, cell).memberOf?.node;
    if (node && (found === undefined || node.start < found.node.start)) found = { module, cell, node };
  }
  if (found === undefined) return undefined;
  const { module, cell, node } = found;
  const now = analyse(textOf(module), module.url);
  const current = now.functions.find((one) => one.path === pathOf(module, cell))?.memberOf?.node;
  const analysis = current === undefined ? analyse(cell.source, module.url) : now;
  const { start, end } = current ?? node;
  return { analysis, start, end };
}

/** @throws ERR_HOTSWAP_NO_SOURCE for what is no function @throws ERR_HOTSWAP_SYNTAX for a class */
export function checkCallable(value: unknown, what: string): asserts value is AnyFunction {
  checkReadable(value, what);
  if (typeof value !== 'function') {
    throw new HotswapError('ERR_HOTSWAP_NO_SOURCE', `${what} must be a function; got ${describe(value)}`);
  }
  if (isClassText(runningText(value))) {
    throw new HotswapError(
      'ERR_HOTSWAP_SYNTAX',
      `${what} must be a function, and ${describe(value)} is a class, which cannot be called. Give one that makes it: (...args) => new ${value.name || 'It'}(...args).`,
    );
  }
}

/** What a method needs around it, and an arrow with `super` or `new.target` of the function around it. */
const AROUND = [
  ['({', '})'],
  ['(class extends Object{', '})'],
  ['(class extends Object{field=(', ')})'],
] as const;

/** Reads source text as exactly one function, in any of the forms that JavaScript writes one in. */
function parseFunction(text: string, role: Role, lang: Language): Omit<Given, 'isValue'> {
  const statement = named(role, () => tryRead(text, lang));
  if ('program' in statement) {
    const { plain } = statement;
    const statements = statement.program.body.filter((statement) => statement.type !== 'EmptyStatement');
    const found = statements.flatMap(separated).map(functionIn);
    const [first] = found;
    if (found.length === 1 && first !== undefined) return { source: text, plain, owner: undefined, ...first };
    refuseOther(statements, found.filter((one) => one !== undefined).length, text, role);
  }
  const expression = tryRead(`(${text}\n)`, lang);
  if ('program' in expression && expression.program.body.length === 1) {
    const found = functionIn(expression.program.body[0] as Node);
    if (found !== undefined)
      return { source: `(${text}\n)`, plain: expression.plain, owner: undefined, ...found };
  }
  for (const [open, close] of AROUND) {
    const source = `${open}${text}\n${close}`;
    const wrapped = tryRead(source, lang);
    if (!('program' in wrapped)) continue;
    const { plain } = wrapped;
    const statement = wrapped.program.body[0];
    if (statement?.type !== 'ExpressionStatement') continue;
    const holder = unwrapped(statement.expression);
    const members = isClass(holder)
      ? holder.body.body
      : holder.type === 'ObjectExpression'
        ? holder.properties
        : [];
    const [field] = members;
    const value = field?.type === 'PropertyDefinition' && field.value ? unwrapped(field.value) : undefined;
    if (value?.type === 'ArrowFunctionExpression')
      return { source, plain, owner: undefined, node: value, ownName: undefined };
    const methods = members.filter(
      (member): member is MethodDefinition | ObjectProperty =>
        'value' in member && member.value !== null && isFunction(member.value as Node),
    );
    if (methods.length > 1) throw tooMany(methods.length, role);
    const [owner] = methods;
    if (owner === undefined || members.length > 1 || !('kind' in owner)) continue;
    if (owner.type === 'Property' && owner.kind === 'init' && !owner.method) continue;
    return { source, plain, owner, node: owner.value as FunctionNode, ownName: undefined };
  }
  throw new HotswapError(
    'ERR_HOTSWAP_SYNTAX',
    `${role} is not one function: ${whyNone(text, lang)}\nGive a function such as (a, b) => a + b, function (a, b) { … } or name(a, b) { … }.`,
  );
}

/** What is wrong with a text, read as the form of a function that it is nearest to: of which most of it can be read. */
function whyNone(text: string, lang: Language): string {
  let furthest = { at: -1, why: '' };
  for (const [open, close] of [['', ''], ['(', ')'], ...AROUND] as const) {
    // On lines of their own, so that the author's have their columns.
    const [before, after] = open === '' ? ['', ''] : [`${open}\n`, `\n${close}`];
    const found = tryRead(before + text + after, lang);
    if ('program' in found) return `it is ${short(oneLine(text), 60)}`;
    const [error] = found.errors;
    const at = Math.min((error?.labels.at(-1)?.start ?? 0) - before.length, text.length);
    if (at <= furthest.at) continue;
    const lines = text.split('\n').length;
    const frame = frameOf(error, open === '' ? undefined : { before: 1, lines });
    // What stands behind the text is ours.
    const endsTooSoon = open !== '' && at === text.length;
    furthest = { at, why: endsTooSoon ? 'it ends too soon' : `${error?.message}${frame}` };
  }
  return furthest.why;
}

/** `const f = …, g = …` is two. */
function separated(statement: Node): Node[] {
  return statement.type === 'VariableDeclaration'
    ? statement.declarations.map((one) => ({ ...statement, declarations: [one] }))
    : [statement];
}

function functionIn(statement: Node): { node: FunctionNode; ownName: string | undefined } | undefined {
  switch (statement.type) {
    case 'ExportNamedDeclaration':
      return statement.declaration ? functionIn(statement.declaration) : undefined;
    case 'ExportDefaultDeclaration':
      return functionIn(statement.declaration);
    case 'ExpressionStatement':
      return functionIn(unwrapped(statement.expression));
    case 'VariableDeclaration': {
      const [one] = statement.declarations;
      const init = one?.init && unwrapped(one.init);
      if (statement.declarations.length !== 1 || !init || !isFunction(init) || one?.id.type !== 'Identifier')
        return undefined;
      return { node: init, ownName: init.id?.name ?? one.id.name };
    }
  }
  return isFunction(statement) ? { node: statement, ownName: statement.id?.name } : undefined;
}

function refuseOther(statements: Node[], functions: number, text: string, role: Role): void {
  if (functions > 1) throw tooMany(functions, role);
  const [only] = statements;
  const inner = only?.type === 'ExpressionStatement' ? unwrapped(only.expression) : only;
  if (statements.length === 1 && inner !== undefined && isClass(inner)) {
    throw new HotswapError(
      'ERR_HOTSWAP_SYNTAX',
      `${role} is a class, and a function is due: ${short(text, 60)}`,
    );
  }
  if (statements.length === 0)
    throw new HotswapError('ERR_HOTSWAP_SYNTAX', `${role} is empty, and a function is due`);
}

function tooMany(count: number, role: Role): HotswapError {
  return new HotswapError('ERR_HOTSWAP_TOO_MANY', `${role} holds ${count} functions, and one is due`);
}

/** What stands between a function's parentheses. @param text its source, perhaps edited */
export function paramsText({ plain, node }: Given, text: MagicString): string {
  const { open, close } = parens(plain, node);
  const [first] = node.params;
  if (open === undefined) return first === undefined ? '' : text.slice(first.start, first.end);
  return close === open + 1 ? '' : text.slice(open + 1, close);
}

/** What TypeScript says of a function besides its parameters: type parameters, and the type of its result. */
export function typesText({ source, plain, node, owner }: Given): { before: string; after: string } {
  const { open, close } = parens(plain, node);
  const erased = (from: number, to: number): string => {
    let [start, end] = [from, to];
    while (start < end && source[start] === plain[start]) start++;
    while (end > start && source[end - 1] === plain[end - 1]) end--;
    return source.slice(start, end);
  };
  if (source === plain || open === undefined) return { before: '', after: '' };
  const head = owner?.key.end ?? node.id?.end ?? node.start;
  const result = erased(close + 1, (node.body as Node).start).replace(/\s*=>$/, '');
  return { before: erased(head, open), after: result };
}

/** Whether the function's body is one expression, as in `x => x + 1`. */
export function isConcise(node: FunctionNode): boolean {
  return blockOf(node) === undefined;
}
