// What Windows and macOS do otherwise, as far as it can be had on any system: names as they are there, and answers of their disks.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { patiently, removeFile } from '../cache/files.ts';
import { ModuleLog } from '../cache/log.ts';
import { matcher } from '../loader/load.ts';
import { isByGit } from '../watch/disk.ts';
import { program } from './program.ts';

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

test('globs: paths of Windows, large and small letters, directories with what means something in a glob', () => {
  const table: [glob: string, cwd: string, platform: NodeJS.Platform, file: string, is: boolean][] = [
    ['src/**', 'C:\\Program Files (x86)\\app', 'win32', 'C:\\Program Files (x86)\\app\\src\\m.js', true],
    ['.\\src\\*.js', 'c:\\app', 'win32', 'C:\\app\\src\\m.js', true],
    ['C:\\app\\src\\**', 'D:\\', 'win32', 'c:\\App\\src\\a\\m.js', true],
    ['D:/app/**', 'C:\\', 'win32', 'C:\\app\\m.js', false],
    ['**/*.gen.js', 'C:\\app', 'win32', 'C:\\app\\src\\m.gen.js', true],
    ['src/**', '\\\\server\\share\\app', 'win32', '\\\\server\\share\\app\\src\\m.js', true],
    ['\\\\server\\share\\**', 'C:\\', 'win32', '\\\\server\\share\\app\\m.js', true],
    ['src/**', '/Users/a/{b} [c]', 'darwin', '/Users/A/{b} [c]/SRC/m.js', true],
    ['src/**', '/home/a/b (c) *!', 'linux', '/home/a/b (c) *!/src/m.js', true],
    ['src/**', '/home/a/*', 'linux', '/home/a/b/src/m.js', false],
    ['src/**', '/home/a\\b', 'linux', '/home/a\\b/src/m.js', true],
    ['src/**', '/home/a', 'linux', '/home/a/SRC/m.js', false],
    ['src/\\*.js', '/home/a', 'linux', '/home/a/src/m.js', false],
  ];
  for (const [glob, cwd, platform, file, is] of table)
    assert.is(matcher([glob], cwd, platform)?.(file), is, `${glob} in ${cwd}: ${file}`);
  assert.is(matcher([]), undefined);
});

test('the directory of git may be named from where it is named, and the line end as on Windows', () => {
  const { file, write, remove } = program({ 'main/.git/index': '', 'sub/m.js': '', 'none/m.js': '' });
  for (const named of [file('main/.git'), '../main/.git', '../main/.git\r']) {
    write('sub/.git', `gitdir: ${named}\n`);
    write('sub/m.js', '');
    write('main/.git/index', 'written after it');
    assert.ok(isByGit(file('sub/m.js')), named);
  }
  assert.not.ok(isByGit(file('none/m.js')));
  remove();
});

test.run();
