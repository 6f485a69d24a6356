// Versions in rows of bytes: what goes in comes out, by its number.
import { createHash } from 'node:crypto';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type VersionRecord, VersionTable } from '../cache/table.ts';
import { isSame, KeptVersions } from '../loader/kept.ts';

const idOf = (n: number): string => createHash('sha256').update(String(n)).digest('hex');
const record = (number: number, more: Partial<VersionRecord> = {}): VersionRecord => ({
  number,
  id: idOf(number),
  parent: number === 0 ? undefined : number - 1,
  at: 1_790_000_000_000 + number,
  summary: `~f${number % 3}`,
  kept: number % 2 === 0,
  ...more,
});

for (const first of [0, 1] as const) {
  test(`a table that begins at ${first}`, () => {
    const table = new VersionTable(first);
    assert.is(table.length, 0);
    assert.is(table.next, first);
    for (const number of [-1, 0, 1, 0.5, Number.NaN]) assert.is(table.at(number), undefined);
    const records = Array.from({ length: 1000 }, (_, i) => record(i + first));
    for (const one of records) table.put(one);
    assert.is(table.length, 1000);
    assert.is(table.next, 1000 + first);
    assert.equal([...table], records);
    assert.equal(table.at(first + 500), records[500]);
    for (const number of [first - 1, first + 1000, 1.5, -1]) assert.is(table.at(number), undefined);
    table.cut(first + 10);
    assert.equal([...table], records.slice(0, 10));
    assert.is(table.newestWith(idOf(first + 10)), undefined);
    table.cut(first + 500);
    assert.is(table.length, 10, 'a cut never adds');
  });
}

test('every field: times beyond 32 bits and with fractions, long and odd summaries, marks, parents', () => {
  const table = new VersionTable(0);
  const records = [
    record(0, { summary: '' }),
    record(1, { at: 1.5, summary: '~naïve 🌡, '.repeat(500), file: true }),
    record(2, { at: Number.MAX_SAFE_INTEGER, parent: 0, still: true }),
    record(3, { at: 0, parent: undefined, file: true, still: true, kept: true }),
  ];
  for (const one of records) table.put(one);
  assert.equal([...table], records);
  table.put(record(1));
  assert.equal(table.at(1), record(1), 'another in its place, without its marks');
  assert.equal(table.at(2), records[2]);
});

test('what another table has behind what is here', () => {
  const [log, versions] = [new VersionTable(1), new VersionTable(0)];
  versions.put(record(0));
  versions.addFrom(log);
  assert.equal([...versions], [record(0)]);
  for (const count of [1, 7, 300]) {
    while (log.length < count) log.put(record(log.next, log.next % 5 === 0 ? { file: true } : {}));
    versions.addFrom(log);
    assert.equal([...versions], [record(0), ...log]);
    versions.addFrom(log);
    assert.is(versions.length, count + 1, 'once each');
  }
  log.cut(5);
  versions.addFrom(log);
  assert.is(versions.length, 301, 'fewer than here are none');
  versions.cut(3);
  versions.addFrom(log);
  assert.equal([...versions], [record(0), ...log]);
  assert.is(versions.newestWith(record(4).id), 4);
});

test('by an id, or how it begins: the newest', () => {
  const table = new VersionTable(1);
  for (const n of [1, 2, 3]) table.put(record(n));
  table.put(record(4, { id: idOf(2) }));
  const half = `${idOf(3).slice(0, 40)}${'0'.repeat(24)}`;
  table.put(record(5, { id: half }));
  for (const digits of [7, 8, 9, 63, 64]) {
    assert.is(table.newestWith(idOf(1).slice(0, digits)), 1);
    assert.is(table.newestWith(idOf(2).slice(0, digits)), 4);
  }
  assert.is(table.newestWith(idOf(3).slice(0, 39)), 5);
  assert.is(table.newestWith(idOf(3)), 3);
  assert.is(table.newestWith(idOf(9).slice(0, 7)), undefined);
});

test('what a process alone has of a version stands beside its row, and goes with it', () => {
  const bound = new Map([['f', { limit: 3 }]]);
  const versions = new KeptVersions([record(0), record(1)]);
  versions.put({ ...record(2), text: 'text', bound, moves: [['f', 'g']] });
  assert.equal(versions.at(2), { ...record(2), text: 'text', bound, moves: [['f', 'g']] });
  assert.is(versions.at(2)?.bound, bound);
  versions.put({ ...record(1), text: 'one' });
  versions.put(record(2));
  assert.equal([...versions], [record(0), { ...record(1), text: 'one' }, record(2)]);
  assert.equal([...versions.from(2)], [record(2)]);
  assert.equal(versions.newestWith(idOf(1)), { ...record(1), text: 'one' });
  versions.cut(1);
  versions.put(record(1));
  assert.equal(versions.at(1), record(1), 'nothing of the one that was cut');
  assert.ok(isSame(record(1), versions.at(1) as VersionRecord));
  assert.not.ok(isSame(record(1), record(2)));
  assert.not.ok(isSame(record(1), record(1, { at: 3 })));
});

test.run();
