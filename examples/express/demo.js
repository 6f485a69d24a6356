// Starts the server, keeps it under load, and changes its code while it answers. Nothing restarts, nothing fails,
// nothing is forgotten: the last lines say how many requests were served and that the counter never went back.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';

const here = fileURLToPath(new URL('.', import.meta.url));
const cacheDir = mkdtempSync(join(tmpdir(), 'hotswap-demo-'));
const PAUSE = 600; // milliseconds of load between two edits

const server = fork(join(here, 'server.js'), {
  cwd: join(here, '../..'),
  execArgv: ['--import', 'hotswap/register', '--import', new URL('edits.js', import.meta.url).href],
  env: { ...process.env, PORT: '0', HOTSWAP_CACHE_DIR: cacheDir },
  stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
});
let logged = 0;
server.stdout.on('data', (data) => {
  logged += String(data)
    .split('\n')
    .filter((line) => /^(asked|answered)/.test(line)).length;
});
const { port } = await message((sent) => sent.port);
const url = `http://127.0.0.1:${port}/price/tea`;
console.log(`server ${server.pid} is up; load begins (10 connections)\n`);

// Each connection checks that the counter it sees only grows.
let wentBack = 0;
const load = autocannon({
  url,
  connections: 10,
  duration: 3600,
  setupClient(client) {
    let seen = 0;
    client.on('body', (body) => {
      const { served } = JSON.parse(String(body));
      if (served <= seen) wentBack++;
      seen = served;
    });
  },
});
const done = new Promise((resolve) => load.on('done', resolve));
await sleep(PAUSE);

let before = await ask();
console.log(`v0  as started            ${JSON.stringify(before)}`);
await edit('rewrite', 'rewrite the captured handler');
await edit('injectFirst', 'inject a log line at its start');
await edit('injectLast', 'inject a log line at its end');
await edit('rollback', 'roll back once');
await edit('patchMethod', 'patch a method of the live shop instance');

load.stop();
const result = await done;
const last = await ask();
const failed = result.non2xx + result.errors + result.timeouts;
console.log(`\nrequests served: ${result.requests.total}, failed: ${failed}`);
console.log(
  `counter in the module's memory: ${last.served}, went back ${wentBack} times; process ${server.pid} never restarted`,
);
const ended = once(server, 'exit'); // until then it has files open, which Windows does not remove
server.kill();
await ended;
rmSync(cacheDir, { recursive: true, force: true, maxRetries: 3 });
process.exitCode = failed === 0 && wentBack === 0 && last.served >= result.requests.total ? 0 : 1;

/** Has one edit made in the server's process and shows what it did to the code and to the answers. */
async function edit(step, title) {
  const linesBefore = logged;
  server.send(step);
  const { version, code } = await message((sent) => sent.step === step);
  await sleep(PAUSE);
  const after = await ask();
  const file = version.module.slice(version.module.lastIndexOf('/') + 1);
  console.log(`\n${title}: ${file} is at version ${version.number} (${version.summary})`);
  if (code !== undefined) console.log(code.replace(/^ {6}/gm, '').replace(/^/gm, '    | '));
  console.log(`    answer before ${JSON.stringify(before)}`);
  console.log(`    answer now    ${JSON.stringify(after)}`);
  console.log(`    lines logged meanwhile: ${logged - linesBefore}`);
  before = after;
}

async function ask() {
  return (await fetch(url)).json();
}

function message(wanted) {
  return new Promise((resolve) => {
    server.on('message', function listen(sent) {
      if (!wanted(sent)) return;
      server.off('message', listen);
      resolve(sent);
    });
  });
}
