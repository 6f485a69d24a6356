/**
 * What a start that ended too soon tells of the versions that it ran. In: its note, and what is known of versions; out: the events that
 * follow from it. Pure. At most three versions are set aside one after the other, those that the error names first, then the newest; then
 * all that no start was healthy with. So n versions that are new need at most n + 1 starts, and one that another crash shows to be
 * innocent runs again.
 */
import { type Aside, type Health, type HealthEvent, keyOf } from '../cache/health.ts';
import type { Ending, ModuleVersion, Run, Start } from '../cache/starts.ts';

/** How many are set aside one after the other. */
const STEPS = 3;

/** Judges a start. @param ending how it ended, or why a module of it failed */
export function verdictOn(start: Start, ending: Ending, health: Health): HealthEvent[] {
  const note = start.name;
  // One that ran what is set aside by now has shown nothing new.
  if (start.runs.some((run) => health.asideOf(run) !== undefined)) return [];
  const sign = endingOf(ending);
  const guesses = start.without.flatMap((one) => health.asideOf(one) ?? []).filter((one) => one.isGuess);
  const isSame = guesses.some((one) => one.ending === sign);
  const suspects = start.runs.filter(
    (run) => !health.isHealthy(run, start.program) && !health.cleared.has(`${keyOf(run)} ${sign}`),
  );
  if (guesses.length > 0 && !isSame) {
    // Without them it came further, and what ends it now is something else.
    const next = nextAside(suspects, [], new Set(), { note, ending, sign, row: health.row });
    return [{ event: 'confirmed', note, versions: guesses.map(named) }, ...next];
  }
  const isExcused = ending.isSystem === true && guesses.length === 0 && !health.excused.has(sign);
  if (isExcused && suspects.length > 0) return [{ event: 'excused', note, ending: sign }];
  return nextAside(suspects, guesses, health.tried, { note, ending, sign, row: health.row });
}

interface Crash {
  note: string;
  ending: Ending;
  sign: string;
  row: Health['row'];
}

/**
 * What is set aside next.
 * @param guesses what is aside already, and has not helped @param tried keys of what has not helped before
 */
function nextAside(
  suspects: readonly Run[],
  guesses: readonly Aside[],
  tried: ReadonlySet<string>,
  { note, ending, sign, row }: Crash,
): HealthEvent[] {
  const asides = (runs: readonly (Run | Aside)[], isDeep: boolean): HealthEvent => {
    const at = Date.now();
    const why = whyOf(ending);
    const versions = runs.map(({ module, id, number }) => ({ module, id, number, why, at }));
    return {
      event: 'aside',
      note,
      versions: versions.map((one) => ({ ...one, ending: sign, isGuess: true, isDeep })),
    };
  };
  const rank = ({ module }: Run): number => {
    const place = ending.files.indexOf(module);
    return place === -1 ? ending.files.length : place;
  };
  const [next] = suspects
    .filter((run) => !tried.has(keyOf(run)))
    .sort((a, b) => rank(a) - rank(b) || b.at - a.at || b.number - a.number);
  const isLong = row.notes.size >= new Set([...row.keys, ...suspects.map(keyOf)]).size;
  if (next !== undefined && tried.size + guesses.length < STEPS && !isLong) {
    // Of one module it is the one before that is tried next; of another, those that did not help run again.
    const isOther = guesses.length > 0 && guesses[0]?.module !== next.module;
    const back: HealthEvent[] = isOther ? [{ event: 'tried', note, versions: guesses.map(named) }] : [];
    return [...back, asides([next], false)];
  }
  if (suspects.length > 0) return [asides([...suspects, ...guesses], true)];
  if (guesses.length === 0) return [];
  return [{ event: 'cleared', note, versions: guesses.map(named), ending: sign }];
}

function named({ module, id }: ModuleVersion): ModuleVersion {
  return { module, id };
}

/** What tells one ending from another: code, error and file, without numbers, which may be another's each time. */
function endingOf({ code, error = '', files }: Ending): string {
  return `${code ?? 'killed'} ${error} ${files[0] ?? ''}`.replace(/\d+/g, '#');
}

/** What a person reads of it. */
function whyOf({ code, error, up }: Ending): string {
  const after = up !== undefined && up < 1000 ? `${up} ms after` : `${((up ?? 0) / 1000).toFixed(1)} s after`;
  if (code === null) return 'the program was killed, or crashed, less than ten seconds after its start';
  if (up === undefined && error !== undefined) return `it could not be evaluated: "${error}"`;
  const how = error === undefined ? `exit code ${code}` : `"${error}"`;
  return `the program ended ${after} its start with ${how}`;
}
