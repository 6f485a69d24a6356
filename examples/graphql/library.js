class Library {
  #loans = new WeakMap();

  constructor(books) {
    this.books = books.map((book, at) => ({ id: String(at + 1), ...book }));
  }

  by(author) {
    return this.books.filter((book) => author === undefined || book.author === author);
  }

  find(id) {
    return this.books.find((book) => book.id === id);
  }

  loansOf(book) {
    return this.#loans.get(book) ?? [];
  }

  lend(book, user) {
    this.#loans.set(book, [...this.loansOf(book), user]);
    return book;
  }
}

export const library = new Library([
  { title: 'Emma', author: 'Austen' },
  { title: 'Persuasion', author: 'Austen' },
  { title: 'Dracula', author: 'Stoker' },
]);
