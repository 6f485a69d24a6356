/**
 * What a module exports, read from its text by es-module-lexer: no tree, no values. In: text, and the module's URL, since of
 * TypeScript and JSX, and of what the lexer cannot read, only a tree tells; out: each exported name with the variable behind it or the module it comes from.
 */
import { parse } from 'es-module-lexer/js';
import { HotswapError } from '../../error.ts';
import { languageOf } from '../../loader/language.ts';
import { boundNames, exportName, firstName, type Node, unwrapped } from '../../loader/parse.ts';
import { type Analysis, analyse, analysed, type Exported } from './analysis.ts';

export type { Exported };

import { putNewest } from './recent.ts';

/** White space and line ends beyond ASCII that es-module-lexer takes for letters, and escapes in names that it gives as they are written. */
const MISREAD = /[\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]|\\u/;

/** Whether es-module-lexer reads a text right: not TypeScript, `\uFEFFexport const f`, or `export function \u0061bc() {}`. */
export function isLexable(source: string, url: string): boolean {
  return languageOf(url) === 'js' && !MISREAD.test(source);
}

const KEPT = 64;
const recent = new Map<string, Exported[]>();

/** The exports of a text, in source order. */
export function exportedLocals(source: string, url: string): Exported[] {
  const analysis = analysed(source, url);
  if (analysis?.exported !== undefined) return analysis.exported;
  if (isLexable(source, url)) {
    const list = lexed(source);
    if (analysis !== undefined) analysis.exported = list;
    return list;
  }
  const whole = analysis ?? analyse(source, url);
  whole.exported = exportsOf(whole);
  return whole.exported;
}

/** The exports of a text that es-module-lexer reads right. */
function lexed(source: string): Exported[] {
  const known = recent.get(source);
  if (known !== undefined) return known;
  let found: ReturnType<typeof parse>[1];
  try {
    found = parse(source)[1];
  } catch (cause) {
    throw new HotswapError('ERR_HOTSWAP_SYNTAX', `the exports cannot be read: ${(cause as Error).message}`, {
      cause,
    });
  }
  const list = found
    .filter((one) => !one.typeOnly)
    .map((one): Exported => {
      if (one.type === 'direct')
        return { name: one.name, local: one.localName, from: undefined, importName: undefined };
      if (one.type === 'reexport') {
        return { name: one.name, local: undefined, from: one.from, importName: one.importName ?? undefined };
      }
      return { name: '*', local: undefined, from: one.from, importName: undefined };
    });
  putNewest(recent, source, list, KEPT);
  return list;
}

/** Exports as a tree tells them. */
function exportsOf({ source, url, program }: Analysis): Exported[] {
  const all = program.body.flatMap(exportsIn(source, url));
  // Declarations that merge export one name.
  const first = new Map(all.map((one) => [one.name, one] as const).reverse());
  return all.filter((one) => one.name === '*' || first.get(one.name) === one);
}

/** Whether two texts export the same, by the same names of theirs; an expression by `default` is one name. */
export function sameExports(before: Analysis, after: Analysis): boolean {
  const [x, y] = [before, after].map(({ source, url }) => exportedLocals(source, url));
  if (x === undefined || y === undefined || x.length !== y.length) return false;
  return x.every((one, i) => {
    const { name, local, from, importName } = y[i] as Exported;
    return one.name === name && one.local === local && one.from === from && one.importName === importName;
  });
}

/**
 * The module's own variable behind an export, that of `export default name` too; `default` where the default export is what an
 * expression gives, and undefined for a re-export.
 * @param text the one that has the export
 */
export function localOf(
  { name, local, from }: Exported,
  { source, url }: Pick<Analysis, 'source' | 'url'>,
): string | undefined {
  if (local !== undefined || from !== undefined || name !== 'default') return local;
  for (const { statement } of analyse(source, url).parts) {
    if (statement.type !== 'ExportDefaultDeclaration') continue;
    const value = unwrapped(statement.declaration);
    return value.type === 'Identifier' ? value.name : 'default';
  }
  return 'default';
}

/** The same from a tree, a statement at a time. */
function exportsIn(source: string, url: string): (statement: Node) => Exported[] {
  const imported = new Map<string, Exported>();
  for (const statement of analyse(source, url).program.body) {
    if (statement.type !== 'ImportDeclaration') continue;
    for (const one of statement.specifiers) {
      const { name } = one.local;
      const importName =
        one.type === 'ImportSpecifier'
          ? exportName(one.imported)
          : one.type === 'ImportDefaultSpecifier'
            ? 'default'
            : undefined;
      imported.set(name, { name, local: undefined, from: statement.source.value, importName });
    }
  }
  const own = (name: string, local: string | undefined): Exported => {
    return { name, local, from: undefined, importName: undefined };
  };
  return (statement) => {
    if (statement.type === 'ExportAllDeclaration') {
      const name = statement.exported === null ? '*' : exportName(statement.exported);
      return [{ name, local: undefined, from: statement.source.value, importName: undefined }];
    }
    if (statement.type === 'ExportDefaultDeclaration') {
      const { declaration } = statement;
      const id = /Declaration$/.test(declaration.type) && 'id' in declaration ? declaration.id : null;
      return [own('default', id?.type === 'Identifier' ? id.name : undefined)];
    }
    if (statement.type !== 'ExportNamedDeclaration') return [];
    const declaration = statement.declaration as Node | null;
    if (declaration?.type === 'VariableDeclaration')
      return declaration.declarations.flatMap(({ id }) => boundNames(id).map((name) => own(name, name)));
    if (declaration !== null) {
      const id = 'id' in declaration ? (declaration.id as Node | null) : null;
      const name = id === null ? undefined : firstName(id);
      return name === undefined ? [] : [own(name, name)];
    }
    return statement.specifiers.map((one): Exported => {
      const [name, local] = [exportName(one.exported), exportName(one.local)];
      if (statement.source !== null)
        return { name, local: undefined, from: statement.source.value, importName: local };
      const passed = imported.get(local);
      return passed === undefined ? own(name, local) : { ...passed, name };
    });
  };
}
