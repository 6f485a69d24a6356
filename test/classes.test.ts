// Classes that are saved otherwise, with #private names that come and go: new instances are what the file says, earlier ones go on working, there,
// back, and after saves that failed in between.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { program } from './program.ts';
import { randomFrom } from './random.ts';

/** Saves each text in turn, then goes back a version at a time. What begins with `!` throws when it is evaluated, and must change nothing. */
const APP = `import { writeFileSync } from 'node:fs'; import { reload, rollback } from 'hotswap';
const attempt = (look) => { try { return String(JSON.stringify(look())); } catch (error) { return 'throws ' + error.message; } };
const TAIL = '\\nexport const probe = () => { const one = new (typeof S === "undefined" ? A : S)(2); return [one.v(), Object.keys(one), one instanceof A, A.length, A.u?.(), A.t]; };' +
  'export const make = () => new (typeof S === "undefined" ? A : S)(2);';
const all = [];
for (const [i, texts] of JSON.parse(process.env.CASES).entries()) {
  const wrong = [], versions = [];
  const file = new URL('./m' + i + '.js', import.meta.url), save = (text) => writeFileSync(file, text + TAIL);
  save(texts[0]); versions.push(texts[0]);
  const m = await import(file), held = [m.make()];
  let looks = 0;
  const look = async (text) => {
    save(text);
    const fresh = await import(file.href + '?n=' + ++looks);
    if (attempt(m.probe) !== attempt(fresh.probe)) wrong.push(looks + ': ' + attempt(m.probe) + ', not ' + attempt(fresh.probe));
    for (const one of held) if (attempt(() => one.v()).startsWith('throws')) wrong.push(looks + ': an instance ' + attempt(() => one.v()));
    held.push(m.make());
  };
  for (const text of texts.slice(1)) {
    const isBad = text.startsWith('!');
    save(isBad ? text.slice(1) + '; throw new Error("not this one");' : text);
    const result = await reload(file.href).catch((error) => error.message);
    if (isBad !== (typeof result === 'string' && result.includes('not this one'))) wrong.push(text + ': ' + (result.message ?? result));
    else if (!isBad) versions.push(text);
    await look(versions.at(-1));
  }
  while (versions.pop() !== undefined && versions.length > 0) {
    await rollback(file.href).catch((error) => wrong.push('back: ' + error.message));
    await look(versions.at(-1));
  }
  all.push(wrong);
}
console.log(JSON.stringify(all));`;

const of = (...bodies: string[]): string[] =>
  bodies.map((body) => body.replace(/^(!?)(.*)$/, '$1class A { $2 }'));

const CASES: Record<string, string[]> = {
  'a field that becomes #private': of(
    'v() { return 1; }',
    'x = 2; v() { return this.x; }',
    '#x = 3; v() { return this.#x; }',
  ),
  'a #private field that becomes a field, which changes': of(
    '#x = 1; v() { return this.#x; }',
    'x = 1; v() { return this.x; }',
    'x = 2; v() { return this.x; }',
  ),
  'names that are #private in turn': of(
    '#x = 1; v() { return this.#x; }',
    'x = 1; v() { return this.x; }',
    '#y = 2; v() { return this.#y; }',
    '#x = 3; #y = 4; v() { return [this.#x, this.#y]; }',
    'v() { return 5; }',
    '#x = 1; v() { return this.#x; }',
  ),
  'accessors that are #private': of(
    'v() { return 1; }',
    'get #a() { return 2; } v() { return this.#a; }',
    'v() { return 3; } get a() { return 3; }',
  ),
  'a #private method of a save that fails': of(
    'v() { return 1; }',
    '!#g() { return 4; } v() { return this.#g(); }',
    '#g() { return 4; } v() { return this.#g(); }',
    '!#h() { return 5; } v() { return this.#h(); }',
    'v() { return 1; }',
  ),
  'a function with a prototype, a class that fails, and one that does not': [
    'function A() {} A.prototype.v = function () { return 1; };',
    '!class A { v() { return 2; } }',
    'class A { x = 3; v() { return this.x; } }',
    'class A { x = 3; v() { return this.x + 1; } }',
  ],
  'a function with a prototype that becomes a class and again a function': [
    'function A() { this.x = 1; } A.prototype.v = function () { return [1, this.x]; };',
    'class A { x = 2; v() { return 2; } }',
    'function A() { this.x = 3; } A.prototype.v = function () { return [3, this.x]; };',
  ],
  'a class that others extend': [
    'class A { #x = 1; v() { return this.#x; } } class S extends A {}',
    'class A { v() { return 2; } } class S extends A {}',
    'class A { #x = 3; v() { return this.#x; } } class S extends A {}',
    'class A { #x = 4; #y = 5; v() { return [this.#x, this.#y]; } } class S extends A {}',
  ],
  'a class that others extend and call by super': [
    'class A { #x = 1; v() { return [this.#x]; } static u() { return 1; } } class S extends A { y = 1; v() { return [super.v(), this.y]; } }',
    'class A { #x = 2; v() { return [this.#x]; } static u() { return 2; } } class S extends A { y = 1; v() { return [super.v(), this.y]; } }',
    'class A { #x = 2; v() { return [this.#x]; } static u() { return 2; } } class S extends A { y = 1; v() { return [super.v(), this.y, 3]; } }',
    'class A { #z = 2; v() { return [this.#z]; } static u() { return 2; } } class S extends A { y = 1; v() { return [super.v(), this.y, 3]; } }',
  ],
  'a class that extends another than before': [
    'class A { #x = 1; v() { return this.#x; } } class B { #b = 2; v() { return this.#b; } } class S extends B {}',
    'class A { #x = 1; v() { return this.#x; } } class B { #b = 2; v() { return this.#b; } } class S extends A {}',
  ],
};

test('classes whose #private names come and go', async () => {
  const made = program({ 'app.js': APP });
  const names = Object.keys(CASES);
  const env = { CASES: JSON.stringify(Object.values(CASES)), HOTSWAP_CACHE_DIR: '' };
  const wrong = await made.json<string[][]>({ env });
  assert.equal(
    names.map((name, i) => [name, wrong[i]]),
    names.map((name) => [name, []]),
  );
  made.remove();
});

/** Saves classes of all forms in an order by chance, each extending another by chance, with saves that fail and ways back in between. */
const WALKS = `import { writeFileSync } from 'node:fs'; import { reload, restore } from 'hotswap';
const [seeds, steps] = JSON.parse(process.env.CASE);
${randomFrom}
const HEAD = \`
const say = (look) => { try { const value = look(); return typeof value === 'function' ? ['f', value()] : value; } catch (error) { return 'throws ' + error.message; } };
const chain = (one) => { const all = []; for (let at = Object.getPrototypeOf(one); at && at !== Object.prototype; at = Object.getPrototypeOf(at)) all.push(at); return all; };
const names = (one) => chain(one).map((at) => Object.getOwnPropertyNames(at).join()).filter((text) => text !== 'constructor' && text !== '');
export const use = (one) => [...[...new Set(chain(one).flatMap((at) => Object.getOwnPropertyNames(at)))].filter((name) => name !== 'constructor')
  .map((name) => [name, say(() => { const value = one[name]; return typeof value === 'function' ? value.call(one) : value; })]), ...Object.keys(one).map((key) => [key, say(() => one[key])])].sort();
const all = (C) => { const one = new C(7); return [C.name, C.length, Object.keys(one), names(one), use(one), [A, S, T].map((D) => one instanceof D), Object.getOwnPropertyNames(C),
  Object.getOwnPropertyNames(C).filter((name) => !/^(length|name|prototype|arguments|caller)$/.test(name)).map((name) => [name, say(() => C[name])])]; };\\n\`;
const TAIL = '\\nexport const probe = () => JSON.stringify([A, S, T].map(all)); export const make = () => new A(3); export { A };';
const attempt = (look) => { try { return look(); } catch (error) { return 'throws ' + error.message; } };

/** What makes the text of each class anew, by chance. */
function formsFrom(next) {
  const random = (below) => Math.floor(next() * below), some = (share = 0.4) => next() < share, pick = (list) => list[random(list.length)];
  const members = (name, hasOwn, isSub, isDerived) => {
    const n = () => random(4), uses = [String(n())], list = [];
    const add = (share, use, text) => { if (!some(share)) return; list.push(text); if (use) uses.push(use); };
    add(0.4, 'this.x', 'x = ' + n() + ';'); add(0.4, 'this.#x', '#x = ' + n() + ';'); add(0.3, 'this.#g()', '#g() { return ' + n() + '; }');
    add(0.2, 'this.#a', 'get #a() { return ' + n() + '; }'); add(0.3, hasOwn && name + '.#s', 'static #s = ' + n() + ';');
    add(0.3, name + '.t', 'static t = ' + n() + ';'); add(0.2, hasOwn && name + '.#m()', 'static #m() { return ' + n() + '; }');
    if (isSub) uses.push('super.v?.()');
    add(0.4, '', 'h = () => [' + pick(uses) + '];'); add(0.9, '', 'v() { return [' + pick(uses) + ', ' + pick(uses) + ']; }');
    add(0.4, '', 'w(a = ' + n() + ', b) { return [a, ' + pick(uses) + ']; }'); add(0.3, '', 'get z() { return [' + pick(uses) + ']; }');
    add(0.3, '', 'static u() { return [' + n() + ']; }'); add(0.3, '', (some() ? 'static ' : '') + 'async q() { return ' + n() + '; }');
    const first = isDerived ? 'super(); ' : '', given = some() ? String(n()) : pick(uses).replace(/^super.*/, '1');
    add(0.6, '', 'constructor(' + pick(['', 'p', 'p, q = 1', 'p, q, r']) + ') { ' + first + 'this.c = ' + given + '; }');
    if (uses.includes('this.#x')) add(0.5, '', 'is(o = this) { return #x in o && o.#x; }');
    for (let i = list.length; i > 1; ) { const j = random(i--); [list[i], list[j]] = [list[j], list[i]]; }
    return list.join(' ');
  };
  const ofA = () => {
    const kind = random(10), above = some() ? ' extends B' : '';
    if (kind === 0) return 'function A(p) { this.f = ' + random(3) + '; }\\nA.prototype.v = function () { return [' + random(3) + ', this.f]; };\\nA.prototype.w = function () { return ' + random(3) + '; };';
    return kind === 1 ? 'const A = class' + above + ' { ' + members('A', false, false, above) + ' };' : 'class A' + above + ' { ' + members('A', true, false, above) + ' }';
  };
  return { random, some, forms: {
    B: () => pick(['class B {}', 'class B { b = 1; }', 'class B { b = 2; m() { return this.b; } }', 'class B { #b = 3; m() { return this.#b; } }']),
    A: ofA,
    S: () => 'class S extends A { ' + members('S', true, true, true) + ' }',
    T: () => pick(['class T extends S { t = ' + random(2) + '; }', 'class T extends S {}', 'const T = class extends A { v() { return [' + random(3) + ', super.v?.()]; } };']),
  } };
}

const wrong = [];
for (const seed of seeds) {
  const { random, some, forms } = formsFrom(randomFrom(seed));
  const file = new URL('./m' + seed + '.js', import.meta.url), save = (text) => writeFileSync(file, text);
  const form = Object.fromEntries(Object.entries(forms).map(([name, make]) => [name, make()]));
  const text = () => HEAD + Object.values(form).join('\\n') + TAIL;
  const versions = [text()], trail = [];
  let [current, looks, says] = [text(), 0];
  save(current);
  const m = await import(file), held = [m.make()];
  const look = async () => {
    save(current);
    const fresh = await import(file.href + '?n=' + ++looks);
    const [now, then] = [attempt(m.probe), attempt(fresh.probe)];
    if (now !== then) says = now + ', not ' + then;
    for (const one of held) { const result = JSON.stringify(attempt(() => m.use(one))); if (/throws/.test(result)) says ??= 'an instance: ' + result; }
    held.push(m.make());
  };
  for (let step = 0; step < steps && says === undefined; step++) try {
    const what = random(10);
    if (what === 0) {
      const number = random(versions.length);
      trail.push('restore ' + number); await restore(file.href, number); current = versions[number]; await look(); continue;
    }
    for (const name of Object.keys(form)) if (some(name === 'A' ? 0.7 : 0.25)) form[name] = forms[name]();
    if (text() === current) continue;
    if (what === 1) {
      trail.push('refused', ...Object.values(form)); save(text() + '\\nthrow new Error("not this one");');
      const result = await reload(file.href).catch((error) => error.message);
      if (!String(result).includes('not this one')) says = 'refused otherwise: ' + result;
      await look();
      if (some(0.5)) continue;
    }
    trail.push('saved', ...Object.values(form)); save(text());
    versions[(await reload(file.href)).number] = current = text();
    await look();
  } catch (error) { says = error.stack; }
  if (says !== undefined) wrong.push({ seed, says, trail: trail.slice(-12) });
}
console.log(JSON.stringify(wrong));`;

test('classes of all forms in an order by chance, as if started anew after each step', async () => {
  const made = program({ 'app.js': WALKS });
  const seeds = Array.from({ length: 24 }, (_, i) => i + 1);
  const env = { CASE: JSON.stringify([seeds, 20]), HOTSWAP_CACHE_DIR: '' };
  assert.equal(await made.json({ env, timeout: 120_000 }), []);
  made.remove();
});

test('a class with #private names that is made anew is named, and its method, whose class inside has others, is not', async () => {
  const text = (n: number): string =>
    `export class A { #p = ${n}; v() { class I { #q = ${n}; q() { return this.#q; } } return new I().q() + this.#p; } }`;
  const made = program({
    'm.js': text(1),
    'app.js': `import { writeFileSync } from 'node:fs'; import { reload } from 'hotswap'; import * as m from './m.js';
const one = new m.A(); writeFileSync(new URL('./m.js', import.meta.url), ${JSON.stringify(text(2))});
const { deferred = [] } = await reload(m); console.log(JSON.stringify([deferred.map(({ path, names }) => path + names), one.v(), new m.A().v()]));`,
  });
  assert.equal(await made.json(), [['A#p'], 3, 4]);
  made.remove();
});

test.run();
