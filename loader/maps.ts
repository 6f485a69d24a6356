/**
 * Source maps, where the user asked for them. In: an instrumented text, its map to the author's text, and what that text says of
 * a map of its own; out: the text with one map that leads the whole way.
 */
import remapping from '@jridgewell/remapping';
import { readFileSync } from '../node.ts';

/** Code with a source map that leads through ours and the one the text came with, if any. */
export function withMap(code: string, map: string, source: string, url: string): string {
  const own = namedIn(source);
  let whole: unknown;
  try {
    whole = own === undefined ? undefined : throughMap(map, own, url);
  } catch {
    // a map that cannot be read or understood is no map, as for Node
  }
  return withComment(code, whole === undefined ? map : JSON.stringify(whole));
}

/** Code with a source map, which is given as JSON. */
export function withComment(code: string, map: string): string {
  return `${code}\n//# sourceMappingURL=data:application/json;base64,${Buffer.from(map).toString('base64')}`;
}

/** The source map that a text comes with, as JSON. @throws where it names one that cannot be read */
export function mapIn(source: string, url: string): string | undefined {
  const own = namedIn(source);
  return own === undefined ? undefined : readMap(own, url);
}

/** The same with where its sources are, as Node has it. @throws where it cannot be read */
export function mapFrom(source: string, url: string): object | undefined {
  const own = namedIn(source);
  if (own === undefined) return undefined;
  const map = JSON.parse(readMap(own, url));
  const from = own.startsWith('data:') ? url : new URL(own, url).href;
  const sources = map.sources.map((one: string) => new URL((map.sourceRoot ?? '') + one, from).href);
  return { ...map, sources, sourceRoot: '' };
}

function namedIn(source: string): string | undefined {
  return [...source.matchAll(/^[ \t]*\/\/[#@][ \t]*sourceMappingURL=(\S+)/gm)].at(-1)?.[1];
}

/** Our map and the one that the text names, as one; its sources are URLs. */
function throughMap(map: string, own: string, url: string): unknown {
  const inner = readMap(own, url);
  return remapping(map, (_file, context) => {
    if (context.depth !== 1) return null;
    if (!own.startsWith('data:')) context.source = new URL(own, url).href; // what its sources are relative to
    return inner;
  });
}

function readMap(reference: string, url: string): string {
  if (!reference.startsWith('data:')) return readFileSync(new URL(reference, url), 'utf8');
  const [head = '', body = ''] = reference.split(/,(.*)/s);
  return head.endsWith(';base64') ? Buffer.from(body, 'base64').toString() : body; // as Node reads it
}
