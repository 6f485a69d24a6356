/**
 * What a program calls to look: source, tree, exports, hot functions. In: a target, a module, any function value, or
 * source text; out: plain data. Synchronous, and nothing changes.
 */
import { HotswapError } from '../error.ts';
import { type Language, languageOf } from '../loader/language.ts';
import { type LiveModule, valueIn } from '../loader/live.ts';
import { hasAll } from '../loader/options.ts';
import { eachChild, type Node, parse, unwrapped } from '../loader/parse.ts';
import { registry } from '../loader/registry.ts';
import { checkReadable } from '../messages.ts';
import { runningText } from '../node.ts';
import { cellOf, cleanText, given, isClassText } from './given/given.ts';
import { currentText } from './history/history.ts';
import { liveModules, type ModuleRef, moduleOf } from './modules/module.ts';
import { type Analysis, analyse } from './plan/analysis.ts';
import { type Exported, exportedLocals, localOf } from './plan/exported.ts';
import {
  coreExports,
  coreFunctions,
  coreOf,
  coreTarget,
  editedCore,
  noClauses,
  valueAt,
} from './target/core.ts';
import { type FunctionInfo, find, type Target } from './target/target.ts';
import { clausesOf } from './text/clauses.ts';

/** One exported name as it is now. */
export interface ExportInfo {
  name: string;
  kind: 'function' | 'class' | 'value';
  /** `.length`, of functions and classes */
  arity?: number;
}

/** One clause of a function as it is now. */
export interface ClauseInfo {
  /** position among the function's clauses, from 0 */
  index: number;
  /** its text: guard and branch, a case with its labels, or statements alone; empty where nothing is left of the body */
  source: string;
}

/**
 * The current source text of a function, as a person wrote it.
 *
 * @param what a target, any function or class value, source text with one function, or a module (its whole text)
 * @throws ERR_HOTSWAP_NO_SOURCE for native and bound functions and Proxies; ERR_HOTSWAP_MISSING, ERR_HOTSWAP_NOT_HOT,
 *   ERR_HOTSWAP_SYNTAX, ERR_HOTSWAP_TOO_MANY
 * @example code(price) // 'function price(item) { return item.cost * 1.2; }'
 */
export function code(what: Target | ModuleRef): string {
  if (typeof what === 'function') return cleanText(what);
  if (typeof what === 'string') {
    if (isTarget(what)) return textAt(what);
    const module = liveModule(what);
    if (module !== undefined) return currentText(module);
    const { source, node, owner } = given(what, 'the source');
    const whole = owner ?? node;
    return source.slice(whole.start, whole.end);
  }
  if (what === null || typeof what !== 'object' || isPlace(what)) return textAt(what);
  return currentText(moduleOf(what));
}

/**
 * The syntax tree of what `code` gives: ESTree, `start` and `end` being offsets into that text. A function is its
 * declaration or expression, a method its `MethodDefinition` or `Property`, a module its `Program`.
 * @throws as `code`
 */
export function ast(what: Target | ModuleRef): Node {
  if (typeof what === 'string' && !isTarget(what)) {
    const module = liveModule(what);
    if (module !== undefined) return programOf(module);
  } else if (typeof what === 'object' && what !== null && !isPlace(what)) {
    return programOf(moduleOf(what));
  }
  const text = code(what);
  const lang = languageAt(what);
  if (isClassText(text)) {
    const statement = parse(`(${text}\n)`, 'the class', lang).body[0] as Extract<
      Node,
      { type: 'ExpressionStatement' }
    >;
    return moved(unwrapped(statement.expression), 1);
  }
  const { source, node, owner } = given(text, 'the source', lang);
  const whole = owner ?? node;
  // `given` has its types blanked.
  const typed = lang === 'js' ? whole : nodeAt(parse(source, 'the source', lang), whole);
  return moved(typed ?? whole, whole.start);
}

function programOf(module: LiveModule): Node {
  const { url } = module;
  const text = currentText(module);
  return languageOf(url) === 'js' ? moved(analyse(text, url).program, 0) : parse(text, url, languageOf(url));
}

/** The language that a function's text is in. */
function languageAt(what: Target | ModuleRef): Language {
  if (typeof what === 'string' && !isTarget(what)) return 'js';
  const url =
    typeof what === 'function'
      ? cellOf(what)?.url
      : coreTarget(what as Target)
        ? undefined
        : find(what as Target).module.url;
  return url === undefined ? 'js' : languageOf(url);
}

/** The node of that kind which begins at the same place. */
function nodeAt(tree: Node, wanted: Node): Node | undefined {
  let found: Node | undefined;
  const look = (node: Node): void => {
    if (found !== undefined || node.start > wanted.start || node.end < wanted.end) return;
    if (node.start === wanted.start && node.type === wanted.type) found = node;
    else eachChild(node, look);
  };
  look(tree);
  return found;
}

/**
 * The exports of a module as they are now.
 * @returns in source order; names of `export * from` a hot module included
 * @throws ERR_HOTSWAP_NOT_HOT
 */
export function exports(ref: ModuleRef): ExportInfo[] {
  const core = coreOf(ref);
  if (core !== undefined) return coreExports(core).map(([name, value]) => describeExport(name, value));
  const module = moduleOf(ref);
  const seen = new Set<string>();
  return collect(module.url, seen).filter(
    (one, i, all) => all.findIndex((other) => other.name === one.name) === i,
  );
}

/** URLs of all hot modules of this thread, in order of loading, and the names of Node's modules that were edited. */
export function modules(): string[] {
  return [...liveModules(), ...editedCore()].map((module) => module.url);
}

/**
 * The hot functions of a module in source order, with their paths.
 * @throws ERR_HOTSWAP_NOT_HOT
 * @example functions('./app.js') // [{ path: "app.get('/price')[1]", kind: 'arrow', arity: 2, line: 12 }]
 */
export function functions(ref: ModuleRef): FunctionInfo[] {
  const core = coreOf(ref);
  if (core !== undefined) return coreFunctions(core);
  const module = moduleOf(ref);
  return analyse(currentText(module), module.url).functions.map(({ path, kind, arity, line }) => ({
    path,
    kind,
    arity,
    line,
  }));
}

/**
 * The clauses of a function in the current version, in source order. No call runs more than one of them.
 *
 * - An `if` at the beginning of the body whose branch always returns or throws is one; so is each `else if` after it, and
 *   an `else` that always does. So is each case of a `switch` there that always does, with the labels that share it.
 * - What is left of the body is the last one. It begins at the first statement of another kind, a declaration too, after an
 *   `else` or a case that does not always leave (what such a case does is part of no clause), and may be empty. There is
 *   none where nothing can get there, as after a `default` that always leaves.
 * - An arrow that is one expression has one clause.
 *
 * @throws as `Target`
 * @example
 * clauses(area) // of (s) => { if (s.kind === 'square') return s.side ** 2; throw new Error(s.kind); }
 * // [{ index: 0, source: "if (s.kind === 'square') return s.side ** 2;" }, { index: 1, source: 'throw new Error(s.kind);' }]
 */
export function clauses(target: Target): ClauseInfo[] {
  const core = coreTarget(target);
  if (core !== undefined) throw noClauses(core);
  const { analysis, hot } = find(target);
  return clausesOf(hot.node, hot.derived).map(({ from, to }, index) => ({
    index,
    source: analysis.source.slice(from, to),
  }));
}

function textAt(target: Target): string {
  const core = coreTarget(target);
  if (core !== undefined) return cleanText(valueAt(core.slot));
  const { analysis, hot } = find(target);
  return analysis.source.slice(hot.start, hot.end);
}

/** Whether a string is `<module>#<path>` rather than source text or a module's name. */
function isTarget(text: string): boolean {
  if (/^[^\s(){};=]+#./.test(text)) return true;
  const hash = text.indexOf('#', 1);
  return hash > 0 && isLive(text.slice(0, hash));
}

function isLive(name: string): boolean {
  try {
    return moduleOf(name) !== undefined;
  } catch {
    return false;
  }
}

function isPlace(what: object): what is { module: ModuleRef; path: string } {
  checkReadable(what, 'the target');
  return hasAll(what, 'module', 'path') && !(Symbol.toStringTag in what);
}

/** A hot module by name, where the string can be one. */
function liveModule(name: string): ReturnType<typeof moduleOf> | undefined {
  if (registry() === undefined && !/^(\.{0,2}[\\/]|[a-z]+:)/i.test(name)) return undefined;
  try {
    return moduleOf(name);
  } catch (error) {
    // What reads as source text rather than as a name is that.
    if (error instanceof HotswapError && (/[\n{}();=>"'`]| [-+*/%&|^] /.test(name) || /^\w*$/.test(name)))
      return undefined;
    throw error;
  }
}

function collect(url: string, seen: Set<string>): ExportInfo[] {
  const module = liveModules().find((one) => one.url === url);
  if (module === undefined || seen.has(url)) return [];
  seen.add(url);
  const source = currentText(module);
  const analysis = analyse(source, url);
  const infos: ExportInfo[] = [];
  const all = exportedLocals(source, url);
  const own = new Set(all.map((one) => one.name));
  for (const exported of all) {
    if (exported.from !== undefined) {
      const from = hotUrl(exported.from, url);
      const inner = from === undefined ? [] : collect(from, exported.name === '*' ? seen : new Set(seen));
      if (exported.name === '*')
        infos.push(...inner.filter((one) => one.name !== 'default' && !own.has(one.name)));
      else
        infos.push({
          ...(inner.find((one) => one.name === exported.importName) ?? { kind: 'value' }),
          name: exported.name,
        });
    } else {
      const local = localOf(exported, analysis) as string;
      infos.push(
        local === 'default'
          ? describeDefault(exported, analysis)
          : describeExport(exported.name, valueIn(module, local)),
      );
    }
  }
  return infos;
}

function describeExport(name: string, value: unknown): ExportInfo {
  if (typeof value !== 'function') return { name, kind: 'value' };
  const isClass = isClassText(runningText(value));
  return { name, kind: isClass ? 'class' : 'function', arity: value.length };
}

/** `export default` of an expression has no variable to read; its text says what it is. */
function describeDefault({ name }: Exported, { functions: all, classes }: Analysis): ExportInfo {
  const hot = all.find((one) => one.path === 'default');
  if (hot !== undefined) return { name, kind: 'function', arity: hot.arity };
  const scope = classes.find((one) => one.path === 'default');
  if (scope === undefined) return { name, kind: 'value' };
  const made = all.find((one) => one.classScope === scope && one.kind === 'constructor');
  return { name, kind: 'class', arity: made?.arity ?? 0 };
}

function hotUrl(specifier: string, parent: string): string | undefined {
  const isNear = /^[./]|^file:/.test(specifier) && URL.canParse(specifier, parent);
  try {
    return moduleOf(isNear ? new URL(specifier, parent) : specifier).url;
  } catch {
    return undefined; // not hot: what it exports is not known here
  }
}

/** A copy of a tree, types and all, with its offsets moved back. */
function moved(tree: Node, by: number): Node {
  const copy = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(copy);
    if (value === null || typeof value !== 'object' || value instanceof RegExp) return value;
    const entries = Object.entries(value).map(([key, item]) => {
      const isOffset = (key === 'start' || key === 'end') && typeof item === 'number';
      return [key, isOffset ? item - by : copy(item)];
    });
    return Object.fromEntries(entries);
  };
  return copy(tree) as Node;
}
