/**
 * Hot functions of every kind in tight loops, none of them ever edited: what a patch point costs once V8 has
 * optimised it. Each case is `run(n)`: n calls.
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
  #x;
  constructor(x) {
    this.#x = x;
  }
  plus(by) {
    return (this.#x + by) | 0;
  }
  get x() {
    return this.#x;
  }
  static sum(a, b) {
    return ((a ^ b) + 1) | 0;
  }
}

function destructured({ a, b }) {
  return ((a ^ b) + 1) | 0;
}

const destructuredArrow = ([a, b]) => ((a ^ b) + 1) | 0;

function defaulted(a, b = 7, c = a) {
  return ((a ^ b) + c) | 0;
}

function fibonacci(n) {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

function* counting(n) {
  for (let i = 0; i < n; i++) yield i;
}

function* pair(a, b) {
  yield a;
  yield b;
}

async function asynchronous(a) {
  return (a + 1) | 0;
}

const handlers = [
  (a) => (a + 1) | 0,
  (a) => (a ^ 2) | 0,
  (a) => (a - 3) | 0,
  (a) => (a * 5) | 0,
  (a) => (a | 7) >> 1,
  (a) => (a & 1023) | 0,
];

const runs = {
  'function declaration'(n) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum = declared(sum, i);
    return sum;
  },
  'arrow, concise'(n) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum = concise(sum, i);
    return sum;
  },
  'arrow, block'(n) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum = block(sum, i);
    return sum;
  },
  method(n) {
    const point = new Point(3);
    let sum = 0;
    for (let i = 0; i < n; i++) sum = point.plus(sum);
    return sum;
  },
  accessor(n) {
    const point = new Point(3);
    let sum = 0;
    for (let i = 0; i < n; i++) sum = (sum ^ i) + point.x;
    return sum;
  },
  'static method'(n) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum = Point.sum(sum, i);
    return sum;
  },
  constructor(n) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum = (sum ^ new Point(i).x) + 1;
    return sum;
  },
  'destructured parameter'(n) {
    const given = { a: 1, b: 2 };
    let sum = 0;
    for (let i = 0; i < n; i++) {
      given.a = sum;
      given.b = i;
      sum = destructured(given);
    }
    return sum;
  },
  'destructured arrow'(n) {
    const given = [1, 2];
    let sum = 0;
    for (let i = 0; i < n; i++) {
      given[0] = sum;
      given[1] = i;
      sum = destructuredArrow(given);
    }
    return sum;
  },
  'default parameters'(n) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum = defaulted(sum) ^ i;
    return sum;
  },
  'recursion, not inlined'(n) {
    let sum = 0;
    for (let i = 0; i < n; i += 250) sum += fibonacci(11);
    return sum;
  },
  'handlers in a table'(n) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum = handlers[i % 6](sum);
    return sum;
  },
  'generator, created'(n) {
    let sum = 0;
    for (let i = 0; i < n; i++) for (const x of pair(sum, i)) sum = (sum ^ x) + 1;
    return sum;
  },
  'generator, resumed'(n) {
    let sum = 0;
    for (const x of counting(n)) sum = (sum ^ x) + 1;
    return sum;
  },
  async async(n) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum = await asynchronous(sum);
    return sum;
  },
};

serve({
  names: () => Object.keys(runs),
  time: (name, n) => timeThousands(runs[name], n),
});
