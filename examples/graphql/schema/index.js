import { createSchema } from 'graphql-yoga';
import { Book, BookMutation, BookQuery } from './books.js';

// The types stand where the schema is made, so that one save changes both: what is new in them makes a new schema.
export const schema = createSchema({
  typeDefs: /* GraphQL */ `
    type Book {
      id: ID!
      title: String!
      author: String!
      loans: Int!
    }
    type Query {
      me: String!
      books(author: String): [Book!]!
      book(id: ID!): Book
    }
    type Mutation {
      lend(id: ID!): Book!
    }
  `,
  resolvers: {
    Query: { me: (_parent, _args, { user }) => user, ...BookQuery },
    Mutation: BookMutation,
    Book,
  },
});
