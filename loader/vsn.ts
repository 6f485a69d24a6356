/**
 * Where an author's own numbering of a module's versions starts. In: a module's URL and the text of its version 0; out: the
 * number by which people know that version: `export const vsn = 42` in the text, else `"hotswap": { "vsn": 42 }` in the nearest
 * package.json, else 0. In the log and in memory versions are numbered from 0 all the same.
 */
import { notOwnDirectory, notOwnFile } from '../cache/own.ts';
import { basename, dirname, existsSync, fileURLToPath, join, readFileSync } from '../node.ts';
import { instrumenter, languageOf } from './language.ts';
import { ownOptions } from './options.ts';

/** The number of a module's version 0. @param say is told of a package.json whose number is none */
export function vsnOf(url: string, base: string, say: (line: string) => void): number {
  const exported = exportedVsn(base, url);
  if (exported !== undefined) return exported;
  const directory = directoryOf(url);
  let known = byUrl.get(directory);
  if (known === undefined) byUrl.set(directory, (known = packageVsn(dirname(fileURLToPath(url)), say)));
  return known;
}

/** The same where neither text nor package.json need be read for it. */
export function knownVsn(url: string, base: string): number | undefined {
  return base.includes('vsn') ? undefined : byUrl.get(directoryOf(url));
}

function directoryOf(url: string): string {
  return url.slice(0, url.lastIndexOf('/'));
}

/** By the URL of a directory, and by its path. */
const byUrl = new Map<string, number>();
const byDirectory = new Map<string, number>();

/** The number that `export const vsn = <number>` gives; undefined where there is none, or another value. */
function exportedVsn(text: string, url: string): number | undefined {
  if (!text.includes('vsn')) return undefined;
  const { tryParse, unwrapped } = instrumenter();
  const { program, errors } = tryParse(text, languageOf(url));
  if (errors.length > 0) return undefined;
  for (const statement of program.body) {
    if (statement.type !== 'ExportNamedDeclaration') continue;
    const { declaration } = statement;
    if (declaration?.type !== 'VariableDeclaration' || declaration.kind !== 'const') continue;
    const named = declaration.declarations.find(({ id }) => id.type === 'Identifier' && id.name === 'vsn');
    const value = named?.init && unwrapped(named.init);
    if (value?.type === 'Literal' && isCount(value.value)) return value.value;
  }
  return undefined;
}

function packageVsn(directory: string, say: (line: string) => void): number {
  const known = byDirectory.get(directory);
  if (known !== undefined) return known;
  const isOwn = notOwnDirectory(directory) === undefined; // beyond others' nothing counts
  const found = isOwn ? (readVsn(join(directory, 'package.json'), say) ?? around(directory, say)) : 0;
  byDirectory.set(directory, found);
  return found;
}

function around(directory: string, say: (line: string) => void): number {
  const parent = dirname(directory);
  return parent === directory || basename(directory) === 'node_modules' ? 0 : packageVsn(parent, say);
}

/** What a package.json says; undefined where there is none. */
function readVsn(file: string, say: (line: string) => void): number | undefined {
  if (!existsSync(file)) return undefined;
  let vsn: unknown;
  try {
    if (notOwnFile(file) === undefined) vsn = settingsIn(file)?.vsn;
  } catch {
    // Node itself reports a package.json that does not parse
  }
  if (vsn === undefined || isCount(vsn)) return vsn ?? 0;
  say(
    `"hotswap": { "vsn" } in ${file} is ${JSON.stringify(vsn)}; it takes a whole number, 0 or more, and numbering starts at 0`,
  );
  return 0;
}

/** What a package.json has under "hotswap". */
function settingsIn(file: string): { vsn?: unknown } | undefined {
  const manifest = ownOptions(JSON.parse(readFileSync(file, 'utf8')));
  return ownOptions(manifest.hotswap);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
