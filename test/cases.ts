/**
 * Many small edits in one stranger's program. In: a table of modules, what to do with each, and what that must give;
 * out: one test an entry. Each entry has a module, a folder and a script of its own, so that none disturbs another.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { program, type RunOptions } from './program.ts';

/**
 * `module` is the text of `m.js`, or of several files; `script` is the body of an async function that has `m` (its
 * namespace), `at(path)` (`'<module>#<path>'`), `no(promise)` (the code and names it is refused with), `text()` (the
 * module's current text) and all of hotswap; what it returns is compared, as JSON, with `expected`.
 */
export type Case = [module: string | Record<string, string>, script: string, expected: unknown];

interface Result {
  value?: unknown;
  error?: string;
}

/** Registers the tests; the program runs once, before the first. */
export function cases(table: Record<string, Case>, options: RunOptions = {}, packages: string[] = []): void {
  const names = Object.keys(table);
  let results: Record<string, Result> = {};

  test.before(async () => {
    const files: Record<string, string> = { 'app.js': APP };
    names.forEach((name, i) => {
      const [module, script] = table[name] as Case;
      const own = typeof module === 'string' ? { 'm.js': module } : module;
      for (const [file, text] of Object.entries(own)) files[`${i}/${file}`] = text;
      files[`${i}/case.js`] = caseText(i, script);
    });
    files['cases.json'] = JSON.stringify(names);
    const app = program(files, packages);
    try {
      const { stdout, stderr, code, signal } = await app.run(options);
      for (const line of stdout.split('\n')) {
        if (line.startsWith('@')) Object.assign(results, JSON.parse(line.slice(1)));
      }
      if (code !== 0) console.error(`the program ended with ${code ?? signal}:\n${stderr}`);
    } finally {
      app.remove();
    }
  });
  test.after(() => {
    results = {};
  });

  for (const name of names) {
    test(name, () => {
      const result = results[name] ?? { error: 'the program did not come to this case' };
      if (result.error !== undefined) throw new Error(result.error);
      assert.equal(result.value, (table[name] as Case)[2]);
    });
  }
}

const APP = `import { readFileSync } from 'node:fs';
const names = JSON.parse(readFileSync('cases.json', 'utf8'));
for (const [i, name] of names.entries()) {
  let result;
  try { result = { value: await (await import('./' + i + '/case.js')).default() ?? null }; }
  catch (error) { result = { error: String(error?.stack ?? error) }; }
  console.log('@' + JSON.stringify({ [name]: result }));
}
`;

function caseText(i: number, script: string): string {
  return `import * as m from './m.js';
import { after, around, ast, before, code, exports, functions, history, inject, mock, modules, on, onError, plan, replace, reset, restore, rewrite, rollback, transaction, version } from 'hotswap';
const M = './${i}/m.js';
const at = (path) => M + '#' + path;
const text = () => code(M);
const no = async (promise) => {
  try { await promise; } catch (error) {
    // One that comes from hooks on another thread is a copy, and no HotswapError.
    if (!error?.code?.startsWith('ERR_HOTSWAP_')) return String(error?.stack ?? error);
    return [error.code.replace('ERR_HOTSWAP_', ''), ...(error.names ?? [])].join(' ');
  }
  return 'accepted';
};
export default async function () {
${script}
}
`;
}
