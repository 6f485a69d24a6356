/**
 * Functions that are replaced twice and then called in tight loops. In plain Node nothing is replaced: there the
 * code as it stands, which costs the same as what replaces it, is what a replaced function is compared with.
 */
import { serve, timeThousands } from './serve.js';

function declared(a, b) {
  return ((a ^ b) + 1) | 0;
}

const concise = (a, b) => ((a ^ b) + 1) | 0;

const block = (a, b) => {
  const mixed = a ^ b;
  return (mixed + 1) | 0;
};

class Point {
  #x = 3;
  plus(by) {
    return (this.#x + by) | 0;
  }
  static sum(a, b) {
    return ((a ^ b) + 1) | 0;
  }
}

function work(text) {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (hash * 31 + text.charCodeAt(i)) | 0;
  return hash;
}

const runs = {
  'replaced function declaration'(n) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum = declared(sum, i);
    return sum;
  },
  'replaced arrow, concise'(n) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum = concise(sum, i);
    return sum;
  },
  'replaced arrow, block'(n) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum = block(sum, i);
    return sum;
  },
  'replaced method'(n) {
    const point = new Point();
    let sum = 0;
    for (let i = 0; i < n; i++) sum = point.plus(sum);
    return sum;
  },
  'replaced static method'(n) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum = Point.sum(sum, i);
    return sum;
  },
  'replaced function of 100 ns'(n) {
    const text = 'x'.repeat(100);
    let sum = 0;
    for (let i = 0; i < n; i++) sum ^= work(text);
    return sum;
  },
};

serve({
  names: () => Object.keys(runs),
  time: (name, n) => timeThousands(runs[name], n),
  async swap() {
    const { rewrite } = await import('hotswap');
    const at = (path) => ({ module: import.meta.url, path });
    for (const by of [3, 2]) {
      await rewrite(at('declared'), `function declared(a, b) { return ((a ^ b) + ${by}) | 0; }`);
      await rewrite(at('concise'), `(a, b) => ((a ^ b) + ${by}) | 0`);
      await rewrite(at('block'), `(a, b) => { const mixed = a ^ b; return (mixed + ${by}) | 0; }`);
      await rewrite(at('Point.prototype.plus'), `plus(by) { return (this.#x + by + ${by - 2}) | 0; }`);
      await rewrite(at('Point.sum'), `sum(a, b) { return ((a ^ b) + ${by}) | 0; }`);
      await rewrite(
        at('work'),
        `function work(text) { let hash = ${by}; for (let i = 0; i < text.length; i++) hash = (hash * 31 + text.charCodeAt(i)) | 0; return hash; }`,
      );
    }
  },
});
