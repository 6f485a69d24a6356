import { GraphQLError } from 'graphql';
import { library } from '../library.js';

export const BookQuery = {
  books: (_parent, { author }) => library.by(author),
  book: (_parent, { id }) => library.find(id),
};

export const BookMutation = {
  lend(_parent, { id }, { user }) {
    const book = library.find(id);
    if (book === undefined) throw new GraphQLError(`no book ${id}`);
    return library.lend(book, user);
  },
};

export const Book = {
  title: (book) => book.title,
  loans: (book) => library.loansOf(book).length,
};
