// The file on disk taken over: every kind of change, with the state that stays, and what undoes it.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Case, cases } from './cases.ts';
import { program } from './program.ts';

/** `save(text)` writes `m.js` and reloads it; `edit(from, to)` does so with one piece of it replaced. */
const SAYS = `const { readFileSync, writeFileSync, rmSync, mkdirSync } = await import('node:fs');
const save = (text, file = M) => { writeFileSync(file, text); return reload(file); };
const edit = (from, to, file = M) => { const text = readFileSync(file, 'utf8'); if (!text.includes(from)) throw new Error('no ' + from); return save(text.replace(from, () => to), file); };
const says = (f) => { try { return f(); } catch (error) { return error.code ?? error.message; } };
const again = () => import(M.replace(/^\\.\\/\\d+/, '.'));
`;

const SHOP = `import { sep } from 'node:path';
import { double } from './k.js';
const RATE = 2;
export const LIMITS = { max: 10 };
let count = 0;
export const seen = [];
/** Prices. */
export function price(item) { count++; return item * RATE; }
export const total = (items) => items.map((item) => price(item)).reduce((a, b) => a + b, 0);
export class Cart {
  #items = [];
  static made = 0;
  constructor() { Cart.made++; }
  add(item) { this.#items.push(item); return this; }
  get size() { return this.#items.length; }
  total() { return total(this.#items); }
}
export class Point { x = 1; sum() { return this.x; } }
export const counted = () => count;
export default { name: 'shop', path: sep };
seen.push('loaded');
`;
const FILES = {
  'm.js': SHOP,
  'k.js': 'export const double = (x) => x * 2; export const triple = (x) => x * 3;\n',
};

const CASES: Record<string, [files: Case[0], script: string, expected: unknown]> = {
  'nothing, layout and comments': [
    FILES,
    `const same = await reload(M); const v = await save(code(M).replace('/** Prices. */', '// prices\\n').replace('count++;', 'count++\\n ;')); m.price(1); return [same.number, v.number, v.summary, m.seen, m.counted()]`,
    [0, 1, 'comments and layout', ['loaded'], 1],
  ],
  'a function body, for everyone who holds it': [
    FILES,
    `const { price } = m; m.price(1); const v = await edit('item * RATE', 'item * RATE + 1'); return [v.number, v.summary, price(5), m.total([1, 2]), m.counted(), m.seen, code(M) === readFileSync(M, 'utf8'), (await rollback(M)).number, price(5)]`,
    [1, '~price', 11, 8, 4, ['loaded'], true, 0, 10],
  ],
  'stack traces of saved code name the file; those of an edit and of an earlier version name its text': [
    FILES,
    `const at = () => { try { m.price(); } catch ({ stack }) { const [, file, line] = /price.*? \\((.*):(\\d+):/.exec(stack); return [file.endsWith('/m.js'), line]; } };
     await edit('count++; return item * RATE', '\\n\\n  throw new Error()'); const saved = at(); await edit('throw new Error()', 'throw new Error("two")'); const second = at();
     await rewrite(m.price, 'function price() { throw new Error("three"); }'); const [edited] = at(); await rollback(M, 2); return [saved, second, edited, at()[0]]`,
    [[true, '10'], [true, '10'], false, false],
  ],
  'a constant, for the functions that use it': [
    FILES,
    `m.price(1); const v = await edit('RATE = 2', 'RATE = 5'); const now = m.price(2); const back = (await rollback(M), m.price(2)); await restore(M, 1); return [v.summary, now, back, m.price(2), m.counted(), m.seen]`,
    ['~RATE', 10, 4, 10, 4, ['loaded']],
  ],
  'a new constant is made with the functions as they are now, and one that fails leaves them': [
    FILES,
    `await edit('item * RATE', 'item * RATE + 1'); const refused = await no(save(code(M).replace('+ 1', '+ 2').replace('let count', 'const bad = price(1).x.y;\\nlet count'))); const then = m.price(1); await save(code(M).replace('+ 1', '+ 3').replace('seen.push', 'export const made = [price(1), total([1, 2])];\\nseen.push')); return [refused, then, (await again()).made, (await rollback(M)).number, m.price(1)]`,
    ['STRUCTURAL bad', 3, [5, 12], 1, 3],
  ],
  'an exported constant reaches importers, and functions that were not touched': [
    FILES,
    `const { LIMITS } = m; await edit('export const counted', 'export const limit = () => LIMITS.max;\\nexport const counted'); await edit('max: 10', 'max: 20'); const { limit } = await again(); return [m.LIMITS.max, LIMITS.max, limit(), (await rollback(M), m.LIMITS === LIMITS), limit()]`,
    [20, 10, 20, true, 10],
  ],
  'a variable: its new initialiser runs, and its value comes back': [
    FILES,
    `m.price(1); m.price(1); await edit('count = 0', 'count = 100'); m.price(1); const now = m.counted(); await rollback(M); return [now, m.counted(), m.seen]`,
    [101, 2, ['loaded']],
  ],
  'a new helper, used by an old function': [
    FILES,
    `const { price } = m; const v = await edit('/** Prices. */', 'const TAX = 1;\\nfunction taxed(x) { return x + TAX + count; }'); await edit('item * RATE;', 'taxed(item * RATE);'); const first = price(2); await edit('x + TAX', 'x - TAX'); const second = price(2); await edit('TAX = 1', 'TAX = 3'); return [v.summary, first, second, price(2)]`,
    ['+TAX, +taxed', 6, 5, 4],
  ],
  'imports that come, change and go': [
    FILES,
    `const v = await edit("import { double }", "import { double, triple as thrice }"); await edit('item * RATE;', 'thrice(item) + double(1);'); const first = m.price(2); await edit("triple as thrice", "double as thrice"); const second = m.price(2); const gone = await edit("import { double, double as thrice } from './k.js';", "import * as k from './k.js'; import fs, { existsSync } from 'node:fs';"); await edit('thrice(item) + double(1)', '[k.triple(item), typeof existsSync, fs.existsSync === existsSync, (() => { try { k = 1; } catch (error) { return error.message } })()]'); return [v.summary, first, second, gone.summary, m.price(2), (await rollback(M, 99), m.price(2))]`,
    [
      '+thrice',
      8,
      6,
      '+k, +fs, +existsSync, -double, -thrice',
      [6, 'function', true, 'Assignment to constant variable.'],
      4,
    ],
  ],
  'an imported module is live: its own edits are seen through it': [
    { ...FILES, 'n.js': 'export let n = 1; export const up = () => n++;\n' },
    `await edit("import { double } from './k.js';", "import { n, up } from './n.js';"); await edit('item * RATE;', '(up(), n);'); const one = m.price(1); return [one, m.price(1), m.price(1)]`,
    [2, 3, 4],
  ],
  'JSON and CommonJS are imported': [
    { ...FILES, 'data.json': '{ "a": 1 }', 'old.cjs': 'exports.b = 2;' },
    `await edit("import { double } from './k.js';", "import data from './data.json' with { type: 'json' }; import old, { b } from './old.cjs';"); await edit('item * RATE;', '[data.a, old.b, b];'); return m.price(1)`,
    [1, 2, 2],
  ],
  'imports that fail: nothing has changed': [
    { ...FILES, 'bad.js': 'throw new Error("bad start");\n', 'wrong.js': 'const = 1;' },
    `const out = []; for (const line of ["import x from './nowhere.js';", "import { nope } from './k.js';", "import './bad.js';", "import './wrong.js';", "import y from 'no-such-package';"]) { try { await edit("import { double } from './k.js';", line + "import { double } from './k.js';"); out.push('accepted'); } catch (error) { out.push([error.code, error.line, /cannot be loaded|has no export "nope"; it has double, triple/.test(error.message)].join()); } writeFileSync(M, code(M)); } return [out, history(M).length, m.price(2), (await edit('item * RATE', 'item')).number, m.price(2)]`,
    [Array(5).fill('ERR_HOTSWAP_STRUCTURAL,2,true'), 1, 4, 1, 2],
  ],
  'a name that a module of many exports has not: the one that was meant is named': [
    FILES,
    `try { await edit("import { double } from './k.js';", "import { double } from './k.js'; import { readFiles } from 'node:fs';"); } catch (error) { return error.message.replace(/.*m\\.js /, ''); }`,
    'line 2 imports "node:fs", which has no export "readFiles"; did you mean readFile?',
  ],
  'what only the engine refuses: the line is that of the function': [
    FILES,
    `try { await edit('item * RATE', '/(/'); } catch (error) { return [error.code, error.line, error.message.replace(/.*m\\.js/, '')]; }`,
    [
      'ERR_HOTSWAP_SYNTAX',
      8,
      '#price (from line 8 on) is refused by the engine: Invalid regular expression: /(/: Unterminated group',
    ],
  ],
  'invisible characters: Node takes them in strings, templates, patterns and comments only': [
    FILES,
    `const out = []; for (const seen of ['\\u200b', '\\u0085']) for (const [from, to] of [['let count', seen + 'let count'], ['let count', '/*' + seen + '*/let count'], ['item * RATE', "('" + seen + "', \`" + seen + "\`, /" + seen + "/, 9)"], ['item * RATE', '9' + seen]]) { try { await edit(from, to); out.push(m.price(1)); } catch (error) { out.push([error.code, error.line, error.message.split('\\n')[0].replace(/.*m\\.js /, '')].join()); } await reset(M); writeFileSync(M, code(M)); } return out`,
    ['200B', '0085'].flatMap((code) => [
      `ERR_HOTSWAP_SYNTAX,5,does not parse: Invalid character U+${code}, which is not seen (line 5)`,
      2,
      9,
      `ERR_HOTSWAP_SYNTAX,8,does not parse: Invalid character U+${code}, which is not seen (line 8)`,
    ]),
  ],
  'exports that come, go and change their name': [
    FILES,
    `await edit('export const total', 'const total'); const gone = says(() => m.total([1])); const names = Object.keys(await again()); await edit('export const counted', 'export { total as sum };\\nexport const counted'); const now = await again(); return [gone, names.includes('total'), now.sum([1, 2]), 'total' in now, exports(M).map((one) => one.name)]`,
    [2, false, 6, false, ['LIMITS', 'seen', 'price', 'Cart', 'Point', 'sum', 'counted', 'default']],
  ],
  'a removed function tells who holds it': [
    FILES,
    `const { counted } = m; await edit('export const counted = () => count;', ''); const told = says(counted); await rollback(M); return [told, counted()]`,
    ['ERR_HOTSWAP_REMOVED', 0],
  ],
  'a changed default reaches importers': [
    FILES,
    `const first = m.default; await edit("name: 'shop'", "name: 'store'"); const second = m.default.name; await edit("export default { name: 'store', path: sep };", 'export default () => 7;'); const third = (await again()).default; return [first.name, second, third(), (await rollback(M, 2), m.default === first)]`,
    ['shop', 'store', 7, true],
  ],
  'methods, accessors and statics come, change and go, for instances that exist': [
    FILES,
    `const cart = new m.Cart().add(1).add(2); const v = await edit('total() {', 'last() { return super.toString() + this.#items.at(-1); }\\n  get half() { return this.size / 2; }\\n  set half(x) { this.set = x; }\\n  static of(...all) { const cart = new this(); all.forEach((one) => cart.add(one)); return cart; }\\n  async *each() { yield* this.#items; }\\n  total() {'); cart.half = 9; const now = [cart.last(), cart.half, cart.set, m.Cart.of(5).total(), (await cart.each().next()).value, Object.keys(cart), Object.getOwnPropertyDescriptor(m.Cart.prototype, 'last').enumerable]; const w = await edit('get size() { return this.#items.length; }', 'get size() { return 42; }'); await edit('at(-1)', 'at(0)'); const changed = [cart.size, cart.last(), m.Cart.made]; await rollback(M, 99); return [v.summary, now, w.summary, changed, typeof cart.last, cart.size, 'half' in cart, says(() => m.Cart.of(1))]`,
    [
      '+Cart.prototype.last, +Cart.prototype.get half, +Cart.prototype.set half, +Cart.of, +Cart.prototype.each',
      ['[object Object]2', 1, 9, 10, 1, ['set'], false],
      '~Cart.prototype.get size',
      [42, '[object Object]1', 2],
      'undefined',
      2,
      false,
      'm.Cart.of is not a function',
    ],
  ],
  'static fields come, change and go, for instances that exist; what they held comes back': [
    FILES,
    `const { Cart } = m; const cart = new Cart().add(4); const v = await edit('static made = 0;', 'static made = 0;\\n  static limit = Cart.made + RATE + this.made;\\n  static name = "cart";\\n  static of = (item) => new this().add(item);\\n  static empty;'); const now = [m.Cart === Cart, v.summary, Cart.limit, Cart.name, Cart.of(5).total(), Cart.of.name, 'empty' in Cart, Cart.made]; const w = await edit('made = 0', 'made = 10'); await edit('return this.#items.length', 'return this.#items.length + Cart.limit'); const x = await edit('new this().add(item)', 'new this().add(item).add(item)'); const changed = [w.summary, Cart.made, cart.size, x.summary, Cart.of(5).size]; const bad = await no(edit('static empty;', 'static empty = null.x;')); writeFileSync(M, code(M)); const gone = await edit('static empty;', ''); await rollback(M, 99); return [now, changed, bad, gone.summary, 'empty' in Cart, Cart.made, cart.size, Object.keys(Cart), (await restore(M, 1), Cart.of(5).size), Cart.limit]`,
    [
      [true, '+Cart.limit, +Cart.name, +Cart.of, +Cart.empty', 4, 'cart', 10, 'of', true, 2],
      ['~Cart.made', 10, 5, '~Cart.of', 6],
      'STRUCTURAL',
      '-Cart.empty',
      false,
      2,
      1,
      ['made'],
      1,
      4,
    ],
  ],
  'fields make a new class, whose methods old instances have too': [
    FILES,
    `const { Point } = m; const old = new Point(); await edit('x = 1; sum() { return this.x; }', 'x = 1; y = 2; sum() { return this.x + (this.y ?? 0); } more() { return super.constructor === Object; }'); const young = new m.Point(); const now = [m.Point === Point, young.sum(), old.sum(), old instanceof m.Point, young instanceof Point, old.more()]; await edit('this.x + (', '100 * this.x + ('); now.push(young.sum(), old.sum()); await rollback(M, 2); return [now, m.Point === Point, old.sum(), young.sum(), 'more' in old, new m.Point().y ?? null, (await restore(M, 1), new m.Point().sum()), old.more()]`,
    [[false, 3, 1, true, false, true, 102, 100], true, 1, 1, false, null, 3, true],
  ],
  'classes that extend one with other fields extend the new class, in other modules too': [
    {
      'm.js': `export class Point { static made = 0; x = 1; constructor(k = 1) { this.k = k; Point.made++; } sum() { return this.x * this.k; } static of(k) { return new this(k); } }
export class Near extends Point { near = this.x; }
const frozen = Object.freeze(class extends Point {}); export const ice = () => new frozen().sum();
`,
      'k.js': `import { Point, Near } from './m.js';
class Far extends Point { constructor() { super(5); } sum() { return -super.sum(); } }
class Further extends Near { #own = 7; sum() { return [super.sum(), this.near, this.#own]; } }
export const far = () => new Far(), further = () => new Further(), of = () => Further.of(3).sum();
`,
    },
    `const k = await import('./k.js' + new URL(M, import.meta.url).search); const { Point, Near } = m, old = [k.far(), k.further()];
      const see = () => [...old, k.far(), k.further()].map((one) => one.sum()).concat([k.of(), new m.Near().sum(), m.Near === Near, old[1] instanceof m.Point, k.further() instanceof m.Point, m.ice()]);
      const seen = [see()]; await edit('x = 1;', 'x = 2; y = 1;'); seen.push(see()); await edit('* this.k', '* 10 * this.k'); seen.push(see()); await edit('y = 1;', 'y = 3; z = 1;'); seen.push(see(), [m.Point.made, Object.getPrototypeOf(m.Near) === m.Point]);
      await edit('near = this.x', 'near = this.y'); seen.push(see()); await rollback(M, 9); return [...seen, see(), m.Point === Point, Object.getPrototypeOf(Near) === Point]`,
    [
      [-5, [1, 1, 7], -5, [1, 1, 7], [3, 1, 7], 1, true, true, true, 1],
      [-5, [1, 1, 7], -10, [2, 2, 7], [6, 2, 7], 2, true, true, true, 1],
      [-50, [10, 1, 7], -100, [20, 2, 7], [60, 2, 7], 20, true, true, true, 10],
      [-50, [10, 1, 7], -100, [20, 2, 7], [60, 2, 7], 20, true, true, true, 10],
      [23, true],
      [-50, [10, 1, 7], -100, [20, 3, 7], [60, 3, 7], 20, false, true, true, 10],
      [-5, [1, 1, 7], -5, [1, 1, 7], [3, 1, 7], 1, true, true, true, 1],
      true,
      true,
    ],
  ],
  'one with #private names: old instances keep theirs, and take new code that needs no others': [
    FILES,
    `const old = new m.Cart().add(1); await edit('#items = [];', '#items = []; #more = 1;'); const young = new m.Cart().add(1); await edit('this.#items.length', 'this.#items.length * 10'); const now = [old.size, young.size, young.total()]; await rollback(M, 2); return [now, old.size, old instanceof m.Cart, new m.Cart().add(3).size, old.total()]`,
    [[10, 10, 2], 1, true, 1, 2],
  ],
  'new code that needs a #private name which old instances lack, or names their class: they keep theirs, and it is said':
    [
      FILES,
      `const old = new m.Cart().add(1); await edit('get size', 'first() { return this.#items[0]; }\\n  get size'); await edit('#items = [];', '#items = []; #more = 1;'); const v = await edit('this.#items[0]', 'this.#items[0] + this.#more'); const w = await edit('return this.#items.length', 'return this.#items.length + Cart.made'); const kept = [old.first(), new m.Cart().add(1).first(), old.size, v.deferred, w.deferred]; await rollback(M, 3); writeFileSync(M, code(M)); await edit('this.#items[0]', 'this.#items[0] + 5'); return [...kept, old.first(), old instanceof m.Cart]`,
      [
        1,
        2,
        1,
        [
          {
            path: 'Cart.prototype.first',
            names: [],
            reason: 'instances that were made before have no #more',
          },
        ],
        [
          {
            path: 'Cart.prototype.get size',
            names: [],
            reason: 'instances that were made before are of another class than Cart is now',
          },
        ],
        6,
        true,
      ],
    ],
  'statements at the top level: only new and changed ones run': [
    FILES,
    `await edit("seen.push('loaded');", "seen.push('loaded');\\nseen.push('more');"); await edit("push('more')", "push('changed')"); await edit("seen.push('loaded');\\n", ''); const v = version(M); const now = [...m.seen]; await rollback(M, 99); const back = [...m.seen]; writeFileSync(M, code(M)); await edit("seen.push('loaded');", "for (const x of [1, 2]) { const y = x; seen.push(y + count); }\\nif (seen.length > 3) { var late = seen.length; seen.push(late); }"); return [v.summary, now, back, m.seen.slice(3)]`,
    ["-seen.push('loaded')", ['loaded', 'more', 'changed'], ['loaded', 'more', 'changed'], [1, 2, 5]],
  ],
  'inline callbacks keep their state and their place': [
    {
      'm.js': `export const routes = {}; const app = { get(path, handler) { let hits = 0; routes[path] = () => handler(++hits); } };\napp.get('/a', (n) => 'a' + n);\napp.get('/b', (n) => 'b' + n);\n`,
    },
    `m.routes['/a'](); m.routes['/b'](); const held = m.routes['/a']; const v = await edit("'a' + n", "'A' + n"); const w = await edit("app.get('/b'", "app.get('/c', (n) => 'c' + n);\\napp.get('/b'"); return [held(), m.routes['/b'](), m.routes['/c'](), v.summary, w.summary, functions(M).map((one) => one.path).slice(-3)]`,
    [
      'A2',
      'b2',
      'c1',
      "~app.get('/a')[1]",
      "+app.get('/c', (n) => 'c' + n)",
      ["app.get('/a')[1]", "app.get('/c')[1]", "app.get('/b')[1]"],
    ],
  ],
  'top-level await in what is new': [
    FILES,
    `const v = await edit('let count = 0;', "let count = 0;\\nconst late = await new Promise((done) => setTimeout(done, 5, 'late'));\\nawait null; seen.push(late);"); await edit('item * RATE', 'late'); return [v.number, m.price(1), m.seen]`,
    [1, 'late', ['loaded', 'late']],
  ],
  'from sync to async and back, to a generator': [
    FILES,
    `const { price } = m; await edit('export function price', 'export async function price'); const one = await price(2); await edit('export async function price', 'export function price'); const two = m.price(2); await edit('export function price(item) {', 'export function* price(item) { yield 1;'); return [one, two, [...m.price(2)], [...price(2)]]`,
    [4, 4, [1], [1]],
  ],
  'an initialiser that throws: nothing has changed': [
    FILES,
    `const out = []; for (const [from, to] of [['RATE = 2', 'RATE = nowhere'], ['let count = 0;', "let count = 7; seen.push('ran'); null.x;"], ['max: 10', 'max: (() => { throw new RangeError("no") })()']]) { try { await edit(from, to); out.push('accepted'); } catch (error) { out.push(error.code + ' ' + error.message.replace(/.*m\\.js: /, '')); } writeFileSync(M, code(M)); } m.price(1); return [out, m.counted(), m.price(1), history(M).length, (await edit('RATE = 2', 'RATE = 3')).number, m.price(1)]`,
    [
      [
        'ERR_HOTSWAP_STRUCTURAL the new RATE in line 3 cannot be made, evaluating it failed: nowhere is not defined',
        "ERR_HOTSWAP_STRUCTURAL the new statement in line 5 failed: Cannot read properties of null (reading 'x')",
        'ERR_HOTSWAP_STRUCTURAL the new LIMITS in line 4 cannot be made, evaluating it failed: no',
      ],
      1,
      2,
      1,
      1,
      3,
    ],
  ],
  'a file with a syntax error, then a good one': [
    FILES,
    `let error; try { await edit('item * RATE;', 'item * ;'); } catch (caught) { error = caught; } const still = m.price(2); const v = await save(code(M).replace('item * RATE', 'item')); return [error.code, error.line, /m\\.js/.test(error.message) && error.message.includes(',-[8:'), still, v.number, m.price(2)]`,
    ['ERR_HOTSWAP_SYNTAX', 8, true, 4, 1, 2],
  ],
  'an import of no file says which, and which may be meant': [
    { ...FILES, 'lib/index.js': '', 'bad.js': "import './gone.js';\n" },
    `const out = []; for (const name of ['./k', './lib', './nowhere.js', './bad.js']) await edit("import { double }", "import '" + name + "';\\nimport { double }").catch((error) => { out.push(error.message.split('cannot be loaded: ')[1].replaceAll(process.cwd(), '').replace(/[/\\\\]\\d+[/\\\\]/g, '/')); writeFileSync(M, code(M)); }); return [out.slice(0, 3), /gone\\.js.* imported from .*bad\\.js/.test(out[3])]`,
    [
      [
        'there is no file /k (is "./k.js" meant?)',
        'there is no file /lib (is "./lib/index.js" meant?)',
        'there is no file /nowhere.js',
      ],
      true,
    ],
  ],
  'what only the whole text can be judged by, as Node would on loading it': [
    {
      'm.js': SHOP,
      'k.js': FILES['k.js'],
      't.ts': `interface Item { cost: number }\nenum Kind { A }\nenum Kind { B = 1 }\nexport function cost(item: Item): number;\nexport function cost(item: Item, kind = Kind.A) { return item.cost + kind; }\nexport type { Item };\n`,
    },
    `const T = M.replace('m.js', 't.ts'); await import(T.replace(/^\\.\\/\\d+/, '.')); const out = [];
     for (const [file, more] of [[M, 'const price = 1;'], [M, 'let sep = 1;'], [M, 'var total;'], [M, 'export { nope };'], [M, 'let let = 1;'], [M, 'export const z = () => { let a; let a; };'], [M, 'Cart.prototype.#x;'], [T, 'const cost = 1;'], [T, 'class Kind {}'], [T, 'const z = 1; export { z as cost };'], [T, 'export default 1; export default 2;'], [T, 'export { nope };']]) {
       const before = readFileSync(file, 'utf8');
       out.push(await save(before + more, file).then((v) => v.summary, (error) => [error.code, error.line - before.split('\\n').length, error.message.includes(more.slice(-6))].join()));
       writeFileSync(file, before);
     }
     return [out.filter((one) => !/^ERR_HOTSWAP_SYNTAX,(0|-\\d+),true$/.test(one)), version(M).number, version(T).number, (await save(readFileSync(T, 'utf8') + 'enum Kind { C = 2 }\\n', T)).number]`,
    [[], 0, 0, 1],
  ],
  'a file that cannot be read': [
    FILES,
    `const text = readFileSync(M); rmSync(M); const gone = await no(reload(M)); mkdirSync(M); const directory = await no(reload(M)); rmSync(M, { recursive: true }); writeFileSync(M, Buffer.from([0x65, 0xff, 0xfe])); const bytes = await no(reload(M)); writeFileSync(M, text); return [gone, directory, bytes, m.price(2), history(M).length, (await reload(M)).number, await no(reload('./nowhere.js')), await no(reload('./app.js'))]`,
    ['MISSING', 'MISSING', 'SYNTAX', 4, 1, 0, 'NOT_HOT', 'accepted'],
  ],
  'a function of names that lead nowhere is as Node has it': [
    FILES,
    `await edit('item * RATE', 'item * nowhere'); return [says(() => m.price(1)), (await edit('nowhere', 'RATE')).number, m.price(1)]`,
    ['nowhere is not defined', 2, 2],
  ],
  'edits and saves in one history': [
    FILES,
    `await rewrite(m.price, '(item) => item * RATE + 7'); await edit('RATE = 2', 'RATE = 3'); const file = m.price(1); await inject(m.price, '() => { count += 10 }'); const edited = [m.price(1), m.counted()]; await rollback(M); const one = m.price(1); await rollback(M); return [file, edited, one, m.price(1), history(M).map((v) => v.summary)]`,
    [3, [3, 12], 3, 9, ['as loaded', '~price', '~RATE, ~price', '~price']],
  ],
};

cases(
  Object.fromEntries(
    Object.entries(CASES).map(([name, [files, script, expected]]) => [
      name,
      [files, SAYS + script, expected],
    ]),
  ),
);

/** What an export stands for, before and after a save; `c` is what importers call from the second save on. */
const REBOUND: Record<string, [before: string, after: string, sees?: string]> = {
  'export default of a function, named otherwise': [
    'export default function r(u) { return "a" + u; }',
    'export default function q(u) { return "b" + u; }',
  ],
  'of an arrow, then of a function': [
    'export default (u) => "a" + u;',
    'export default function r(u) { return "b" + u; }',
  ],
  'of a function, then of a name': [
    'export default function r(u) { return "a" + u; }',
    'function q(u) { return "b" + u; }\nexport default q;',
  ],
  'of a function, then in a list': [
    'export default function r(u) { return "a" + u; }',
    'function q(u) { return "b" + u; }\nexport { q as default };',
  ],
  'of a name, then of another': [
    'const r = (u) => "a" + u;\nexport default r;',
    'const q = (u) => "b" + u;\nexport default q;',
  ],
  'of a function, then of what a call gives': [
    'export default function r(u) { return "a" + u; }',
    'const memo = (f) => (...all) => f(...all);\nexport default memo((u) => "b" + u);',
  ],
  'a constant, then what a call gives': [
    'export const render = (u) => "a" + u;',
    'const memo = (f) => (...all) => f(...all);\nexport const render = memo((u) => "b" + u);',
  ],
  'a function, then another in a list': [
    'export function render(u) { return "a" + u; }',
    'function impl(u) { return "b" + u; }\nexport { impl as render };',
  ],
  'a constant, then another in a list': [
    'export const render = (u) => "a" + u;',
    'const impl = (u) => "b" + u;\nexport { impl as render };',
  ],
  'a variable, then another': [
    'export let render = (u) => "a" + u;',
    'let impl = (u) => "b" + u;\nexport { impl as render };',
  ],
  'an async function': [
    'export async function render(u) { return "a" + u; }',
    'async function impl(u) { return "b" + u; }\nexport { impl as render };',
  ],
  'passed on of another module': [
    'export function render(u) { return "a" + u; }',
    'export { render } from "./other.js";',
    'b',
  ],
  'all of another module passed on': [
    'export function render(u) { return "a" + u; }',
    'export * from "./other.js";',
    'b',
  ],
  'imported, and exported': [
    'export function render(u) { return "a" + u; }',
    'import { render as x } from "./other.js";\nexport { x as render };',
    'b',
  ],
};

cases(
  Object.fromEntries(
    Object.entries(REBOUND).map(([name, [before, after, sees = 'c']]): [string, Case] => {
      const named = /default/.test(before) ? 'render' : '{ render }';
      const files = {
        'm.js': before,
        'other.js': 'export function render(u) { return "b" + u; }',
        'user.js': `import ${named} from './m.js'; const held = render; export const both = async () => [await render(1), await held(2)].join();`,
      };
      const script = `const { both } = await import('./user.js'); const before = code(M), after = ${JSON.stringify(after)}; const seen = [await both()]; const see = async (v) => seen.push(v.deferred ?? '', await both());
        await see(await save(after)); await see(await rollback(M)); await see(await restore(M, 1)); await see(await save(after.replace('"b"', '"c"'))); await see(await save(before)); return seen.join(' ')`;
      const say = (letter: string) => `${letter}1,${letter}2`;
      return [
        `${name}: importers and holders get it`,
        [files, SAYS + script, ['a', 'b', 'a', 'b', sees, 'a'].map(say).join('  ')],
      ];
    }),
  ),
);

cases({
  'a default class named otherwise': [
    {
      'm.js': 'export default class A { go() { return "a"; } static st() { return "s"; } }',
      'user.js': `import R from './m.js'; export const both = () => new R().go() + R.st();`,
    },
    `${SAYS}const { both } = await import('./user.js'), seen = [both()]; await save('export default class B { go() { return "b"; } static st() { return "t"; } }'); seen.push(both()); await rollback(M); seen.push(both()); await restore(M, 1); return [...seen, both()]`,
    ['as', 'bt', 'as', 'bt'],
  ],
  'a class that is made anew keeps its static state': [
    {
      'm.js': `export class A { static made = 0; static cache = new Map(); static #n = 10; static bump() { return ++A.#n; } label = 'a'; constructor() { A.made++; A.cache.set(A.made, this.label); } }
A.given = { by: 'statement' };
export const render = () => { new A(); return [A.made, A.cache.size, A.bump(), A.given.by]; };
`,
    },
    `${SAYS}const { A } = m, seen = [m.render(), m.render()]; const see = async (v) => seen.push([v.summary, ...m.render()]); await see(await edit("label = 'a'", "label = 'b'")); await see(await edit("label = 'b'", "label = 'c'; more = 1"));
      await see(await edit('made = 0', 'made = 100')); await see(await rollback(M)); await see(await restore(M, 0)); const failed = await no(save(code(M).replace("'a'", "'z'; static x = (() => { throw 1; })()"))); return [...seen, failed, m.render(), m.A === A]`,
    [
      ...[
        [1, 1, 11, 'statement'],
        [2, 2, 12, 'statement'],
      ],
      ...[
        ['~A', 3, 3, 13, 'statement'],
        ['~A', 4, 4, 14, 'statement'],
        ['~A.made', 101, 5, 15, 'statement'],
      ],
      ...[
        ['~A', 5, 6, 16, 'statement'],
        ['as loaded', 6, 7, 17, 'statement'],
      ],
      ...['STRUCTURAL A', [7, 8, 18, 'statement'], true],
    ],
  ],
  'a new import that failed is imported again once something of it was saved': [
    {
      'm.js': 'export function render() { return 1; }',
      'mid.js': `import { t } from './thr.js'; globalThis.mids = (globalThis.mids ?? 0) + 1; export const mid = () => 'mid ' + t();`,
      'thr.js': `throw new Error('boom'); export function t() { return 't'; }`,
    },
    `${SAYS}const next = "import { mid } from './mid.js'; import { t } from './thr.js'; export function render() { return [mid(), t()].join(); }", thr = M.replace('m.js', 'thr.js'), text = (value) => 'export function t() { return "' + value + '"; }';
      const why = async (op) => { try { return (await op).summary; } catch (e) { return /boom/.test(e.message); } };
      const seen = [await why(save(next)), await why(reload(M)), m.render()]; await save(text('fine'), thr); seen.push(m.render(), await why(reload(M)), m.render()); await save(text('better'), thr); await rewrite(M.replace('m.js', 'mid.js') + '#mid', '() => 0');
      return [...seen, m.render(), (await import('./mid.js')).mid(), globalThis.mids, version(thr).number]`,
    [true, true, 1, 1, '+mid, +t, ~render', 'mid fine,fine', '0,better', 0, 1, 2],
  ],
  'what cannot lead two ways, or is taken, or comes from elsewhere, is said': [
    {
      'm.js':
        'function a() { return "a"; }\nexport { a as f, a as g };\nconst c = () => "c";\nexport { c as h };\nexport { o } from "./o.js";\nexport const data = () => 1;\n',
      'o.js': 'export const o = () => "o";',
      'user.js': `import { f, g, h, o, data } from './m.js'; export const all = () => [f(), g(), h(), o(), typeof data].join();`,
    },
    `${SAYS}const { all } = await import('./user.js'); const v = await save('function x() { return "x"; }\\nfunction y() { return "y"; }\\nexport { x as f, y as g };\\nfunction c() { return "other"; }\\nconst d = () => "d";\\nexport { d as h, c };\\nexport function o() { return "own"; }\\nexport const data = 5;\\n');
      const seen = [all(), v.deferred.map(({ path }) => path).sort()]; await rollback(M); return [...seen, all()]`,
    ['x,x,other,o,function', ['data', 'g', 'h', 'o'], 'a,a,c,o,function'],
  ],
  'a function that becomes a class of its name, and what a prototype was given': [
    'export const f = () => 1; const g = async () => 1; export const kind = () => typeof g;\nclass A { x = 1; }\nA.prototype.added = function () { return "added"; };\nexport const made = () => { const a = new A(); return [a.x, a.added()].join(); };\n',
    `${SAYS}const seen = [m.made()]; await edit('const g = async () => 1', 'class g { a() {} }'); await edit('const f = () => 1', 'class f { a() {} }'); await edit('x = 1', 'x = 2'); return [...seen, m.made(), m.kind(), (await again()).f.name]`,
    ['1,added', '2,added', 'function', 'f'],
  ],
  'an export that cannot be led elsewhere is said, and importers keep what they had': [
    {
      'm.js':
        'const a = () => "a", b = () => "b"; export { a as render }; export default (u) => "x"; export const keep = [a, b];',
      'user.js': `import x, { render } from './m.js'; export const both = () => render() + x();`,
    },
    `${SAYS}const { both } = await import('./user.js'); const v = await save('const a = () => "a", b = () => "b"; export { b as render }; const o = { go: 1 }; export default o; export const keep = [a, b];'); return [both(), v.summary, v.deferred.map((one) => one.reason)]`,
    [
      'ax',
      '+o, ~default, ~render',
      [
        'who imported render before keeps a, which the module still has; a restart gives them b',
        'who imported default before keeps what it was, as that cannot be set; a restart gives them o',
      ],
    ],
  ],
});

test('after a restart the saved file runs, without a word, and so does one that was changed since', async () => {
  const app = program({
    'm.js': 'export const f = () => 1;\n',
    'app.js': `import { writeFileSync } from 'node:fs'; import { f } from './m.js'; import { history, reload } from 'hotswap';
const before = f(); writeFileSync('m.js', 'export const f = () => 2;\\n'); await reload('./m.js'); console.log(JSON.stringify([before, f(), history('./m.js').length]));`,
  });
  try {
    assert.equal(await app.json(), [1, 2, 2]);
    const { stdout, stderr } = await app.run();
    assert.equal([JSON.parse(stdout), stderr], [[2, 2, 1], '']);
    app.write('m.js', 'export const f = () => 3;\n');
    const changed = await app.run();
    assert.equal([JSON.parse(changed.stdout), changed.stderr], [[3, 2, 2], ''], 'no edit is lost');
  } finally {
    app.remove();
  }
});

test('after a restart the edits made since a save run, and can be taken back one by one', async () => {
  const app = program({
    'm.js': 'export const f = () => 1, g = () => 1;\n',
    'app.js': `import { writeFileSync } from 'node:fs'; import { f, g } from './m.js'; import { history, reload, rewrite, rollback, version } from 'hotswap';
const M = './m.js', values = () => [f(), g(), version(M).number, history(M).length], out = [values()];
const steps = {
  save: async () => { writeFileSync('m.js', 'export const f = () => 2, g = () => 2;\\n'); await reload(M); },
  edits: async () => { await rewrite(f, () => 3); await rewrite(g, () => 4); },
  back: () => rollback(M),
};
for (const step of process.env.STEPS.split(' ')) { await steps[step]?.(); out.push(values()); }
console.log(JSON.stringify(out));`,
  });
  const go = async (STEPS: string) => {
    const { stdout, stderr } = await app.run({ env: { STEPS } });
    return [JSON.parse(stdout), stderr.match(/has changed|runs version \d \(.*?\)/g)];
  };
  try {
    assert.equal(await go('edits save edits'), [
      [
        [1, 1, 0, 1],
        [3, 4, 2, 3],
        [2, 2, 3, 4],
        [3, 4, 5, 6],
      ],
      null,
    ]);
    assert.equal(await go('back back'), [
      [
        [3, 4, 2, 3],
        [3, 2, 1, 3],
        [2, 2, 0, 3],
      ],
      ['runs version 2 (~g)'],
    ]);
    assert.equal(await go(''), [
      [
        [2, 2, 0, 3],
        [2, 2, 0, 3],
      ],
      null,
    ]);
    app.write('m.js', 'export const f = () => 1, g = () => 1;\n');
    // The save is what was known of the file last; another text is a change, and the edits made before the save are of this one.
    assert.equal((await go(''))[0], [
      [1, 1, 0, 6],
      [1, 1, 0, 6],
    ]);
    app.write('m.js', 'export const f = () => 9, g = () => 9;\n');
    assert.equal((await go('edits'))[0], [
      [9, 9, 0, 1],
      [3, 4, 2, 3],
    ]);
  } finally {
    app.remove();
  }
});

test('after a restart the last edits run, whatever history the text had before', async () => {
  const text = (value: string) => `export function f() { return '${value}'; }\n`;
  const app = program({
    'm.js': text('A'),
    'app.js': `import { writeFileSync } from 'node:fs'; import { f } from './m.js'; import { reload, rewrite, rollback } from 'hotswap';
for (const step of (process.env.STEPS ?? '').split(' ')) { const [what, value] = step.split('='); if (what === 'save') { writeFileSync('m.js', "export function f() { return '" + value + "'; }\\n"); await reload('./m.js'); } if (what === 'edit') await rewrite(f, "() => '" + value + "'"); if (what === 'back') await rollback('./m.js'); }
console.log(JSON.stringify(f()));`,
  });
  const go = (STEPS: string) => app.json({ env: { STEPS, HOTSWAP_SILENT: '1' } });
  try {
    for (const first of ['edit=a1', 'edit=a1 back=1']) {
      app.write('m.js', text('A'));
      await go(first);
      app.write('m.js', text('B'));
      assert.equal([await go('save=A edit=a2'), await go('')], ['a2', 'a2'], first);
      assert.equal([await go('save=B'), await go('save=A'), await go('')], ['B', 'A', 'A']);
    }
    assert.equal([await go('save=B edit=b1'), await go('save=A edit=a1'), await go('')], ['b1', 'a1', 'a1']);
    assert.equal([await go('save=B edit=b2'), await go('')], ['b2', 'b2']);
  } finally {
    app.remove();
  }
});

test('after a restart where the save was taken back, the file runs', async () => {
  const app = program({
    'm.js': 'export const f = () => 1;\n',
    'app.js': `import { writeFileSync } from 'node:fs'; import { f } from './m.js'; import { history, reload, rewrite, rollback } from 'hotswap';
if (process.env.FIRST) { await rewrite(f, () => 5); writeFileSync('m.js', 'export const f = () => 2;\\n'); await reload('./m.js'); await rollback('./m.js', 1); }
console.log(JSON.stringify([f(), history('./m.js').length]));`,
  });
  try {
    assert.equal(await app.json({ env: { FIRST: '1' } }), [5, 3]);
    assert.equal(await app.json({ env: {} }), [2, 1]);
  } finally {
    app.remove();
  }
});

test.run();
