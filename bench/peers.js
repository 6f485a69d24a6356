/**
 * What people use now, for side by side: other tools, in a folder of their own so that nobody who builds hotswap installs
 * them. In: nothing; out: where they are installed, and of each that is not why. `bench/peers/` also has one adapter a tool.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where they are installed, and what Node runs in to find them. */
export const PEERS = fileURLToPath(new URL('./peers/', import.meta.url));
const installed = join(PEERS, 'node_modules');

/**
 * Installs the packages that `peers/package.json` names, where one is missing, and says so on stderr.
 * @returns by package its version; or where it cannot be had, the reason as an Error
 * @example const { dynohot } = installPeers();
 */
export function installPeers() {
  const names = Object.keys(manifest(PEERS).dependencies);
  const missing = () => names.filter((name) => !existsSync(join(installed, name, 'package.json')));
  let failure = '';
  if (missing().length > 0) {
    console.error(`installing ${missing().join(', ')} in ${PEERS}, to compare with`);
    const npm = spawnSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: PEERS,
      encoding: 'utf8',
      shell: process.platform === 'win32',
    });
    failure = npm.error?.message ?? npm.stderr.trim().split('\n')[0];
  }
  const absent = new Set(missing());
  return Object.fromEntries(
    names.map((name) => [
      name,
      absent.has(name) ? new Error(`not installed: ${failure}`) : manifest(join(installed, name)).version,
    ]),
  );
}

/** Why a tool cannot be run, where it could not be installed. @param versions what `installPeers` gave */
export function whyNot({ packages }, versions) {
  return packages.map((name) => versions[name]).find((one) => one instanceof Error)?.message;
}

/** A tool's name, and the version that is compared with. */
export function versioned({ name, packages }, versions) {
  return [name, ...packages.map((one) => versions[one])].join(' ');
}

/** Lets a program in another directory import the peers, as if they were installed there. */
export function linkPeers(program) {
  mkdirSync(program, { recursive: true });
  symlinkSync(installed, join(program, 'node_modules'), 'junction');
}

function manifest(of) {
  return JSON.parse(readFileSync(join(of, 'package.json'), 'utf8'));
}
