/**
 * Code frames for what was found in a text that was made of the author's. In: the author's text, and places in it; or places in the
 * other text, and its source map; out: the author's lines, drawn as the parser draws them, with what is meant marked.
 */
import remapping from '@jridgewell/remapping';
import { lineOf } from './parse.ts';

/** A place that a frame marks, with what is to be said of it. */
export interface Mark {
  start: number;
  end: number;
  message: string | null;
}

const LINE = /\r\n|[\n\r\u2028\u2029]/;

/** The lines that are marked, from a new line on. */
export function frameAt(source: string, marks: readonly Mark[]): string {
  const lines = source.split(LINE);
  const all = [...marks].sort((a, b) => a.start - b.start);
  const placed = all.map((mark) => ({ ...mark, ...placeOf(source, mark.start) }));
  const [first] = placed;
  if (first === undefined) return '';
  const margin = ' '.repeat(String(placed.at(-1)?.line).length);
  const drawn = [`${margin}  ,-[${first.line}:${first.column + 1}]`];
  let last = 0;
  for (const { line, column, start, end, message } of placed) {
    const text = lines[line - 1] as string;
    if (line !== last) drawn.push(` ${String(line).padStart(margin.length)} | ${text.replaceAll('\t', ' ')}`);
    last = line;
    const length = Math.max(1, Math.min(end - start, text.length - column));
    const said = message === null ? '' : ` ${message}`;
    drawn.push(` ${margin} : ${' '.repeat(column)}${'^'.repeat(length)}${said}`);
  }
  return `\n${[...drawn, `${margin}  \`----`].join('\n')}`;
}

/** A line, where nothing is known of the place in it. @param line from 1 */
export function frameOfLine(source: string, line: number): string {
  return `\n${line} | ${source.split(LINE)[line - 1] ?? ''}`;
}

/**
 * Places in a text as places in the one that it was made of; none for what was not there.
 * @param map from `made` to `source`, as JSON
 */
export function marksIn(source: string, made: string, map: string, marks: readonly Mark[]): Mark[] {
  const { mappings } = remapping(map, () => null, { decodedMappings: true });
  const rows = mappings as unknown as [column: number, source?: number, line?: number, from?: number][][];
  const starts = startsOf(source);
  return marks.flatMap(({ start, end, message }) => {
    const { line, column } = placeOf(made, start);
    const found = rows[line - 1]?.findLast((one) => one[0] <= column && one[2] !== undefined);
    if (found === undefined) return [];
    const [at, , row = 0, from = 0] = found;
    const begin = (starts[row] as number) + from + column - at;
    return [{ start: begin, end: begin + end - start, message }];
  });
}

function placeOf(text: string, offset: number): { line: number; column: number } {
  const line = lineOf(text, offset);
  return { line, column: offset - (startsOf(text)[line - 1] as number) };
}

/** Where each line begins. */
function startsOf(text: string): number[] {
  const starts = [0];
  for (const { index, 0: end } of text.matchAll(new RegExp(LINE, 'g'))) starts.push(index + end.length);
  return starts;
}
