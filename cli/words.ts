/**
 * What the words of a command mean. In: the words after `hotswap run` or `hotswap prepare`, as a person typed them; out: Node's options,
 * the files and their arguments, or why they mean nothing and what would.
 */
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, parse, resolve } from 'node:path';
import { nearestWith } from '../loader/config.ts';
import { requireOurs } from '../loader/language.ts';

/** What is to be run, or a sentence about what is wrong, without `hotswap: ` and its full stop. */
export type Named =
  | { kind: 'program'; options: string[]; file: string; rest: string[] }
  | { kind: 'help' }
  | { kind: 'refused'; why: string };

/** Node's options whose value is a word of its own. */
const WITH_VALUE = new Set(
  '-r --require --import --loader --experimental-loader -C --conditions --env-file --env-file-if-exists --inspect-port --debug-port --title --disable-warning --icu-data-dir --openssl-config --redirect-warnings --trace-event-categories --unhandled-rejections --dns-result-order --diagnostic-dir --experimental-default-type --tls-min-v1.2 --localstorage-file --experimental-config-file --allow-fs-read --allow-fs-write --watch-path'.split(
    ' ',
  ),
);

const NOT_A_FILE = /^-(e|p|pe|i|c)$|^--(eval|print|interactive|check|test|watch)(=|$)/;

/** Commands that start Node, and that programs are usually started with. */
const STARTERS = /^(?:nodemon|tsx|ts-node|ts-node-dev|tsnd|swc-node|esr)$/;
const SCRIPT_RUNNERS = /^(?:npm|yarn|pnpm|bun)$/;

/** Takes the words of a command apart. */
export function named(command: 'run' | 'prepare', words: readonly string[]): Named {
  let at = 0;
  for (; at < words.length; at++) {
    const word = words[at] as string;
    if (word === '--' || !word.startsWith('-') || word === '-') break;
    if (word === '-h' || word === '--help') return { kind: 'help' };
    if (NOT_A_FILE.test(word)) return { kind: 'refused', why: `${command} takes a file, and not ${word}` };
    if (WITH_VALUE.has(word)) at++;
  }
  const options = words.slice(0, at);
  const [first, ...rest] = words.slice(words[at] === '--' ? at + 1 : at);
  if (first === undefined) return { kind: 'refused', why: `${command} needs the file of a program` };
  // `hotswap run node --inspect server.js`
  if ((first === 'node' || first === 'npx') && !isProgram(first))
    return named(command, [...options, ...rest]);
  const file = isProgram(first) ? first : (toolOf(first) ?? first);
  const missing = [file, ...(command === 'run' ? [] : rest)].find((one) => !isProgram(one));
  if (missing !== undefined) return { kind: 'refused', why: whyNot(missing, rest) };
  return { kind: 'program', options, file, rest };
}

/** Whether a word names a program by itself, so that `run` need not be said. */
export function isProgramOrTool(word: string): boolean {
  return isProgram(word) || word === 'node' || toolOf(word) !== undefined;
}

/** Whether Node would find a program there: it also tries the extension, and the index of a directory. */
function isProgram(file: string): boolean {
  if (!existsSync(file)) return ['.js', '.json', '.node'].some((extension) => existsSync(file + extension));
  return statSync(file).isFile() || existsSync(`${file}/index.js`) || existsSync(`${file}/package.json`);
}

/** The file of a command that an installed package has, as `fastify`; undefined for what starts Node itself, and would not be followed. */
function toolOf(word: string): string | undefined {
  if (/[\\/]/.test(word) || STARTERS.test(word)) return undefined;
  const home = nearestWith(join('node_modules', '.bin', word), process.cwd());
  if (home === undefined) return undefined;
  const link = join(home, 'node_modules', '.bin', word);
  const text = readFileSync(link, 'latin1');
  if (/\.[cm]?[jt]s$/.test(realpathSync(link)) || /^#!.*\bnode\b/.test(text)) return link;
  // Some package managers write a script for the shell: `exec node "$basedir/../fastify-cli/cli.js" "$@"`
  const [, target] = /"\$basedir\/([^"]+\.[cm]?js)"/.exec(text) ?? [];
  return target === undefined ? undefined : resolve(dirname(link), target);
}

function whyNot(word: string, rest: readonly string[]): string {
  const files = rest.filter((one) => !one.startsWith('-') && one !== 'watch' && one !== 'run');
  if (STARTERS.test(word))
    return `${word} starts Node itself, and needs no place here: hotswap run ${files.join(' ') || 'server.js'} follows the files of a program, in TypeScript too`;
  if (!SCRIPT_RUNNERS.test(word)) return noFile(word);
  const [name = 'start'] = files;
  const script = scriptOf(name);
  const line = script === undefined ? 'hotswap run server.js' : inScript(script);
  return `${word} runs a script, and hotswap a program: put hotswap into the script, ${JSON.stringify(name)}: ${JSON.stringify(line)} in package.json, and run ${[word, ...rest].join(' ')} as ever`;
}

/** Says that there is no such program, and which one may have been meant. */
function noFile(word: string): string {
  if (existsSync(word)) return `${word} is a directory without index.js or package.json`;
  return `there is no file ${word} in ${process.cwd()}${didYouMean(nearFile(word))}`;
}

/** Why a first word is no command: what it would be for `run` says more, where that is more than a missing file. */
export function unknownCommand(word: string, words: readonly string[]): string {
  const found = named('run', [word, ...words]);
  const why = found.kind === 'refused' && !found.why.startsWith('there is no file') ? `: ${found.why}` : '';
  const command = ['run', 'prepare', 'gc'].find((one) => distance(one, word) < one.length / 2);
  const meant = why === '' ? didYouMean(command ?? nearFile(word)) : why;
  return `there is no command or file ${JSON.stringify(word)}${meant}`;
}

function didYouMean(meant: string | undefined): string {
  return meant === undefined ? '' : `, did you mean ${meant}?`;
}

/** How many letters a mistyped name may differ by. */
const TYPING = 2;

/**
 * A source file beside a missing one that has nearly its name, or its name with another extension.
 * @example nearFile('src/sevrer.js') // 'src/server.ts'
 */
function nearFile(word: string): string | undefined {
  const asked = parse(word);
  const far = (file: string): number => distance(parse(file).name, asked.name);
  const limit = Math.min(TYPING, asked.name.length - 1);
  try {
    const files = readdirSync(asked.dir || '.').filter((file) => /\.[cm]?[jt]sx?$/.test(file));
    const [meant] = files
      .filter((file) => far(file) <= limit)
      .sort((a, b) => far(a) - far(b) || distance(a, asked.base) - distance(b, asked.base));
    return meant === undefined ? undefined : join(asked.dir, meant);
  } catch {
    return undefined; // nor is there its directory
  }
}

function distance(a: string, b: string): number {
  return requireOurs<typeof import('fastest-levenshtein')>('fastest-levenshtein').distance(a, b);
}

function scriptOf(name: string): string | undefined {
  try {
    const found: unknown = JSON.parse(readFileSync('package.json', 'utf8')).scripts?.[name];
    return typeof found === 'string' ? found : undefined;
  } catch {
    return undefined;
  }
}

/** A script with hotswap in the place of what starts Node in it: `NAME=value node --inspect server.js`. */
function inScript(script: string): string {
  const starter = /(^|\s)(?:node|nodemon|tsx|ts-node)(?:\s+(?:--watch|watch))?(?=\s)/;
  return starter.test(script) ? script.replace(starter, '$1hotswap run') : `hotswap run ${script}`;
}
