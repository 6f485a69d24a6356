// Versions in rows of bytes: what goes in comes out, by its number.
import { createHash } from 'node:crypto';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type VersionRecord, VersionTable } from '../cache/table.ts';
import { isSame, KeptVersions } from '../loader/kept.ts';
import { Pieces } from '../loader/pieces.ts';

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

/** The first `count` versions. */
const records = (count: number): VersionRecord[] => Array.from({ length: count }, (_, i) => record(i + 1));

test('records by their numbers, from 1', () => {
  const table = new VersionTable();
  assert.is(table.length, 0);
  assert.is(table.next, 1);
  for (const number of [-1, 0, 1, 0.5, Number.NaN]) assert.is(table.at(number), undefined);
  for (const one of records(1000)) table.put(one);
  assert.is(table.length, 1000);
  assert.is(table.next, 1001);
  assert.equal([...table], records(1000));
  assert.equal(table.at(501), record(501));
  for (const number of [0, 1001, 1.5, -1]) assert.is(table.at(number), undefined);
});

test('every field: times beyond 32 bits and with fractions, long and odd summaries, marks, parents', () => {
  const table = new VersionTable();
  const odd = [
    record(1, { summary: '' }),
    record(2, { at: 1.5, summary: '~naïve 🌡, '.repeat(500), file: true }),
    record(3, { at: Number.MAX_SAFE_INTEGER, parent: 0, still: true }),
    record(4, { at: 0, parent: undefined, file: true, still: true, kept: true }),
  ];
  for (const one of odd) table.put(one);
  assert.equal([...table], odd);
  table.put(record(2));
  assert.equal(table.at(2), record(2), 'another in its place, without its marks');
  assert.equal(table.at(3), odd[2]);
});

test('the rows of a log: what it has is seen, and nothing of it is changed from here', () => {
  const log = new VersionTable();
  const versions = new KeptVersions(record(0));
  versions.follow(log);
  assert.equal([...versions], [record(0)]);
  for (const count of [1, 7, 300]) {
    while (log.length < count) log.put(record(log.next));
    assert.ok(versions.length < count + 1, 'others wrote it');
    versions.follow(log);
    assert.equal([...versions], [record(0), ...log]);
  }
  versions.cut(5);
  assert.is(versions.length, 5);
  assert.is(versions.at(5), undefined);
  assert.is(versions.newestWith(record(5).id), undefined);
  assert.equal(versions.newestWith(record(4).id), record(4));
  assert.is(log.length, 300);

  versions.put({ ...record(5), text: 'five' });
  assert.equal(versions.at(5), { ...record(5), text: 'five' });
  const other = record(6, { at: 3 });
  versions.put(other);
  assert.equal([...versions], [record(0), ...records(4), { ...record(5), text: 'five' }, other]);
  assert.equal([...log], records(300));
  log.put(record(5, { at: 4 }));
  assert.equal(versions.at(5), { ...record(5), text: 'five' }, 'it has rows of its own by now');

  const begun = new VersionTable();
  begun.put(record(1));
  versions.follow(begun);
  assert.is(versions.length, 7, 'a log with fewer has none to take in');
});

test('by an id, or how it begins: the newest', () => {
  const table = new VersionTable();
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
  assert.is(table.newestWith(idOf(2), 4), 2, 'before a number');
});

test('pieces of code, by their hashes: the version each was compiled for last, of the newest 4,096', () => {
  const pieces = new Pieces();
  assert.is(pieces.versionOf(idOf(0)), undefined);
  for (let n = 0; n < 4096; n++) pieces.put(idOf(n), n);
  for (const n of [0, 1, 2000, 4095]) assert.is(pieces.versionOf(idOf(n)), n);
  pieces.put(idOf(7), 5000);
  pieces.put(idOf(4095), 2 ** 31);
  assert.is(pieces.versionOf(idOf(7)), 5000);
  assert.is(pieces.versionOf(idOf(4095)), 2 ** 31);
  assert.is(pieces.versionOf(idOf(0)), 0, 'what is there already takes nobody else’s place');
  for (let n = 4096; n < 4100; n++) pieces.put(idOf(n), n);
  for (const n of [0, 3]) assert.is(pieces.versionOf(idOf(n)), undefined);
  for (const n of [4, 4096, 4099]) assert.is(pieces.versionOf(idOf(n)), n);
});

test('what a process alone has of a version stands beside its row, and goes with it', () => {
  const bound = new Map([['f', { limit: 3 }]]);
  const versions = new KeptVersions(record(0));
  versions.put(record(1));
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
