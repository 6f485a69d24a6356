// The verdict on starts that ended too soon, over programs by chance that only exist in numbers: thousands of crash loops in a second.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Health } from '../cache/health.ts';
import type { Ending, Run, Start } from '../cache/starts.ts';
import { verdictOn } from '../loader/verdict.ts';
import { randomFrom } from './random.ts';

const OWNER = { pid: 1, host: 'h', boot: 'b', space: 1, born: '1' };

/** How a version ends its program: not, with its file in the error, with an error that names nothing, or killed. */
type Kind = 'good' | 'tells' | 'says' | 'kills';

interface Version extends Run {
  kind: Kind;
}

/** A program: versions of modules, oldest first, each made from the one before. */
class Simulated {
  readonly health = new Health();
  readonly modules = new Map<string, Version[]>();
  #starts = 0;
  #made = 0;

  add(module: string, kind: Kind): void {
    const versions = this.modules.get(module) ?? [];
    const number = versions.length + 1;
    versions.push({
      module,
      id: `${module}${'abcdefghijklmnopqrstuvwxyz'[number]}`,
      number,
      at: this.#made++,
      kind,
    });
    this.modules.set(module, versions);
  }

  /** Starts it. @returns the versions that run, and whether it was healthy */
  start(broken?: Ending): { runs: Version[]; isHealthy: boolean } {
    const { health } = this;
    const runs: Version[] = [];
    const without: Version[] = [];
    for (const versions of this.modules.values()) {
      let isDeep = false;
      for (const version of versions.toReversed()) {
        const aside = health.asideOf(version);
        isDeep ||= aside?.isDeep === true;
        if (aside !== undefined) without.push(version);
        else if (!isDeep || health.isHealthy(version, 'p')) {
          runs.push(version);
          break;
        }
      }
    }
    const culprit = runs.find((one) => one.kind !== 'good');
    const note = `n${this.#starts++}`;
    if (culprit === undefined && broken === undefined) {
      health.take({ event: 'healthy', note, program: 'p', versions: runs, without });
      return { runs, isHealthy: true };
    }
    const start: Start = {
      name: note,
      at: 0,
      thread: 0,
      program: 'p',
      isLate: false,
      owner: OWNER,
      runs,
      without,
      failures: [],
      ending: undefined,
    };
    for (const event of verdictOn(start, broken ?? endingBy(culprit as Version), health)) health.take(event);
    return { runs, isHealthy: false };
  }
}

function endingBy({ kind, module, id }: Version): Ending {
  if (kind === 'kills') return { code: null, files: [] };
  return kind === 'tells'
    ? { code: 1, error: `Error: ${id}`, files: [module] }
    : { code: 3, files: ['app.js'] };
}

test('whatever the versions do, the program comes up within as many restarts as there are new ones and one, and what was healthy stays', () => {
  for (let seed = 1; seed <= 3000; seed++) {
    const chance = randomFrom(seed);
    const next = (below: number): number => Math.floor(chance() * below);
    const program = new Simulated();
    let before: Version[] = [];
    for (let round = 0; round < 3; round++) {
      const many = 1 + next(7);
      for (let i = 0; i < many; i++)
        program.add(
          `${'abcd'[next(4)]}.js`,
          (['good', 'good', 'tells', 'says', 'kills'] as const)[next(5)] as Kind,
        );
      let restarts = 0;
      let last = program.start();
      // Versions of earlier rounds that another crash has cleared may be new as well.
      const untried = [...program.modules.values()]
        .flat()
        .filter((one) => !program.health.isHealthy(one, 'p'));
      while (!last.isHealthy && restarts <= untried.length + 1) {
        restarts++;
        last = program.start();
      }
      const about = `seed ${seed}, round ${round}`;
      assert.ok(last.isHealthy, about);
      assert.ok(restarts <= many + 1, `${about}: ${restarts} restarts for ${many} versions`);
      for (const one of before)
        assert.ok(
          last.runs.some(({ module, number }) => module === one.module && number >= one.number),
          about,
        );
      before = last.runs;
      for (const one of before) assert.not(program.health.asideOf(one), about);
    }
  }
});

test('errors that name their files: exactly the versions that end the program are set aside', () => {
  for (let seed = 1; seed <= 1000; seed++) {
    const chance = randomFrom(seed);
    const program = new Simulated();
    for (let i = 0; i < 8; i++)
      program.add(`${'abcd'[Math.floor(chance() * 4)]}.js`, chance() < 0.6 ? 'good' : 'tells');
    let last = program.start();
    while (!last.isHealthy) last = program.start();
    const all = [...program.modules.values()].flat();
    for (const one of all) if (program.health.asideOf(one)) assert.is(one.kind, 'tells', `seed ${seed}`);
    assert.equal(
      last.runs.length,
      [...program.modules.values()].filter((some) => some.some(({ kind }) => kind === 'good')).length,
    );
  }
});

test('a program that ends whatever runs gets all versions back, and none is set aside for that again', () => {
  const ending: Ending = { code: 7, files: ['app.js'] };
  for (let many = 1; many <= 6; many++) {
    const program = new Simulated();
    for (let i = 0; i < many; i++) program.add(`${'abcdef'[i]}.js`, 'good');
    for (let i = 0; i < many + 3; i++) program.start(ending);
    assert.equal([program.start(ending).runs.length, program.health.asides.size], [many, 0]);
    assert.is(program.start().isHealthy, true);
  }
});

test.run();
