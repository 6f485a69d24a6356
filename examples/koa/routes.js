import { polls } from './services/polls.js';

/** What answers to a method and a path. */
export const routes = {
  async 'GET /'(ctx) {
    ctx.body = { visits: ctx.session.visits };
  },
  async 'GET /poll'(ctx) {
    ctx.body = polls.result(ctx.query.name);
  },
  'POST /poll': async (ctx) => {
    polls.vote(ctx.query.name, ctx.query.for);
    ctx.session.voted = ctx.query.for;
    ctx.status = 201;
    ctx.body = { voted: ctx.session.voted };
  },
};
