/**
 * What a person reads of saves: a line for each file that was taken over, or the error and what runs on. In: what a reload
 * did; out: lines on stderr. Notices are silent under HOTSWAP_SILENT; errors never are, since a save has no caller that
 * could catch them.
 */
import { isatty } from 'node:tty';
import type { Version } from '../api/history/history.ts';
import { isNothing } from '../api/plan/summary.ts';
import { SPEAKER } from '../loader/config.ts';
import type { Registry } from '../loader/registry.ts';
import { environment, fileURLToPath, printable, relative, resolve, writeError } from '../node.ts';

const COLOURS = { red: 31, green: 32, yellow: 33 } as const;

/** Whether stderr shows colours: a terminal, and nobody said no (no-color.org). */
const coloured = isatty(2) && !environment('NO_COLOR') && environment('TERM') !== 'dumb';

function paint(text: string, colour: keyof typeof COLOURS): string {
  return coloured ? `\x1b[${COLOURS[colour]}m${text}\x1b[39m` : text;
}

/** A file as a person at this working directory would name it. */
export function shown(file: string): string {
  const path = relative(process.cwd(), file);
  const name = path.startsWith('..') || resolve(path) !== file ? file : path.replaceAll('\\', '/');
  return printable(name).replaceAll('\n', '\\n');
}

/** Says what went wrong, silent or not. */
export function sayError(text: string): void {
  const [head = '', ...rest] = printable(text).split('\n');
  writeError(`${SPEAKER}: ${[paint(head, 'red'), ...rest].join('\n')}\n`);
}

/** What a reload did to one module. */
export interface Done {
  file: string;
  version: Version;
  /** versions made in memory that the file does not have, oldest first */
  lost: number[];
  /** what has run at the top level and does not again: statements that are gone, as they began, and functions that were called */
  withdrawn: string[];
}

/** Says what a reload did, in a line, and in one more each what it could not do. */
export function sayDone({ say }: Pick<Registry, 'say'>, { file, version, lost, withdrawn }: Done): void {
  const { number, summary, deferred = [], imported } = version;
  const head = `${shown(file)} v${number}: `;
  const what = isNothing(summary)
    ? `${summary}: nothing to do`
    : `${summary}, ${imported === undefined ? 'state kept' : importedAgain(version.module, imported)}`;
  const [first, last] = [lost[0], lost.at(-1)];
  const range = first === last ? `v${first}` : `v${first} to v${last}`;
  const edits =
    lost.length === 0
      ? ''
      : `; edits made since the file was loaded (${range}) are not in the file; rollback() brings them back`;
  const plain = printable(summary);
  say(head + what + edits, (line) => line.replace(plain, () => painted(plain)));
  for (const { path, reason } of deferred) say(`  ${path}: closures that exist keep their code: ${reason}`);
  for (const statement of withdrawn)
    say(`  ${statement.replace(/;$/, '')}: it has run, and what it did stays`);
}

/** What was imported besides the file, as `import.meta.hot` asked. */
function importedAgain(module: string, imported: readonly string[]): string {
  const others = imported.filter((url) => url !== module).map((url) => shown(fileURLToPath(url)));
  return ['imported again', ...(others.length === 0 ? [] : [`with ${others.join(', ')}`])].join(' ');
}

function painted(summary: string): string {
  if (!coloured) return summary;
  const colour = { '+': 'green', '-': 'red', '~': 'yellow' } as const;
  return summary.replace(
    /(^|, )([+~-])(?=\S)/g,
    (_all, before: string, mark: '+' | '-' | '~') => before + paint(mark, colour[mark]),
  );
}
