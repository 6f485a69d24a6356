// Classes that are saved otherwise, with #private names that come and go: new instances are what the file says, earlier ones go on working, there,
// back, and after saves that failed in between.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { program } from './program.ts';

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

test.run();
