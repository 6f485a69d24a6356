// LibHotSwap's own suite, carried over case for case and in its order: what someone who knows the Erlang library looks for, under
// its names. `get_code` is `code`, `vsn` is `version`, `{Index, Clauses}` is `{ at, clauses }`; README.md has the whole table.
import { test } from 'uvu';
import { type Case, cases } from './cases.ts';

/** The module that all cases edit; its author gave it the number 42. */
const DUMMY = `export const vsn = 42;
export function one() { return 1; }
export function two() { return 2; }
export function double(n) { return 2 * n; }
export const term = () => ({ ok: [1, 'two', null, { three: 3n }] });
export function branches(n) { if (n > 0) return 'more'; if (n < 0) return 'less'; return 'zero'; }
export const anonymous = function () { return 'nobody'; };
export const scaled = (by) => (n) => n * by;
let called = 0;
export function counts() { called++; return called; }
export default function named() { return 'named'; }
`;
const LATER = `const later = () => import(M.replace(/^\\.\\/\\d+/, '.'));\n`;

const SUITE: Record<string, Case> = {
  // vsn/1, exports/1
  'vsn: a module has the number that its author gave it': [
    DUMMY,
    `return [version(M).number, version(m).number, history(M).length]`,
    [42, 42, 1],
  ],
  'vsn: each edit counts on from there': [
    DUMMY,
    `const v = await rewrite(m.one, () => 10); return [v.number, v.parent, version(M).number, (await rollback(M)).number]`,
    [43, 42, 43, 42],
  ],
  'vsn: a module without a number starts at 0': ['export const f = () => 1;', `return version(M).number`, 0],
  'exports: name, kind and arity of each': [
    DUMMY,
    `return exports(M).map(({ name, kind, arity }) => [name, kind, arity ?? ''].join(' ').trim())`,
    [
      'vsn value',
      'one function 0',
      'two function 0',
      'double function 1',
      'term function 0',
      'branches function 1',
      'anonymous function 0',
      'scaled function 1',
      'counts function 0',
      'default function 0',
    ],
  ],

  // get_code/1, get_ast/1
  'get_code, get_ast: a function that gives a term': [
    DUMMY,
    `return [code(m.term), ast(m.term).type, m.term().ok[3].three === 3n]`,
    ["() => ({ ok: [1, 'two', null, { three: 3n }] })", 'ArrowFunctionExpression', true],
  ],
  'get_code, get_ast: branches': [
    DUMMY,
    `return [code(m.branches), ast(m.branches).body.body.map((one) => one.type)]`,
    [
      "function branches(n) { if (n > 0) return 'more'; if (n < 0) return 'less'; return 'zero'; }",
      ['IfStatement', 'IfStatement', 'ReturnStatement'],
    ],
  ],
  'get_code, get_ast: an anonymous function': [
    DUMMY,
    `return [code(m.anonymous), ast(m.anonymous).id, code((a) => a + 1), ast((a) => a + 1).params[0].name]`,
    ["function () { return 'nobody'; }", null, '(a) => a + 1', 'a'],
  ],
  'get_code, get_ast: an external function, by its module and name': [
    DUMMY,
    `return [code(at('double')), code({ module: m, path: 'double' }), code(at('double/1')), ast(at('double')).id.name, await no((async () => code(at('double/2')))())]`,
    [
      'function double(n) { return 2 * n; }',
      'function double(n) { return 2 * n; }',
      'function double(n) { return 2 * n; }',
      'double',
      'ARITY',
    ],
  ],
  'get_code, get_ast: a named function': [
    DUMMY,
    `return [code(m.default), ast(m.default).type, ast(m.default).id.name]`,
    ["function named() { return 'named'; }", 'FunctionDeclaration', 'named'],
  ],
  'get_code, get_ast: a closed-over function is shown, and refused where it would be other code': [
    DUMMY,
    `const by = 3; const closed = (n) => n * by; return [code(m.scaled(2)), code(closed), await no(rewrite(m.double, closed)), m.double(2), (await rewrite(m.double, closed, { bind: { by } })).number, m.double(2)]`,
    ['(n) => n * by', '(n) => n * by', 'OUT_OF_SCOPE by', 4, 43, 6],
  ],
  'get_code, get_ast: a source string': [
    DUMMY,
    `return [code('(a, b) => a - b'), code('function f(x) { return x }'), ast('(a, b) => a - b').params.length]`,
    ['(a, b) => a - b', 'function f(x) { return x }', 2],
  ],
  'get_code, get_ast: more than one expression': [
    DUMMY,
    `const tries = ['() => 1; () => 2', 'function a() {} function b() {}'].map((text) => no((async () => [code, ast].map((look) => look(text)))())); return Promise.all(tries)`,
    ['TOO_MANY', 'TOO_MANY'],
  ],
  'get_code, get_ast: non-functions': [
    DUMMY,
    `const tries = [1 + 1, null, undefined, true, Symbol('s'), {}, [], '1 + 1', "'text'", 'const x = 1'].map((what) => no((async () => code(what))())); return Promise.all(tries)`,
    Array(7).fill('BAD_TARGET').concat('SYNTAX', 'SYNTAX', 'SYNTAX'),
  ],
  'get_code, get_ast: natives and bound functions': [
    DUMMY,
    `return Promise.all([Math.max, m.one.bind(null), new Proxy(m.one, {})].flatMap((what) => [code, ast].map((look) => no((async () => look(what))()))))`,
    Array(6).fill('NO_SOURCE'),
  ],

  // rewrite/2
  'rewrite: once': [
    DUMMY,
    `const { one } = m; const v = await rewrite(m.one, () => 'one'); return [one(), m.two(), v.number, code(m.one)]`,
    ['one', 2, 43, "function one() { return 'one'; }"],
  ],
  'rewrite: twice': [
    DUMMY,
    `const { one } = m; await rewrite(m.one, () => 'one'); const v = await rewrite(m.one, () => 'uno'); return [one(), v.number, history(M).map((one) => one.number)]`,
    ['uno', 44, [42, 43, 44]],
  ],
  'rewrite: by the function of another hot module, which keeps working there and here': [
    { 'm.js': DUMMY, 'other.js': `export function triple(n) { return n * 3; }` },
    `const { triple } = await import('./other.js'); await rewrite(m.double, triple); await rewrite(triple, (n) => n * 30); return [m.double(1), triple(1), code(m.double), version(M).persisted]`,
    [3, 30, 'function double(n) { return n * 3; }', true],
  ],

  // inject_in_function/3
  'inject: into one function, at an index and at the end': [
    DUMMY,
    `const heard = globalThis.heard1 = []; await inject(m.one, () => { globalThis.heard1.push('first'); }, { at: 0 }); await inject(m.one, () => { globalThis.heard1.push('last'); }, { at: 'end' }); return [m.one(), heard, version(M).number]`,
    [1, ['first', 'last'], 44],
  ],
  'inject: into two functions': [
    DUMMY,
    `const heard = globalThis.heard2 = []; const say = () => { globalThis.heard2.push('called'); }; await inject(m.one, say); await inject(m.two, say); return [m.one(), m.two(), heard.length, version(M).number]`,
    [1, 2, 2, 44],
  ],
  'inject: into all clauses, and into some': [
    DUMMY,
    `globalThis.heard3 = []; const before = clauses(m.branches).length; await inject(m.branches, () => { globalThis.heard3.push('any'); }, { at: 0, clauses: 'all' }); await inject(m.branches, () => { globalThis.heard3.push('less'); }, { at: 0, clauses: [1] });
     return [before, [1, -1, 0].map((n) => [m.branches(n), globalThis.heard3.splice(0)])]`,
    [
      3,
      [
        ['more', ['any']],
        ['less', ['less', 'any']],
        ['zero', ['any']],
      ],
    ],
  ],
  'inject: what takes parameters, an index past the end, an unknown clause': [
    DUMMY,
    `return [await no(inject(m.one, (a) => a)), await no(inject(m.one, () => {}, { at: 2 })), await no(inject(m.branches, () => {}, { at: 0, clauses: [3] })), version(M).number]`,
    ['ARITY', 'MISSING', 'MISSING', 42],
  ],

  // add_new_clause/3
  'add_new_clause: once': [
    DUMMY,
    `const v = await addClause(m.branches, (x) => { if (x === 7) return 'seven'; }, 0); return [m.branches(7), m.branches(1), m.branches(0), clauses(m.branches).length, v.number]`,
    ['seven', 'more', 'zero', 4, 43],
  ],
  'add_new_clause: twice, between others and at the end': [
    DUMMY,
    `await addClause(m.branches, (n) => { if (n === -7) return 'less seven'; }, 1); const v = await addClause(m.branches, (n) => { if (n === 7) return 'never'; }, 1); return [m.branches(-7), m.branches(7), m.branches(-1), clauses(m.branches).length, v.number]`,
    ['less seven', 'more', 'less', 5, 44],
  ],
  'add_new_clause: of another arity, at an unknown place': [
    DUMMY,
    `return [await no(addClause(m.branches, (a, b) => { if (a) return b; }, 0)), await no(addClause(m.branches, (a) => { if (a) return 1; }, 9)), version(M).number]`,
    ['ARITY', 'MISSING', 42],
  ],

  // rollback/1, rollback/2, l/1
  'rollback: by 1': [
    DUMMY,
    `await rewrite(m.one, () => 'one'); await rewrite(m.one, () => 'uno'); const v = await rollback(M); return [m.one(), v.number]`,
    ['one', 43],
  ],
  'rollback: by 2': [
    DUMMY,
    `await rewrite(m.one, () => 'one'); await rewrite(m.one, () => 'uno'); const v = await rollback(M, 2); return [m.one(), v.number]`,
    [1, 42],
  ],
  'rollback: by more than there are is all of them': [
    DUMMY,
    `await rewrite(m.one, () => 'one'); const v = await rollback(M, 99); return [m.one(), v.number]`,
    [1, 42],
  ],
  'rollback: of a module that nobody has edited': [
    DUMMY,
    `return [(await rollback(M)).number, m.one(), history(M).length]`,
    [42, 1, 1],
  ],
  'rollback: and forward again; the state stays': [
    DUMMY,
    `m.counts(); await rewrite(m.one, () => 'one'); m.counts(); await rollback(M); const v = await restore(M, 43); return [m.one(), v.number, m.counts(), (await reset(M)).number, m.one()]`,
    ['one', 43, 3, 42, 1],
  ],
};

/** What goes on in memory and with a cache alike. */
const EXPORTS: Record<string, Case> = {
  'add_export: a function, then in the exports and importable': [
    DUMMY,
    `${LATER}const v = await addExport(at('half'), (n) => n / 2); const { half } = await later(); return [half(8), v.number, exports(M).at(-1), code(at('half')), 'half' in m]`,
    [4, 43, { name: 'half', kind: 'function', arity: 1 }, 'function half(n) { return n / 2; }', false],
  ],
  'add_export: what is there already': [
    DUMMY,
    `return [await no(addExport(at('one'), () => 1)), version(M).number]`,
    ['BAD_TARGET', 42],
  ],
  'add_export: gone with a rollback, back with restore': [
    DUMMY,
    `${LATER}await addExport(at('half'), (n) => n / 2); const { half } = await later(); await rollback(M); const gone = await no((async () => half(8))()); const names = exports(M).length; await restore(M, 43); return [gone, names, half(8)]`,
    ['REMOVED', 10, 4],
  ],
  'remove_export: who holds it is told so': [
    DUMMY,
    `${LATER}const { one } = m; const v = await removeExport(m.one); return [await no((async () => one())()), v.number, exports(M).some(({ name }) => name === 'one'), 'one' in (await later()), m.two()]`,
    ['REMOVED', 43, false, false, 2],
  ],
  'remove_export: again': [
    DUMMY,
    `await removeExport(at('one')); return [await no(removeExport(at('one'))).then((text) => text.split(' ')[0]), await no(removeExport(at('never'))).then((text) => text.split(' ')[0]), version(M).number]`,
    ['MISSING', 'MISSING', 43],
  ],
  'remove_export: back with a rollback': [
    DUMMY,
    `${LATER}await removeExport(at('one')); await rollback(M); return [m.one(), (await later()).one(), exports(M).length]`,
    [1, 1, 10],
  ],
};

/** Sticky modules. */
const UNFORCED: Record<string, Case> = {
  'core modules, unforced: refused, and the variable is named': [
    'export {};',
    `const edits = [rewrite('node:os#hostname', () => 'mine'), inject('node:os#hostname', () => {}), mock('node:os#hostname'), rollback('node:os')]; const words = await Promise.all(edits.map((edit) => edit.catch((error) => error.code + /HOTSWAP_OVERRIDE_CORE/.test(error.message)))); return [new Set(words).size, words[0]]`,
    [1, 'ERR_HOTSWAP_COREtrue'],
  ],
};
const FORCED: Record<string, Case> = {
  'core modules, forced: rewritten and rolled back': [
    `import { hostname } from 'node:os'; export const ask = () => hostname();`,
    `const before = m.ask(); const v = await rewrite('node:os#hostname', () => 'mine'); const during = m.ask(); const w = await rollback('node:os'); return [during, v.number, v.persisted, w.number, m.ask() === before, history('node:os').length]`,
    ['mine', 1, false, 0, true, 2],
  ],
};

/** What nobody should ask for, or all at once. */
const BAD_INPUT: Record<string, Case> = {
  'two edits of one module at once: they queue, and both hold': [
    DUMMY,
    `const [a, b] = await Promise.all([rewrite(m.one, () => 'one'), rewrite(m.two, () => 'two')]); return [a.number, b.number, b.parent, m.one(), m.two(), (await rollback(M)).number, m.two()]`,
    [43, 44, 43, 'one', 'two', 43, 2],
  ],
  'a transaction whose third edit fails': [
    DUMMY,
    `const why = await no(transaction(async () => { await rewrite(m.one, () => 'one'); await addExport(at('half'), (n) => n / 2); await rewrite(m.two, () => nowhere); })); return [why, m.one(), m.two(), version(M).number, exports(M).length]`,
    ['OUT_OF_SCOPE nowhere', 1, 2, 42, 10],
  ],
  "an edit inside an edit's callback: of a function in itself, of a listener, of a transaction": [
    DUMMY,
    `globalThis.edit = () => rewrite(at('one'), '() => "other"'); await rewrite(m.one, '() => { globalThis.edited = globalThis.edit(); return "self"; }'); const out = [m.one()]; await globalThis.edited; out.push(m.one());
     const heard = []; const off = on('swap', ({ path, number }) => { if (heard.push(path + number) === 1) heard.last = rewrite(m.double, () => 'heard'); }); await rewrite(m.two, () => 'two'); await heard.last; off(); out.push(heard.slice(), m.double());
     const made = await transaction(async () => { await rewrite(m.two, () => 2.5); await transaction(() => rewrite(m.one, () => 1.5)); }); return [...out, made.length, m.one(), m.two(), version(M).number]`,
    ['self', 'other', ['two45', 'double46'], 'heard', 1, 1.5, 2.5, 47],
  ],
  'a stop during an edit, and start twice': [
    DUMMY,
    `const edit = rewrite(m.one, () => 'one'); const state = await stop(); const { number } = await edit; const later = await rewrite(m.one, () => 'uno'); const first = await start(); const twice = await no(start()); const kept = history(M).map((one) => one.persisted);
     return [state.started, number, later.number, later.persisted, first.started, twice, kept, m.one(), (await rollback(M)).number]`,
    [false, 43, 44, false, true, 'CONFIG', [true, true, true], 'uno', 43],
  ],
};

const named = (table: Record<string, Case>, how: string): Record<string, Case> =>
  Object.fromEntries(Object.entries(table).map(([name, one]) => [`${name} (${how})`, one]));

cases(SUITE);
cases(named(EXPORTS, 'the cache is started'));
cases(named(EXPORTS, 'the cache is not started'), { env: { HOTSWAP_CACHE_DIR: '' } });
cases(BAD_INPUT);
cases(UNFORCED);
cases(FORCED, { env: { HOTSWAP_OVERRIDE_CORE: '1' } });

test.run();
