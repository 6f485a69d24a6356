// Parameters that do something, edited in every way: whatever a function's defaults and patterns become, the running program answers
// as one that starts with the text that it has; who holds the function too, or `deferred` names it.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { program } from './program.ts';
import { randomFrom } from './random.ts';

const APP = `import { writeFileSync } from 'node:fs';
import { code, functions, reload, restore, rewrite, version } from 'hotswap';
const [seed, steps] = JSON.parse(process.env.CASE);
${randomFrom}
const next = randomFrom(seed), random = (below) => Math.floor(next() * below), pick = (list) => list[random(list.length)];
const space = () => pick([' ', ' ', '  ', '\\n', ' /* = ) => { */ ', ' // }) =>\\n']);
const loose = (text) => text.replace(/return |(?<!return) (?!=>)/g, (gap) => (gap === ' ' ? space() : gap));

/** A value that may come with functions, and variables of its own; \`names\` are those that it may use. */
const value = (names, depth = 0) => {
  const name = pick(names), n = random(9);
  return pick([
    () => String(n), () => name, () => '[ ' + name + ' , ' + n + ' ]',
    () => '( ( ) => ' + name + ' ) ( )',
    () => '( ( ) => { var q = ' + n + ' ; return [ q , ' + name + ' ] ; } ) ( )',
    () => '( function q ( r = ' + name + ' ) { var s = r ; return [ s , ' + n + ' ] ; } ) ( )',
    () => depth > 1 ? '0' : '( ( r = ' + value(names, depth + 1) + ' ) => { var t = r ; return t ; } ) ( )',
  ])();
};
const parameter = (i, names) => {
  const p = 'p' + i, q = 'u' + i, given = value(names);
  const [text, own] = pick([
    () => [p, [p]], () => [p + ' = ' + given, [p]], () => ['{ ' + p + ' , ' + q + ' = ' + pick([p, given]) + ' } = { ' + p + ' : ' + random(9) + ' }', [p, q]],
    () => ['[ ' + p + ' = ' + given + ' ] = [ ]', [p]], () => [p + ' = ( ) => ' + given, [p]], () => ['{ [ "a" + ' + random(3) + ' ] : ' + p + ' = ' + given + ' } = { }', [p]],
  ])();
  names.push(...own);
  return [text, own];
};
const functionText = () => {
  const names = ['N', 'M'], params = [], mine = [];
  for (let i = 0, many = random(4); i < many; i++) { const [text, own] = parameter(i, names); params.push(text); mine.push(...own); }
  if (random(4) === 0) { params.push('...rest'); mine.push('rest'); }
  const local = pick(['', 'var q = 2 ; ', 'var t = N ; ', 'let N = 7 ; ', 'var r = ( ) => N ; ', 'const late = ( z = N ) => z ; ']);
  const uses = [...mine, pick(['N', 'M', '( ( ) => N ) ( )']), ...(/late/.test(local) ? ['late ( )'] : []), ...(mine.length > 0 ? ['( ( ) => ' + mine[0] + ' ) ( )'] : [])];
  return [params.join(' , '), local, 'show ( [ ' + uses.join(' , ') + ' ] )'];
};
const arrow = () => { const [p, local, all] = functionText(); return local === '' && random(2) ? '( ' + p + ' ) => ' + all : '( ' + p + ' ) => { ' + local + 'return ' + all + ' ; }'; };
const whole = () => { const [p, local, all] = functionText(); return 'function ( ' + p + ' ) { ' + local + 'return ' + all + ' ; }'; };
const any = () => (random(3) === 0 ? whole() : arrow());
const units = { h: () => 'const h = ' + any() + ' ;', k: () => 'export const k = ' + any() + ' ;', t: () => 'const t = { m : ' + any() + ' , n : [ ' + any() + ' ] } ;',
  N: () => 'const N = ' + random(9) + ' ;', f: () => whole().replace('function', 'function f'), g: () => 'const g = ( ( ) => { return ' + any() + ' ; } ) ( ) ;' };
const now = Object.fromEntries(Object.entries(units).map(([name, make]) => [name, loose(make())]));
const SHOW = 'const M = 5;\\nconst show = (x) => typeof x === "function" ? ["f", x.length, show(x())] : Array.isArray(x) ? x.map(show) : x !== null && typeof x === "object" ? Object.entries(x).map(show) : x;\\n';
const PROBE = 'export const probe = () => [h, k, t.m, t.n[0], f, g].map((one, i) => [i < 5 && one.length, show(one()), show(one(3, 4, 5)), show(one(undefined, { p1: 6, u1: undefined }, [8], 9))].map((x) => JSON.stringify(x)).join(" ")).join("\\\\n");\\nexport const held = () => [h, k, t.m, t.n[0], f, g];\\n';
const text = () => Object.values(now).join('\\n') + '\\n' + SHOW + PROBE;
const settle = (say) => { try { return say(); } catch (error) { return error.name; } };
writeFileSync('m.js', text());
const m = await import('./m.js'), trail = [];
let wrong, n = 0, versions = [version('./m.js').number];
while (n < steps && wrong === undefined) {
  const what = random(8);
  let said = '';
  try {
    if (what < 5 || functions('./m.js').length === 0) {
      const name = pick(Object.keys(units));
      now[name] = loose(units[name]());
      if (text() === code('./m.js')) continue;
      writeFileSync('m.js', text());
      said = 'save ' + now[name];
      await reload('./m.js');
    } else if (what < 7) {
      const all = functions('./m.js').filter(({ path, kind }) => kind === 'arrow' && /^(h|k|t|g)\\b/.test(path) && /\\b(?:p|u)\\d$/.test(path));
      if (all.length === 0) continue;
      const { path } = pick(all), to = loose('( ) => ' + value(['M']));
      said = 'rewrite ' + path + ' ' + to;
      await rewrite('./m.js#' + path, to);
    } else {
      const to = pick(versions);
      said = 'restore ' + to;
      await restore('./m.js', to);
    }
    trail.push(said);
    versions = [...new Set([...versions, version('./m.js').number])];
    writeFileSync('fresh' + ++n + '.js', code('./m.js'));
    const fresh = await import('./fresh' + n + '.js');
    const [live, expected] = [settle(m.probe), settle(fresh.probe)];
    if (live !== expected) wrong = { live, expected };
  } catch (error) {
    wrong = { said, error: error.stack };
  }
}
console.log(JSON.stringify(wrong ? { ...wrong, n, trail: trail.slice(-4) } : 'as if started anew'));`;

for (const seed of [1, 2, 3, 4])
  test(`edits of functions whose parameters hold functions, in an order by chance, ${seed}`, async () => {
    const made = program({ 'app.js': APP });
    const env = { CASE: JSON.stringify([seed, 120]), HOTSWAP_EXCLUDE: '**/fresh*.js' };
    assert.equal(await made.json({ env }), 'as if started anew');
    made.remove();
  });

test('an arrow whose new code counts its arguments is told of those that were given', async () => {
  const made = program({
    'm.js': `export const f = (a, b) => 0; export const g = (a, b) => 0; export const h = (a, ...more) => 0;
export const make = () => (a, b) => 0; export const p = ({ a } = {}, b = 2) => a;`,
    'app.js': `import { around, rewrite } from 'hotswap'; import { f, g, h, make, p } from './m.js';
const inner = make(), given = (f) => [f(), f(1), f(undefined, 2), f(1, 2, undefined)];
await rewrite(f, (...args) => args); await rewrite(g, function () { return [...arguments]; });
await rewrite(h, (...args) => args); await rewrite('./m.js#make > return', '(a, ...args) => [a, args.length]'); await around(p, (next, ...args) => [args.length, next(...args)]);
console.log(JSON.stringify([given(f), given(g), given(h), given(inner), [p(), p({ a: 1 }), p({ a: 1 }, 3, undefined)]]));`,
  });
  const all = [[], [1], [null, 2], [1, 2, null]];
  const counted = [
    [null, 0],
    [1, 0],
    [null, 1],
    [1, 2],
  ];
  assert.equal(await made.json(), [
    all,
    all,
    all,
    counted,
    [
      [0, null],
      [1, 1],
      [3, 1],
    ],
  ]);
  made.remove();
});

/** Defaults and patterns that mean something else as plain statements of the body. Calls of each are compared with plain Node's. */
const FORMS = `import { functions } from 'hotswap';
const q = 'outer', N = 9, z = 'z';
const told = (f, ...args) => { try { return JSON.stringify(f(...args)); } catch (error) { return String(error); } };
const all = {
  earlier: ({ t, u = t }) => [t, u],
  later: (a = b, b) => [a, b],
  laterInside: (a = () => b, b = 3) => [a(), b],
  laterOfPattern: ({ a = b, b }) => [a, b],
  itself: (f = () => f) => f === f(),
  hiddenByLet: (p0 = N, p2 = N) => { let N = 7; { let N = 8; } return [p0, p2, N]; },
  hiddenByFunction: (p = z) => { function z() { return 1; } class q {} return [p, z(), typeof q]; },
  hiddenWithRest: (p = z, ...rest) => { const z = 1; return [p, z, rest]; },
  hiddenFromEval: (p = eval('z')) => { const z = 1; return [p, z]; },
  patterns: ([p = z, [r] = [z]] = [], { s = p, ...t } = {}) => { const z = [p, r]; return [z, s, t]; },
  assigns: (x, y = x, z = () => (x = 5)) => { z(); const q = x; return [x, y, q]; },
  function: function (x, y = N) { const N = 3; return [x, y, N, arguments.length]; },
  declares: (a = (() => { var N = 1; return N; })(), b = function N() { return typeof N; }) => { const N = 2; return [a, b(), N]; },
  lines: (
    a = z, // the first
    { b } = { b: z },
  ) => {
    'no directive';
    let z = new Error().stack.split('\\n')[1].match(/:(\\d+):\\d+\\)?$/)[1];
    return [a, b, z];
  },
};
for (const [name, f] of Object.entries(all)) console.log(name, f.length, f.name, told(f), told(f, 1), told(f, undefined, 2), told(f, { t: 1, b: 4 }), told(f, [1], { s: 1, k: 2 }, 3, 4));
if (process.env.HOT) console.log(Object.keys(all).filter((name) => !functions(import.meta.url).some(({ path }) => path === 'all.' + name)).join());`;

test('parameters that mention later ones, or what the body declares anew, do what they do in plain Node, and are hot', async () => {
  const made = program({ 'app.js': FORMS });
  const plain = await made.run({ hot: false });
  const hot = await made.run({ env: { HOT: '1' } });
  assert.is(hot.stdout, `${plain.stdout}\n`, hot.stderr);
  made.remove();
});

test.run();
