/**
 * Runs the suite: every `*.test.js` in a process of its own, on this Node or on each version that is named
 * (`node dist/test/run.js 20 22 24 26`, from npm's `node` package). Ends with the line `N passed, N failed`.
 */
import { execFileSync, spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const wanted = process.argv.slice(2);
const versions = wanted.filter((word) => /^\d+$/.test(word));
const pattern = wanted.find((word) => !/^\d+$/.test(word)) ?? '';
const files = (readdirSync(here, { recursive: true }) as string[])
  .filter((name) => name.endsWith('.test.js') && name.includes(pattern))
  .sort();

let passed = 0;
let failed = 0;
for (const node of versions.length === 0 ? [process.execPath] : versions.map(binary)) {
  console.log(`\n${execFileSync(node, ['--version']).toString().trim()}`);
  const queue = [...files];
  await Promise.all(
    Array.from({ length: Math.max(2, availableParallelism()) }, async () => {
      for (let file = queue.shift(); file !== undefined; file = queue.shift()) await runFile(node, file);
    }),
  );
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

/** Path of the Node with this major version. */
function binary(version: string): string {
  if (process.versions.node.startsWith(`${version}.`)) return process.execPath;
  const npx = process.platform === 'win32' ? 'npx.cmd' : 'npx';
  const out = execFileSync(npx, ['-y', `node@${version}`, '-p', 'process.execPath'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    shell: process.platform === 'win32',
  });
  return out.toString().trim();
}

function runFile(node: string, file: string): Promise<void> {
  return new Promise((resolve) => {
    const started = Date.now();
    const child = spawn(node, [join(here, file)], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, FORCE_COLOR: '0' },
    });
    let output = '';
    child.stdout.on('data', (data) => (output += data));
    child.stderr.on('data', (data) => (output += data));
    child.on('close', (code) => {
      const total = Number(/Total:\s+(\d+)/.exec(output)?.[1] ?? 0);
      const good = Number(/Passed:\s+(\d+)/.exec(output)?.[1] ?? 0);
      const bad = code === 0 && total > 0 ? total - good : Math.max(1, total - good);
      passed += good;
      failed += bad;
      console.log(
        `  ${bad === 0 ? 'ok  ' : 'FAIL'} ${file.replace('.test.js', '')}  ${good}/${total}  ${Date.now() - started} ms`,
      );
      if (bad > 0) console.log(output);
      resolve();
    });
  });
}
