// Functions inside functions: the new code reaches closures that exist, each with its own captured variables.
import { test } from 'uvu';
import { type Case, cases } from './cases.ts';

const COUNTER = `export function makeCounter(start, { step = 1 } = {}) {
  let n = start; const log = [];
  return { inc() { n += step; log.push(n); return n; }, get value() { return n; }, dec: (k) => n -= k, size: () => log.length };
}
`;

const REACH: Record<string, Case> = {
  'a thousand closures of one factory, each with its own count': [
    COUNTER,
    `const all = Array.from({ length: 1000 }, (_, i) => m.makeCounter(i, { step: 2 })); all.forEach((c) => c.inc());
     const v = await rewrite(at('makeCounter > return.inc'), '() => { n += step * 10; return -n; }');
     return [v.deferred ?? null, all.every((c, i) => c.value === i + 2), all.every((c, i) => c.inc() === -(i + 22)), all.every((c, i) => c.value === i + 22 && c.size() === 1)]`,
    [null, true, true, true],
  ],
  'by the function value itself': [
    COUNTER,
    `const a = m.makeCounter(5), b = m.makeCounter(7); await rewrite(a.dec, (k) => k * 100); return [a.dec(2), b.dec(3), code(b.dec), a.value]`,
    [200, 300, '(k) => k * 100', 5],
  ],
  'getters and methods of an object literal': [
    COUNTER,
    `const a = m.makeCounter(5); await rewrite(at('makeCounter > return.get value'), 'get value() { return [n, log]; }'); a.inc(); return a.value`,
    [6, [6]],
  ],
  'inject, and statements that use captured variables': [
    COUNTER,
    `const a = m.makeCounter(1); await inject(at('makeCounter > return.inc'), '() => { log.push("in") }', { at: 0 }); await inject(at('makeCounter > return.inc'), () => { globalThis.injected = (globalThis.injected ?? 0) + 1; }, { at: 'end' });
     a.inc(); a.inc(); return [a.size(), globalThis.injected, history(M).length]`,
    [4, 2, 3],
  ],
  'rollback, restore and reset reach closures of every generation': [
    COUNTER,
    `const a = m.makeCounter(1); await rewrite(a.inc, '() => "one " + n'); await rewrite(m.makeCounter, COUNTER_2); const b = m.makeCounter(50);
     const seen = [[a.inc(), b.inc()]];
     await rewrite(at('makeCounter > return.inc'), '() => "three " + n'); seen.push([a.inc(), b.inc()]);
     await rollback(M); seen.push([a.inc(), b.inc()]); await restore(M, 1); seen.push([a.inc(), b.inc()]); await reset(M); seen.push([a.inc(), b.inc()]); await restore(M, 3); seen.push([a.inc(), b.inc()]);
     return seen;`.replace(
      'COUNTER_2',
      '\'function makeCounter(start) { let n = start * 2; return { inc() { return "two " + n; } }; }\'',
    ),
    [
      ['two 1', 'two 100'],
      ['three 1', 'three 100'],
      ['two 1', 'two 100'],
      ['one 1', 'one 100'],
      [2, 'one 100'],
      ['three 2', 'three 100'],
    ],
  ],
  'only the changed function is replaced': [
    'let made = 0; export function outer() { made++; const a = () => "a"; const b = () => "b"; return { a, b }; } export const count = () => made;',
    `const o = m.outer(); const v = await rewrite(at('outer > a'), '() => "A"'); return [v.summary, o.a(), o.b(), m.outer().a(), m.count(), await rewrite(at('outer > b'), '() => "B"').then((w) => w.summary), o.b()]`,
    ['~outer > a', 'A', 'b', 'A', 2, '~outer > b', 'B'],
  ],
  'captured parameters of arrows: extra arguments, assignment, a body that declares the name, an async arrow':
    [
      `export const one = x => () => x; export const two = (a, // first
  b) => ({ up: () => ++a, b: () => b }); export const own = (x) => { var x = x + 1; return () => x; }; export const late = async x => () => x;`,
      `const o = m.two(1, 2), seen = [m.one(1)(), o.up(), o.up(), o.b(), m.own(1)(), (await m.late(4))(), m.one.length, m.two.length, m.late.constructor.name];
     await rewrite(m.one, 'x => (...all) => [x, ...all]'); await rewrite(o.up, '(k, l) => a += k + l'); const up = o.up(10, 20); await rewrite(m.two, '(...all) => all');
     return [...seen, m.one(1)(2, 3), m.two(1, 2, 3), up]`,
      [1, 2, 3, 2, 2, 4, 1, 2, 'AsyncFunction', [1, 2, 3], [1, 2, 3], 33],
    ],
  'functions that replaced code creates are hot in turn': [
    'export const curry = a => b => c => [a, b, c];',
    `const old = m.curry(1)(2); await rewrite(at('curry > return'), 'b => { b += 10; return c => [a, b, c, "v1"]; }'); const one = m.curry(1)(2);
     await rewrite(at('curry > return > return'), 'c => [c, b, a]'); return [old(3), one(3), m.curry(4)(5)(6)]`,
    [
      [3, 2, 1],
      [3, 12, 1],
      [6, 15, 4],
    ],
  ],
  'names that the function itself has for something else are those of the functions around': [
    `export const make = (n) => [(a, n) => a + n, function (a) { var n = 'var'; return a + n; }, function n(a) { return a + typeof n; }, (a) => { const f = () => n; { let n = 'block'; n += n; } return a + f(); }, () => n];`,
    `const old = m.make('old'), run = (all) => all.slice(0, 4).map((f) => f('-', 'own')), seen = [run(old)], why = [];
     for (const i of [0, 1, 2, 3]) why.push((await rewrite(old[i], i === 1 ? 'function (a) { return a + n + 1; }' : i === 2 ? 'function (a) { return a + n + 2; }' : '(a) => a + n + ' + i)).deferred?.[0].reason ?? null);
     return [...seen, run(old), run(m.make('new')), why]`,
    [
      ['-own', '-var', '-function', '-old'],
      ['-own', '-var', '-function', '-old3'],
      ['-new0', '-new1', '-new2', '-new3'],
      [
        'closures made before have a variable n of their own, which hides that of make',
        'closures made before have a variable n of their own, which hides that of make',
        'closures made before have a variable n of their own, which hides that of make',
        null,
      ],
    ],
  ],
  'a name of its own that its parameters hide': [
    'export const make = () => { const f = function f(f) { return typeof f; }; return f; };',
    `const f = m.make(); const seen = [f(1)]; await rewrite(f, 'function f(n) { return n > 0 ? f(n - 1) + n : 0; }'); return [...seen, f(3), m.make()(4)]`,
    ['number', 6, 10],
  ],
  'through ten versions of the factory': [
    'export function make() { let n = 0; return () => n++; }',
    `const all = [m.make()]; for (let i = 1; i <= 10; i++) { await rewrite(m.make, 'function make() { let n = ' + i * 100 + '; return () => n++; }'); all.push(m.make()); }
     all.forEach((f) => f()); await rewrite(at('make > return'), '() => n'); return all.map((f) => f())`,
    [1, 101, 201, 301, 401, 501, 601, 701, 801, 901, 1001],
  ],
};

const GENERATIONS: Record<string, Case> = {
  'going back to code that closures of one generation know by a name and those of another do not': [
    'export function make() { const f = function f() { return 0; }; return f; }',
    `const named = m.make(), F = at('make > f'); await rewrite(m.make, 'function make() { const f = function () { return 1; }; return f; }'); const nameless = m.make();
     await rewrite(F, 'function () { return 2; }'); await rewrite(F, 'function () { return 3; }'); const seen = [named(), nameless()]; await rollback(M); return [...seen, named(), nameless(), m.make()()]`,
    [3, 3, 2, 2, 2],
  ],
  'values of every generation are targets and have their code, classes too': [
    COUNTER,
    `const a = m.makeCounter(1); await rewrite(m.makeCounter, 'function makeCounter(start) { let n = start; class K { #p = n; get() { return this.#p; } } return { inc() { return n++; }, sub: (k) => () => [n, k], k: new K() }; }'); const b = m.makeCounter(50);
     const seen = [code(b.inc), code(b.sub(1)), code(b.k.constructor), ast(b.k.get).type, code(a.inc)];
     await rewrite(b.inc, 'inc() { return "two " + n; }'); await rewrite(b.sub(1), '() => [k, n]'); await rewrite(b.k.get, 'get() { return [this.#p, n]; }'); seen.push(a.inc(), b.inc(), b.sub(7)(), b.k.get());
     await inject(b.inc, '() => { n += 5 }'); seen.push(b.inc()); await reset(M); return [...seen, a.inc(), b.inc(), code(b.k.get), await no(rewrite(b.k.get, 'get() {}')).then((e) => e.slice(0, 7))]`,
    [
      'inc() { return n++; }',
      '() => [n, k]',
      'class K { #p = n; get() { return this.#p; } }',
      'Property',
      'inc() { return n++; }',
      'two 1',
      'two 50',
      [7, 50],
      [50, 50],
      'two 55',
      2,
      'two 60',
      'get() { return this.#p; }',
      'MISSING',
    ],
  ],
  'equal siblings that an edit adds or removes: no closure gets the code of another': [
    `export function app(on) { on(() => 'a'); on(() => 'b'); } export function nest(on) { on((k) => { on(() => k); }); on((k) => { on(() => -k); }); }`,
    `const fs = []; m.app((f) => fs.push(f)); const [a, b] = fs; const seen = [];
     await rewrite(m.app, "function app(on) { on(() => 'b'); }"); seen.push([a(), b(), code(a), code(b), await no(rewrite(a, '() => 1')).then((e) => e.slice(0, 7))]); await rewrite(b, '() => "B"'); seen.push([a(), b()]);
     await rewrite(m.app, "function app(on) { on(() => 'new'); on(() => 'B'); }"); seen.push([a(), b(), code(b)]); await rollback(M); seen.push([a(), b()]);
     await reset(M); seen.push([a(), b()]); await restore(M, 3); seen.push([a(), b()]); await restore(M, 1); seen.push([a(), b()]); await reset(M);
     const v = await rewrite(m.app, "function app(on) { on(() => 'x'); on(() => 'y'); on(() => 'z'); }"); seen.push([a(), b(), v.deferred.map((one) => one.path)]);
     await reset(M); const inner = []; m.nest((f) => inner.push(f)); inner[0](1); inner[1](2); const [, , c, d] = inner; await rewrite(m.nest, 'function nest(on) { on((k) => { on(() => -k); }); }'); await rewrite(at('nest > on()[0] > on()[0]'), '() => [-k]'); seen.push([c(), d()]); return seen`,
    [
      ['a', 'b', "() => 'a'", "() => 'b'", 'MISSING'],
      ['a', 'B'],
      ['a', 'B', "() => 'B'"],
      ['a', 'B'],
      ['a', 'b'],
      ['a', 'B'],
      ['a', 'b'],
      ['a', 'b', ['app > on()[0]']],
      [1, [-2]],
    ],
  ],
  'functions made from now on are those of the text, whichever siblings came and went before': [
    "export function app(on) { on(() => 'A0'); }\nexport function two(on) { on(() => 1); on(() => 5); }",
    `const fresh = (f) => { const got = []; f((one) => got.push(one)); return got; }, run = (all) => all.map((f) => f()).join(), now = (f) => run(fresh(f));
     const seen = []; await rewrite(m.app, "function app(on) { on(() => 'A0'); on(() => 'B'); }"); const v = await rewrite(m.app, "function app(on) { on(() => 'A2'); }"); seen.push(now(m.app), v.deferred?.length ?? 0);
     await rewrite(m.app, "function app(on) { on(() => 'A2'); on(() => 'B'); }"); await rewrite(at('app > on()[0]'), "() => 'A3'"); const w = await rollback(M, 2); seen.push(now(m.app), w.deferred ?? null);
     const held = fresh(m.two); await rewrite(at('two > on()[0]'), "() => '1x'"); await rewrite(m.two, "function two(on) { on(() => '1x'); }"); const x = await rollback(M, 2); seen.push(x.deferred ?? null, run(held), now(m.two));
     for (const list of [[1], [1, 3], [4, 1, 3], [3], [3, 13], [13], [13, 1, 5]]) { await rewrite(m.two, 'function two(on) { ' + list.map((n) => 'on(() => ' + n + ');').join(' ') + ' }'); if (now(m.two) !== list.join()) seen.push([list, now(m.two)]); } return seen`,
    ['A2', 1, 'A2', null, null, '1,5', '1,5'],
  ],
  'a removed and an added middleware': [
    `export function createApp() { const all = []; const app = { use: (f) => all.push(f) };
  app.use((r) => { r.push('auth'); });
  app.use((r) => { r.push('log'); });
  app.use((r) => r.join());
  return () => { const r = []; return all.map((f) => f(r)).at(-1); };
}`,
    `const src = code(m.createApp), log = "  app.use((r) => { r.push('log'); });\\n", end = '  app.use((r) => r.join'; const seen = [m.createApp()()];
     await rewrite(m.createApp, src.replace(log, '')); seen.push(m.createApp()()); const v = await rewrite(m.createApp, src.replace(log, '').replace(end, "  app.use((r) => { r.push('metrics'); });\\n" + end)); return [...seen, m.createApp()(), v.deferred ?? null]`,
    ['auth,log', 'auth', 'auth,metrics', null],
  ],
  'going back to a version that a closure could not run: it runs what it ran then': [
    'export function make(tag) { let n = 0; return { inc: () => ["v0", tag, n++].join(" ") }; }',
    `const a = m.make('A'); await rewrite(m.make, 'function make(tag) { let n = 0, extra = "E"; return { inc: () => \`v1 \${tag} \${n++} \${extra}\` }; }'); const b = m.make('B'), seen = [[a.inc(), b.inc()]];
     await rewrite(at('make > return.inc'), '() => \`v2 \${tag} \${n++}\`'); seen.push([a.inc(), b.inc()]); const v = await rollback(M); seen.push([a.inc(), b.inc(), v.deferred.map((one) => one.reason)]);
     for (const n of [2, 0, 1]) { await restore(M, n); seen.push([a.inc(), b.inc()]); } return seen`,
    [
      ['v0 A 0', 'v1 B 0 E'],
      ['v2 A 1', 'v2 B 1'],
      ['v0 A 2', 'v1 B 2 E', ['extra is not captured by anything in make as another version had it']],
      ['v2 A 3', 'v2 B 3'],
      ['v0 A 4', 'v0 B 4'],
      ['v0 A 5', 'v1 B 5 E'],
    ],
  ],
  'a closure that was left behind runs the current code as soon as it can': [
    "export function make() { let a = 'a', b = 'b'; return { f: () => ['f0', a, () => 'kid0'] }; }",
    `const o = m.make(), show = () => { const r = o.f(); return [r[0], r[1], r[2]()].join(); }, seen = []; const again = '() => b';
     let v = await rewrite(at('make > return.f'), "() => ['f1', a, () => b]"); seen.push(show(), v.deferred.length); v = await rewrite(at('make > return.f > return[2]'), "() => 'kid2'"); seen.push(show(), v.deferred ?? null);
     v = await rewrite(at('make > return.f'), again); const same = await rewrite(at('make > return.f'), again); return [...seen, same.number === v.number, same.deferred?.[0].reason === v.deferred[0].reason]`,
    ['f0,a,kid0', 2, 'f1,a,kid2', null, true, true],
  ],
  'direct eval sees the variables that it saw': [
    "let y = 'module'; export function make() { let y = 'captured'; return { run: (s) => eval(s), show: () => y }; }\nexport function top(s) { const z = 1; return eval(s); }",
    `const f = m.make(), v = await inject(f.run, '() => { globalThis.ran = true; }'); const seen = [v.deferred[0].reason, f.run('y'), m.make().run('y'), globalThis.ran];
     await rewrite(f.show, '() => eval("y") + 1'); seen.push(f.show(), m.make().show()); await inject(m.top, '() => {}'); seen.push(m.top('z + y')); await rollback(M, 3); return [...seen, f.run('y'), m.make().run('y')]`,
    [
      'it calls eval, which would not find the variables of make from where new code stands',
      ...['captured', 'captured', true, 'captured', 'captured1', '1module', 'captured', 'captured'],
    ],
  ],
  'a function that one version drops and a later one has again': [
    `export function make(n) { const a = () => 'a' + n; return [a]; }`,
    `const [a] = m.make(1); await rewrite(m.make, 'function make(n) { return [n]; }'); const gone = a(); await rewrite(m.make, 'function make(n) { const a = () => "again" + n; return [a]; }'); return [gone, a(), code(a)]`,
    ['a1', 'again1', '() => "again" + n'],
  ],
  'what a kind does not allow is deferred, and going back is possible': [
    `export function make(n) { return { f() { return n; }, *g() { yield n; }, h: function () { return n; } }; } export const K = (x) => { class A { constructor(v) { this.v = v; } } return class extends A { constructor(v) { super(v + x); this.n = x; } }; };`,
    `const a = m.make(1), A = m.K(1); const v = await rewrite(m.make, 'function make(n) { return { *f() { yield n * 10; }, g() { return n * 10; }, h: function () { return [n, new.target]; } }; }'); const b = m.make(2);
     const w = await rewrite(m.K, '(x) => { class A { constructor(v) { this.v = v; } } return class extends A { constructor(v) { super(v * x); this.n = -x; } }; }'); const B = m.K(3);
     const seen = [v.deferred.map((one) => [one.path, one.reason]), [...a.f()], [...a.g()], a.h(), [...b.f()], b.g(), b.h().length, w.deferred.length, new A(5), new B(5)];
     await reset(M); return [...seen, a.f(), [...a.g()], [...b.f()], b.h(), new A(5), new B(5)]`,
    [
      [
        ['make > return.h', 'new.target is not passed on by what does not read it'],
        ['make > return.g', 'what is a generator cannot become a function'],
      ],
      [10],
      [1],
      1,
      [20],
      20,
      2,
      1,
      { v: 6, n: 1 },
      { v: 15, n: -3 },
      1,
      [1],
      [20],
      2,
      { v: 6, n: 1 },
      { v: 15, n: -3 },
    ],
  ],
  'bound values reach closures that newer code makes, and functions inside': [
    `export function make(n) { return { f: () => n, g: () => () => n }; }`,
    `const g = Symbol('g'), o = m.make(1); await rewrite(o.f, () => g, { bind: { g } }); await rewrite(m.make, 'function make(n) { n *= 2; return { f: () => g, g: () => () => n }; }'); const p = m.make(2); const seen = [o.f() === g, p.f() === g];
     const h = new Map([[1, 2]]); await rewrite(p.g, () => () => h, { bind: { h } }); const q = p.g(); seen.push(q() === h); await rewrite(q, '() => [h.get(1)]'); seen.push(q(), p.g()(), o.g()()); return seen`,
    [true, true, true, [2], [2], [2]],
  ],
  'closures that cannot run the code are not made again, where the factory becomes what it was': [
    `export function make(arg) { return [() => 'old']; }`,
    `const [a] = m.make(1); await rewrite(a, '() => arg'); await rewrite(m.make, 'function make(arg) { arg++; return [() => arg]; }'); const [b] = m.make(1); await rewrite(m.make, 'function make(arg) { return [() => arg]; }'); const [c] = m.make(1); return [a(), b(), c()]`,
    ['old', 2, 1],
  ],
  'cells go when the last closure of their generation has gone, and not before': [
    `export function make(i) { return { sub: (k) => () => [i, k], *gen() { yield i; }, K: class { #i = i; get() { return this.#i; } }, async later(gate) { await gate; return (() => [i])(); } }; }`,
    `const { setFlagsFromString } = await import('node:v8'), { runInNewContext } = await import('node:vm'); setFlagsFromString('--expose-gc'); const gc = runInNewContext('gc');
     const settle = async () => { for (let i = 0; i < 3; i++) { await new Promise((r) => setTimeout(r, 5)); gc(); } }; const cells = () => Object.getOwnPropertyNames(globalThis).filter((name) => /^hs[$][0-9a-z]+[$][0-9]+$/.test(name)).length;
     const subs = [], running = [], things = [], waiting = []; let open; const gate = new Promise((r) => (open = r)); const before = cells();
     for (let i = 1; i <= 80; i++) {
       await rewrite(m.make, 'function make(i) { i += ' + i + '; return { sub: (k) => () => [i, k], *gen() { yield i; yield* (() => [i])(); }, K: class { #i = i; get() { return this.#i; } }, async later(gate) { await gate; return (() => [i])(); } }; }');
       const made = m.make(1000); if (i % 20 === 1) { subs.push(made.sub(i)); const it = made.gen(); it.next(); running.push(it); things.push(new made.K()); waiting.push(made.later(gate)); }
     }
     await settle(); const after = cells() - before; await rewrite(at('make > return.sub > return'), '() => [k, i]'); await rewrite(at('make > return.K.prototype.get'), 'get() { return -this.#i; }'); await settle(); open();
     return [after > 150 && after < 320 || after, subs.map((f) => f()), running.map((it) => it.next().value), things.map((k) => k.get()), (await Promise.all(waiting)).flat()]`,
    [
      true,
      [
        [1, 1001],
        [21, 1021],
        [41, 1041],
        [61, 1061],
      ],
      [1001, 1021, 1041, 1061],
      [-1001, -1021, -1041, -1061],
      [1001, 1021, 1041, 1061],
    ],
  ],
  'a declaration that is renamed is a change of what is around it': [
    `const f = () => 'outer'; export function make() { function f() { return 'inner'; } return () => f(); }`,
    `await rewrite(m.make, 'function make() { function g() { return "inner"; } return () => f(); }'); return m.make()()`,
    'outer',
  ],
};

const DEFERRED: Record<string, Case> = {
  'a name that existing closures do not hold: they keep their code, new ones run the new': [
    'export function plugin(opts) { let hits = 0; return () => ++hits; }',
    `const old = m.plugin({ by: 5 }); old(); const v = await rewrite(at('plugin > return'), '() => (hits += opts.by)'); const now = m.plugin({ by: 5 });
     return [v.deferred, old(), now(), code(old)]`,
    [
      [{ path: 'plugin > return', names: ['opts'], reason: 'opts is not captured by anything in plugin' }],
      2,
      5,
      '() => (hits += opts.by)',
    ],
  ],
  'a name that is hidden by a nearer one that nothing captured': [
    'export function f() { let x = "outer"; const g = () => x; { let x = "inner"; globalThis.shadowed = () => g() + "!"; void x; } return g; }',
    `m.f(); const v = await rewrite(at('f > globalThis.shadowed'), '() => x'); const before = globalThis.shadowed(); m.f(); return [v.deferred[0].names, before, globalThis.shadowed()]`,
    [['x'], 'outer!', 'inner'],
  ],
  'a name that leads nowhere is refused': [
    COUNTER,
    `return [await no(rewrite(at('makeCounter > return.inc'), '() => nope')), await no(rewrite(at('makeCounter > return.inc'), () => n)), history(M).length]`,
    ['OUT_OF_SCOPE nope', 'OUT_OF_SCOPE n', 1],
  ],
  'assigning to a variable that nothing assigned to before': [
    'export function f(limit) { return () => limit; }',
    `const old = m.f(1); const v = await rewrite(at('f > return'), '() => ++limit'); return [v.deferred, old(), m.f(1)()]`,
    [[{ path: 'f > return', names: ['limit'], reason: 'limit is not assigned by anything in f' }], 1, 2],
  ],
  'this of a function in which no arrow uses it': [
    'export class A { constructor() { this.v = 1; } m() { return () => 5; } }',
    `const a = new m.A(), f = a.m(); const v = await rewrite(at('A.prototype.m > return'), '() => this.v'); return [v.deferred[0].reason, f(), a.m()()]`,
    ['this is not captured by anything in A.prototype.m', 5, 1],
  ],
};

const FORMS: Record<string, Case> = {
  'this, arguments and new.target of the function around an arrow': [
    `export function F(a) { this.v = a; const self = () => [this.v, arguments.length, new.target === undefined]; return { self, other: () => 0 }; }`,
    `const made = F => F.call({ v: 0 }, 7, 8); const o = made(m.F); await rewrite(at('F > return.other'), '() => [arguments[1], this.v, new.target]'); return o.other()`,
    [8, 7, null],
  ],
  'super of the method around an arrow': [
    `class A { hi(x) { return 'A' + x + this.n; } get g() { return 'g' + this.n; } } export class B extends A { n = 1; m() { const use = () => super.hi('') + super.g; return { use, other: (k) => k }; } }`,
    `const b = new m.B(), o = b.m(); await rewrite(o.other, '(k) => [super.hi(k), super.g, super["hi"]("x")]'); return o.other(5)`,
    ['A51', 'g1', 'Ax1'],
  ],
  'classes made inside functions: #private fields, methods, in, static': [
    `export function make(db) { return class Box { #v = db; static #made = 0; constructor() { Box.#made++; } #twice(k) { return [this.#v * 2, k]; } has(o) { return #v in o; } read() { return this.#v; } twice(k) { return this.#twice(k); } static made() { return this.#made; } plain() { return 0; } }; }`,
    `const A = m.make(5), B = m.make(7), a = new A(), b = new B(); const seen = [];
     await rewrite(at('make > return.prototype.read'), 'read() { this.#v += 1; this.#v++; [this.#v] = [this.#v * 10]; return [this.#v, this?.#v, #v in this, this.#twice(3)]; }'); seen.push(a.read(), b.read());
     await rewrite(at('make > return.made'), 'static made() { return -this.#made; }'); seen.push(A.made());
     await rewrite(at('make > return.prototype.plain'), 'plain() { return [db, this.#v, a => this.#v]; }'); seen.push(a.plain().slice(0, 2), b.plain()[2]()); return seen`,
    [[70, 70, true, [140, 3]], [90, 90, true, [180, 3]], -1, [5, 70], 90],
  ],
  'super with a key that is captured, calls of it that are optional or tagged, comparisons': [
    `class A { n = 'n'; hi(x) { return this.n + x; } get num() { return 3; } } export function make(k) { return new (class extends A { m() { const use = () => [k, super.hi, this]; return { use, other: () => 0 }; } })().m(); }`,
    `const o = m.make('hi'), seen = []; for (const code of ['super[k](k)', 'super[k + ""]?.(1)', 'super["", k]\`x\${k}\`', 'super[[k].map((x) => typeof this && x)[0]].call({ n: k }, 2)', '[super.hi?.(k), super.nope?.(k), super.num <= 3, super.num >= 4, super.num == 3]'])
     seen.push([(await rewrite(o.other, '() => ' + code)).deferred?.[0].reason ?? null, o.other()]);
     for (const code of ['super.num--', '++super.num', 'super.num ??= 1']) seen.push((await rewrite(o.other, '() => ' + code)).deferred[0].names); return [...seen, o.other()];`,
    [
      [null, 'nhi'],
      [null, 'n1'],
      [null, 'nx,'],
      [null, 'hi2'],
      [null, ['nhi', null, true, false, true]],
      ['super'],
      ['super'],
      ['super'],
      ['nhi', null, true, false, true],
    ],
  ],
  'the presence of #private names in what is captured, calls of them that are optional or tagged': [
    `export function make(o) { return new (class { n = 'n'; #f; #g(...all) { return this.n + all.flat(); } m() { const use = () => [o, this, #f in o, this.#f, this.#g]; return { use, other: () => 0 }; } })().m(); }`,
    `const f = m.make({}).other; await rewrite(f, '() => [#f in o, #g in this && o, this.#g?.(1), this.#f?.(1), this.#g\`x\${2}\`, (() => #f in this)()]'); return f();`,
    [false, {}, 'n1', null, 'nx,,2', true],
  ],
  'super and #private names in parentheses and after new keep their this, super in patterns is not written to':
    [
      `class A { n = 'n'; hi(x) { return this.n + x; } get K() { return class { constructor(x) { this.x = x; } }; } } export function make(k) { return new (class extends A { #K = this.K; #g(x) { return this.n + x; } m() { const use = () => [k, super.hi, this, this.#K, this.#g]; return { use, other: () => 0 }; } })().m(); }`,
      `const { other } = m.make('k'), seen = [];
     await rewrite(other, '() => [(super.hi)(k), ((super["hi"]))?.(1), (super.hi)\`x\`, [super.hi].map((f) => typeof f)]'); seen.push(other());
     await rewrite(other, '() => [(this.#g)(k), ((this?.#g))?.(2), (this.#g)\`y\`, [this.#g].map((f) => typeof f)]'); seen.push(other());
     await rewrite(other, '() => [new super.K(1).x, new super["K"](k).x, new this.#K(2).x, new (super.K)(3).x, { ...new this.#K }]'); seen.push(other());
     for (const code of ['{ [super.n] = [1]; }', '{ [super[k] = 1, ...super.m] = []; }', '{ ({ a: super.n, ...super.m } = this); }', '{ for (super.n of [1]); }', '{ for ((super.n) in this); }', '(super.n) += 1', '(super.n)++']) seen.push((await rewrite(other, '() => ' + code)).deferred?.[0].names);
     const v = await rewrite(other, '() => { for (const f of [super.hi]) for (const { [super.nope]: a = super.hi } of [{}]) return [f === a, { a: super.hi }.a === a]; }'); return [...seen, v.deferred ?? null, other()];`,
      [
        ['nk', 'n1', 'nx', ['function']],
        ['nk', 'n2', 'ny', ['function']],
        [1, 'k', 2, 3, {}],
        ...Array(7).fill(['super']),
        null,
        [true, true],
      ],
    ],
  'super in methods of classes and objects made inside functions': [
    `const base = { hi() { return 'base ' + this.n; } };
     export function make(Base) { const o = { __proto__: base, n: 3, hi() { return 'o'; } }; class Sub extends Base { n = 1; hi() { return 'sub'; } static s() { return 's'; } get g() { return 'g'; } } return { Sub, o, use: () => Base }; }`,
    `class Base { hi() { return 'Base ' + this.n; } static s() { return 'static'; } get g() { return 'Base g'; } } const { Sub, o } = m.make(Base); class Third extends Sub {}
     await rewrite(at('make > Sub.prototype.hi'), 'hi() { return [super.hi(), Base.name]; }'); await rewrite(at('make > Sub.s'), 's() { return super.s() + this.name; }'); await rewrite(at('make > Sub.prototype.get g'), 'get g() { return super.g + 1; }'); await rewrite(at('make > o.hi'), 'hi() { return super.hi() + "!"; }');
     return [new Sub().hi(), new Third().hi(), Third.s(), new Sub().g, o.hi()]`,
    [['Base 1', 'Base'], ['Base 1', 'Base'], 'staticThird', 'Base g1', 'base 3!'],
  ],
  'constructors, base and derived, of classes made inside functions': [
    `export function make(log) { class A { v = 1; constructor(x) { log.push('A' + x); } } class B extends A { constructor(x) { super(x); log.push('B' + x); } } return { A, B, use: () => log }; }`,
    `const log = [], { A, B } = m.make(log); await rewrite(at('make > A.prototype.constructor'), 'constructor(x) { log.push(new.target.name + this.v + x); }'); await rewrite(at('make > B.prototype.constructor'), 'constructor(x) { super(x); this.w = x; log.push("b"); }'); return [new B(4).w, log]`,
    [4, ['B14', 'b']],
  ],
  'arrows in fields of classes at the top and inside, with their this': [
    `export class Top { n = 1; onClick = (e) => e; other = () => 0; } export const make = (k) => class { n = 2; onClick = (e) => [e, k]; };`,
    `const t = new m.Top(), i = new (m.make(9))(); await rewrite(t.onClick, '(e) => [e, this.n]'); await rewrite(i.onClick, '(e) => [e, this.n, k]'); const { onClick } = i; return [t.onClick(1), onClick(2)]`,
    [
      [1, 1],
      [2, 2, 9],
    ],
  ],
  'generators, async functions, async generators': [
    `export function make(k) { return { touch() { k = 0; }, *g() { yield k; }, async a() { return k; }, async *ag() { yield k; }, gen: function* () { yield* [k, k]; }, aa: async (x) => [k, x] }; }`,
    `const o = m.make(5); await rewrite(o.g, '*g() { yield k; k++; yield k; }'); await rewrite(o.a, 'async a() { await null; return ++k; }'); await rewrite(o.ag, 'async *ag() { yield* [k, k]; }'); await rewrite(o.gen, 'function* () { yield k; }'); await rewrite(o.aa, 'async (x) => { await null; return [x, k]; }');
     const all = []; for await (const x of o.ag()) all.push(x); return [[...o.g()], await o.a(), all, [...o.gen()], await o.aa(1), o.aa.constructor.name]`,
    [[5, 6], 7, [5, 5], [7], [1, 7], 'AsyncFunction'],
  ],
  'default parameters that are functions': [
    `export function run(f = (x) => x + 1, { g = () => f } = {}) { return [f(1), g]; } export const arrow = (k, f = () => k) => f;`,
    `const [, g] = m.run(), h = m.arrow(8); await rewrite(at('run > f'), '(x) => x + 100'); await rewrite(at('arrow > f'), '() => [k]'); return [m.run()[0], g()(1), h(), m.arrow(2)()]`,
    [101, 101, [8], [2]],
  ],
  'defaults inside patterns that have a default of their own': [
    `export function plugin(app, {
  onError = (e) => 'old ' + e, inner: [greet = () => 'hi ' + app] = [], ...rest
} = {}) { return { onError, greet, rest: () => rest }; }
     export const arrow = async (k, [f = () => k] = []) => f; export class Pool { constructor({ make = () => 0 } = {}) { this.make = make; } }
     export function line({ where = () => new Error().stack.split('\\n')[1].match(/:(\\d+):\\d+\\)?$/)[1] } = {}) { return where; }`,
    `const a = m.plugin('a'), b = m.plugin('b', { z: 1 }), f = await m.arrow(5), p = new m.Pool();
     await rewrite(at('plugin > onError'), '(e) => [e, app, rest]'); await rewrite(a.greet, '() => "hello " + app'); await rewrite(f, '() => [k]'); await rewrite(at('Pool.prototype.constructor > make'), '() => 1');
     return [a.onError('e'), b.onError('e'), b.greet(), m.plugin('c').greet(), m.plugin('d', { onError: 1 }).onError, f(), p.make(), m.plugin.length, m.line()()]`,
    [['e', 'a', {}], ['e', 'b', { z: 1 }], 'hello b', 'hello c', 1, [5], 1, 1, '5'],
  ],
  'recursion by name: declaration, variable, function expression': [
    `export function make() { function a(n) { return n === 0 ? 'a' : a(n - 1); } const b = (n) => n === 0 ? 'b' : b(n - 1); const c = function me(n) { return n === 0 ? 'c' : me(n - 1); }; return { a, b, c }; }`,
    `const o = m.make(); await rewrite(o.a, 'function a(n) { return n === 0 ? "A" : "." + a(n - 1); }'); await rewrite(o.b, (function () { const me = (n) => n === 0 ? 'B' : ',' + me(n - 1); return me; })()); await rewrite(o.c, 'function me(n) { return n === 0 ? "C" : "-" + me(n - 1); }'); return [o.a(2), o.b(2), o.c(2)]`,
    ['..A', ',,B', '--C'],
  ],
  'loop variables captured per iteration, catch, labels, shadowing at every level': [
    `export function f(x) { const out = []; outer: for (let i = 0; i < 3; i++) { for (const k of ['a', 'b']) { if (k === 'b') continue outer; try { throw { e: i }; } catch ({ e }) { let x = 'x' + i; out.push((y) => [i, k, e, x, y]); } } } return out.concat(() => x); }`,
    `const fs = m.f('p'); await rewrite(fs[0], '(y) => { i += 10; return [x, e, k, i, y]; }'); return [fs[0](1), fs[2](2), fs[0](3), fs[3]()]`,
    [['x0', 0, 'a', 10, 1], ['x2', 2, 'a', 12, 2], ['x0', 0, 'a', 20, 3], 'p'],
  ],
  'a variable still in its dead zone throws as ever': [
    `export function f() { const read = () => late; let first; try { read(); } catch (e) { first = e.name; } let late = 1; return { read, first }; } export function g(hold) { hold(() => later); const later = 2; }`,
    `let kept; let early; await rewrite(at('g > hold()[0]'), '() => [later]'); m.g((f) => { kept = f; try { f(); } catch (e) { early = e.name; } }); return [early, kept()]`,
    ['ReferenceError', [2]],
  ],
  'constants stay constants, in existing closures too': [
    `export function f() { const c = 1; let v = 2; return { get: () => [c, v], set: (x) => { v = x; }, other: () => 0 }; }`,
    `const o = m.f(); await rewrite(o.other, '() => { v = 5; try { c = 9; } catch (e) { return [e.name, e.message]; } }'); return [o.other(), o.get()]`,
    [
      ['TypeError', 'Assignment to constant variable.'],
      [1, 5],
    ],
  ],
  'every kind of writing to a captured variable': [
    `export function f() { let a = 1, b = 2, c, d = {}; const look = () => [a, b, c, d], touch = () => { a = b = c = d = 0; }; return { look, w: () => { a; } }; }`,
    `const o = m.f(); await rewrite(o.w, '() => { a += 5; a++; --b; b **= 2; c ??= "c"; d ||= 1; [a, { x: b = 9 }] = [a * 10, {}]; ({ a, ...d } = { a: a + 1, z: 3 }); for (c of [1, 2]); for (d.k in { q: 1 }); return typeof a; }'); return [o.w(), o.look()]`,
    ['number', [71, 9, 2, { z: 3, k: 'q' }]],
  ],
  'shorthand, calls, new, templates and optional chains of captured names': [
    `export function f() { const add = function (x) { return [this === undefined, x]; }, K = class { constructor(v) { this.v = v; } }, o = { p: { q: 1 } }, tag = (s, v) => s.raw.join() + v; const keep = () => [add, K, o, tag]; return { keep, w: () => 0 }; }`,
    `const k = m.f(); await rewrite(k.w, '() => [add(1), new K(2).v, new K().constructor === K, { o }.o.p.q, o?.p?.q, tag\`x\${3}y\`, add?.(4)[1]]'); return k.w()`,
    [[true, 1], 2, true, 1, 1, 'x,y3', 4],
  ],
  'functions in blocks of the top level': [
    `export const all = []; for (const r of ['a', 'b']) { all.push(() => r); } { let hidden = 1; all.push(() => hidden++); } try { throw 5; } catch (e) { all.push(() => e); } switch (1) { case 1: { let s = 7; all.push(() => s); } }`,
    `await rewrite(at('all.push()[0]'), '() => r + r'); await rewrite(at('all.push()[0]~2'), '() => (hidden += 10)'); await rewrite(at('all.push()[0]~3'), '() => [e]'); await rewrite(at('all.push()[0]~4'), '() => -s'); return m.all.map((f) => f())`,
    ['aa', 'bb', 11, [5], -7],
  ],
  'functions in static blocks': [
    `export class A { static { let n = 5; this.f = () => n++; } #p = 3; m() { return [1].map((x) => x + this.#p); } }`,
    `await rewrite(m.A.f, '() => [n]'); const r = [m.A.f()]; await rewrite(at('A.prototype.m > return [1].map()[0]'), '(x) => x * this.#p'); return [...r, new m.A().m()]`,
    [[5], [3]],
  ],
  'a crowd of variables and functions in one scope': [
    `export const lib = (() => { ${Array.from({ length: 30 }, (_, i) => `let v${i} = ${i}; function f${i}(a) { return a === 0 ? v${i} : f${(i + 1) % 30}(a - 1); }`).join('\n')} { let v3 = 'hidden'; f0.inner = () => v3 + v2; f0.not = () => 0; void v3; } function touch() { v2 = v9 = v10 = 0; } return { f0, f9, touch }; })();`,
    `const { lib } = m; await rewrite(lib.f9, '(a) => { v9 += 100; v10--; return [v9, f11(0), a]; }'); await rewrite(lib.f0.not, '() => [v3, v2 = 5]'); return [lib.f9(1), lib.f0(10), lib.f0.not(), lib.f0.inner(), lib.f0(2)]`,
    [[109, 11, 1], [209, 11, 1], ['hidden', 5], 'hidden5', 5],
  ],
  'import.meta, dynamic import and bound values inside functions': [
    { 'm.js': 'export function make(k) { return () => k; }', 'x.js': 'export default 4;' },
    `const f = m.make(1); await rewrite(f, 'async () => [k, import.meta.url.split("/").at(-1), (await import("./x.js")).default]'); const one = await f(); await rewrite(f, () => R + v, { bind: { R: 2, v: 3n } }).catch(() => {}); const g = Symbol('g'); await rewrite(f, () => g, { bind: { g } }); return [one, f() === g, version(M).persisted]`,
    [[1, 'm.js', 4], true, false],
  ],
  'a function in an expression body, in a moved parameter list, in a template': [
    `export const a = ({ x }) => ({ y }) => \`\${[1].map((z) => x + y + z)}\`, b = (f = ({ q } = { q: 1 }) => q) => f, c = async (x) => async () => x++;`,
    `const g = m.a({ x: 1 }); await rewrite(at('a > return > return [1].map()[0]'), '(z) => [x, y, z].join("-")'); const h = m.b(); await rewrite(at('b > f'), '({ q } = { q: 5 }) => q * 2'); const k = await m.c(3); await rewrite(k, 'async () => { x += 1; return x; }'); return [g({ y: 2 }), h(), h({ q: 3 }), await k(), await k()]`,
    ['1-2-1', 10, 6, 4, 5],
  ],
  'running calls finish in the code they started in, the next one is new': [
    `export function make() { let n = 0; return { async slow(gate) { n++; await gate; return 'old ' + n; }, *gen() { yield n; yield 'old'; } }; }`,
    `const o = m.make(); let open; const gate = new Promise((r) => (open = r)); const running = o.slow(gate), it = o.gen(); it.next(); await rewrite(o.slow, 'async slow() { return "new " + n; }'); await rewrite(o.gen, '*gen() { yield "new"; }'); open(); return [await running, await o.slow(), it.next().value, [...o.gen()]]`,
    ['old 1', 'new 1', 'old', ['new']],
  ],
};

const PATHS: Record<string, Case> = {
  'every function has a path': [
    `export default async function plugin(fastify) { fastify.get('/', async (req) => 1); fastify.register(async (sub) => { sub.get('/x', () => 2); }); setTimeout(() => {}, 0).unref(); }
     export class Pool { acquire() { setTimeout(() => {}, 5); return { release() {} }; } #p() { return () => 1; } static { setImmediate(() => {}); } }
     export const makeCounter = () => () => 1; function main() { const server = { on() {} }; server.on('request', (a, b) => {}); server.on('request', () => {}); } main();`,
    `return functions(M).map((f) => f.path)`,
    [
      'plugin',
      "plugin > fastify.get('/')[1]",
      'plugin > fastify.register()[0]',
      "plugin > fastify.register()[0] > sub.get('/x')[1]",
      'plugin > setTimeout()[0]',
      'Pool.prototype.acquire',
      'Pool.prototype.acquire > setTimeout()[0]',
      'Pool.prototype.acquire > return.release',
      'Pool.prototype.#p',
      'Pool.prototype.#p > return',
      'Pool.static > setImmediate()[0]',
      'makeCounter',
      'makeCounter > return',
      'main',
      'main > server.on',
      "main > server.on('request')[1]",
      "main > server.on('request')[1]~2",
    ],
  ],
  'a route added above does not rename the ones below': [
    `export function app(get) { get('/a', () => 'a'); get('/b', () => 'b'); }`,
    `const routes = {}; m.app((p, f) => (routes[p] = f)); await rewrite(at("app"), "function app(get) { get('/new', () => 'new'); get('/a', () => 'a'); get('/b', () => 'b'); }"); await rewrite(at("app > get('/b')[1]"), '() => "B"'); return [routes['/b'](), functions(M).map((f) => f.path)]`,
    ['B', ['app', "app > get('/new')[1]", "app > get('/a')[1]", "app > get('/b')[1]"]],
  ],
  'ast and code of an inner function': [
    COUNTER,
    `const a = m.makeCounter(1); return [code(a.inc), ast(a.dec).type, code(at('makeCounter > return.size')), (await no(rewrite(at('makeCounter > nope'), '() => 1')))]`,
    [
      'inc() { n += step; log.push(n); return n; }',
      'ArrowFunctionExpression',
      '() => log.length',
      'MISSING makeCounter makeCounter > return.inc makeCounter > return.get value makeCounter > return.dec makeCounter > return.size',
    ],
  ],
};

cases({ ...REACH, ...GENERATIONS, ...DEFERRED, ...FORMS, ...PATHS });
test.run();
