/**
 * The author's texts of functions where a compiler has printed the whole module anew (JSX, enums, decorators), so that no offset tells.
 * In: such a module's text; out: by the text that runs of a function, the text that the compiler makes of the author's. Both
 * are printed, and their functions paired in order.
 */
import { asJavaScript, instrument } from './instrument.ts';
import { eachChild, isClass, isFunction, type Node, tryParse } from './parse.ts';
import type { Settings } from './settings.ts';

/** @param prefix of the names of the module's cells */
export function printedTexts(
  source: string,
  where: { url: string; settings: Settings | undefined },
  prefix: string,
): Map<string, string> {
  const running = instrument(source, { ...where, prefix, importGates: false, mapped: false })?.code ?? '';
  const plain = asJavaScript(source, where, false).code;
  const authors = textsIn(plain);
  return new Map(textsIn(running).map((text, i) => [text, authors[i] ?? text]));
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
