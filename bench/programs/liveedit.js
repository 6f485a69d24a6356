/**
 * A program whose module is edited again and again: by `rewrite` with the hooks, by V8's LiveEdit through the inspector without.
 * The module's URL is the program's argument; `price` and what `pricer` returns are held from the start.
 */
import { readFileSync } from 'node:fs';
import { elapsed, serve } from './serve.js';

const url = process.argv[2];
const { price, pricer } = await import(url);
const hot = globalThis[Symbol.for('hotswap')] !== undefined;
const edit = hot ? await rewriting() : await liveEditing();
const closure = pricer();
const item = { cost: 1, tax: 0, count: 1 };
/** number of the newest edit; 2 is the module's own text */
let made = 2;

const priceText = (n) => `function price(item) {
  const base = item.cost * ${n} + item.tax;
  return item.count > 10 ? base * 0.9 : base;
}`;
const closureText = (n) => `(item) => item.cost * ${n}`;

async function rewriting() {
  const { rewrite } = await import('hotswap');
  return (path, _from, to) => rewrite({ module: url, path }, to);
}

async function liveEditing() {
  const { Session } = await import('node:inspector/promises');
  const session = new Session();
  session.connect();
  let script;
  session.on('Debugger.scriptParsed', ({ params }) => {
    if (params.url === url) script = params.scriptId;
  });
  await session.post('Debugger.enable');
  let text = readFileSync(new URL(url), 'utf8');
  return async (_path, from, to) => {
    text = text.replace(from, to);
    const { status } = await session.post('Debugger.setScriptSource', {
      scriptId: script,
      scriptSource: text,
    });
    if (status !== 'Ok') throw new Error(status);
  };
}

serve({
  /** milliseconds until the exported function, held from the start, runs its new code */
  async edit() {
    const n = ++made;
    const ms = await elapsed(() => edit('price', priceText(n - 1), priceText(n)));
    if (price(item) !== n) throw new Error('the new code does not run');
    return ms;
  },
  /** whether a closure that was made before runs new code of its own */
  async reachesClosure() {
    await edit('pricer > return', closureText(2), closureText(3));
    if (pricer()(item) !== 3) throw new Error('the new code does not run');
    return closure(item) === 3;
  },
});
