/** V8's LiveEdit, which debuggers edit running code with, beside `rewrite` of the same function of the same module of 5 KB. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inTurn, pairedRow, reasonOf, sideBySide, start } from './harness.js';
import { moduleText } from './modules.js';

export const title = 'an edit of a 5 KB module, in memory; "plain" is V8\'s LiveEdit through node:inspector';

const CLOSURE = `export function pricer() {
  return (item) => item.cost * 2;
}
`;

/** Edits of either before any counts. */
const WARM_UP = 10;

export async function measure({ pairs, liveEdits, directory }) {
  const file = join(directory, 'liveedit.mjs');
  writeFileSync(file, moduleText(5000 - CLOSURE.length, 0) + CLOSURE);
  const args = [pathToFileURL(file).href];
  const open = {
    plain: () => start('liveedit', { hot: false, args }),
    hot: () => start('liveedit', { hot: true, args }),
  };
  const times = [];
  let reached;
  try {
    for (let i = 0; i < pairs; i++) {
      await sideBySide(open, async ({ plain, hot }) => {
        const sides = { plain: () => plain.ask('edit'), hot: () => hot.ask('edit') };
        times.push(await inTurn(sides, liveEdits, WARM_UP));
        reached = { plain: await plain.ask('reachesClosure'), hot: await hot.ask('reachesClosure') };
      });
    }
  } catch (error) {
    return [{ name: 'rewrite', note: `fails: ${reasonOf(error.message)}` }];
  }
  const says = (side) => (reached[side] ? 'gets the new code' : 'keeps the old code');
  return [
    {
      ...pairedRow('rewrite', times),
      note: `a closure that exists ${says('plain')} with LiveEdit, ${says('hot')} here`,
    },
  ];
}
