/**
 * Which imports of a TypeScript module are of values. In: a text without its types, and the uses of names in it; out: the text
 * with the other imports blanked: a compiler leaves out what is imported for its type only, whether the author
 * has said `import type` or not, and there may be nothing by that name in the running module.
 */
import { eachChild, type Node, type Read, skipTrivia } from './parse.ts';
import type { Reference } from './scopes.ts';
import { jsxOf, type Settings } from './settings.ts';

/**
 * The names that are imported and that no code uses, and the declarations of which nothing is left.
 * @param source the author's text
 */
export function unusedImports(
  { plain, program, left, told }: Read,
  source: string,
  references: readonly Reference[],
  settings: Settings,
): Set<Node> {
  const unused = new Set<Node>();
  if (settings.verbatim || !/\bimport\b/.test(plain)) return unused;
  const used = new Set(told);
  for (const { key, scope, declares } of references)
    if (!declares && scope?.handedOver && scope.parent === undefined) used.add(key);
  const look = (node: Node): void => {
    if (node.type === 'Identifier') used.add(node.name);
    eachChild(node, look);
  };
  for (const statement of program.body as Node[]) {
    if (statement.type === 'ExportNamedDeclaration' && statement.source === null)
      statement.specifiers.forEach(look);
    if (statement.type === 'TSImportEqualsDeclaration') look(statement);
  }
  const jsx = left.some((one) => one.type.startsWith('JSX')) ? jsxOf(source, settings) : undefined;
  if (jsx?.runtime === 'classic')
    for (const name of [jsx.pragma, jsx.pragmaFrag]) used.add(name.replace(/\..*$/s, ''));

  for (const statement of program.body as Node[]) {
    if (statement.type !== 'ImportDeclaration') continue;
    const names = statement.specifiers.filter((one) => !used.has(one.local.name));
    for (const one of names) unused.add(one);
    // `import {} from` and `import 'x'` are for what the module does; `import { type T } from` is not.
    const isType = names.length > 0 || /\btype\b/.test(source.slice(statement.start, statement.source.start));
    if (names.length === statement.specifiers.length && isType) unused.add(statement);
  }
  return unused;
}

/** The text that is left when those are blanked. @param source the author's text */
export function withoutUnused(
  read: Read,
  source: string,
  references: readonly Reference[],
  settings: Settings,
): string {
  let text = read.plain;
  unusedImports(read, source, references, settings).forEach((node) => {
    if (node.type === 'ImportDeclaration') blank(node.start, node.end, ';');
    else blankItem(node);
  });
  return text;

  function blank(start: number, end: number, instead = ''): void {
    const rest = text.slice(start + instead.length, end).replace(/[^\n\r\u2028\u2029]/g, ' ');
    text = text.slice(0, start) + instead + rest + text.slice(end);
  }

  /** With its comma: the one after it, or before a namespace, which stands last. */
  function blankItem({ start, end, type }: Node): void {
    const after = skipTrivia(read.plain, end);
    if (read.plain[after] === ',') return blank(start, after + 1);
    blank(start, end);
    if (type === 'ImportNamespaceSpecifier') blank(read.plain.lastIndexOf(',', start), start);
  }
}
