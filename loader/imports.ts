/**
 * Which imports of a TypeScript module are of values. In: a text without its types, and the uses of names in it; out: the text
 * with the other imports blanked: a compiler leaves out what is imported for its type only, whether the author
 * has said `import type` or not, and there may be nothing by that name in the running module.
 */
import { eachChild, type Node, type Read, skipTrivia } from './parse.ts';
import type { Reference } from './scopes.ts';
import { jsxOf, type Settings } from './settings.ts';

/**
 * The text that is left when the imports that no code uses are blanked.
 * @param source the author's text
 */
export function usedImports(
  { plain, program, left, told }: Read,
  source: string,
  references: readonly Reference[],
  settings: Settings,
): string {
  if (settings.verbatim || !/\bimport\b/.test(plain)) return plain;
  const used = new Set(told);
  for (const { key, scope, declares } of references)
    if (!declares && scope?.handedOver && scope.parent === undefined) used.add(key);
  for (const statement of program.body as Node[]) {
    if (statement.type === 'ExportNamedDeclaration' && statement.source === null)
      for (const { local } of statement.specifiers) if (local.type === 'Identifier') used.add(local.name);
    if (statement.type === 'TSImportEqualsDeclaration') look(statement);
  }
  const jsx = left.some((one) => one.type.startsWith('JSX')) ? jsxOf(source, settings) : undefined;
  if (jsx?.runtime === 'classic')
    for (const name of [jsx.pragma, jsx.pragmaFrag]) used.add(name.replace(/\..*$/s, ''));

  let text = plain;
  for (const statement of program.body as Node[]) {
    if (statement.type !== 'ImportDeclaration') continue;
    const { specifiers } = statement;
    const unused = specifiers.filter((one) => !used.has(one.local.name));
    const hadTypes =
      specifiers.length === 0 && /\btype\b/.test(source.slice(statement.start, statement.source.start));
    if (unused.length === specifiers.length ? specifiers.length === 0 && !hadTypes : unused.length === 0)
      continue;
    if (unused.length === specifiers.length) blank(statement.start, statement.end, ';');
    else for (const one of unused) blankItem(one);
  }
  return text;

  function look(node: Node): void {
    if (node.type === 'Identifier') used.add(node.name);
    eachChild(node, look);
  }

  function blank(start: number, end: number, instead = ''): void {
    const rest = text.slice(start + instead.length, end).replace(/[^\n\r\u2028\u2029]/g, ' ');
    text = text.slice(0, start) + instead + rest + text.slice(end);
  }

  /** With its comma: the one after it, or before a namespace, which stands last. */
  function blankItem({ start, end, type }: Node): void {
    const after = skipTrivia(plain, end);
    if (plain[after] === ',') return blank(start, after + 1);
    blank(start, end);
    if (type === 'ImportNamespaceSpecifier') blank(plain.lastIndexOf(',', start), start);
  }
}
