/**
 * Work in pieces. In: steps that belong together; out: the same work, with the event loop let in between steps where the text is long, so that
 * a program that answers requests goes on answering them. Short texts take one piece, which costs less than a turn.
 */
const { setImmediate: soon } = process.getBuiltinModule('node:timers');
const now = performance.now.bind(performance);

/** Characters from which on a text is long: what is done at once with a shorter one takes a few milliseconds. */
const LONG = 2 ** 16;

/** Milliseconds of work between two turns. */
const SLICE = 4;

export function isLong(text: string): boolean {
  return text.length >= LONG;
}

/** A turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => void soon(resolve));
}

/** Takes all steps. */
export function withoutTurns<T>(steps: Generator<void, T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** Takes all steps, with a turn of the event loop now and then. */
export async function inTurns<T>(steps: Generator<void, T>): Promise<T> {
  for (let since = now(); ; ) {
    const step = steps.next();
    if (step.done) return step.value;
    if (now() - since < SLICE) continue;
    await turn();
    since = now();
  }
}
