export class Room {
  #members = new Set();

  get size() {
    return this.#members.size;
  }

  join(member) {
    this.#members.add(member);
  }

  leave(member) {
    this.#members.delete(member);
  }

  names() {
    return [...this.#members].map(({ name }) => name);
  }

  broadcast(message) {
    for (const { send } of this.#members) send(message);
  }
}

export const lobby = new Room();
