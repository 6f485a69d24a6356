/**
 * Where code stands in the file of which V8 knows where it stands in the text that runs: lines are the same, columns are not where something of ours is
 * on the line before it. In: the URL of a module, a line and column of the running text, from 1; out: the author's column.
 */
import { asLoaded } from '../node.ts';
import { withBuiltins } from './builtins.ts';
import type { Layout } from './layout.ts';
import type { Loaded } from './live.ts';
import { layoutFor } from './tostring.ts';

/** A module's text, and where its lines begin. */
interface Positions {
  source: string;
  layout: Layout;
  /** author's offsets, and running ones */
  author: number[];
  running: number[];
}

/** By URL: a module, undefined where there are several instances of it. Asked for while the program runs, among what it has patched. */
const loaded: Record<string, Loaded | undefined> = Object.create(null);
const known: Record<string, Positions | null> = Object.create(null);

/** Remembers what runs of a module. */
export function noteModule(module: Loaded): void {
  const { url } = module;
  loaded[url] = url in loaded ? undefined : module;
  if (url in known) delete known[url];
}

/** The author's offset of a place in a module's text; undefined where the text that runs is none that we know. */
export function offsetAt(url: string, line: number, column: number): number | undefined {
  const { layout, running } = positionsOf(url) ?? {};
  const start = running?.[line - 1];
  return layout === undefined || start === undefined ? undefined : layout.author(start + column - 1);
}

/** The author's column of a place; undefined where it is the same, or not known. */
export function columnAt(url: string, line: number, column: number): number | undefined {
  const offset = offsetAt(url, line, column);
  if (offset === undefined) return undefined;
  const found = offset - ((known[url] as Positions).author[line - 1] as number) + 1;
  return found === column || found < 1 ? undefined : found;
}

/** A line of a module as its author has it. @param line from 1 */
export function lineOfModule(url: string, line: number): string | undefined {
  const { author, source } = positionsOf(url) ?? {};
  const start = author?.[line - 1];
  if (source === undefined || start === undefined) return undefined;
  return source.slice(start, author?.[line]).replace(/[\r\n\u2028\u2029]+$/, '');
}

/** Whether something of ours stands on a line. */
export function isShifted(url: string, line: number): boolean {
  const { author, running, source, layout } = positionsOf(url) ?? {};
  if (author === undefined || running === undefined || source === undefined || layout === undefined)
    return false;
  const length = (author[line] ?? source.length) - (author[line - 1] as number);
  return (running[line] ?? layout.lengthOf(source.length)) - (running[line - 1] as number) !== length;
}

/** The text that runs of a module, as its author has it. */
export function sourceOf(url: string): string | undefined {
  return positionsOf(url)?.source;
}

function positionsOf(url: string): Positions | undefined {
  const found = known[url];
  if (found !== undefined) return found ?? undefined;
  const module = loaded[url];
  if (module === undefined) return undefined;
  const made = asLoaded(() => withBuiltins(() => read(module)));
  known[url] = made ?? null;
  return made;
}

function read({ prefix, source }: Loaded): Positions | undefined {
  const layout = layoutFor(prefix);
  if (layout === undefined) return undefined;
  const author = [0];
  for (const { index, 0: end } of source.matchAll(/\r\n|[\n\r\u2028\u2029]/g))
    author.push(index + end.length);
  const running = author.map((start) => (start === 0 ? 0 : layout.running(start - 1) + 1));
  return { source, layout, author, running };
}
