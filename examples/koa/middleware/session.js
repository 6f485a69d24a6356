import { randomUUID } from 'node:crypto';

/** A session in memory for each browser, as `ctx.session`. */
export function session({ cookie, seconds }) {
  const sessions = new Map();

  return async (ctx, next) => {
    const id = ctx.cookies.get(cookie) ?? randomUUID();
    if (!sessions.has(id)) sessions.set(id, { visits: 0 });
    ctx.session = sessions.get(id);
    ctx.session.visits++;
    ctx.cookies.set(cookie, id, { maxAge: seconds * 1000 });
    await next();
  };
}
