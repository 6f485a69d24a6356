/** Module texts of a given size that look like what people write: functions, a class, some data. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Source text of about `size` bytes that exports `price` and has `seed` in it, so that no two are the same. */
export function moduleText(size, seed) {
  let text = `const seed = ${seed};
export function price(item) {
  const base = item.cost * 2 + item.tax;
  return item.count > 10 ? base * 0.9 : base;
}
`;
  for (let i = 0; text.length < size - 700; i++) {
    text += `
/** Orders by name, then by amount; unnamed ones last. */
export function sorted${i}(orders, options = {}) {
  const { limit = 100, by = 'name' } = options;
  const known = orders.filter((order) => order[by] !== undefined && order.amount > seed);
  known.sort((a, b) => (a[by] < b[by] ? -1 : a[by] > b[by] ? 1 : b.amount - a.amount));
  return known.slice(0, limit).map(({ name, amount }) => ({ name, amount, price: price({ cost: amount, tax: ${i}, count: 1 }) }));
}

export class Basket${i} {
  #lines = new Map();
  add(name, amount = 1) {
    this.#lines.set(name, (this.#lines.get(name) ?? 0) + amount);
    return this;
  }
  get size() {
    return this.#lines.size;
  }
  total(prices) {
    let sum = 0;
    for (const [name, amount] of this.#lines) sum += (prices[name] ?? 0) * amount;
    return sum;
  }
}
`;
  }
  const room = size - 1 - text.length;
  return `${text}${room < 2 ? ' '.repeat(Math.max(room, 0)) : `//${'.'.repeat(room - 2)}`}\n`;
}

/** @returns the URL of a module of that size at `file` */
export function writeModule(file, size) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, moduleText(size, 0));
  return pathToFileURL(file).href;
}

/** @returns the file of a program that imports `count` modules of `size` bytes */
export function writeProgram(directory, count, size) {
  mkdirSync(directory, { recursive: true });
  let main = '';
  for (let i = 0; i < count; i++) {
    writeFileSync(join(directory, `m${i}.mjs`), moduleText(size, i));
    main += `import { price as price${i} } from './m${i}.mjs';\n`;
  }
  main += `if (price0({ cost: 1, tax: 0, count: 1 }) !== 2) process.exitCode = 1;\n`;
  const file = join(directory, 'main.mjs');
  writeFileSync(file, main);
  return file;
}
