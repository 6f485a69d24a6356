// An unedited program must behave as it does without the loader: each case runs twice and both outputs are compared.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { program } from './program.ts';

const CASES: Record<string, string> = {
  'functions, arrows, methods, accessors': `
    export function add(a, b) { return a + b; }
    const mul = (a, b,) => a * b, id = x => x, zero = () => ({ z: 0 }), later = async (x) => x;
    class Cart { #n = 1; static made = 0; constructor(n = 2) { this.#n = n; Cart.made++; } get n() { return this.#n; } set n(v) { this.#n = v; }
      total(k) { return this.#n * k; } static of(n) { return new this(n); } #secret() { return this.#n; } tell() { return this.#secret(); } field = (x) => this.#n + x; }
    class Big extends Cart { constructor(n) { super(n); this.big = true; } total(k) { return super.total(k) + 1; } }
    const big = Big.of(4); big.n = 7;
    console.log(add(1, 2), mul(2, 3), id(1), zero(), await later(5), big.total(2), big.tell(), big.field(1), big.big, Cart.made, new Cart().n);
    for (const f of [add, mul, id, zero, later, Cart, Big, Cart.of, Big.prototype.total]) console.log(f.name, f.length, Object.getOwnPropertyNames(f), f.constructor.name);`,
};

for (const [name, source] of Object.entries(CASES)) {
  test(name, async () => {
    const app = program({ 'app.js': source });
    const plain = await app.run({ hot: false });
    const hot = await app.run();
    assert.equal(hot, plain);
    app.remove();
  });
}

test.run();
