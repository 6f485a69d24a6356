// What is refused, with which words, and that nothing has changed after it; and what a bad disk or a killed process leaves.
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fingerprint } from '../cache/fingerprint.ts';
import { ModuleLog } from '../cache/log.ts';
import { type Program, program } from './program.ts';

/** What is done, the code it is refused with, and what the message must say: what was asked, found, and to do. */
type Refusal = [op: string, code: string, says: RegExp];

const M = `import fs from 'node:fs';
const RATE = 2, fetch = 1;
export let n = 0;
export function f(a) { return 'f0' + RATE; }
export function* gen() { yield 1; }
export async function asy() {}
export class K { #p = 1; get g() { return 1; } set g(v) {} m() { return this.#p; } constructor() {} }
export class D extends K { constructor(x) { super(x); this.x = x; } }
export const o = { m() { return 1; }, arrow: () => 1 };
export { fs };
`;

const REFUSALS: Record<string, Refusal> = {
  'new source that does not parse': [
    'rewrite(m.f, "(a) => a +")',
    'SYNTAX',
    /the new source is not one function: [\s\S]*,-\[1:11\]\n 1 \| \(a\) => a \+\n {3}`----\nGive a function such as/,
  ],
  'a method that does not parse: the frame has the lines and columns of what was given': [
    'rewrite(m.f, "m(a) {\\n  return a..b..;\\n}")',
    'SYNTAX',
    /,-\[2:12\]\n 1 \| m\(a\) \{\n 2 \| {3}return a..b..;\n {3}: {12}\^\n 3 \| \}\n {3}`----\nGive/,
  ],
  'a method that ends too soon': [
    'rewrite(m.f, "m(a) { return 1;")',
    'SYNTAX',
    /not one function: it ends too soon\nGive a function/,
  ],
  'a target of no kind': [
    'rewrite(undefined, () => 1)',
    'BAD_TARGET',
    /function, a string '<module>#<path>' or \{ module, path \}; got undefined/,
  ],
  'a number': ['rewrite(5, () => 1)', 'BAD_TARGET', /got number 5/],
  null: ['rewrite(null, () => 1)', 'BAD_TARGET', /got null/],
  'a symbol': ['rewrite(Symbol("s"), () => 1)', 'BAD_TARGET', /got symbol Symbol\(s\)/],
  'an object that is none': ['rewrite({ path: "f" }, () => 1)', 'BAD_TARGET', /got an object/],
  'a path that is no string': [
    'rewrite({ module: M, path: 5 }, () => 1)',
    'BAD_TARGET',
    /path of a target must be a string; got number 5/,
  ],
  'a module that is no name': [
    'rewrite({ module: 5, path: "f" }, () => 1)',
    'BAD_TARGET',
    /named by its URL, its path, its specifier or its namespace object; got number/,
  ],
  'a string without a path': [
    'rewrite("./m.js", () => 1)',
    'BAD_TARGET',
    /"\.\/m\.js" is not a target: it must be '<module>#<path>'/,
  ],
  'an empty string': ['rewrite("", () => 1)', 'BAD_TARGET', /"" is not a target/],
  'an empty path': ['rewrite("./m.js#", () => 1)', 'BAD_TARGET', /not a target/],
  'a class': [
    'rewrite(m.K, () => 1)',
    'BAD_TARGET',
    /function K is a class; aim at one of its functions, e\.g\. K\.prototype\.method/,
  ],
  'a class by its path': [
    'rewrite(M + "#K", () => 1)',
    'BAD_TARGET',
    /m\.js#K is a class, and a function is due: K\.prototype\.get g/,
  ],
  'a function that is not hot': [
    'rewrite(runInNewContext("(function far() {})"), () => 1)',
    'NOT_HOT',
    /function far is not a hot function: .* Hot modules: file:/,
  ],
  'a native function': [
    'rewrite(Math.max, () => 1)',
    'NO_SOURCE',
    /function max has no source: it is native, bound, or a Proxy\. Aim at/,
  ],
  'a bound function': ['rewrite(m.f.bind(null), () => 1)', 'NO_SOURCE', /function bound f has no source/],
  'a Proxy': [
    'rewrite(new Proxy(m.f, {}), () => 1)',
    'NO_SOURCE',
    /has no source: it is native, bound, or a Proxy/,
  ],
  'a Proxy that throws at every touch': [
    'rewrite(new Proxy(m.f, new Proxy({}, { get() { throw new RangeError("trap") } })), () => 1)',
    'NO_SOURCE',
    /has no source/,
  ],
  'a method of another realm': [
    'rewrite(runInNewContext("({ m() {} }).m"), () => 1)',
    'NOT_HOT',
    /function m is not a hot function/,
  ],
  'a module that is not loaded': [
    'rewrite("./cold.js#f", () => 1)',
    'NOT_HOT',
    /\.\/cold\.js is not a hot module: it has not been loaded, .* Hot modules: file:/,
  ],
  'a module that does not exist': [
    'rewrite("./nope.js#f", () => 1)',
    'NOT_HOT',
    /\.\/nope\.js is not a hot module: there is no file .*nope\.js\. Hot modules/,
  ],
  'a package that does not exist': [
    'rewrite("nope-package#f", () => 1)',
    'NOT_HOT',
    /nope-package is not a hot module/,
  ],
  'a CommonJS module': ['rewrite("./c.cjs#f", () => 1)', 'NOT_HOT', /is CommonJS/],
  'a package that is left alone': [
    'rewrite("dep#f", () => 1)',
    'NOT_HOT',
    /modules under node_modules are left alone unless HOTSWAP_INCLUDE names them/,
  ],
  'a module loaded before the hooks': [
    'rewrite("./early.js#f", () => 1)',
    'NOT_HOT',
    /was loaded before the hooks/,
  ],
  'a function of a module loaded before the hooks': [
    'rewrite(globalThis.early, () => 1)',
    'NOT_HOT',
    /function early is not a hot function: its module was loaded before the hooks/,
  ],
  'a data: module': [
    'rewrite("data:text/javascript,export function f() {}#f", () => 1)',
    'NOT_HOT',
    /is not a hot module/,
  ],
  'a URL with no file': ['rewrite("https://example.org/x.js#f", () => 1)', 'NOT_HOT', /is not a hot module/],
  'a built-in module': [
    'rewrite("node:fs#readFileSync", () => 1)',
    'CORE',
    /node:fs is part of Node, and editing that is off; to allow it set HOTSWAP_OVERRIDE_CORE=1/,
  ],
  'a built-in module without its scheme': [
    'rewrite("fs#readFileSync", () => 1)',
    'CORE',
    /fs is part of Node/,
  ],
  'a path that is not there': [
    'rewrite(M + "#nope", () => 1)',
    'MISSING',
    /m\.js has no hot function "nope"; it has f, gen, asy/,
  ],
  'a path on what is no function': ['rewrite(M + "#n", () => 1)', 'MISSING', /no hot function "n"/],
  'Object.prototype names': [
    'rewrite(M + "#constructor", () => 1)',
    'MISSING',
    /no hot function "constructor"/,
  ],
  'the wrong arity': ['rewrite(M + "#f/2", () => 1)', 'ARITY', /m\.js#f has arity 0, and 2 was asked for/],
  'a new function of another arity': [
    'rewrite(M + "#f/0", (a) => 1)',
    'ARITY',
    /m\.js#f\/0 insists on arity 0, and the new function has 1/,
  ],
  'nothing as the new code': [
    'rewrite(m.f)',
    'NO_SOURCE',
    /the new source must be a function or a string with one; got undefined/,
  ],
  'an object as the new code': ['rewrite(m.f, {})', 'NO_SOURCE', /got an object/],
  'a native function as the new code': [
    'rewrite(m.f, Math.max)',
    'NO_SOURCE',
    /function max has no source: .* Pass the function it stands for, or source text/,
  ],
  'a bound function as the new code': ['rewrite(m.f, (() => 1).bind(null))', 'NO_SOURCE', /has no source/],
  'a Proxy as the new code': ['rewrite(m.f, new Proxy(() => 1, {}))', 'NO_SOURCE', /has no source/],
  'a native function of another realm as the new code': [
    'rewrite(m.f, runInNewContext("Math.max"))',
    'NO_SOURCE',
    /function max has no source/,
  ],
  'a class as the new code': [
    'rewrite(m.f, class Q {})',
    'SYNTAX',
    /the new source is a class, and a function is due: class Q \{\}/,
  ],
  'a class expression in source': ['rewrite(m.f, "(class { m() {} })")', 'SYNTAX', /is a class/],
  'a syntax error': [
    'rewrite(m.f, "() => { return")',
    'SYNTAX',
    /the new source is not one function: .*\n[\s\S]*Give a function such as/,
  ],
  'no function at all': [
    'rewrite(m.f, "1 + 1")',
    'SYNTAX',
    /the new source is not one function: it is 1 \+ 1\nGive a function such as/,
  ],
  'empty source': ['rewrite(m.f, "  ")', 'SYNTAX', /the new source is empty, and a function is due/],
  'source that closes what it did not open': [
    'rewrite(m.f, "() => 1 }), (() => { 2")',
    'SYNTAX',
    /is not one function/,
  ],
  'source with a way out of its wrapper': [
    'rewrite(m.f, "() => 1), (globalThis.hacked = 1")',
    'SYNTAX',
    /is not one function/,
  ],
  'source with two functions': [
    'rewrite(m.f, "function a() {} function b() {}")',
    'TOO_MANY',
    /the new source holds 2 functions, and one is due/,
  ],
  'source with two arrows': ['rewrite(m.f, "() => 1; () => 2; () => 3")', 'TOO_MANY', /holds 3 functions/],
  'source with two variables': [
    'rewrite(m.f, "const a = () => 1, b = () => 2")',
    'TOO_MANY',
    /holds 2 functions/,
  ],
  'source with two methods': ['rewrite(m.f, "a() {} b() {}")', 'TOO_MANY', /holds 2 functions/],
  'source with two methods and a comma': ['rewrite(m.f, "a() {}, b() {}")', 'TOO_MANY', /holds 2 functions/],
  'a function and something else': [
    'rewrite(m.f, "let x = 1; function g() {}")',
    'SYNTAX',
    /is not one function/,
  ],
  'early errors': ['rewrite(m.f, "() => { let a; let a; }")', 'SYNTAX', /m\.js#f.*(already|declared)/s],
  'an unknown #name': ['rewrite(m.f, "function () { return this.#nope }")', 'SYNTAX', /#nope|m\.js#f/],
  'super where there is none': ['rewrite(m.f, "function () { return super.x }")', 'SYNTAX', /m\.js#f/],
  'await where it may not stand': ['rewrite(m.f, "function () { await 1 }")', 'SYNTAX', /await/],
  'the closure of a value': [
    '(() => { const out = 1; return rewrite(m.f, () => out + RATE); })()',
    'OUT_OF_SCOPE',
    /the function for .*m\.js#f uses out, RATE from where it was written, and a closure cannot be read\. Pass values with \{ bind: \{ out, RATE \} \}, or give source text/,
  ],
  'a global that the module hides': [
    'rewrite(m.f, () => fetch)',
    'OUT_OF_SCOPE',
    /uses the global fetch, and that module has a variable of the same name/,
  ],
  'names that nobody has': [
    'rewrite(m.f, "() => nobody + here")',
    'OUT_OF_SCOPE',
    /the new code of .*m\.js#f uses nobody, here, which neither the module nor the global scope has/,
  ],
  'what the function that callers hold does not pass on': [
    'rewrite(M + "#f", "function f() { return new.target; }")',
    'STRUCTURAL',
    /new code of .*m\.js#f reads new\.target, which the loaded function does not pass on; this change needs a restart/,
  ],
  'options of no kind': ['rewrite(m.f, () => 1, "bind")', 'SYNTAX', /the options of an edit are an object/],
  'an option that the edit does not have': [
    'rewrite(m.f, () => 1, { binds: {} })',
    'SYNTAX',
    /the edit has no option binds; it takes bind$/m,
  ],
  'an option that injecting does not have': [
    'inject(m.f, () => {}, { clause: 0 })',
    'SYNTAX',
    /the edit has no option clause; it takes at, clauses, bind$/m,
  ],
  'a bag of no kind': [
    'rewrite(m.f, () => 1, { bind: [] && 5 })',
    'SYNTAX',
    /bind must be an object of names and values; got number 5/,
  ],
  'a name that is none': [
    'rewrite(m.f, () => 1, { bind: { "a b": 1 } })',
    'SYNTAX',
    /bind has "a b", which cannot name a variable/,
  ],
  'parameters to inject': [
    'inject(m.f, (a) => a)',
    'ARITY',
    /a function injected into .*m\.js#f takes no parameters; this one has 1/,
  ],
  'a generator to inject': [
    'inject(m.f, function* () {})',
    'SYNTAX',
    /a generator cannot be injected into .*m\.js#f/,
  ],
  'await to inject into what is not async': [
    'inject(m.f, async () => { await 1 })',
    'SYNTAX',
    /awaits, and that one is not async/,
  ],
  'an index past the end': [
    'inject(m.f, () => 1, { at: 7 })',
    'MISSING',
    /m\.js#f has 1 statement; code can be injected at 0 to 1 or 'end', and number 7 was asked for/,
  ],
  'a count that is none': [
    'rollback(M, -1)',
    'NO_VERSION',
    /rollback goes back a whole number of edits, 0 or more; -1 was asked for/,
  ],
  'a version that is not there': ['restore(M, 9)', 'NO_VERSION', /m\.js has no version 9; there are 0 to 1/],
  'a module without versions': [
    'restore("./other.js", 1)',
    'NO_VERSION',
    /other\.js has no version 1; there is only 0, the file/,
  ],
  'a way out of the cache': ['restore(M, "../../x")', 'NO_VERSION', /no version "\.\.\/\.\.\/x"/],
  'a way out of the cache by import()': [
    'import(version(M).module + "?hotswap=../../x")',
    'NO_VERSION',
    /m\.js has no version "\.\.\/\.\.\/x"; there are 0 to 1/,
  ],
  'the source of a native function': [
    '(async () => code(Math.max))()',
    'NO_SOURCE',
    /function max has no source/,
  ],
  'the tree of a bound function': ['(async () => ast(m.f.bind(null)))()', 'NO_SOURCE', /has no source/],
  'the source of nothing': ['(async () => code(undefined))()', 'BAD_TARGET', /got undefined/],
  'the tree of two functions': [
    '(async () => ast("() => 1; () => 2"))()',
    'TOO_MANY',
    /the source holds 2 functions/,
  ],
  'functions of a module that is not hot': ['(async () => functions("./c.cjs"))()', 'NOT_HOT', /is CommonJS/],
};

const refusals = Object.entries(REFUSALS);
let answers: Record<string, { code?: string; message?: string; changed: string[]; isError: boolean }> = {};

test('a global object that takes no more: what was edited before can be edited, nothing else', async () => {
  const app = program({
    'app.js': `import { a } from './a.js'; import { b } from './b.js'; import { rewrite, history, rollback } from 'hotswap';
await rewrite(a, () => 2); Object.preventExtensions(globalThis);
const refused = await rewrite(b, () => 2).catch((error) => [error.code, error.message]);
await rewrite(a, () => 3); const now = a(); await rollback('./a.js'); console.log(JSON.stringify([refused, b(), history('./b.js').length, now, a()]));`,
    'a.js': 'export const a = () => 1;',
    'b.js': 'export const b = () => 1;',
  });
  const [refused, ...rest] = await app.json<[[string, string], ...number[]]>();
  assert.is(refused[0], 'ERR_HOTSWAP_STRUCTURAL');
  assert.match(refused[1], /b\.js cannot be changed: the program has closed its global object/);
  assert.equal(rest, [1, 1, 3, 2]);
  app.remove();
});

test('refusals run in one program', async () => {
  const app = program({
    'm.js': M,
    'other.js': 'export function f() {}',
    'cold.js': 'export function f() {}',
    'c.cjs': 'exports.f = function () {};',
    'early.js': 'globalThis.early = function early() {}; export const f = globalThis.early;',
    'first.js': `import './early.js';`,
    'node_modules/dep/package.json': '{ "type": "module", "main": "index.js" }',
    'node_modules/dep/index.js': 'export function f() {}',
    'app.js': `import { readdirSync, readFileSync } from 'node:fs'; import { runInNewContext } from 'node:vm'; import './other.js'; import 'dep'; import './c.cjs';
import * as m from './m.js'; import { ast, code, functions, history, HotswapError, inject, restore, rewrite, rollback, version } from 'hotswap';
const M = './m.js', RATE = 1; const out = {}; await rewrite(m.f, '() => "f1" + RATE');
const cache = () => readdirSync('node_modules/.cache/hotswap', { recursive: true }).filter((name) => !name.startsWith('spares')).sort().map((name) => name + (name.endsWith('log') ? readFileSync('node_modules/.cache/hotswap/' + name, 'utf8').length : '')).join('\\n');
const state = () => ({ f: m.f(), g: new m.D(4).x + [...m.gen()].join(), n: m.n, names: m.f.name + m.f.length, history: JSON.stringify(history(M)), version: version(M).number, text: code(M), cache: cache(), hacked: globalThis.hacked, globals: Reflect.ownKeys(globalThis).length });
const attempt = async (label, op) => {
  const before = state(); let error; try { await op(); } catch (thrown) { error = thrown; }
  const after = state();
  out[label] = { code: error?.code, message: error?.message ?? String(error), isError: error instanceof HotswapError || /import/.test(label), changed: Object.keys(after).filter((key) => before[key] !== after[key]) };
};
${refusals.map(([label, [op]]) => `await attempt(${JSON.stringify(label)}, () => ${op});`).join('\n')}
console.log(JSON.stringify(out));`,
  });
  try {
    // `early.js` is loaded before the hooks are.
    answers = await app.json({
      hot: false,
      flags: ['--import', './first.js', '--import', 'hotswap/register'],
    });
  } finally {
    app.remove();
  }
});

for (const [label, [, code, says]] of refusals) {
  test(`refused: ${label}`, () => {
    const answer = answers[label];
    assert.is(answer?.code, `ERR_HOTSWAP_${code}`, answer?.message ?? 'no answer');
    assert.match(answer?.message ?? '', says);
    assert.ok(answer?.isError, 'a HotswapError');
    assert.equal(answer?.changed, [], 'nothing has changed');
  });
}

test('a HotswapError says what it is about', async () => {
  const app = program({
    'm.js': M,
    'app.js': `import * as m from './m.js'; import { rewrite } from 'hotswap'; const out = [];
for (const op of [() => rewrite(m.f, () => m), () => rewrite('./m.js#nope', () => 1), () => rewrite(m.f, '() => ]')]) await op().catch((e) => out.push([e.name, e.module?.endsWith('m.js') ?? null, e.path ?? null, e.names?.slice(0, 2) ?? null, e instanceof Error, e.stack.includes('HotswapError')]));
console.log(JSON.stringify(out));`,
  });
  const out = await app.json();
  app.remove();
  assert.equal(out, [
    ['HotswapError', true, 'f', ['m'], true, true],
    ['HotswapError', true, 'nope', ['f', 'gen'], true, true],
    ['HotswapError', null, null, null, true, true],
  ]);
});

test('what a message advises can be done', async () => {
  const app = program({
    'm.js': M,
    'index.js':
      "import { c as d } from './c.js';\nexport * from './a.js';\nexport { b as bee } from './a.js';\nexport * as ns from './a.js';\nexport { d };\nexport const own = () => 1;\n",
    'a.js': "export function a() { return 1; }\nexport function b() { return 1; }\nexport * from './c.js';\n",
    'c.js': 'export function c() { return 1; }\nexport class C { m() {} }\n',
    'sp ace#dir/x#y.js':
      'export function add() { return 1; }\nexport class S { #p() { return 1; } m() { return this.#p(); } }\n',
    'deep.js': 'export function deep() {}\n',
    'app.js': `import * as m from './m.js'; import './index.js'; import * as s from './sp%20ace%23dir/x%23y.js'; import { rewrite } from 'hotswap';
const out = {}, dir = new URL('./', import.meta.url).href;
const ask = async (name, ask) => { out[name] = await ask().then(() => 'accepted', (e) => e.code.slice(12) + ' ' + e.message.replaceAll(dir, '')); };
class Q { #z = 1; f() { return [() => this, () => #z in {}, () => super.x]; } } let v = 1; const [self, priv, sup] = new Q().f();
await ask('this', () => rewrite(m.f, self)); await ask('#z', () => rewrite(m.f, priv)); await ask('super', () => rewrite(m.f, sup)); await ask('own new.target', () => rewrite(m.f, function () { return (() => [v, new.target])(v); })); await ask('this and value', () => rewrite(m.f, (() => () => [this, v])()));
for (const path of ['a', 'bee', 'd', 'c', 'C.prototype.m', 'ns.b', 'nope', 'n.a']) await ask('index ' + path, () => rewrite('./index.js#' + path, () => 1));
await rewrite(m.f, "() => 'f1'"); const one = await import('./m.js?hotswap=1');
await ask('of version 1', () => rewrite(one.f, () => 1)); await ask('of text', () => rewrite(eval('() => 5'), () => 1));
await ask('sharp', () => rewrite('./sp ace#dir/x#y.js#add', () => 2)); await ask('sharp #private', () => rewrite('./sp ace#dir/x#y.js#S.prototype.#p', () => 3)); out.sharp += s.add() + new s.S().m();
await ask('sharp that is not there', () => rewrite('./sp#dir/m.js#add', () => 2)); await ask('not loaded', () => rewrite('./deep.js#deep', () => 2));
console.log(JSON.stringify(out));`,
  });
  const out = await app.json<Record<string, string>>();
  app.remove();
  const says = (name: string, what: RegExp) => assert.match(out[name] ?? '', what, name);
  for (const name of ['this', '#z', 'super'])
    says(
      name,
      new RegExp(`uses ${name} from .* cannot be read\\. No value can stand for ${name}: give source text`),
    );
  says(
    'this and value',
    /uses v, this from .* { bind: { v } }\. No value can stand for this: give source text/,
  );
  says('own new.target', /uses v from .* { bind: { v } }, or give source text/);
  says('index a', /^MISSING index\.js has no hot function "a"; it is a\.js#a: aim at that$/);
  says('index bee', /it is a\.js#b: aim/);
  says('index d', /it is c\.js#c: aim/);
  says('index c', /it is c\.js#c: aim/);
  says('index C.prototype.m', /it is c\.js#C\.prototype\.m: aim/);
  says('index ns.b', /it is a\.js#b: aim/);
  says('index nope', /has no hot function "nope"; it has own$/);
  says('index n.a', /has no hot function "n\.a"; it has own$/);
  says('of version 1', /^NOT_HOT .* as version 1 has m\.js#f, .* an instance of its own .* aim at 'm\.js#f'/);
  says('of text', /^NOT_HOT .* not an ES module or could not be instrumented, or it was made from text/);
  says('sharp', /^accepted5$/);
  says('sharp that is not there', /^NOT_HOT \.\/sp is not a hot module: there is no file/);
  says('not loaded', /or could not be instrumented\./);
});

test('started without the hooks', async () => {
  const app = program({
    'm.js': M,
    'app.js': `import { f } from './m.js'; import { code, functions, history, inject, modules, reset, rewrite, rollback, version } from 'hotswap';
const out = [modules(), code(f), code('(a) => a'), f()]; for (const op of [() => rewrite(f, () => 1), () => rewrite('./m.js#f', () => 1), () => inject(f, () => 1), () => rollback('./m.js'), () => reset('./m.js'), async () => version('./m.js'), async () => history('./m.js'), async () => functions('./m.js'), async () => code('./m.js#f')]) { try { await op(); out.push('accepted'); } catch (e) { out.push(e.code + (/node --import hotswap\\/register/.test(e.message) ? '' : e.message)); } }
console.log(JSON.stringify(out));`,
  });
  const out = await app.json({ hot: false });
  app.remove();
  assert.equal(out, [
    [],
    "function f(a) { return 'f0' + RATE; }",
    '(a) => a',
    'f02',
    ...Array.from({ length: 9 }, () => 'ERR_HOTSWAP_NOT_HOT'),
  ]);
});

test('--disallow-code-generation-from-strings: programs run as ever, edits are refused and name the flag', async () => {
  const app = program({
    'm.js': M,
    'app.js': `import { D, f, o } from './m.js'; import * as m from './m.js'; import { functions, history, rewrite, inject, version } from 'hotswap';
const out = [f(), new D(3).x, o.m(), functions('./m.js').length]; for (const op of [() => rewrite(f, () => 1), () => inject('./m.js#K.prototype.m', () => 1)]) { try { await op(); } catch (e) { out.push(e.code, e.message.includes('--disallow-code-generation-from-strings')); } } try { version(m); } catch (e) { out.push(e.code, /runs with --disallow-code-generation-from-strings/.test(e.message)); } console.log(JSON.stringify([...out, f(), history('./m.js').length]));`,
  });
  const out = await app.json({ flags: ['--disallow-code-generation-from-strings'] });
  app.remove();
  assert.equal(out, [
    'f02',
    3,
    1,
    10,
    'ERR_HOTSWAP_STRUCTURAL',
    true,
    'ERR_HOTSWAP_STRUCTURAL',
    true,
    'ERR_HOTSWAP_NOT_HOT',
    true,
    'f02',
    1,
  ]);
});

test('each worker thread has modules and edits of its own', async () => {
  const app = program({
    'm.js': M,
    'worker.js': `import { parentPort } from 'node:worker_threads'; import { f } from './m.js'; import { modules, rewrite, version } from 'hotswap';
parentPort.on('message', async (n) => { if (n) await rewrite(f, '() => "worker" + ' + n); parentPort.postMessage([f(), version('./m.js').number, modules().length]); if (n === 2) parentPort.close(); });`,
    'app.js': `import { Worker } from 'node:worker_threads'; import { f } from './m.js'; import { rewrite, version } from 'hotswap';
const worker = new Worker(new URL('./worker.js', import.meta.url)); const ask = (n) => new Promise((resolve, reject) => { worker.once('message', resolve); worker.once('error', reject); worker.postMessage(n); });
const out = [await ask(0)]; await rewrite(f, () => 'main'); out.push(await ask(0), f()); out.push(await ask(1), f(), version('./m.js').number, (await ask(2))[0], f()); console.log(JSON.stringify(out));`,
  });
  const out = await app.json<unknown[]>();
  app.remove();
  assert.equal(out, [['f02', 0, 2], ['f02', 0, 2], 'main', ['worker1', 2, 2], 'main', 1, 'worker2', 'main']);
});

const CACHE = 'node_modules/.cache/hotswap';
const EDIT = `import { f } from './m.js'; import { code, history, restore, rewrite, rollback, version } from 'hotswap';
const say = (...all) => console.log(JSON.stringify(all)); const why = async (op) => { try { await op(); return 'accepted'; } catch (e) { return e.code ? e.code.slice(12) + ' ' + e.message : String(e.stack); } };
`;
const SIMPLE = 'export function f() { return 0; }\n';

/** Where the objects of a cache are, by the text they hold. */
function objectWith(app: Program, text: string): string {
  const root = app.file(`${CACHE}/objects`);
  const found = (readdirSync(root, { recursive: true }) as string[]).find(
    (name) => name.endsWith('.js') && readFileSync(join(root, name), 'utf8').includes(text),
  );
  if (found === undefined) throw new Error(`no object with ${text}`);
  return join(root, found);
}

function logOf(app: Program): string {
  const root = app.file(`${CACHE}/modules`);
  return join(root, readdirSync(root)[0] ?? '', 'log');
}

const nowhere: Record<string, (app: Program) => string> = {
  'a cache directory under a file': (app) => {
    app.write('file', '');
    return 'file/cache';
  },
  'a cache directory that is a file': (app) => {
    app.write('file', '');
    return 'file';
  },
  'a cache directory that nobody can make': () => '/proc/self/hotswap',
};

for (const [name, prepare] of Object.entries(nowhere)) {
  if (process.platform === 'win32' && name.includes('nobody')) continue;
  test(`${name}: that is said at the start, and versions are in memory`, async () => {
    const app = program({
      'm.js': SIMPLE,
      'app.js': `${EDIT}const a = await why(() => rewrite(f, () => 1)); const b = await why(() => rewrite(f, () => 2)); say(a, b, f(), history('./m.js').map((one) => one.persisted), code(f)); await rollback('./m.js', 2);`,
    });
    const { stdout, stderr, code } = await app.run({ env: { HOTSWAP_CACHE_DIR: prepare(app) } });
    app.remove();
    assert.equal(
      [JSON.parse(stdout), code],
      [['accepted', 'accepted', 2, [true, false, false], 'function f() { return 2; }'], 0],
    );
    assert.match(
      stderr,
      /^hotswap: versions are kept in memory, as the cache cannot be written: .*; HOTSWAP_CACHE_DIR names another\n$/,
    );
  });
}

const unwritable: Record<string, (app: Program) => string> = {
  'a cache whose objects cannot be made': (app) => {
    app.write('cache/objects', '');
    return 'cache';
  },
  'a cache whose logs cannot be made': (app) => {
    app.write('cache/modules', '');
    return 'cache';
  },
};

for (const [name, prepare] of Object.entries(unwritable)) {
  test(`${name}: edits are refused, the program goes on, nothing is left`, async () => {
    const app = program({
      'm.js': SIMPLE,
      'app.js': `${EDIT}const a = await why(() => rewrite(f, () => 1)); const b = await why(() => rewrite(f, () => 2)); say(a, b, f(), history('./m.js').length, version('./m.js').number, code(f));`,
    });
    const cache = prepare(app);
    const before = existsSync(app.file('cache')) ? files(app.file('cache')) : [];
    const out = await app.json<string[]>({ env: { HOTSWAP_CACHE_DIR: cache } });
    const after = existsSync(app.file('cache')) ? files(app.file('cache')) : [];
    app.remove();
    const [a = '', b = '', ...rest] = out;
    assert.match(
      a,
      /^CACHE cannot (store a version|write the history) in .*: .*\. Nothing was changed\. Set HOTSWAP_CACHE_DIR to a writable directory, or to nothing/,
    );
    assert.match(b, /^CACHE/);
    assert.equal(rest, [0, 1, 0, 'function f() { return 0; }']);
    assert.equal(after, before);
  });
}

test('a full disk: the edit is refused, and the next one after there is room holds', async () => {
  const app = program({
    'm.js': SIMPLE,
    'app.js': `${EDIT}import { rmSync, writeFileSync } from 'node:fs'; await rewrite(f, () => 1); const fill = (size) => { try { writeFileSync('small/fill', Buffer.alloc(size)); } catch {} };
fill(1 << 20); const big = '() => "' + 'x'.repeat(200000) + '"'; const a = await why(() => rewrite(f, big)); const b = [f(), history('./m.js').length];
rmSync('small/fill', { force: true }); const c = await why(() => rewrite(f, () => 2)); say(a, ...b, c, f(), history('./m.js').length);`,
    'again.js': `${EDIT}say(f(), history('./m.js').length);`,
  });
  mkdirSync(app.file('small'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=128k', 'tmpfs', app.file('small')], {
      stdio: 'ignore',
    });
  } catch {
    app.remove();
    return; // only a machine that lets us mount can tell
  }
  let out: unknown[] = [];
  let again: unknown[] = [];
  try {
    const env = { HOTSWAP_CACHE_DIR: 'small/cache' };
    out = await app.json({ env });
    again = await app.json({ env, entry: 'again.js' });
  } finally {
    execFileSync('umount', [app.file('small')]);
    app.remove();
  }
  assert.match(String(out[0]), /^CACHE cannot store a version in .*ENOSPC/);
  assert.equal(out.slice(1), [1, 2, 'accepted', 2, 3]);
  assert.equal(again, [2, 3]);
});

const damage: Record<string, (file: string) => void> = {
  altered: (file) => appendFileSync(file, ' '),
  truncated: (file) => writeFileSync(file, readFileSync(file, 'utf8').slice(0, 10)),
  empty: (file) => writeFileSync(file, ''),
  missing: (file) => rmSync(file),
  'a directory': (file) => {
    rmSync(file);
    mkdirSync(file);
  },
};

for (const [name, harm] of Object.entries(damage)) {
  test(`an object that is ${name}: the version before is used, with a warning, and other versions stay`, async () => {
    const app = program({
      'm.js': SIMPLE,
      'app.js': `${EDIT}if (history('./m.js').length === 1) { await rewrite(f, () => 1); await rewrite(f, () => 2); } else say(f(), version('./m.js').number, history('./m.js').length, await why(() => restore('./m.js', 2)), f(), await why(() => restore('./m.js', 1)), f(), await why(() => import(version('./m.js').module + '?hotswap=2')), await why(() => rewrite(f, () => 2)), f());`,
    });
    await app.run();
    harm(objectWith(app, 'return 2'));
    const { stdout, stderr, code } = await app.run();
    app.remove();
    assert.is(code, 0, stderr);
    const [f, number, length, why, still, first, one, imported, again, last] = JSON.parse(
      stdout,
    ) as unknown[];
    assert.equal([f, number, length, still, first, one], [1, 1, 3, 1, 'accepted', 1]);
    assert.match(
      String(why),
      /^CACHE the cached version .*(is damaged: its text no longer has the SHA-256 it is named by\. Delete it; the next version with that text writes it anew\.$|cannot be read)/,
    );
    assert.match(String(imported), /^CACHE/);
    assert.match(
      stderr,
      /^hotswap: the cached version .* Version 2 of .*m\.js is not applied, and version 1 is used, the nearest before it that is whole\nhotswap: .*m\.js runs version 1 \(~f\) from .*\n$/,
    );
    // The same text again mends it, where the file system lets it.
    if (name !== 'a directory') assert.equal([again, last], ['accepted', 2]);
  });
}

/** Lines of a log with the fingerprints of what they say now. */
function withSums(lines: string): string {
  return lines.replace(
    /^(\{.*?)(?:,"sum":"\w+")?\}$/gm,
    (_line, said) => `${said},"sum":"${fingerprint(said)}"}`,
  );
}

const logs: Record<string, [harm: (log: string) => string, expected: unknown]> = {
  'a torn last line': [(log) => `${log}{"event":"version","base":"`, [2, 2, 3, 3, 4]],
  'a last line without its end': [(log) => log.slice(0, -1), [2, 2, 3, 3, 4]],
  'a last line that is cut': [(log) => log.slice(0, -20), [1, 1, 2, 2, 3]],
  'lines that are not JSON': [(log) => `garbage\n\0\0\0\n${log}\n\nnull\n[]\n"x"\n5\n{}\n`, [0, 0, 1, 1, 2]],
  'nothing but noise': [() => '\uFFFD\0\u2028{{{', [0, 0, 1, 1, 2]],
  'an empty log': [() => '', [0, 0, 1, 1, 2]],
  'foreign events': [
    (log) =>
      log +
      withSums(
        `{"event":"later","base":"${'a'.repeat(64)}"}\n{"event":"restore","base":"../../etc","to":1}\n`,
      ),
    [0, 0, 1, 1, 2],
  ],
  'ids that lead out of the cache': [
    (log) => log + withSums(log.replace(/"id":"[^"]*"/g, '"id":"../../../../etc/passwd"')),
    [0, 0, 1, 1, 2],
  ],
  'numbers that are none': [
    (log) => log + withSums(log.replace(/"parent":\d+/g, '"parent":-1')),
    [0, 0, 1, 1, 2],
  ],
  'numbers that are words': [
    (log) => log + withSums(log.replace(/"parent":\d+/g, '"parent":"x"')),
    [0, 0, 1, 1, 2],
  ],
  'no times': [(log) => log + withSums(log.replace(/"at":\d+/g, '"at":null')), [0, 0, 1, 1, 2]],
  'a restore of what is not there': [
    (log) =>
      log + withSums(`{"event":"restore","base":"${/"base":"(\w+)"/.exec(log)?.[1]}","to":99,"at":1}\n`),
    [2, 2, 3, 3, 4],
  ],
  'a parent that comes later': [(log) => withSums(log.replace('"parent":0', '"parent":2')), [2, 2, 3, 3, 4]],
};

for (const [name, [harm, expected]] of Object.entries(logs)) {
  test(`a log with ${name}`, async () => {
    const app = program({
      'm.js': SIMPLE,
      'app.js': `${EDIT}if (process.argv[2] === 'make') { await rewrite(f, () => 1); await rewrite(f, () => 2); } else { const out = [f(), version('./m.js').number, history('./m.js').length]; await rollback('./m.js', 9); if (f() !== 0) throw new Error('not the original'); const v = await rewrite(f, () => 3); say(...out, v.number, history('./m.js').length); }`,
    });
    app.write('make.js', `process.argv[2] = 'make'; await import('./app.js');`);
    await app.run({ entry: 'make.js' });
    const log = logOf(app);
    writeFileSync(log, harm(readFileSync(log, 'utf8')));
    const out = await app.json<number[]>();
    const again = await app.json<number[]>();
    app.remove();
    assert.equal(out, expected);
    assert.equal(again.slice(0, 2), [3, (expected as number[])[3]]);
  });
}

/** What is done to a log of which the last line takes a version back, and the line that is damaged then. */
const lines: Record<string, [harm: (log: string) => string, line: number | undefined]> = {
  'a byte of the first line': [(log) => `X${log.slice(1)}`, 1],
  'a digit of an id': [(log) => log.replace(/"id":"./, '"id":"g'), 1],
  'a digit of a base': [(log) => log.replace(/(\n.*"base":")./, '$1g'), 2],
  'another number': [(log) => log.replace(/("parent":)0/, '$11'), 1],
  'another digit in the fingerprint': [
    (log) => log.replace(/("sum":").(.*\n$)/, (_line, a, b) => `${a}x${b}`),
    4,
  ],
  'lines without their fingerprints': [(log) => log.replace(/,"sum":"\w+"/g, ''), 1],
  'another name for a fingerprint': [(log) => log.replace('"sum"', '"sun"'), 1],
  'another end': [(log) => `${log.slice(0, -1)} `, 4],
  'zeros at its end': [(log) => `${log}\0\0\0`, undefined],
  'a line of zeros': [(log) => `${log}\0\0\0\n`, undefined],
  'a line that goes on with zeros': [(log) => `${log}{"event":"ver${'\0'.repeat(4000)}`, undefined],
  'two lines that have become one': [(log) => log.replace('}\n', '}'), 1],
  'noise in the middle': [(log) => log.replace('\n', '\nnoise\n'), 2],
  'a torn line in the middle': [(log) => log.replace('\n', '\n{"event":"version","base":"12\n'), undefined],
  'a line of which one letter was written': [(log) => log.replace('\n', '\n{\n'), undefined],
};

for (const [name, [harm, line]] of Object.entries(lines)) {
  test(`a history with ${name}: ${line === undefined ? 'it is skipped' : 'the file is used, a line says so, and edits go on'}`, async () => {
    const app = program({
      'm.js': SIMPLE,
      'make.js': `${EDIT}for (const n of [1, 2, 3]) await rewrite(f, '() => ' + n); await rollback('./m.js');`,
      'app.js': `${EDIT}const before = [f(), version('./m.js').number, history('./m.js').length]; const v = await rewrite(f, () => 9); say(...before, v.number, f());`,
      'again.js': `${EDIT}say(f(), version('./m.js').number, history('./m.js').length);`,
    });
    try {
      await app.run({ entry: 'make.js' });
      const log = logOf(app);
      const harmed = harm(readFileSync(log, 'utf8'));
      writeFileSync(log, harmed);
      const { stdout, stderr } = await app.run();
      const again = await app.run({ entry: 'again.js' });
      const isHarmed = line !== undefined;
      assert.equal(JSON.parse(stdout), isHarmed ? [0, 0, 1, 1, 9] : [2, 2, 4, 4, 9]);
      assert.equal(JSON.parse(again.stdout), isHarmed ? [9, 1, 2] : [9, 4, 5]);
      assert.is(existsSync(`${log}.damaged`), isHarmed);
      assert.not.match(again.stderr, /damaged/);
      if (!isHarmed) return;
      assert.ok(
        stderr.startsWith(
          `hotswap: line ${line} of ${log} is damaged, so that no version of ${app.file('m.js')}`,
        ),
        stderr,
      );
      assert.is(stderr.split('\n').length, 2);
      assert.is(readFileSync(`${log}.damaged`, 'utf8'), harmed);
    } finally {
      app.remove();
    }
  });
}

test('two processes that write one cache agree on every number', async () => {
  const app = program({
    'm.js': `export function f() { return 0; }\nexport function g() { return 0; }\n`,
    'app.js': `import * as m from './m.js'; import { history, rewrite, version } from 'hotswap'; const who = process.env.WHO; const mine = [];
for (let i = 0; i < 40; i++) mine.push((await rewrite(who === 'f' ? m.f : m.g, '() => "' + who + i + '"')).number);
console.log(JSON.stringify([mine, m[who]()]));`,
    'after.js': `import * as m from './m.js'; import { history, version } from 'hotswap'; console.log(JSON.stringify([history('./m.js').map((v) => v.number), version('./m.js').number, m.f(), m.g()]));`,
  });
  const [[f, fLast], [g, gLast]] = await Promise.all([
    app.json<[number[], string]>({ env: { WHO: 'f' } }),
    app.json<[number[], string]>({ env: { WHO: 'g' } }),
  ]);
  const [numbers, live, ...now] = await app.json<[number[], number, string, string]>({ entry: 'after.js' });
  app.remove();
  assert.equal(
    [...f, ...g].sort((a, b) => a - b),
    Array.from({ length: 80 }, (_, i) => i + 1),
  );
  assert.equal([fLast, gLast, numbers.length, live], ['f39', 'g39', 81, 80]);
  // The newest version is live; what it has of the other depends on who started first.
  assert.is(Math.max(...f) === 80 ? now[0] : now[1], Math.max(...f) === 80 ? 'f39' : 'g39');
});

test('killed in the middle of edits: the next start runs a whole version, and edits go on', async () => {
  const app = program({
    'm.js': SIMPLE,
    'app.js': `${EDIT}console.log(f()); for (let i = f() + 1; ; i++) { await rewrite(f, '() => ' + i); if (f() !== i) throw new Error('not live'); if (i % 20 === 0) console.log(i); }`,
    'after.js': `${EDIT}const a = f(), n = version('./m.js').number; await rewrite(f, '() => "after"'); const b = f(); await rollback('./m.js'); say(a, n, b, f());`,
  });
  let last = 0;
  for (let round = 0; round < 3; round++) {
    const child = app.start();
    let said = '';
    await new Promise<void>((resolve) => {
      child.stdout?.on('data', (data) => {
        said += data;
        if (said.split('\n').length > 4) child.kill('SIGKILL');
      });
      child.on('close', () => resolve());
    });
    const lines = said.trim().split('\n').map(Number);
    assert.ok((lines[0] ?? -1) >= last, `started with ${lines[0]}, and ${last} was live`);
    last = lines.at(-1) ?? 0;
    const [a, , b, c] = await app.json<number[]>({ entry: 'after.js' });
    assert.ok((a ?? 0) >= last, `${a} after ${last}`);
    assert.equal([b, c], ['after', a]);
  }
  app.remove();
});

test('a module that cannot be parsed, and one that fails, are reported as ever, and others stay editable', async () => {
  const app = program({
    'm.js': SIMPLE,
    'bad.js': 'export const a = ;',
    'throws.js': 'export function f() { return 0; } throw new Error("at the top");',
    'app.js': `${EDIT}const a = await import('./bad.js').catch((e) => e.name); const b = await import('./throws.js').catch((e) => e.message); await rewrite(f, () => 1); say(a, b, f(), await why(() => rewrite('./bad.js#f', () => 1)).then((s) => s.slice(0, 7)), (await rewrite('./throws.js#f', () => 2)).number);`,
  });
  const out = await app.json();
  app.remove();
  assert.equal(out, ['SyntaxError', 'at the top', 1, 'NOT_HOT', 1]);
});

function files(directory: string): string[] {
  return (readdirSync(directory, { recursive: true }) as string[])
    .filter((name) => !name.startsWith('transforms'))
    .sort();
}

test.run();

test('a log that was cut in the middle of a line: that is said until the next edit, and what was done before holds', async () => {
  const app = program({
    'm.js': SIMPLE,
    'app.js': `${EDIT}if (process.argv[2]) await rewrite(f, '() => ' + process.argv[2]); say(f());`,
  });
  try {
    for (const n of ['1', '2']) await app.run({ args: [n] });
    const log = logOf(app);
    writeFileSync(log, readFileSync(log, 'utf8').slice(0, -20));
    const said = `hotswap: the last line of ${log} is not written to its end, so that what it said of ${app.file('m.js')} is lost; what was done before it holds\n`;
    const { stdout, stderr } = await app.run({ args: ['3'] });
    assert.is(stdout, '[3]\n');
    assert.ok(stderr.startsWith(said), stderr);
    assert.not.match((await app.run()).stderr, /to its end/);
  } finally {
    app.remove();
  }
});

test('a log of which any one byte is another says nothing, or what it said', () => {
  const app = program({});
  try {
    const base = 'a'.repeat(64);
    const made = new ModuleLog(app.dir, 'file:///m.js');
    const first = { id: 'b'.repeat(64), parent: 0, at: 1, summary: '~f', kept: true };
    made.appendBase(base);
    made.appendVersion(base, first);
    made.appendVersion(base, { ...first, parent: 1, summary: '~\u{1F600}' });
    made.appendRestore(base, 1);
    const whole = readFileSync(made.file);
    const read = () => {
      const log = new ModuleLog(app.dir, 'file:///m.js');
      const { versions, current } = log.era(base);
      return { log, said: JSON.stringify([current, [...versions]]) };
    };
    const { said } = read();
    for (let i = 0; i < whole.length; i++) {
      for (const byte of new Set([
        0,
        9,
        10,
        32,
        34,
        49,
        125,
        0xff,
        (whole[i] as number) ^ 1,
        (whole[i] as number) ^ 32,
      ])) {
        if (byte === whole[i]) continue;
        const harmed = Buffer.from(whole);
        harmed[i] = byte;
        writeFileSync(made.file, harmed);
        const now = read();
        if (now.log.damaged === undefined) assert.is(now.said, said, `byte ${i} is ${byte}: ${harmed}`);
        assert.not(now.log.torn, `byte ${i} is ${byte}`);
      }
    }
    // What is cut anywhere is told, but for whole lines.
    for (let size = 1; size < whole.length; size++) {
      writeFileSync(made.file, whole.subarray(0, size));
      const { log } = read();
      const isWhole = whole[size - 1] === 10 || whole[size] === 10;
      assert.is(log.torn || log.damaged !== undefined, !isWhole, `cut at ${size}`);
    }
  } finally {
    app.remove();
  }
});
