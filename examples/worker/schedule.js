const PACE = 1;

/** Calls back every so many milliseconds. The next wait begins when one is over, so that a new pace holds at once. */
export function every(ms, callback) {
  let ticks = 0;
  const tick = () => {
    callback(++ticks);
    setTimeout(tick, ms / PACE);
  };
  setTimeout(tick, ms);
}
