/**
 * Which imports of a TypeScript module are of values. In: a text without its types, and the uses of names in it; out: the text
 * with the other imports blanked: a compiler leaves out what is imported for its type only, whether the author
 * has said `import type` or not, and there may be nothing by that name in the running module. What only decorators are told of is
 * imported as `* as`, which asks for no name: `import { Repository } from 'typeorm'` becomes `import*as hs$t… from "typeorm"`.
 */
import type MagicString from 'magic-string';
import { asImported, existsSync, isBuiltin } from '../node.ts';
import { designText, designTypes, takeRest, toldNames, typesFrom } from './designtypes.ts';
import { asOurs, requireOurs, writtenFor } from './language.ts';
import { eachChild, exportName, type Node, type Read, skipTrivia } from './parse.ts';
import { HELPERS } from './registry.ts';
import type { Reference } from './scopes.ts';
import { jsxOf, type Settings } from './settings.ts';

export interface ImportUse {
  /** imported names that nothing uses, and declarations of which nothing is left */
  unused: Set<Node>;
  /** imported names that decorators are told of and no code uses, with the declaration that each is part of */
  told: Map<Node, ImportDeclaration>;
}

type ImportDeclaration = Extract<Node, { type: 'ImportDeclaration' }>;
type Specifier = ImportDeclaration['specifiers'][number];

/** What a module's imports are for. @param source the author's text @param url of the module */
export function importUse(
  read: Read,
  source: string,
  references: readonly Reference[],
  settings: Settings,
  url: string,
): ImportUse {
  const use: ImportUse = { unused: new Set(), told: new Map() };
  if (settings.verbatim || (!/\bimport\b/.test(read.plain) && read.requires.length === 0)) return use;
  const used = namesUsed(read, source, references, settings);
  const told = toldIn(read, settings);
  for (const statement of read.program.body as Node[]) {
    const required = read.requires.find((one) => one.start >= statement.start && one.end <= statement.end);
    if (required !== undefined && statement.type === 'VariableDeclaration' && !used.has(required.name))
      if (!told.has(required.name)) use.unused.add(statement);
    if (statement.type !== 'ImportDeclaration') continue;
    const names = statement.specifiers.filter((one) => !used.has(one.local.name));
    for (const one of names) {
      if (!told.has(one.local.name) || !isThere(statement.source.value, url)) use.unused.add(one);
      else if (one.type !== 'ImportNamespaceSpecifier') use.told.set(one, statement);
    }
    const left = statement.specifiers.filter((one) => !use.unused.has(one) && !use.told.has(one));
    // `import {} from` and `import 'x'` are for what the module does; `import { type T } from` is not.
    const isType = names.length > 0 || /\btype\b/.test(source.slice(statement.start, statement.source.start));
    if (left.length === 0 && isType) use.unused.add(statement);
  }
  return use;
}

/** The names at the top level that code uses. */
function namesUsed(
  { program, left }: Read,
  source: string,
  references: readonly Reference[],
  settings: Settings,
): Set<string> {
  const used = new Set<string>();
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
  return used;
}

function toldIn({ withTypes }: Read, { metadata, strict }: Settings): Set<string> {
  return metadata && withTypes !== undefined ? toldNames(designTypes(withTypes, strict)) : new Set();
}

/** Whether a module is there to import: packages and files may have types only, and a compiler leaves imports of these out. */
function isThere(specifier: string, url: string): boolean {
  if (/^\.{0,2}\/|^file:/.test(specifier)) {
    const file = new URL(specifier, url);
    const types = [specifier.replace(/\.(m?)[jt]s$/, '.d.$1ts'), `${specifier}.d.ts`];
    const isFile = (one: string): boolean => existsSync(new URL(one, url));
    return existsSync(file) || writtenFor(specifier).some(isFile) || !types.some(isFile);
  }
  if (isBuiltin(specifier) || specifier.startsWith('data:')) return true;
  try {
    asOurs(() => asImported(() => resolvePackage()(specifier, url)));
    return true;
  } catch {
    return false;
  }
}

const resolvePackage = () => requireOurs<typeof import('import-meta-resolve')>('import-meta-resolve').resolve;

/** The text that is left when imports that nothing uses, or that only decorators are told of, are blanked. */
export function withoutUnused({ plain, program }: Read, { unused, told }: ImportUse): string {
  let text = plain;
  for (const statement of program.body as Node[]) {
    if (unused.has(statement)) blank(statement.start, statement.end, ';');
    else if (statement.type === 'ImportDeclaration')
      statement.specifiers.forEach((one, i, all) => {
        if (unused.has(one) || told.has(one)) blankItem(one, all[i - 1]);
      });
  }
  return text;

  function blank(start: number, end: number, instead = ''): void {
    const rest = text.slice(start + instead.length, end).replace(/[^\n\r\u2028\u2029]/g, ' ');
    text = text.slice(0, start) + instead + rest + text.slice(end);
  }

  /** With its comma: the one after it, or before a namespace, which stands last. */
  function blankItem({ start, end, type }: Node, before: Node | undefined): void {
    const after = skipTrivia(plain, end);
    if (plain[after] === ',') return blank(start, after + 1);
    blank(start, end);
    const comma = before === undefined ? start : skipTrivia(plain, before.end);
    if (type === 'ImportNamespaceSpecifier' && plain[comma] === ',') blank(comma, comma + 1);
  }
}

/** Puts in what a module's types come to at run time: what decorators are told, what that is imported from, and `require`. */
export function finishTypes(
  text: MagicString,
  read: Read,
  { told }: ImportUse,
  settings: Settings,
  url: string,
): void {
  setRequires(text, read, url);
  const seen = new Set<string>();
  for (const { source, end } of told.values()) {
    const { value } = source;
    if (!seen.has(value))
      text.appendLeft(end, `;import*as ${typesFrom(value)} from${JSON.stringify(value)};`);
    seen.add(value);
  }
  tellTypes(text, read, settings, (name) => toldName(told, name));
}

/** What reads a name at the top level that only decorators are told of; undefined for others. */
export function toldName(told: ImportUse['told'], name: string): string | undefined {
  for (const [specifier, { source }] of told) {
    if ((specifier as Specifier).local.name !== name) continue;
    const imported = specifier.type === 'ImportSpecifier' ? exportName(specifier.imported) : 'default';
    return `${typesFrom(source.value)}.${imported}`;
  }
  return undefined;
}

/** Tells the decorators of a text, or of pieces of it, their types. @param placed see `designText` */
export function tellTypes(
  text: MagicString,
  { withTypes }: Read,
  { metadata, strict }: Settings,
  placed: (name: string) => string | undefined,
  isHere: (offset: number) => boolean = () => true,
): void {
  if (withTypes === undefined) return;
  for (const one of designTypes(withTypes, strict)) {
    if (!isHere(one.at)) continue;
    const added = takeRest(text, one) + (metadata ? designText(one, placed) : '');
    if (one.where === 'before') text.prependRight(one.at, `${added} `);
    else text.appendLeft(one.at, added);
  }
}

/** Lets `const  fs = require('node:fs')` ask for what `require` of its module gives. */
export function setRequires(
  text: MagicString,
  { requires }: Read,
  url: string,
  isHere: (offset: number) => boolean = () => true,
): void {
  for (const { word } of requires)
    if (isHere(word))
      text.overwrite(word, word + 'require'.length, `${HELPERS}.require(${JSON.stringify(url)})`);
}
