/**
 * JSON that hot modules import. In: the object that all importers share, and the file's text before and after; out: the same
 * object with what changed in the file changed in it, or the reason why that cannot be. It is changed in place since
 * that reaches everyone who holds it or a part of it; what the program itself has put into it stays.
 */
import { shortened } from '../api/plan/summary.ts';
import { HotswapError } from '../error.ts';
import { languageOf } from '../loader/language.ts';
import type { Node } from '../loader/parse.ts';
import { tryParse } from '../loader/parse.ts';
import { fileURLToPath } from '../node.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Holder = Json[] | { [key: string]: Json };

/** URLs of the JSON files that a module's text imports by a relative or absolute path; those of packages are theirs. */
export function jsonImports(source: string, url: string): string[] {
  if (!/\bwith\b/.test(source) || !/json/.test(source)) return [];
  const urls: string[] = [];
  for (const statement of tryParse(source, languageOf(url)).program.body as Node[]) {
    if (!('attributes' in statement) || !('source' in statement) || statement.source === null) continue;
    const isJson = statement.attributes.some(
      ({ key, value }) =>
        (key.type === 'Identifier' ? key.name : key.value) === 'type' && value.value === 'json',
    );
    const specifier = statement.source.value;
    if (isJson && /^(\.{0,2}\/|file:)(?!.*%2f)/i.test(specifier) && URL.canParse(specifier, url))
      urls.push(new URL(specifier, url).href);
  }
  return urls.filter((one) => !one.includes('/node_modules/'));
}

/** A change of a JSON file, looked at but not made. */
export interface JsonChange {
  url: string;
  /** makes it; @returns what takes it back; throws with nothing changed */
  make: () => () => void;
  /** what changes, in the first level of keys: `+added, -gone, ~changed` */
  summary: string;
}

/**
 * @param before the text that the running value came from
 * @throws ERR_HOTSWAP_SYNTAX for what is no JSON, ERR_HOTSWAP_STRUCTURAL where the whole is of another kind than before
 */
export async function jsonChange(url: string, before: string, after: string): Promise<JsonChange> {
  const file = fileURLToPath(url);
  let next: Json;
  try {
    next = JSON.parse(after.replace(/^\ufeff/, ''));
  } catch (cause) {
    throw new HotswapError('ERR_HOTSWAP_SYNTAX', `${file} is no JSON: ${(cause as Error).message}`, {
      module: url,
      file,
      cause,
    });
  }
  const { default: live } = await import(url, { with: { type: 'json' } });
  const was: Json = JSON.parse(before.replace(/^\ufeff/, ''));
  if (!isSameKind(was, next) || !isSameKind(live, next)) {
    throw new HotswapError(
      'ERR_HOTSWAP_STRUCTURAL',
      `${file} held ${kindOf(was)} and holds ${kindOf(next)} now, which cannot be changed in place: its importers keep what they have until a restart`,
      { module: url, file },
    );
  }
  return {
    url,
    summary: summaryOf(was, next as Holder),
    make() {
      const undos: (() => void)[] = [];
      const takeBack = (): void => {
        for (const undo of undos.splice(0).reverse()) undo();
      };
      try {
        change(live, was, next as Holder, undos);
      } catch (cause) {
        takeBack();
        const { message } = cause as Error;
        throw new HotswapError(
          'ERR_HOTSWAP_STRUCTURAL',
          `the value of ${file} cannot be changed in place (${message}): its importers keep what they have`,
          { module: url, file, cause },
        );
      }
      return takeBack;
    },
  };
}

/** Gives a live value what the file says otherwise than before; equal parts are left as the program has them. */
function change(live: Holder, was: Holder, next: Holder, undos: (() => void)[]): void {
  const set = (key: string, descriptor: PropertyDescriptor | undefined): void => {
    if (descriptor === undefined) {
      if (!Reflect.deleteProperty(live, key)) throw new TypeError(`${JSON.stringify(key)} cannot be removed`);
    } else Object.defineProperty(live, key, descriptor);
  };
  const put = (key: string, descriptor: PropertyDescriptor | undefined): void => {
    const held = Object.getOwnPropertyDescriptor(live, key);
    set(key, descriptor);
    undos.push(() => set(key, held));
  };
  for (const key of new Set([...Object.keys(was), ...Object.keys(next)])) {
    const [a, b] = [own(was, key), own(next, key)];
    if (JSON.stringify(a) === JSON.stringify(b)) continue;
    const held = own(live, key);
    if (isSameKind(a, b) && isSameKind(held, b)) change(held as Holder, a, b as Holder, undos);
    else if (b !== undefined) put(key, { value: b, writable: true, enumerable: true, configurable: true });
    else if (!Array.isArray(live)) put(key, undefined);
  }
  if (Array.isArray(live) && live.length !== next.length && was.length !== next.length) {
    const tail = live.slice();
    undos.push(() => live.splice(0, live.length, ...tail));
    live.length = next.length as number;
  }
}

function own(holder: Holder, key: string): Json | undefined {
  return Object.getOwnPropertyDescriptor(holder, key)?.value;
}

function isSameKind(a: Json | undefined, b: Json | undefined): a is Holder {
  return (
    a !== null &&
    b !== null &&
    typeof a === 'object' &&
    typeof b === 'object' &&
    Array.isArray(a) === Array.isArray(b)
  );
}

function kindOf(value: Json): string {
  if (Array.isArray(value)) return 'an array';
  return value !== null && typeof value === 'object' ? 'an object' : JSON.stringify(value);
}

function summaryOf(was: Holder, next: Holder): string {
  if (Array.isArray(next)) return `${next.length} entries`;
  const all: string[] = [];
  for (const key of Object.keys(next)) {
    if (!Object.hasOwn(was, key)) all.push(`+${key}`);
    else if (JSON.stringify(own(was, key)) !== JSON.stringify(next[key])) all.push(`~${key}`);
  }
  for (const key of Object.keys(was)) if (!Object.hasOwn(next, key)) all.push(`-${key}`);
  return shortened(all) || 'layout';
}
