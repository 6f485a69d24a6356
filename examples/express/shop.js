export class Shop {
  #items;

  constructor(items) {
    this.#items = new Map(items.map((item) => [item.name, item]));
  }

  find(name) {
    return this.#items.get(name);
  }

  price(item) {
    return item.cost;
  }
}
