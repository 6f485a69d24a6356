// Files saved while a program runs: what it answers then, and what is said on stderr. Everything is seen from outside.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isByGit } from '../watch/disk.ts';
import { type Program, program, type RunOptions } from './program.ts';
import { type Running, running } from './running.ts';

/** Answers on stdin: each line is evaluated among the modules' namespaces, and the answer printed as JSON. */
const APP = `import { createInterface } from 'node:readline';
import * as m from './m.js';
import * as hotswap from 'hotswap';
for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try { answer = await (0, eval)('(async (m, hotswap) => ' + line + ')')(m, hotswap); } catch (error) { answer = String(error); }
  console.log('= ' + JSON.stringify(answer ?? null));
}
`;

const M = `import { tax } from './k.js';
let count = 0;
export const total = (n) => n * tax() + 0 * count++;
export const counted = () => count;
`;
const K = 'export const tax = () => 2;\n';

/** Runs git in a directory. */
function gitIn(dir: string): (...words: string[]) => void {
  return (...words) => {
    execFileSync(
      'git',
      ['-c', 'user.name=a', '-c', 'user.email=a@b', '-c', 'core.autocrlf=false', ...words],
      {
        cwd: dir,
        stdio: 'ignore',
      },
    );
  };
}

interface Watched extends Program, Running {
  /** what the program answers to an expression of `m` and `hotswap` */
  ask(expression: string): Promise<unknown>;
}

async function watched(
  files: Record<string, string>,
  work: (app: Watched) => Promise<void>,
  options: RunOptions = {},
): Promise<void> {
  const made = program({ 'app.js': APP, 'm.js': M, 'k.js': K, ...files });
  const child = made.start({ ...options, env: { HOTSWAP_WATCH: '1', ...options.env } });
  const seen = running(child);
  const ask = async (expression: string): Promise<unknown> => {
    child.stdin?.write(`${expression}\n`);
    return JSON.parse((await seen.line('stdout', /^= (.*)/))[1] as string);
  };
  try {
    await ask('1');
    await work({ ...made, ...seen, ask });
  } finally {
    child.kill('SIGKILL');
    made.remove();
  }
}

test('a saved file is taken over; one line says what changed; state is kept; a save that changes nothing says nothing', () =>
  watched({}, async ({ ask, write, said, line }) => {
    assert.is(await ask('[m.total(1), m.total(1), m.counted()][2]'), 2);
    write(
      'm.js',
      M.replace('n * tax()', 'n * tax() + 100').replace(
        'export const counted',
        'export const more = () => 1;\nexport const counted',
      ),
    );
    assert.is((await said(/m\.js/)).input, 'hotswap: m.js v1: +more, ~total, state kept');
    assert.equal(await ask('[m.total(1), m.counted()]'), [102, 3]);
    write('k.js', '// tax\nexport const tax = () => 2;\n');
    assert.is((await said(/k\.js/)).input, 'hotswap: k.js v1: comments and layout: nothing to do');
    write('k.js', '// tax\nexport const tax = () => 2;\n');
    write('k.js', 'export const tax = () => 3;\n');
    assert.is((await said(/k\.js/)).input, 'hotswap: k.js v2: ~tax, state kept');
    assert.is(await ask('m.total(1)'), 103);
    await ask("hotswap.rollback('./m.js')");
    assert.is(await ask('m.total(1)'), 3);
    assert.equal(line.rest('stderr'), []);
  }));

test('the ways in which editors save: rename over, vim, emptied first, in pieces, deleted and made again, twice in a row', () =>
  watched({}, async ({ ask, write, file, said, line }) => {
    const text = (n: number): string => M.replace('n * tax()', `${n}`);
    const is = async (n: number): Promise<void> => {
      await said(/m\.js v\d+: ~total/);
      assert.is(await ask('m.total(1)'), n);
    };
    write('.m.js.tmp', text(10));
    renameSync(file('.m.js.tmp'), file('m.js'));
    await is(10);
    renameSync(file('m.js'), file('m.js~'));
    write('m.js', text(11));
    rmSync(file('m.js~'));
    await is(11);
    writeFileSync(file('m.js'), '');
    await new Promise((resolve) => setTimeout(resolve, 200));
    write('m.js', text(12));
    await is(12);
    write('m.js', `${text(13)}`.slice(0, -20));
    await new Promise((resolve) => setTimeout(resolve, 20));
    write('m.js', text(13));
    await is(13);
    rmSync(file('m.js'));
    await said(/m\.js is gone; v4 runs on/);
    write('m.js', text(14));
    await is(14);
    write('m.js', text(15));
    write('m.js', text(16));
    await said(/m\.js v\d+: ~total/);
    for (let got: unknown; (got = await ask('m.total(1)')) !== 16; )
      if (got !== 15) throw new Error(String(got));
    rmSync(file('m.js'));
    write('m.js', text(17));
    await said(/~total/);
    for (let got: unknown; (got = await ask('m.total(1)')) !== 17; )
      if (got !== 16) throw new Error(String(got));
    assert.equal(
      line.all('stderr').filter((one) => !/~total|is gone/.test(one)),
      [],
    );
  }));

test('a save with a syntax error: file, line and code frame; the old code runs on; the next good save applies', () =>
  watched({}, async ({ ask, write, said }) => {
    write('m.js', M.replace('n * tax()', 'n * * '));
    await said(/^hotswap: m\.js is not taken over; v0 runs on$/);
    await said(/m\.js does not parse: .* \(line 3\)/);
    await said(/,-\[3:/);
    assert.is(await ask('m.total(1)'), 2);
    write('m.js', M.replace('n * tax()', '7'));
    await said(/m\.js v1: ~total, state kept/);
    assert.is(await ask('m.total(1)'), 7);
    write('m.js', 'x'.repeat(10));
    await said(/m\.js/);
    write('m.js', M.replace('n * tax()', '7'));
    await said(/^hotswap: m\.js: as it runs$/);
  }));

test('bad files: a directory, not UTF-8, unreadable, empty; then good ones', () =>
  watched({}, async ({ ask, write, file, said }) => {
    rmSync(file('m.js'));
    mkdirSync(file('m.js'));
    await said(/m\.js is not taken over; v0 runs on/);
    await said(/m\.js is a directory now/);
    rmSync(file('m.js'), { recursive: true });
    writeFileSync(file('m.js'), Buffer.from([0x65, 0xff, 0xfe]));
    await said(/m\.js is not UTF-8 text/);
    write('m.js', M.replace('n * tax()', '7'));
    await said(/m\.js v1: ~total/);
    if (process.getuid?.() !== 0) {
      write('k.js', 'export const tax = () => 3;\n');
      chmodSync(file('k.js'), 0);
      await said(/k\.js cannot be read|k\.js v1/);
      chmodSync(file('k.js'), 0o644);
    }
    write('k.js', '');
    await said(/k\.js v\d: -tax/);
    write('k.js', K);
    await said(/k\.js v\d: \+tax/);
    assert.is(await ask('m.total(1)'), 7);
  }));

test('5 MB, a cycle through itself, an import that is not there, and is there then, and one that throws', () =>
  watched({}, async ({ ask, write, said }) => {
    const big = `export const big = ${JSON.stringify('x'.repeat(5_000_000))};\n`;
    write('k.js', `${big}export const tax = () => 3;\n`);
    await said(/k\.js v1: \+big, ~tax/);
    assert.is(await ask('m.total(1)'), 3);
    write(
      'm.js',
      `import { total as self } from './m.js';\n${M.replace('n * tax()', 'n > 1 ? self(1) + 1 : tax()')}`,
    );
    await said(/m\.js v1: \+self, ~total/);
    assert.is(await ask('m.total(2)'), 4);
    write('m.js', `import { nine } from './nine.js';\n${M.replace('n * tax()', 'nine')}`);
    await said(/m\.js is not taken over; v1 runs on/);
    await said(/line 1 imports ".\/nine.js", which cannot be loaded/);
    assert.is(await ask('m.total(2)'), 4);
    write('nine.js', 'export const nine = 9;\n');
    await said(/m\.js v2: .*\+nine/);
    assert.is(await ask('m.total(2)'), 9);
    write('bad.js', 'throw new RangeError("no such day");\n');
    write('m.js', `import './bad.js';\n${M.replace('n * tax()', '10')}`);
    await said(/line 1 imports ".\/bad.js", which cannot be loaded: no such day/);
    assert.is(await ask('m.total(2)'), 9);
    write('m.js', M.replace('n * tax()', '10'));
    await said(/m\.js v3/);
    assert.is(await ask('m.total(2)'), 10);
  }));

test('files saved together go in together, whatever imports what; one that fails holds all of them back', () =>
  watched(
    {
      'm.js': `import * as all from './all.js';\nexport const sum = () => all.sum();\n`,
      'all.js': `${Array.from({ length: 60 }, (_, i) => `import { f${i} } from './f${i}.js';`).join('\n')}\nexport const sum = () => [${Array.from({ length: 60 }, (_, i) => `f${i}()`)}].reduce((a, b) => a + b);\n`,
      ...Object.fromEntries(
        Array.from({ length: 60 }, (_, i) => [`f${i}.js`, `export const f${i} = () => 1;\n`]),
      ),
    },
    async ({ ask, write, read, said }) => {
      const seen = ask(
        `new Promise((done) => { const seen = new Set(); const t = setInterval(() => { seen.add(m.sum()); if (seen.has(180)) { clearInterval(t); done([...seen]); } }, 1); })`,
      );
      const all = (n: number, bad?: number): void => {
        for (let i = 0; i < 60; i++)
          write(`f${i}.js`, i === bad ? 'export const = ;' : `export const f${i} = () => ${n};\n`);
      };
      all(2, 30);
      await said(/f30\.js is not taken over; v0 runs on/);
      await said(/and 54 more: saved together with it, and wait for it/);
      all(3);
      await said(/f59\.js v1/);
      assert.equal(await seen, [60, 180]);
      write(
        'all.js',
        `import { extra, made } from './f0.js';\nimport { late } from './late.js';\n${read('all.js').replace('[f0()', '[extra(), made, late, f0()')}`,
      );
      write('late.js', `import { extra } from './f0.js';\nexport const late = extra() * 10;\n`);
      write(
        'f0.js',
        'export const extra = () => 1000;\nexport const made = extra();\nexport const f0 = () => 3;\n',
      );
      await said(/all\.js v1/);
      assert.is(await ask('m.sum()'), 12180);
    },
  ));

test('a file that is saved again while its burst goes in has its own turn', () =>
  watched({}, async ({ ask, write, said }) => {
    const again = JSON.stringify(M.replace('n * tax()', 'n * * '));
    write(
      'k.js',
      `import { writeFileSync } from 'node:fs';\nwriteFileSync(new URL('./m.js', import.meta.url), ${again});\nexport const late = () => 50;\n${K}`,
    );
    write('m.js', M.replace('{ tax }', '{ tax, late }').replace('n * tax()', 'n * late()'));
    await said(/^hotswap: k\.js v1: .*\+late/);
    await said(/^hotswap: m\.js v1: .*~total/);
    await said(/^hotswap: m\.js is not taken over; v1 runs on$/);
    assert.is(await ask('m.total(1)'), 50);
  }));

test('what fails for want of a file that is saved a moment later goes in with it, and nothing is said of it', () =>
  watched({}, async ({ ask, write, said, line }) => {
    const refused = (): number => line.all('stderr').filter((one) => /not taken over/.test(one)).length;
    let silent = false;
    // Again where this machine took so long between the two that it was said, which it then should.
    for (let n = 1; n <= 5 && !silent; n++) {
      const before = refused();
      write('m.js', M.replace('{ tax }', `{ tax, fee${n} }`).replace('tax()', `tax() + fee${n}()`));
      await new Promise((resolve) => setTimeout(resolve, 15));
      write('k.js', `${K}export const fee${n} = () => ${n * 10};\n`);
      await said(/m\.js v\d+: /);
      assert.is(await ask('m.total(1)'), 2 + n * 10);
      silent = refused() === before;
    }
    assert.ok(silent);
  }));

test('a save wins with the text that the file had before too, however slowly it is written, and so does a touch; git writing it as it was is no save', () =>
  watched({ '.gitignore': 'node_modules\n' }, async ({ ask, dir, file, write, said, line }) => {
    const two = M.replace('n * tax()', '2');
    await ask('hotswap.rewrite(m.total, \'() => "mem"\')');
    write('m.js', M);
    assert.is(
      (await said(/m\.js/)).input,
      'hotswap: m.js v2: ~total, state kept; edits made since the file was loaded (v1) are not in the file; rollback() brings them back',
    );
    assert.is(await ask('m.total(1)'), 2);
    write('m.js', two.replace('2', '3'));
    await said(/v3: ~total/);
    await ask("hotswap.rollback('./m.js', 9)");
    assert.is(await ask('m.total(1)'), 2);
    write('m.js', two.replace('2', '3'));
    await said(/v4: ~total, state kept$/);
    assert.is(await ask('m.total(1)'), 3);

    // The clock of a file system is coarse: what reads a file between its being emptied and filled does so at the time of both.
    for (let i = 0; i < 12; i++) {
      await ask('hotswap.rewrite(m.total, \'() => "mem"\')');
      const fd = openSync(file('m.js'), 'w');
      const empty = performance.now();
      while (performance.now() - empty < 3);
      writeSync(fd, two.replace('2', '3'));
      closeSync(fd);
      await said(new RegExp(`v${6 + 2 * i}: ~total.*\\(v${5 + 2 * i}\\) are not in the file`));
    }
    await ask('hotswap.rewrite(m.total, \'() => "mem"\')');
    const now = new Date();
    utimesSync(file('m.js'), now, now);
    await said(/v30: ~total.*\(v29\) are not in the file/);
    assert.is(await ask('m.total(1)'), 3);
    await ask('hotswap.rewrite(m.total, \'() => "mem"\')');

    const git = gitIn(dir);
    git('init', '-b', 'main');
    git('add', '.');
    git('commit', '-m', 'one');
    utimesSync(file('m.js'), now, new Date(0)); // or git leaves it alone
    git('checkout-index', '-f', '-u', 'm.js');
    assert.is.not(statSync(file('m.js')).mtimeMs, 0);
    await new Promise((resolve) => setTimeout(resolve, 300));
    write('k.js', K.replace('2', '6'));
    await said(/k\.js v1: ~tax/);
    assert.is(await ask('m.total(1)'), 'mem');
    assert.equal(line.rest('stderr'), []);
    write('m.js', two.replace('2', '3'));
    await said(/v32: ~total.*\(v31\) are not in the file/);
    assert.is(await ask('m.total(1)'), 3);
  }));

test('whether git wrote a file cannot be told while git is at work, and a lock that was left behind says nothing', () => {
  const { dir, file, write, remove } = program({ 'm.js': M });
  try {
    const m = file('m.js');
    assert.is(isByGit(m), false);
    gitIn(dir)('init', '-b', 'main');
    gitIn(dir)('add', '.');
    assert.is(isByGit(m), true);
    utimesSync(m, new Date(), new Date(Date.now() + 1000));
    assert.is(isByGit(m), false);
    write('.git/index.lock', '');
    assert.is(isByGit(m), undefined);
    utimesSync(file('.git/index.lock'), new Date(0), new Date(0));
    assert.is(isByGit(m), false);
  } finally {
    remove();
  }
});

test('many changes are named in part, in the line and in the history', () =>
  watched({}, async ({ ask, write, said }) => {
    const added = Array.from({ length: 1000 }, (_, i) => `export const f${i} = () => ${i};\n`).join('');
    write('m.js', M + added);
    const summary = '+f0, +f1, +f2, +f3, +f4, +f5, +f6, +f7 and 992 more';
    assert.is((await said(/m\.js/)).input, `hotswap: m.js v1: ${summary}, state kept`);
    assert.is(await ask("hotswap.history('./m.js')[1].summary"), summary);
    write('m.js', `${M}setTimeout(() => {}, 1);\n`);
    await said(/m\.js v2: \+setTimeout.*, -f0, .* and 993 more, state kept/);
    write('m.js', M + added);
    await said(/m\.js v3: \+f0, .* more, state kept/);
    await said(/setTimeout\(.*: it has run, and what it did stays/);
  }));

test('a checkout by git: hundreds of files in one step', () =>
  watched(
    {
      'm.js': `import * as all from './all.js';\nexport const kinds = () => all.kinds();\n`,
      'all.js': `${Array.from({ length: 200 }, (_, i) => `import { f${i} } from './f${i}.js';`).join('\n')}\nexport const kinds = () => [...new Set([${Array.from({ length: 200 }, (_, i) => `f${i}()`)}])].join();\n`,
      ...Object.fromEntries(
        Array.from({ length: 200 }, (_, i) => [`f${i}.js`, `export const f${i} = () => 1;\n`]),
      ),
      '.gitignore': 'node_modules\n',
    },
    async ({ ask, write, dir, said }) => {
      const git = gitIn(dir);
      git('init', '-b', 'main');
      git('add', '.');
      git('commit', '-m', 'one');
      git('checkout', '-b', 'two');
      const seen = ask(
        `new Promise((done) => { const seen = new Set(); const t = setInterval(() => { seen.add(m.kinds()); if (seen.has('2')) { clearInterval(t); done([...seen].filter((one) => one.includes(',')) ); } }, 1); })`,
      );
      git('config', 'core.fsync', 'none');
      // The files change by one checkout: they are written aside, with git's own commands.
      const other = join(dir, '.git', 'other');
      git('worktree', 'add', other, '-b', 'three');
      for (let i = 0; i < 200; i++) writeFileSync(join(other, `f${i}.js`), `export const f${i} = () => 2;\n`);
      execFileSync(
        'git',
        ['-c', 'user.name=a', '-c', 'user.email=a@b', '-c', 'core.autocrlf=false', 'commit', '-am', 'two'],
        {
          cwd: other,
          stdio: 'ignore',
        },
      );
      git('worktree', 'remove', '--force', other);
      git('checkout', 'three');
      await said(/f199\.js v1: ~f199/);
      assert.equal(await seen, []);
      write('f0.js', 'export const f0 = () => 3;\n');
      await said(/f0\.js v2/);
      assert.is(await ask('m.kinds()'), '3,2');
    },
  ));

test('edits in memory are named when a save replaces them, and come back', () =>
  watched({}, async ({ ask, write, said, line }) => {
    await ask(`hotswap.rewrite('./m.js#total', '(n) => 50')`);
    await ask(`hotswap.rewrite('./m.js#total', '(n) => 51')`);
    write('m.js', M.replace('n * tax()', '7'));
    assert.match(
      (await said(/m\.js/)).input,
      /^hotswap: m\.js v3: ~total, state kept; edits made since the file was loaded \(v1 to v2\) are not in the file; rollback\(\) brings them back$/,
    );
    assert.is(await ask('m.total(1)'), 7);
    await ask(`hotswap.rollback('./m.js')`);
    assert.is(await ask('m.total(1)'), 51);
    write('m.js', M.replace('n * tax()', '8'));
    assert.match((await said(/m\.js/)).input, /v4: .*\(v1 to v2\) are not in the file/);
    await ask(`hotswap.rewrite('./m.js#total', '(n) => 52')`);
    write('m.js', M.replace('n * tax()', '9'));
    assert.match((await said(/m\.js/)).input, /v6: .*\(v5\) are not in the file/);
    write('m.js', M);
    assert.is((await said(/m\.js/)).input, 'hotswap: m.js v7: ~total, state kept');
    assert.equal(line.rest('stderr'), []);
  }));

test('what was deferred, and statements that are gone, are said', () =>
  watched(
    {
      'm.js': `globalThis.log = [];\nlog.push('once');\nexport function make(opts) { const unused = opts; return () => 1; }\nexport const held = make(5);\n`,
    },
    async ({ ask, write, read, said }) => {
      write('m.js', read('m.js').replace("log.push('once');\n", ''));
      await said(/m\.js v1: -log\.push\('once'\), state kept/);
      await said(/^hotswap: {3}log\.push\('once'\): it has run, and what it did stays/);
      assert.equal(await ask('globalThis.log'), ['once']);
      write(
        'm.js',
        read('m.js').replace('globalThis.log = [];', 'globalThis.log = [];\nconst first = (() => 1)();'),
      );
      await said(/m\.js v2: \+first, state kept/);
      write('m.js', read('m.js').replace('(() => 1)()', '(() => 2)()'));
      await said(/m\.js v3: ~first = iife, state kept/);
      await said(/^hotswap: {3}first = iife: it has run, and what it did stays/);
      write('m.js', read('m.js').replace('return () => 1', 'return () => opts + 1'));
      await said(/m\.js v4/);
      await said(/: closures that exist keep their code: /);
      assert.is(await ask('m.held()'), 1);
      // So it is where the line has room for the first changes only.
      const of = (n: number): string =>
        `${Array.from({ length: 9 }, (_, i) => `const c${i} = ${n};`).join('\n')}\nconst inner = (() => (() => ${n})())();\n`;
      write('m.js', of(1));
      await said(/m\.js v5/);
      write('m.js', of(2));
      await said(/m\.js v6: ~c0, .* and 2 more, state kept/);
      await said(/^hotswap: {3}inner = iife > return iife: it has run, and what it did stays/);
    },
  ));

test('JSON: importers see the new value, in the object that they hold; broken JSON and another kind of value are refused', () =>
  watched(
    {
      'm.js': `import data from './data.json' with { type: 'json' };\nimport list from './list.json' with { type: 'json' };\nexport const port = () => data.port;\nexport const { deep } = data;\nexport const all = () => data;\nexport const first = () => list.join();\n`,
      'data.json': '{ "port": 1, "deep": { "a": [1, 2, 3] }, "old": true }',
      'list.json': '[1, 2, 3]',
    },
    async ({ ask, write, said }) => {
      await ask('m.all().mine = 1');
      write('data.json', '{ "port": 2, "deep": { "a": [5] }, "more": null }');
      assert.is(
        (await said(/data/)).input,
        'hotswap: data.json: ~port, ~deep, +more, -old; its importers have it',
      );
      assert.equal(await ask('[m.port(), m.deep, m.all()]'), [
        2,
        { a: [5] },
        { port: 2, deep: { a: [5] }, mine: 1, more: null },
      ]);
      write('list.json', '[4, 5]');
      await said(/list\.json: 2 entries/);
      assert.is(await ask('m.first()'), '4,5');
      write('data.json', '{ "port": ');
      await said(/data\.json is not taken over; what was loaded of it stays/);
      await said(/data\.json is no JSON/);
      write('data.json', '[]');
      await said(/held an object and holds an array now/);
      assert.is(await ask('m.port()'), 2);
      write('data.json', '{ "port": 3, "deep": { "a": [5] }, "more": null }');
      await said(/data\.json: ~port/);
      await ask('Object.freeze(m.all())');
      write('data.json', '{ "port": 4, "deep": { "a": [6] }, "more": null }');
      await said(/cannot be changed in place/);
      assert.equal(await ask('[m.port(), m.deep]'), [3, { a: [5] }]);
    },
  ));

test('modules that are loaded later, links, files with odd names, directories that go and come back', () =>
  watched(
    { "src/it's/späť %25.js": 'export default () => 1;\n', 'real/r.js': 'export default () => 1;\n' },
    async ({ ask, write, file, said }) => {
      symlinkSync(file('real/r.js'), file('link.js'));
      await ask(
        `(async () => { const { pathToFileURL: url } = await import('node:url'); globalThis.odd = (await import(url("src/it's/späť %25.js"))).default; globalThis.r = (await import(url('link.js'))).default; })()`,
      );
      write("src/it's/späť %25.js", 'export default () => 2;\n');
      await said(/src\/it's\/späť %25\.js v1: ~default/);
      write('link.js', 'export default () => 2;\n');
      await said(/real\/r\.js v1: ~default/);
      assert.equal(await ask('[odd(), r()]'), [2, 2]);
      rmSync(file('real'), { recursive: true });
      await said(/real\/r\.js is gone; v1 runs on/);
      write('real/r.js', 'export default () => 3;\n');
      await said(/real\/r\.js v2: ~default/);
      assert.is(await ask('r()'), 3);
      write('real/r.js', 'export default () => 4;\n');
      await said(/real\/r\.js v3: ~default/);
      write('[k]~.js', 'export const a = () => 1;\n');
      write('p.js', "import { a } from './[k]~.js';\nexport const f = () => a();\n");
      await ask(
        "import(process.getBuiltinModule('url').pathToFileURL('p.js')).then((p) => { globalThis.p = p; })",
      );
      write('p.js', "import { a, b } from './[k]~.js';\nexport const f = () => a() + b();\n");
      write('[k]~.js', 'export const a = () => 1;\nexport const b = () => 10;\n');
      await said(/^hotswap: \[k\]~\.js v1: \+b/);
      await said(/^hotswap: p\.js v1: /);
      assert.is(await ask('p.f()'), 11);
    },
  ));

test('TypeScript: files that are saved together, and the line of a syntax error', () =>
  watched(
    {
      'm.js': "export { total } from './t.ts';\n",
      't.ts': "import { rate } from './rate.js';\nexport const total = (n: number): number => n * rate();\n",
      'rate.ts': 'export const rate = (): number => 2;\n',
    },
    async ({ ask, write, read, said }) => {
      write(
        't.ts',
        read('t.ts').replace('{ rate }', '{ rate, more }').replace('* rate()', '* rate() + more'),
      );
      write('rate.ts', 'export const more: number = 5;\nexport const rate = (): number => 3;\n');
      await said(/^hotswap: rate\.ts v\d: \+more, ~rate, state kept/);
      await said(/^hotswap: t\.ts v\d: /);
      assert.is(await ask('m.total(1)'), 8);
      write('t.ts', read('t.ts').replace('(n: number)', '(n: )'));
      await said(/^hotswap: t\.ts is not taken over/);
      await said(/,-\[2:/);
    },
  ));

/** A URL that names no file of this system. */
const NOWHERE = process.platform === 'win32' ? 'file:///x.js' : 'file://server/x.js';

test('CommonJS is left alone, which is said once; a program that is started again runs its files and says nothing of them', () =>
  watched(
    {
      'm.js': `import old from './old.cjs';\nimport older from './older.cjs';\nimport('${NOWHERE}').catch(() => {});\nexport const f = () => old() + older();\n`,
      'old.cjs': 'module.exports = () => 1;',
      'older.cjs': 'module.exports = () => 1;',
    },
    async ({ ask, write, read, said, line, run }) => {
      const known = said(/^hotswap: old(er)?\.cjs is no hot module/);
      for (let heard = false; !heard; ) {
        write('old.cjs', 'module.exports = () => 2;');
        write('older.cjs', 'module.exports = () => 2;');
        heard = await Promise.race([
          known.then(() => true),
          new Promise<false>((no) => setTimeout(no, 100, false)),
        ]);
      }
      write('older.cjs', 'module.exports = () => 3;');
      write('m.js', read('m.js').replace('old() +', '10 + old() +'));
      await said(/^hotswap: m\.js v1: ~f, state kept/);
      assert.is(await ask('m.f()'), 12);
      assert.is(line.all('stderr').length, 2);
      write('last.js', "import { f } from './m.js';\nconsole.log(f());\n");
      const again = await run({ entry: 'last.js', env: { HOTSWAP_WATCH: '1' } });
      assert.equal([again.stdout, again.stderr], ['15\n', '']);
      write('m.js', read('m.js').replace('10 + ', ''));
      await said(/m\.js v2: ~f/);
      await ask("hotswap.rollback('./m.js')");
      const back = await run({ entry: 'last.js' });
      assert.equal([back.stdout, back.stderr], ['5\n', '']);
    },
  ));

test('HOTSWAP_SILENT silences lines, not errors; a stopped service watches no more, and start({ watch }) begins', () =>
  watched(
    {},
    async ({ ask, write, said, line }) => {
      write('m.js', M.replace('n * tax()', '7'));
      for (; (await ask('m.total(1)')) !== 7; );
      write('m.js', 'let');
      await said(/m\.js is not taken over; v1 runs on/);
      assert.is(
        line.all('stderr').some((one) => /v1: /.test(one)),
        false,
      );
      await ask('hotswap.stop()');
      assert.equal(await ask('hotswap.status().watch'), false);
      write('m.js', M.replace('n * tax()', '8'));
      assert.equal(
        await ask('hotswap.start({ watch: true, silent: false }).then((status) => status.watch)'),
        true,
      );
      await said(/m\.js v2: ~total/);
      assert.is(await ask('m.total(1)'), 8);
    },
    { env: { HOTSWAP_SILENT: '1' } },
  ));

test('a program that ends is not kept, a thread of its own does not watch, and nothing of it is loaded unless it is on', async () => {
  const made = program({
    'app.js': `import { Worker, isMainThread } from 'node:worker_threads';
import { writeFileSync } from 'node:fs';
const loaded = () => process.getActiveResourcesInfo().filter((one) => /MessagePort|Worker|FSEvent/.test(one)).length;
console.log(loaded());
new Worker(new URL('./thread.js', import.meta.url)).on('message', (n) => console.log(n));`,
    'thread.js': `import { parentPort } from 'node:worker_threads';
import { writeFileSync } from 'node:fs';
import { status } from 'hotswap';
const f = () => 1;
writeFileSync(new URL(import.meta.url), '// saved');
setTimeout(() => parentPort.postMessage(f()), 200);`,
  });
  for (const env of [{ HOTSWAP_WATCH: '1' }, {}]) {
    const { stdout, stderr, code } = await made.run({ env, timeout: 20_000 });
    assert.is(code, 0, stderr);
    assert.match(stdout, /1\n$/);
    assert.is(stderr, '');
    made.write(
      'thread.js',
      `import { parentPort } from 'node:worker_threads';\nparentPort.postMessage(1);\n`,
    );
  }
  made.remove();
});

test.run();
