#!/usr/bin/env node
/**
 * The package's command. In: the words after `hotswap`; out: what they ask for, and an exit code: that of the program, or 2
 * for words that are not understood.
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { printable } from '../node.ts';
import { gc } from './gc.ts';
import { prepare } from './prepare.ts';
import { run } from './run.ts';
import { isProgramOrTool, named, unknownCommand } from './words.ts';

const HELP = `Usage: hotswap run [node options] [--] file [arguments]
       hotswap prepare [node options] [--] file ...
       hotswap gc [cache directory]

run: runs a program with Node and takes every file of it over, in the running process, when it is saved.
State is kept, and a line on stderr says what was done.

  hotswap run server.js --port 3000
  hotswap run --inspect --env-file=.env server.js

What stands before the file goes to Node, what stands after it to the program. The command of an installed
package is a program too (hotswap run fastify start app.js). One that ends with an uncaught error, or by
process.exit(1), is started again at the next save. The word run may be left out.

prepare: fills the cache without running anything, so that the first start is a fast one, as when an image is
built. All that the files import by import declarations is loaded; name those too that are only imported later.

  hotswap prepare server.js jobs/report.js

gc: removes from the cache what nobody needs any more: texts that no history names, or only for versions beyond
HOTSWAP_ROLLBACK_LENGTH, and what processes have left that were killed. Programs that use the cache may be running.

  HOTSWAP_ROLLBACK_LENGTH=20 hotswap gc

  -h, --help     this text
  -v, --version  the version of hotswap
`;

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
    // `hotswap server.js` and `hotswap --inspect server.js` leave out `run`.
    if (command.startsWith('-') || isProgramOrTool(command)) await withWords('run', [command, ...words]);
    else refuse(unknownCommand(command, words));
}

async function withWords(command: 'run' | 'prepare', words: string[]): Promise<void> {
  const found = named(command, words);
  if (found.kind === 'help') return void process.stdout.write(HELP);
  if (found.kind === 'refused') return refuse(found.why);
  const { options, file, rest } = found;
  if (command === 'run') await run(options, file, rest);
  else await prepare(options, [file, ...rest]);
}

function refuse(why: string): void {
  const name = basename(process.argv[1] ?? 'hotswap', '.js');
  process.stderr.write(
    `hotswap: ${printable(why.endsWith('?') ? why : `${why}.`)} Usage: ${name} run [node options] [--] file [arguments], ${name} prepare [node options] [--] file ..., or ${name} gc [cache directory]; ${name} --help says more\n`,
  );
  process.exitCode = 2;
}
