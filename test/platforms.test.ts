// What Windows and macOS do otherwise, as far as it can be had on any system: names as they are there, and answers of their disks.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { patiently, removeFile } from '../cache/files.ts';
import { ModuleLog } from '../cache/log.ts';

/** Fails with these codes, one after the other, and then no more. */
function failing(...codes: string[]): () => string {
  return () => {
    const code = codes.shift();
    if (code !== undefined) throw Object.assign(new Error(code), { code });
    return 'done';
  };
}

test('a file that another process has open: on Windows renaming it is tried again, for a while, elsewhere not', () => {
  assert.is(patiently(failing('EBUSY', 'EPERM', 'EACCES'), true), 'done');
  assert.throws(() => patiently(failing('EPERM'), false), /EPERM/);
  assert.throws(() => patiently(failing('EBUSY', 'ENOENT'), true), /ENOENT/);
  const started = Date.now();
  assert.throws(() => patiently(failing(...Array(20).fill('EBUSY')), true), /EBUSY/);
  assert.ok(Date.now() - started < 5000, 'it comes to an end');
});

test('a file that is not there is removed', () => {
  removeFile('/nowhere/at/all.js');
  assert.throws(() => removeFile(import.meta.dirname ?? '.'));
});

test('a module has one log, whether the letter of its drive is large or small', () => {
  const file = (url: string): string => new ModuleLog('cache', url).file;
  assert.is(file('file:///c:/a%20b/m.js'), file('file:///C:/a%20b/m.js'));
  assert.is.not(file('file:///c:/m.js'), file('file:///d:/m.js'));
  assert.is.not(file('file:///C:/M.js'), file('file:///C:/m.js'));
  assert.is.not(file('file:///c/m.js'), file('file:///C/m.js'));
  assert.is.not(file('file://c/m.js'), file('file://C/m.js'));
});

test.run();
