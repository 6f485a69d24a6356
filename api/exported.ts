/**
 * What a module exports, read from its text by es-module-lexer: no tree, no values. In: text; out: each exported
 * name with the variable behind it or the module it comes from.
 */
import { parse } from 'es-module-lexer/js';
import { HotswapError } from '../error.ts';

export interface Exported {
  /** `*` for `export * from` */
  name: string;
  /** the module's own variable; undefined for a re-export and for `export default <expression>` */
  local: string | undefined;
  /** specifier of the module that a re-export comes from, and the name there (undefined: its namespace) */
  from: string | undefined;
  importName: string | undefined;
}

const KEPT = 64;
const recent = new Map<string, Exported[]>();

/** The exports of a text, in source order. */
export function exportedLocals(source: string): Exported[] {
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
  recent.set(source, list);
  if (recent.size > KEPT) recent.delete(recent.keys().next().value as string);
  return list;
}
