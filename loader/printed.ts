/**
 * The author's texts of functions and calls where they must be looked for. In: a module's text, and a place in it; out: what stands there. Where
 * a compiler has printed the whole module anew (JSX, enums, decorators) no offset tells: it is printed without patch points as well,
 * and the functions of both are paired in order.
 */
import { functionsOf } from './functions.ts';
import { asJavaScript, instrument, readModule, type WrittenIn } from './instrument.ts';
import type { Language } from './language.ts';
import { eachChild, isClass, isFunction, type Node, tryParse } from './parse.ts';

/** @param prefix of the names of the module's cells */
export function printedTexts(source: string, where: WrittenIn, prefix: string): Map<string, string> {
  const running = instrument(source, { ...where, prefix, importGates: false, mapped: false })?.code ?? '';
  const plain = asJavaScript(source, where, false).code;
  const authors = textsIn(plain);
  return new Map(textsIn(running).map((text, i) => [text, authors[i] ?? text]));
}

/** The text of a call, by an offset in what is called; undefined where there is none. */
export function callAt(source: string, language: Language, offset: number): string | undefined {
  let found: Node | undefined;
  const look = (node: Node): void => {
    if (node.type === 'CallExpression' && node.start <= offset && offset <= node.callee.end) found = node;
    if (node.start <= offset && offset <= node.end) eachChild(node, look);
  };
  eachChild(tryParse(source, language).program, look);
  return found && source.slice(found.start, found.end);
}

/** A hot function of a text, by its number. */
export function functionAt(
  source: string,
  where: WrittenIn,
  index: number,
): { start: number; text: string } | undefined {
  const read = readModule(source, where);
  const hot = read && functionsOf(read.plain, read.program, undefined, false).functions[index];
  return hot && { start: hot.start, text: read.plain.slice(hot.start, hot.end) };
}

/** The functions and classes of a text, as V8 would give each, without those that only instrumentation has. */
function textsIn(code: string): string[] {
  const texts: string[] = [];
  const look = (node: Node, whole: { start: number; end: number } = node): void => {
    if (isOurs(node)) return;
    if (isFunction(node) || isClass(node)) texts.push(code.slice(whole.start, whole.end));
    eachChild(node, (child) => look(child, ownerOf(node, child, code)));
  };
  look(tryParse(code, 'js').program);
  return texts;
}

/** The method or accessor that a function is. */
function ownerOf(node: Node, child: Node, code: string): { start: number; end: number } | undefined {
  if (node.type === 'Property')
    return child === node.value && (node.method || node.kind !== 'init') ? node : undefined;
  if (node.type !== 'MethodDefinition' || child !== node.value) return undefined;
  const word = /^static\s+/.exec(code.slice(node.start, node.start + 99))?.[0] ?? '';
  return { start: node.start + (node.static ? word.length : 0), end: node.end };
}

/** A call of one of our globals, which functions of ours may be handed to, or the accessor of a crowded scope. */
function isOurs(node: Node): boolean {
  if (node.type === 'FunctionDeclaration') return node.id?.name.startsWith('hs$') ?? false;
  if (node.type !== 'CallExpression' || node.callee.type !== 'Identifier') return false;
  return node.callee.name.startsWith('hs$');
}
