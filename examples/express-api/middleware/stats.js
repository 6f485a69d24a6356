let requests = 0;

/** Counts requests, and says in a header which one this is. */
export function counted(_req, res, next) {
  requests++;
  res.set('x-request', String(requests));
  next();
}
