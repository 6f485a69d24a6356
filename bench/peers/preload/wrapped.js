/** What a tracer does with import-in-the-middle: an export gives way to a function that calls it. Here every export `price`. */
import { Hook } from 'import-in-the-middle';

new Hook((exported) => {
  const { price } = exported;
  if (typeof price !== 'function') return;
  exported.price = function (...args) {
    return price.apply(this, args);
  };
});
