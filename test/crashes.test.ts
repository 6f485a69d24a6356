// What Node prints of errors in an unedited program: lines of code, columns, and what assertions and messages quote are the author's.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { program } from './program.ts';

/** Programs that end by an error, each on lines with patch points. */
const CRASHES: Record<string, string> = {
  'an arrow on one line': 'const f = (a) => { const o = {}; return o.x.y + a; }; f(1);',
  'thrown in a timer': "const f = () => { throw new TypeError('x'); }; setTimeout(f);",
  'an expression': 'const f = (a, { b } = {}) => a.b.c; setTimeout(() => f(1));',
  'a default': 'const f = (a, b = a.b.c) => b; setTimeout(() => f(1));',
  'thrown later than made':
    "const f = () => { const e = new Error('q'); e.code = 5; throw e }; setTimeout(() => f());",
  'a rejection': "const f = async () => { throw new Error('r') }; f();",
  'a method on one line': 'class A { m() { return this.q.z } }; setTimeout(() => new A().m());',
  'a line with nothing of ours': 'const f = (a) => {\n  return a.b.c;\n};\nsetTimeout(() => {\n  f(1);\n});',
  'after an import':
    "import { add } from './m.js'; const g = (x) => add(x).y.z;\nsetTimeout(() => { g({}); });",
  'an export that is missing': "import { add, missing } from './m.js'; const f = () => 1;",
  'a top level that never ends': "import './m.js';\nconst never = () => {};\nawait new Promise(never);",
  'what is no error': "const f = () => {\n  throw 'text';\n};\nf();",
};

const files = program({
  'm.js': 'export const add = (a) => a;\n',
  'quoted.js': `
import assert, { strict } from 'node:assert';
const check = (a) => assert(a === 2);
const said = [];
const note = (run) => { try { run(); } catch (error) { said.push(error.stack.replace(/\\n +at .*(node:|processTicks).*/g, ''), error.message); } };
note(() => assert.ok(((x) => x)(0)));
note(() => check(1));
note(() => strict(((a) => [a, (b) => b])(0)[0], undefined));
note(() => assert(false, 'my own'));
note(() => assert.equal(((x) => x)(1), 2));
note(() => assert.ok());
note(() => Reflect.construct((x) => x, []));
note(() => Reflect.construct((x, { y } = {}) => { const a = 'a long text that V8 does not quote as a whole, since it takes no more than so much of it'; return x + y + a; }, []));
note(() => { new (class extends ((x) => x) {})(); });
note(() => { [1].map((x) => x.y.z); });
note(() => { const o = { f: (a) => a }; o.g(); });
console.log(JSON.stringify(said));`,
  'cloned.js': `const f = (x) => x; try { structuredClone(f); } catch (error) { console.log(JSON.stringify(error.stack.split('\\n')[0])); }`,
});
for (const [name, text] of Object.entries(CRASHES)) files.write(`${name.replaceAll(' ', '-')}.js`, text);

/** What a program said, without the frames that any preloaded module adds. */
function said(stderr: string): string {
  return stderr.replace(/\n +at .*(node:|processTicks).*/g, '');
}

for (const name of Object.keys(CRASHES)) {
  test(`a crash: ${name}`, async () => {
    const entry = `${name.replaceAll(' ', '-')}.js`;
    const plain = await files.run({ entry, hot: false });
    const hot = await files.run({ entry });
    assert.is(said(hot.stderr), said(plain.stderr));
    assert.is(hot.code, plain.code);
  });
}

test('messages and traces quote the author', async () => {
  const plain = await files.json({ entry: 'quoted.js', hot: false });
  assert.equal(await files.json({ entry: 'quoted.js' }), plain);
  const clone = { entry: 'cloned.js' };
  assert.equal(await files.json(clone), await files.json({ ...clone, hot: false }));
});

test('errors in new code name its variables', async () => {
  const made = program({
    'm.js': `export function make(db, list) { const go = () => [db, list]; return go; }\nexport const top = () => 1;\n`,
    'app.js': `
import { readFileSync, writeFileSync } from 'node:fs';
import { reload, rewrite } from 'hotswap';
import { make, top } from './m.js';
const go = make();
const said = [];
const say = (run) => { try { run(); } catch (error) { said.push(error.stack.split('\\n')[0], error.message); } };
const bodies = ['db(1)', 'new db(1)', 'db?.(1); db\`x\`', '[...list]', 'for (const a of list);', 'const { a } = db;', 'let q = 1;\\ndb(q)', 'let q = {}\\ndb?.(q); list.x'];
for (const body of bodies) {
  await rewrite('./m.js#make > go', \`() => { \${body} }\`);
  say(go);
}
const text = readFileSync('m.js', 'utf8');
for (const body of ['fresh(1)', 'other.x(1)', 'for (const a of fresh);', 'new fresh()', 'fresh\`x\`']) {
  writeFileSync('m.js', text.replace('() => 1', \`() => { \${body} }\`) + 'const fresh = undefined, other = {};');
  await reload('./m.js');
  say(top);
}
writeFileSync('m.js', text);
console.log(JSON.stringify(said));`,
  });
  const said = await made.json<string[]>({ env: { HOTSWAP_PERSIST: '0' } });
  const messages = [
    'db is not a function',
    'db is not a constructor',
    'db is not a function',
    'list is not iterable',
    'list is not iterable',
    "Cannot destructure property 'a' of 'db' as it is undefined.",
    'db is not a function',
    "Cannot read properties of undefined (reading 'x')",
    'fresh is not a function',
    'other.x is not a function',
    'fresh is not iterable',
    'fresh is not a constructor',
    'fresh is not a function',
  ];
  assert.equal(
    said,
    messages.flatMap((message) => [`TypeError: ${message}`, message]),
  );
  made.remove();
});

test('a program that sees to its errors, or formats traces itself, goes on doing so', async () => {
  const own = program({
    'app.js': `
process.on('uncaughtException', (error) => { console.log(JSON.stringify([error.message, error.stack.split('\\n')[1].trim()])); });
const prepare = Error.prepareStackTrace;
Error.prepareStackTrace = (error, sites) => sites.map((site) => site.getFunctionName()).slice(0, 2);
const f = () => new Error('x').stack;
const names = f();
Error.prepareStackTrace = prepare;
setTimeout(() => { const g = () => { throw new Error(names.join()); }; g(); });`,
  });
  assert.equal(await own.json(), await own.json({ hot: false }));
  own.remove();
});

test.after(() => files.remove());
test.run();
