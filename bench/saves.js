/**
 * From a save to the running program's new answer, in this and in the tools that people use now, on one program of 500
 * modules; and what 500 saves leave in memory. All tools run at once and are saved to in turn, so that whatever else the
 * machine does meets all; each has a directory of its own with the same texts, and gets the same changes.
 */
import { join } from 'node:path';
import { changedTexts, KINDS, MOST, PLACES, programTexts, unchanged } from './changes.js';
import { median, spread } from './harness.js';
import { installPeers, whyNot } from './peers.js';
import { startTool, wait } from './tools.js';

export const title =
  'from a save until it is live, 500 modules of 4 KB; "plain" is the other tool, first line the best';

const TOOLS = ['hotswap', 'dynohot', 'hot-hook', 'vite-runner', 'vite-node', 'node-watch', 'tsx-watch'];

/** Quiet before a save, in milliseconds: a tool may still be at what follows on the last, and some drop a save within 50. */
const QUIET = 100;

/** Saves of each kind before any counts, and of tools that start the process again, where nothing gets warm. */
const WARM_UP = { kept: 2, restarted: 1 };

/** Into how many stretches the saves are divided whose memory is looked at. */
const STRETCHES = 5;

/** How long the memory of a program that keeps much takes to be looked at, in milliseconds. */
const LOOK = 180_000;

export async function measure({ saves, savesKept, savesWarm, only, directory }) {
  const cases = PLACES.flatMap((place) => KINDS.map((kind) => [place, kind])).filter(([place, kind]) =>
    caseName(place, kind).includes(only),
  );
  const adapters = await Promise.all(TOOLS.map(async (tool) => (await import(`./peers/${tool}.js`)).default));
  const isKept = ['heap', 'rss'].some((what) => memoryName(what, savesKept).includes(only));
  const versions = installPeers();
  const tools = [];
  try {
    for (const adapter of adapters) tools.push(await begin(adapter, versions, directory));
    await latency(tools, cases, Math.min(saves, MOST - WARM_UP.kept));
    if (isKept) await Promise.all(tools.map((tool) => memory(tool, savesKept, savesWarm)));
  } finally {
    for (const { running } of tools) await running?.close();
  }
  const [ours, ...peers] = tools;
  return [
    ...cases.flatMap(([place, kind]) => latencyRows(place, kind, ours, peers)),
    ...(isKept ? ['heap', 'rss'].flatMap((what) => memoryRows(what, ours, peers, savesKept)) : []),
  ];
}

/** A tool at work, or why it is not. */
async function begin(adapter, versions, directory) {
  const states = Object.fromEntries(PLACES.map(({ place }) => [place, unchanged()]));
  const tool = { ...adapter, states, saves: {}, running: undefined, why: whyNot(adapter, versions) };
  if (tool.why !== undefined) return tool;
  try {
    tool.running = await startTool(adapter, programTexts(states), join(directory, 'saves', slug(adapter)));
  } catch (error) {
    tool.why = error.message;
  }
  return tool;
}

const slug = ({ name }) => name.replace(/\W+/g, '-');

/** Every tool in turn for each case, each time beginning with another, so that each comes after each of the others. */
async function latency(tools, cases, saves) {
  const turns = [...tools];
  for (let n = -WARM_UP.kept; n < saves; n++) {
    turns.push(turns.shift()); // the cases may be as many as the tools, or twice as many
    for (const [place, kind] of cases) {
      turns.push(turns.shift());
      for (const tool of turns) {
        if (n >= -(tool.restarts ? WARM_UP.restarted : WARM_UP.kept))
          await saveOnce(tool, place, kind, n >= 0);
      }
    }
  }
}

/** One more change of a kind. Where a tool has missed two of that kind, it is not asked for it again. */
async function saveOnce(tool, place, kind, counts) {
  const { running, states } = tool;
  const one = (tool.saves[keyOf(place, kind)] ??= { times: [], missed: 0, held: 0, said: '' });
  if (running === undefined || one.missed >= 2) return;
  const held = tool.restarts ? undefined : JSON.stringify(await running.ask('held'));
  await wait(QUIET);
  states[place.place][kind.kind]++;
  const expected = JSON.stringify(states);
  const ms = await running.save(
    changedTexts(place, kind, states),
    (answer) => JSON.stringify(answer) === expected,
  );
  if (ms === undefined) {
    one.missed++;
    one.said = lastLine(running.said());
  } else if (counts) {
    one.times.push(ms);
    if (!tool.restarts && JSON.stringify(await running.ask('held')) !== held) one.held++;
  }
}

/**
 * What each of many saves of a function body leaves, in bytes, once others have warmed V8's caches and code: the median of some
 * stretches, as V8 makes machine code of what takes saves over now and then, which is half a megabyte at once.
 */
async function memory(tool, saves, warmUp) {
  const { running, states, restarts } = tool;
  if (running === undefined || restarts) return;
  const [place] = PLACES;
  const save = async () => {
    await wait(QUIET);
    states[place.place].body++;
    const expected = JSON.stringify(states);
    return running.save(changedTexts(place, {}, states), (answer) => JSON.stringify(answer) === expected);
  };
  let missed = 0;
  const looks = [];
  for (let i = -warmUp; i <= saves && missed <= saves / 20; i++) {
    if (i >= 0 && i % (saves / STRETCHES) === 0) looks.push(await running.ask('memory', LOOK));
    if (i < saves && (await save()) === undefined) missed++;
  }
  if (missed > saves / 20) {
    tool.leaves = new Error(`${missed} saves never got live: ${lastLine(running.said())}`);
  } else if (looks.includes(undefined)) {
    tool.leaves = new Error('its heap could not be looked at');
  } else {
    const each = (what) =>
      median(looks.slice(1).map((look, i) => ((look[what] - looks[i][what]) * STRETCHES) / saves));
    tool.leaves = { heap: each('heap'), rss: each('rss') };
  }
}

/** The best of the others first, which the targets are about; then each. */
function latencyRows(place, kind, ours, peers) {
  const key = keyOf(place, kind);
  const mine = ours.saves[key]?.times ?? [];
  const rows = peers.map((peer) => {
    const { times = [], missed = 0, held = 0, said = '' } = peer.saves[key] ?? {};
    const name = `  ${peer.name}`;
    if (peer.why !== undefined) return { name, unit: 'ms', note: oneLine(peer.why) };
    if (times.length === 0) return { name, unit: 'ms', note: `it never got live: ${said}` };
    const notes = [
      ...(missed > 0 ? [`${missed} saves never got live`] : []),
      ...(peer.restarts ? ['state is lost'] : heldNotes(held, times.length)),
    ];
    return {
      name,
      ...compared(times, mine, 'ms'),
      ...(notes.length > 0 ? { note: notes.join('; ') } : {}),
    };
  });
  const best = lowest(rows);
  const limit = kind.kind === 'body' ? 0.5 : 1;
  const note = [
    best && `best: ${best.name.trim()}`,
    ours.saves[key]?.missed > 0 &&
      `${ours.saves[key].missed} of ours never got live: ${ours.saves[key].said}`,
  ].filter(Boolean);
  return [
    {
      ...best,
      hot: mine.length > 0 ? median(mine) : undefined,
      unit: 'ms',
      name: caseName(place, kind),
      target: { ratio: limit, says: `≤ ${limit}x` },
      note: note.join('; '),
    },
    ...rows,
  ];
}

function memoryRows(what, ours, peers, saves) {
  const mine = ours.leaves?.[what];
  const rows = peers.map((peer) => {
    const name = `  ${peer.name}`;
    const words =
      peer.why ??
      (peer.restarts ? 'it keeps no process' : peer.leaves instanceof Error && peer.leaves.message);
    if (words) return { name, unit: 'bytes', note: oneLine(words) };
    const theirs = peer.leaves[what];
    return { name, plain: theirs, hot: mine, unit: 'bytes', ratio: kept(mine) / kept(theirs) };
  });
  const best = lowest(rows);
  return [
    {
      ...best,
      hot: mine,
      unit: 'bytes',
      name: memoryName(what, saves),
      ...(what === 'heap' ? { target: { ratio: 0.1, says: '≤ 0.1x' } } : {}),
      note: best && `best: ${best.name.trim()}`,
    },
    ...rows,
  ];
}

/** A heap that has shrunk keeps nothing, of which nobody keeps a tenth. */
const kept = (bytes) => Math.max(bytes, 0);

/** Whether saves reached who took the application's function at the start. */
function heldNotes(reached, of) {
  if (reached === of) return [];
  return [`who holds the function ${reached === 0 ? 'keeps the old one' : `got ${reached} of ${of}`}`];
}

/** Medians, and the ratio of neighbours in time. */
function compared(theirs, ours, unit) {
  const n = Math.min(theirs.length, ours.length);
  const ratios = Array.from({ length: n }, (_, i) => ours[i] / theirs[i]);
  return {
    plain: median(theirs),
    hot: n > 0 ? median(ours) : undefined,
    unit,
    times: { plain: theirs, hot: ours },
    ...(n > 0 ? spread(ratios) : {}),
  };
}

const lowest = (rows) =>
  rows.reduce(
    (best, row) => (row.plain !== undefined && !(best?.plain <= row.plain) ? row : best),
    undefined,
  );

const caseName = (place, kind) => `${kind.says}, ${place.says}`;
const memoryName = (what, saves) =>
  `${what === 'heap' ? 'heap' : 'resident memory'} a save (${saves} function bodies)`;
const keyOf = ({ place }, { kind }) => `${kind} ${place}`;
const oneLine = (text) => text.replace(/\s+/g, ' ').slice(0, 160);
const lastLine = (text) => oneLine(text.trim().split('\n').at(-1) ?? '');
