/** What is sold, and how much of it is left. */
class Catalog {
  #products = new Map();
  #sold = 0;

  constructor(products) {
    for (const product of products) this.#products.set(product.name, { stock: 1000000, ...product });
  }

  all() {
    return [...this.#products.values()];
  }

  find(name) {
    const product = this.#products.get(name);
    if (product === undefined) throw Object.assign(new Error(`no product ${name}`), { status: 404 });
    return product;
  }

  async take(name) {
    this.find(name).stock--;
    this.#sold++;
  }

  get sold() {
    return this.#sold;
  }
}

export const catalog = new Catalog([
  { name: 'tea', price: 3 },
  { name: 'cup', price: 8 },
]);
