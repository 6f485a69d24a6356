#!/usr/bin/env node
/**
 * The package's command. In: the words after `hotswap`; out: what they ask for, and an exit code: that of the program, or 2
 * for words that are not understood.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { printable } from '../node.ts';
import { gc } from './gc.ts';
import { prepare } from './prepare.ts';
import { run } from './run.ts';

const HELP = `Usage: hotswap run [node options] [--] file [arguments]
       hotswap prepare [node options] [--] file ...
       hotswap gc [cache directory]

run: runs a program with Node and takes every file of it over, in the running process, when it is saved.
State is kept, and a line on stderr says what was done.

  hotswap run server.js --port 3000
  hotswap run --inspect --env-file=.env server.js

What stands before the file goes to Node, what stands after it to the program. A program that ends with an
uncaught error is started again at the next save.

prepare: fills the cache without running anything, so that the first start is a fast one, as when an image is
built. All that the files import by import declarations is loaded; name those too that are only imported later.

  hotswap prepare server.js jobs/report.js

gc: removes from the cache what nobody needs any more: texts that no history names, or only for versions beyond
HOTSWAP_ROLLBACK_LENGTH, and what processes have left that were killed. Programs that use the cache may be running.

  HOTSWAP_ROLLBACK_LENGTH=20 hotswap gc

  -h, --help     this text
  -v, --version  the version of hotswap
`;

/** Node's options whose value is a word of its own. */
const WITH_VALUE = new Set(
  '-r --require --import --loader --experimental-loader -C --conditions --env-file --env-file-if-exists --inspect-port --debug-port --title --disable-warning --icu-data-dir --openssl-config --redirect-warnings --trace-event-categories --unhandled-rejections --dns-result-order --diagnostic-dir --experimental-default-type --tls-min-v1.2 --localstorage-file --experimental-config-file --allow-fs-read --allow-fs-write --watch-path'.split(
    ' ',
  ),
);

const [command, ...words] = process.argv.slice(2);
switch (command) {
  case 'run':
  case 'prepare':
    await withWords(command, words);
    break;
  case 'gc':
    if (words.length > 1 || words[0]?.startsWith('-'))
      refuse('gc takes the directory of a cache, or nothing');
    else gc(words[0]);
    break;
  case '-h':
  case '--help':
  case 'help':
    process.stdout.write(HELP);
    break;
  case '-v':
  case '--version':
    console.log(JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version);
    break;
  case undefined:
    refuse('it needs a command');
    break;
  default:
    refuse(`there is no command ${JSON.stringify(command)}`);
}

async function withWords(command: 'run' | 'prepare', words: string[]): Promise<void> {
  let at = 0;
  for (; at < words.length; at++) {
    const word = words[at] as string;
    if (word === '--' || !word.startsWith('-') || word === '-') break;
    if (word === '-h' || word === '--help') return void process.stdout.write(HELP);
    if (/^-(e|p|pe|i|c)$|^--(eval|print|interactive|check|test|watch)(=|$)/.test(word))
      return refuse(`${command} takes a file, and not ${word}`);
    if (WITH_VALUE.has(word)) at++;
  }
  const options = words.slice(0, at);
  const [file, ...rest] = words.slice(words[at] === '--' ? at + 1 : at);
  if (file === undefined) return refuse(`${command} needs the file of a program`);
  const files = command === 'run' ? [file] : [file, ...rest];
  const missing = files.find((one) => !isFile(one));
  if (missing !== undefined) return refuse(`there is no file ${missing} in ${process.cwd()}`);
  if (command === 'run') await run(options, file, rest);
  else await prepare(options, files);
}

/** Whether Node would find a program there: it also tries the extension, and the index of a directory. */
function isFile(file: string): boolean {
  if (!existsSync(file)) return ['.js', '.json', '.node'].some((extension) => existsSync(file + extension));
  return statSync(file).isFile() || existsSync(`${file}/index.js`) || existsSync(`${file}/package.json`);
}

function refuse(why: string): void {
  const name = basename(process.argv[1] ?? 'hotswap', '.js');
  process.stderr.write(
    `hotswap: ${printable(why)}. Usage: ${name} run [node options] [--] file [arguments], ${name} prepare [node options] [--] file ..., or ${name} gc [cache directory]; ${name} --help says more\n`,
  );
  process.exitCode = 2;
}
