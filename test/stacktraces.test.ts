// Which line a stack trace names once the file has been saved: the one that the code has in the file now.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { analyse } from '../api/plan/analysis.ts';
import { lineIn } from '../api/running/stacktraces.ts';
import { program, type RunOptions } from './program.ts';

/** A line is marked in the text before, and where its code is to be found in the text after; where neither is, it is gone. */
const lines: Record<string, [before: string, after: string]> = {
  'lines before it': ['function f() {\n  g(); //!\n}', '// one\n\nfunction f() {\n  g(); //!\n}'],
  'lines in another function': [
    'const a = 1;\nfunction f() { return 1; }\nfunction g() {\n  f(); //!\n}',
    'const a = 1;\nfunction f() {\n  return 2;\n}\nfunction g() {\n  f(); //!\n}',
  ],
  'lines in a function inside it': [
    'function f() {\n  const a = () => 1;\n  g(a); //!\n}',
    'function f() {\n  const a = () => {\n    return 2;\n  };\n  g(a); //!\n}',
  ],
  'a function inside one that has changed': [
    'function f() {\n  h();\n  return () => {\n    g(); //!\n  };\n}',
    'function f() {\n  h();\n  h();\n  return () => {\n    g(); //!\n  };\n}',
  ],
  'a function that has changed': [
    'function f() {\n  g(); //!\n  h();\n}',
    'function f() {\n  g();\n  i();\n}',
  ],
  'the old code of a function inside one that has not': [
    'function f() {\n  return () => {\n    g(); //!\n  };\n}',
    'function f() {\n  return () => {\n    h();\n  };\n}',
  ],
  'a function that is gone': ['function f() {\n  g(); //!\n}\nfunction k() {}', 'function k() {}'],
  'another layout': [
    'function f(a) {\n  if (a) { g(); h(a, //!\n  a); }\n}',
    '\nfunction f(a) {\n  if (a) { //!\n    g();\n    h(a, a);\n  }\n}',
  ],
  'the first line of a function that has changed, where its patch point is': [
    'function f(\n  a,\n) { //!\n  g();\n}',
    '\n\nfunction f(a) { //!\n  h();\n}',
  ],
  'a call that is laid out on several lines': [
    'function f() {\n  g(); one(2, () => 3).two(); //!\n}',
    '\nfunction f() {\n  g(); //!\n  one(2,\n    () => 3)\n    .two();\n}',
  ],
  'an arrow in a call, of others on its line': [
    "app.get('/a', () => 1); app.get('/b', () => { g(); }); //!",
    "app.get('/a', () => 1);\n\napp.get('/b', () => { g(); }); //!",
  ],
  'another name': [
    'export function f() {\n  g(); //!\n}',
    'let n;\nexport function k() {}\nexport function h() {\n  g(); //!\n}',
  ],
  'another place among others': [
    'function a() {\n  g(1); //!\n}\nfunction b() {\n  g(2);\n}',
    'function b() {\n  g(2);\n}\nfunction a() {\n  g(1); //!\n}',
  ],
  'the same text twice': [
    'const o = {\n  a() {\n    g();\n  },\n  b: {\n    a() {\n      g(); //!\n    },\n  },\n};',
    'const o = {\n  c: 1,\n  a() {\n    g();\n  },\n  b: {\n    a() {\n      g(); //!\n    },\n  },\n};',
  ],
  'a method of a class': [
    'class A {\n  m() {\n    g(); //!\n  }\n}',
    'class A {\n  n() {}\n  m() {\n    g(); //!\n  }\n}',
  ],
  'a field of a class that is the same': [
    'class A {\n  m = g(); //!\n}',
    'const a = 1;\nclass A {\n  m = g(); //!\n}',
  ],
  'the end of a function': ['function f() {\n  g();\n} //!', '\n\nfunction f() {\n  g();\n} //!'],
  'CR LF': ['function f() {\r\n  g(); //!\r\n}', '\r\n\r\nfunction f() {\r\n  g(); //!\r\n}'],
  'line separators in a string': [
    "function f() {\n  g('\u2028'); h(); //!\n}",
    "\n\nfunction f() {\n  g('\u2028'); h(); //!\n}",
  ],
};

for (const [name, [before, after]] of Object.entries(lines)) {
  test(`a line after a save: ${name}`, () => {
    const marked = (text: string): number =>
      text.split('//!')[0]?.split(/\r\n|[\n\r\u2028\u2029]/).length ?? 0;
    const [a, b] = [before, after].map((text) => analyse(text.replace('//!', '   '), 'file:///m.js'));
    const expected = after.includes('//!') ? marked(after) : undefined;
    assert.is(lineIn(a as never, b as never, marked(before)), expected);
  });
}

const M = `let asked = 0;
export function one() { return 1; }
export function fail(n) {
  asked++;
  if (n > 0) throw new Error('n is ' + n);
}
export const later = async (n) => { await null; fail(n); };
export const held = [() => fail(3)];
class Base { constructor() { fail(4); } }
export class Item extends Base {
  get size() { fail(5); }
}
export const asks = () => asked;
`;

/** Prints, at each step, which lines a trace has of each call. */
const APP = `import * as hotswap from 'hotswap'; import { readFileSync, writeFileSync } from 'node:fs';
const real = process.argv[2] ?? 'm.js', file = './' + real, m = await import(file);
const of = (stack) => [...stack.matchAll(/at (?:async )?(?:new )?([\\w.<>]+ )?.*?(m\\.[jt]s\\S*?):(\\d+):\\d+/g)].map(([, , name, line]) => name === real ? Number(line) : name + ':' + line).join(' ');
const seen = async () => {
  const found = [];
  for (const call of [() => m.fail(1), () => m.later(2), m.held[0], () => new m.Item(), () => Object.create(m.Item.prototype).size])
    try { await call(); found.push('none'); } catch ({ stack }) { found.push(of(stack)); }
  return found.join(', ');
};
const save = async (change) => { writeFileSync(real, change(readFileSync(real, 'utf8'))); return (await hotswap.reload(file)).number; };
const out = [await seen()];
const step = async (what) => { await what(); out.push(await seen()); };
`;

const STEPS = `await step(() => save((text) => text.replace('return 1;', '\\n  return 2;\\n')));
await step(() => save((text) => text.replace("'n is '", "'n was '")));
await step(() => save((text) => '// one\\n// two\\n' + text));
await step(() => save((text) => text.replaceAll('{ fail(', '{\\n  fail(')));
await step(() => hotswap.rollback(file, 2));
await step(() => hotswap.rewrite(m.one, '() => {\\n\\n\\n\\n\\n\\n return 5; }'));
await step(() => save((text) => '// three\\n' + text));
await step(() => hotswap.reset(file));
console.log(JSON.stringify(out)); console.log(m.asks());
`;

const EXPECTED = [
  '5, 5 7, 5 8, 5 9 10, 5 11',
  '7, 7 9, 7 10, 7 11 12, 7 13',
  // A function that was replaced has a frame of its own, and one of its patch point.
  '7 5, 7 5 9, 7 5 10, 7 5 11 12, 7 5 13',
  '9 7, 9 7 11, 9 7 12, 9 7 13 14, 9 7 15',
  '9 7, 9 7 11, 9 7 12, 9 7 14 15, 9 7 17',
  '9 7, 9 7 11, 9 7 12, 9 7 14 15, 9 7 17',
  '9 7, 9 7 11, 9 7 12, 9 7 14 15, 9 7 17',
  '10 8, 10 8 12, 10 8 13, 10 8 15 16, 10 8 18',
  // What the file no longer has keeps the line that it had.
  '5, 5 12, 5 13, 5 15 16, 5 18',
];

const ways: Record<string, RunOptions & { name?: string }> = {
  'as it is': {},
  'with source maps': { flags: ['--enable-source-maps'] },
  'of TypeScript': { name: 'm.ts' },
  'of TypeScript, with source maps': { name: 'm.ts', flags: ['--enable-source-maps'] },
};

for (const [way, { name = 'm.js', flags = [] }] of Object.entries(ways)) {
  test(`traces ${way}: each line is where its code is in the file`, async () => {
    const text =
      name === 'm.js'
        ? M
        : M.replace('fail(n)', 'fail(n: number)')
            .replace('async (n)', 'async (n: number)')
            .replace('let asked', 'let asked: number');
    const app = program({ [name]: text, 'app.js': APP + STEPS });
    const { stdout, stderr, code } = await app.run({ flags, args: [name] });
    app.remove();
    assert.is(code, 0, stderr);
    const found = JSON.parse(stdout.split('\n')[0] as string) as string[];
    assert.equal(found, EXPECTED);
  });
}

const OTHERS = `import * as hotswap from 'hotswap'; import { readFileSync, writeFileSync } from 'node:fs'; import { fail } from './m.js';
const caught = () => { try { fail(1); } catch (error) { return error; } };
const save = async () => { writeFileSync('m.js', '\\n' + readFileSync('m.js', 'utf8')); await hotswap.reload('./m.js'); };
const out = [];
`;

const others: Record<string, [body: string, expected: unknown[]]> = {
  'who had a say before gets other lines': [
    `Error.prepareStackTrace = (error, sites) => [String(error), sites[0].getLineNumber(), sites[0].getFunctionName(), sites[0].getScriptNameOrSourceURL() === import.meta.resolve('./m.js'), sites[1].getLineNumber() > 1, sites.length > 2];
out.push(caught().stack); await save(); out.push(caught().stack); await save(); out.push(caught().stack);`,
    [5, 6, 7].map((line) => ['Error: n is 1', line, 'fail', true, true, true]),
  ],
  'who takes it later has V8s, and may give it back': [
    `await save(); const ours = Error.prepareStackTrace; Error.prepareStackTrace = (_error, sites) => sites[0].getLineNumber();
out.push(caught().stack); Error.prepareStackTrace = ours; out.push(/m\\.js:(\\d+)/.exec(caught().stack)[1]);
Error.prepareStackTrace = (error, sites) => ours(error, sites); await save(); out.push(/m\\.js:(\\d+)/.exec(caught().stack)[1]);`,
    [5, '6', '7'],
  ],
  'one that was taken away stays away': [
    `Error.prepareStackTrace = undefined; await save(); out.push(typeof Error.prepareStackTrace, /m\\.js:(\\d+)/.exec(caught().stack)[1]);`,
    ['undefined', '5'],
  ],
  'an Error that is frozen': [
    `Object.freeze(Error); await save(); out.push(/m\\.js:(\\d+)/.exec(caught().stack)[1]);`,
    ['5'],
  ],
  "Node's own errors, errors without frames, and what is no error": [
    `const all = () => [() => Buffer.alloc('x'), () => { throw new TypeError('a', { cause: 1 }); }, () => { throw Object.assign(new Error('b'), { name: 'Foo' }); }, () => null.x, () => new URL('x'), () => { const of = {}; Error.captureStackTrace(of); throw of; }, () => { Error.stackTraceLimit = 0; try { throw new Error('c'); } finally { Error.stackTraceLimit = 10; } }].map((one) => { try { one(); } catch (error) { return error.stack.replace(/:\\d+:\\d+/g, '').split('at all ')[0]; } });
const before = all(); await save(); const after = all(); out.push(after.length, after.filter((one, i) => one !== before[i]));`,
    [7, []],
  ],
  'a save that is refused leaves lines as they were': [
    `await save(); writeFileSync('m.js', '\\n\\n\\nlet =' + readFileSync('m.js', 'utf8')); await hotswap.reload('./m.js').catch(({ code }) => out.push(code)); out.push(/m\\.js:(\\d+)/.exec(caught().stack)[1]);`,
    ['ERR_HOTSWAP_SYNTAX', '6'],
  ],
  'a version as an instance of its own has the lines of its text': [
    `writeFileSync('m.js', readFileSync('m.js', 'utf8').replace('return 1;', '\\nreturn 1;')); await save(); await save(); const [v0, v1, v2] = await Promise.all([0, 1, 2].map((n) => import('./m.js?hotswap=' + n)));
for (const one of [v0, v1, v2]) try { one.fail(1); } catch ({ stack }) { out.push(/m\\.js\\S*?:\\d+/.exec(stack)[0]); } out.push(/m\\.js\\S*?:\\d+/.exec(caught().stack)[0]);`,
    ['m.js?hotswap=0:5', 'm.js?hotswap=1:7', 'm.js?hotswap=2:8', 'm.js:8'],
  ],
  'a transaction, and one that is given up': [
    `const text = readFileSync('m.js', 'utf8'); writeFileSync('m.js', '\\n\\n' + text); await hotswap.transaction(() => hotswap.reload('./m.js')); out.push(/m\\.js:(\\d+)/.exec(caught().stack)[1]);
writeFileSync('m.js', '\\n\\n\\n\\n' + text); await hotswap.plan(() => hotswap.reload('./m.js')); out.push(/m\\.js:(\\d+)/.exec(caught().stack)[1]);`,
    ['7', '7'],
  ],
  'an edit that is in the file by now': [
    `const edited = readFileSync('m.js', 'utf8').replace('return 1;', '\\n\\nreturn 1 + 1;'); await hotswap.rewrite('./m.js#one', 'function one() { \\n\\nreturn 1 + 1; }');
writeFileSync('m.js', edited); await hotswap.reload('./m.js'); out.push(hotswap.version('./m.js').number, /m\\.js:(\\d+)/.exec(caught().stack)[1]);`,
    [1, '7'],
  ],
};

for (const [name, [body, expected]] of Object.entries(others)) {
  test(`traces: ${name}`, async () => {
    const app = program({ 'm.js': M, 'app.js': `${OTHERS}${body}\nconsole.log(JSON.stringify(out));` });
    const found = await app.json();
    app.remove();
    assert.equal(found, expected);
  });
}

test('traces of a fresh instance name the file, and after a restart the lines of the file', async () => {
  const app = program({
    'm.js': `import.meta.hot?.accept();\n${M}export const kept = setInterval(() => {}, 1e6).unref();\n`,
    'app.js': `import { readFileSync, writeFileSync } from 'node:fs'; import * as hotswap from 'hotswap';
const of = async () => { const { fail } = await import('./m.js'); try { fail(1); } catch ({ stack }) { return /m\\.js\\S*:\\d+(?=:)/.exec(stack)[0]; } };
const save = async (change) => { writeFileSync('m.js', change(readFileSync('m.js', 'utf8'))); return hotswap.reload('./m.js'); };
const out = [];
if (process.argv[2] !== 'again') {
  await import('./m.js'); await save((text) => text.replace('1e6', '1e7')); out.push(await of()); await save((text) => '\\n' + text); out.push(await of());
  await hotswap.rewrite('./m.js#one', '() => {\\n\\n\\n\\nreturn 7; }'); out.push(await of());
} else { out.push(await of(), (await import('./m.js')).one()); await save((text) => '\\n' + text.replace('return 1', 'return 8')); out.push(await of(), (await import('./m.js')).one()); }
console.log(JSON.stringify(out));`,
  });
  const first = await app.json();
  const again = await app.json({ args: ['again'] });
  app.remove();
  assert.equal(
    [first, again],
    [
      ['m.js:6', 'm.js:7', 'm.js:7'],
      ['m.js:11', 7, 'm.js:8', 8],
    ],
  );
});

test.run();
