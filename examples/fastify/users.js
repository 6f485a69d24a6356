export class Users {
  #known = new Map();

  join(name) {
    this.#known.set(name, { name, joined: this.#known.size + 1 });
  }

  profile(name) {
    if (!this.#known.has(name)) this.join(name);
    return this.#known.get(name);
  }
}
