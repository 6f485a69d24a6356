// Texts that nest deep: what plain Node runs must run, and what is too deep for an edit is refused with words.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkDepth } from '../loader/depth.ts';
import { program, ROOT } from './program.ts';

const R = (text: string, n: number): string => text.repeat(n);

/** Modules that plain Node runs, whatever becomes of them here. */
const RUN: Record<string, string> = {
  'a chain of conditionals': `export const f = () => 1;\nexport const g = (q) => ${R('q===0?0:\n', 5000)}1;`,
  'a sum of many terms': `export const x=${R('1+', 50_000)}1;export function f(){return 1}`,
  'a conjunction of many terms': `export const x=${R('true &&', 50_000)}1;export function f(){return 1}`,
  'a chain of else ifs': `export function f(q) { ${R('if (q === 1) { return 1 } else ', 3000)}; return 1 }`,
  'the same without braces': `export function f(q) { ${R('if(q===1)return 1;else ', 3000)}; return 1 }`,
  'lines without semicolons': `export let f = () => 1\n${R('f = f\n', 5000)}`,
  'functions that nest too deep for V8 with patch points': `export const x = typeof (${R('() => ', 900)}1);\nexport function f() { return 1; }`,
  'a chain of calls': `const a = () => a; a.a = a; export const x = a${R('.a()', 1500)};export function f() { return 1 }`,
};

for (const [name, text] of Object.entries(RUN)) {
  test(`${name} runs as without the loader`, async () => {
    const made = program({ 'm.js': text, 'app.js': "import { f } from './m.js'; console.log(f(5));" });
    try {
      const plain = await made.run({ hot: false });
      const hot = await made.run();
      assert.is(hot.code, plain.code, hot.stderr);
      assert.is(hot.stdout, plain.stdout);
      if (plain.code !== 0) return; // this Node does not run it either
      assert.match(
        hot.stderr,
        /^(hotswap: file:.*m\.js could not be instrumented and runs as it is: .*\n)?$/,
      );
    } finally {
      made.remove();
    }
  });
}

test('an edit that nests too deep is refused with words, and nothing changes', async () => {
  const made = program({
    'm.js': 'export function f() { return 0; }\n',
    'sum.js': `export const x = ${R('1+', 3000)}1;\nexport function f() { return 1; }\n`,
    'app.js': `import { rewrite, reload, version, history } from 'hotswap';
import { writeFileSync } from 'node:fs';
import * as m from './m.js';
import * as sum from './sum.js';
const said = async (work) => { try { await work(); return 'in'; } catch (error) { return [error.name, error.code, /nests too deep|Maximum call stack/.test(error.message)]; } };
const out = [];
for (const n of [3000, 6000, 50000]) out.push(await said(() => rewrite(m.f, '() => ' + '('.repeat(n) + '1' + ')'.repeat(n))));
out.push(await said(() => rewrite(m.f, '() => ' + '1+'.repeat(50000) + '1')));
writeFileSync(new URL('m.js', import.meta.url), 'export function f() { return ' + '['.repeat(9000) + ']'.repeat(9000) + '; }');
out.push(await said(() => reload('./m.js')));
out.push(m.f(), history('./m.js').length, (await rewrite(m.f, () => 2)).number, m.f());
const more = await said(() => rewrite(sum.f, () => 2));
console.log(JSON.stringify([out, more]));`,
  });
  try {
    const refused = ['HotswapError', 'ERR_HOTSWAP_SYNTAX', true];
    const [out, more] = await made.json<[unknown[], unknown]>();
    assert.equal(out, [refused, refused, refused, refused, refused, 0, 1, 1, 2]);
    // Where it is not hot, it cannot be named by its function.
    if (Array.isArray(more)) assert.match(String(more), /ERR_HOTSWAP_(SYNTAX,true|BAD_TARGET|NOT_HOT)/);
  } finally {
    made.remove();
  }
});

test('threads with little stack, and what comes close to the bound', async () => {
  const made = program({
    'deep.js': `export const x = ${R('[', 800)}${R(']', 800)};\nexport function f() { return 1; }\n`,
    'thread.js': "import { f } from './deep.js'; console.log(f());",
    'app.js': `import './deep.js'; import { Worker } from 'node:worker_threads';
for (const stackSizeMb of [1, 4]) await new Promise((resolve) => new Worker(new URL('thread.js', import.meta.url), { resourceLimits: { stackSizeMb } }).on('exit', resolve));`,
  });
  try {
    const { code, stdout, stderr } = await made.run();
    assert.is(code, 0, stderr);
    assert.is(stdout, '1\n1\n');
  } finally {
    made.remove();
  }
});

test('code that people and bundlers have written is not too deep', () => {
  const directory = join(ROOT, 'node_modules');
  for (const name of ['acorn/dist/acorn.js', 'graphql', 'zod', 'typescript', 'fastify', 'koa']) {
    const files = name.endsWith('.js') ? [name] : filesIn(directory, name);
    for (const file of files) checkDepth(readFileSync(join(directory, file), 'utf8'));
  }
});

test('long files of JSX and TypeScript without semicolons', async () => {
  const made = program({
    'icons.jsx': `/** @jsxRuntime classic */\nconst React = { createElement: (t, p, ...c) => t + c.join('') }\n${Array.from({ length: 700 }, (_, i) => `export const Icon${i} = (props) => <svg viewBox="0 0 24 24" {...props}><p>don't ${i}</p></svg>\n`).join('')}`,
    'types.ts': `${Array.from({ length: 1500 }, (_, i) => `export type A${i} = Array<string>\n`).join('')}export const f = () => 1\n`,
    'app.js': `import { Icon9 } from './icons.jsx'; import { f } from './types.ts'; import { rewrite } from 'hotswap'; await rewrite(f, () => 2); console.log(JSON.stringify([Icon9(), f()]));`,
  });
  try {
    assert.equal(await made.json(), ["svgpdon't 9", 2]);
  } finally {
    made.remove();
  }
});

test('what looks deep and is not', () => {
  const texts = {
    statements: R('const a = b + c * d ? e : f\n', 9000),
    cases: `switch (a) {${R('case 1: case 2:\n', 9000)}}`,
    strings: R("'((((((((' + `((((((((` + /[(([]/.test(a);\n", 9000),
    comments: `${R('/* ((((( */ // (((((\n', 9000)}`,
    templates: R('`\u0024{`\u0024{a}((((`}((((`;\n', 3000),
    objects: `a = {${R('b: {c: [1, 2, 3]}, ', 9000)}}`,
    branches: R('if (a) { b } else if (c) { d } else { e }\n', 9000),
    classes: R('class A { a = 1\n b = () => 2\n c() { return { d: 1 } }\n }\n', 5000),
  };
  for (const [name, text] of Object.entries(texts))
    assert.not.throws(() => checkDepth(text), undefined, name);
});

function filesIn(directory: string, name: string): string[] {
  return (readdirSync(join(directory, name), { recursive: true }) as string[])
    .filter((file) => /\.m?js$/.test(file))
    .map((file) => join(name, file));
}

test.run();
