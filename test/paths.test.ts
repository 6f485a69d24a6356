// functionsOf as a table: a text, and the paths of its hot functions in source order.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { functionsOf } from '../loader/functions.ts';
import { parse } from '../loader/parse.ts';

const CASES: Record<string, string[]> = {
  'function a() {} async function b() {} function* c() {} export default function d() {}': [
    'a',
    'b',
    'c',
    'd',
  ],
  'export default function () {}': ['default'],
  'export default () => {}': ['default'],
  'export default (function named() {})': ['default'],
  'export default class { m() {} static s() {} }': ['default.prototype.m', 'default.s'],
  'export default class K { m() {} }': ['K.prototype.m'],
  'export default { fetch() {}, "a-b": () => {}, 0: function () {} }': [
    'default.fetch',
    "default['a-b']",
    'default[0]',
  ],
  'const a = () => {}, b = function () {}, c = 1, d = class { m() {} };': ['a', 'b', 'd.prototype.m'],
  'export const { x = () => {} } = {}, [y = () => {}] = [];': ['x', 'y'],
  'let f; f = () => {}; f ??= () => {}; a.b.c = function () {}; a["d-e"] = () => {};': [
    'f',
    'f~2',
    'a.b.c',
    "a['d-e']",
  ],
  'class A { constructor() {} m() {} get x() {} set x(v) {} static s() {} static get y() {} #p() {} static #q() {} }':
    [
      'A.prototype.constructor',
      'A.prototype.m',
      'A.prototype.get x',
      'A.prototype.set x',
      'A.s',
      'A.get y',
      'A.prototype.#p',
      'A.#q',
    ],
  'class A { f = () => {}; static g = () => {}; #h = () => {}; [k]() {} "x y"() {} 1() {} [Symbol.iterator]() {} }':
    [
      'A.prototype.f',
      'A.g',
      'A.prototype.#h',
      'A.prototype[k]',
      "A.prototype['x y']",
      'A.prototype[1]',
      'A.prototype[Symbol.iterator]',
    ],
  'class A extends B { constructor() { super(); } } class C extends B { constructor() { let x; super(x); } }':
    ['A.prototype.constructor'],
  'class A extends mixin(() => {}) { m() {} }': ['A extends mixin()[0]', 'A.prototype.m'],
  'class A { static { const f = () => {}; } }': [],
  "app.get('/x', (q, s) => {}); app.get('/y', auth, (q, s) => {});": ["app.get('/x')[1]", "app.get('/y')[2]"],
  "app.get('/a', () => {}).get('/b', () => {}); app.route('/c').get(() => {}).post(() => {});": [
    "app.get('/a')[1]",
    "app.get('/b')[1]",
    "app.route('/c').get()[0]",
    "app.route('/c').get().post()[0]",
  ],
  'app.use(() => {}); app.use(() => {}); app.use(function named() {});': [
    'app.use()[0]',
    'app.use()[0]~2',
    'app.use()[0]~3',
  ],
  'const total = memo(() => {}), t2 = a(b(() => {}));': ['total = memo()[0]', 't2 = a()[0] = b()[0]'],
  'new Promise((r) => {}); await go(() => {}); tag`${() => {}}`;': [
    'new Promise()[0]',
    'go()[0]',
    'tag``[0]',
  ],
  '(() => {})(); (function () {})(); !function () {}();': ['iife', 'iife~2', 'iife~3'],
  'const list = [() => {}, [() => {}], { m() {} }];': ['list[0]', 'list[1][0]', 'list[2].m'],
  'const o = { a: { b: { c() {} } }, get d() {}, set d(v) {}, async *e() {}, f: cond ? () => {} : () => {} };':
    ['o.a.b.c', 'o.get d', 'o.set d', 'o.e', 'o.f', 'o.f~2'],
  'if (x) { function inBlock() {} } { let a; const f = () => a; } for (const x of y) go(() => x);': [
    'inBlock',
    'f',
    'go()[0]',
  ],
  'if (x) { var f = () => {}; go(() => {}); }': ['f', 'go()[0]'],
};

for (const [text, paths] of Object.entries(CASES)) {
  test(text, () => {
    const { functions } = functionsOf(text, parse(text, 'a case'));
    // What stands inside other functions is hot on its own account, under `<outer> > …`.
    const found = functions.map((one) => one.path).filter((path) => !path.includes(' > '));
    assert.equal(found, paths);
  });
}

test('each has its text, arity and line', () => {
  const text = `// one
class A {
  static async /* c */ *of(a, b = 1, ...c) {}
  get
  x() { return 1; }
}
export const f = async (a, { b }, [c] = []) => a;`;
  const { functions } = functionsOf(text, parse(text, 'a case'));
  assert.equal(
    functions.map(({ path, arity, line, start, end, async, generator, isStatic }) => [
      path,
      arity,
      line,
      text.slice(start, end),
      async,
      generator,
      isStatic,
    ]),
    [
      ['A.of', 1, 3, 'async /* c */ *of(a, b = 1, ...c) {}', true, true, true],
      ['A.prototype.get x', 0, 4, 'get\n  x() { return 1; }', false, false, false],
      ['f', 2, 7, 'async (a, { b }, [c] = []) => a', true, false, false],
    ],
  );
});

test('a path holds when code is added around it', () => {
  const paths = (text: string) => functionsOf(text, parse(text, 'a case')).functions.map((one) => one.path);
  const route = `app.get('/x', (q) => q);`;
  const above = [
    '',
    `app.get('/w', () => 1);`,
    `import a from 'a';\nconst n = 1;\nfunction helper() {}`,
    `app.use((q) => q);`,
    `app.post('/x', () => 1);`,
  ];
  for (const text of above) assert.ok(paths(`${text}\n${route}`).includes("app.get('/x')[1]"), text);
});

test.run();
