export class TodoList {
  #todos = [];

  get size() {
    return this.#todos.length;
  }

  add(title) {
    const todo = { id: this.#todos.length + 1, title, done: false };
    this.#todos.push(todo);
    return todo;
  }

  get(id) {
    const todo = this.#todos[id - 1];
    if (todo === undefined) throw new RangeError(`no todo ${id}`);
    return todo;
  }

  open() {
    return this.#todos.filter((todo) => !todo.done);
  }
}
