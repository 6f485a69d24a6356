import { setTimeout as sleep } from 'node:timers/promises';

const sent = new Map();

/** Sends a letter; the post office is slow. */
export async function mail({ data: { to, slow = 2 } }) {
  const letter = rendered(to);
  await sleep(Number(slow));
  sent.set(to, (sent.get(to) ?? 0) + 1);
  return `${letter} (${sent.get(to)})`;
}

function rendered(to) {
  return `Dear ${to}`;
}
