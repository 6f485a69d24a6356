/**
 * A stranger's server: a program that is started as a real process, put under load, and edited while it answers. In:
 * files and a port that the program prints; out: answers, and what every connection of the load saw. The server knows
 * nothing of hotswap: edits come over its standard input to a module that is preloaded beside it.
 */
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import autocannon from 'autocannon';
import { type Program, program } from './program.ts';

/** Longest that one server may live, in milliseconds; a test that waits in vain then fails with what was printed. */
const PATIENCE = 60_000;

/**
 * A line of the program, `port <n>`, says where it listens. Where load is put on it, its answers are JSON: `said` is
 * what the code in it says of itself, `counts` are the counters that this very request has moved on, `pid` is the
 * process; `of` tells answers of several kinds apart.
 */
interface Answer {
  of?: string;
  said: string;
  counts: Record<string, number>;
  pid: number;
}

export interface Served {
  port: number;
  pid: number;
  url(path: string): string;
  /** Has a function of hotswap called in the process, and gives what it resolves to. */
  edit<T = Edited>(call: string, ...args: unknown[]): Promise<T>;
  ask(path: string, init?: RequestInit): Promise<Answer>;
  /** Keeps asking until an answer is as wanted. */
  until(path: string, wanted: (answer: Answer) => boolean): Promise<Answer>;
  load(requests: autocannon.Request[]): Load;
  /** Rejects when the process ends. */
  ended: Promise<never>;
  stop(): Promise<void>;
}

/** What tests look at in a version. */
export interface Edited {
  number: number;
  summary: string;
  deferred?: unknown[];
}

interface Load {
  /** Resolves once each connection's newest answer (of this kind) says this. */
  says(said: string, of?: string): Promise<void>;
  stop(): Promise<Report>;
}

export interface Report {
  /** requests without a good answer: non2xx, errors, timeouts, and answers that are not as `Answer` says */
  failed: number;
  answered: number;
  /** how often a connection saw a counter that had not grown since its last answer */
  wentBack: number;
  pids: number[];
  /** what a connection saw said, without repetition, for each kind of answer; once for all connections that saw the same */
  said: Record<string, string[][]>;
}

const CONTROL = `import { createInterface } from 'node:readline';
import * as hotswap from 'hotswap';
createInterface({ input: process.stdin }).on('line', async (line) => {
  const [id, call, args] = JSON.parse(line);
  let answer;
  try { answer = { value: await hotswap[call](...args) }; } catch (error) { answer = { error: String(error?.stack ?? error) }; }
  process.stdout.write('@' + JSON.stringify([id, answer]) + '\\n');
});
process.stdin.unref();
`;

/** How many connections a load has. */
export const CONNECTIONS = 6;

/** Starts the program `app.js` with hotswap, runs a test with it, and ends it. */
export async function serving(
  files: Record<string, string>,
  packages: string[],
  test: (served: Served) => Promise<void>,
): Promise<void> {
  const app = program({ ...files, 'beside/control.js': CONTROL }, packages);
  try {
    const served = await start(app);
    try {
      await Promise.race([test(served), served.ended]);
    } finally {
      await served.stop();
    }
  } finally {
    app.remove();
  }
}

async function start(app: Program): Promise<Served> {
  const child: ChildProcess = app.start({ flags: ['--import', app.url('beside/control.js')] });
  const { stdin, stdout, stderr, pid } = child;
  if (!stdin || !stdout || !stderr || pid === undefined) throw new Error('the program did not start');
  let printed = '';
  stderr.setEncoding('utf8').on('data', (text: string) => (printed += text));
  const closed = new Promise<void>((resolve) => child.on('close', () => resolve()));
  const ended = new Promise<never>((_, reject) =>
    child.on('close', (code, signal) =>
      reject(new Error(`the server ended with ${code ?? signal}:\n${printed}`)),
    ),
  );
  ended.catch(() => {});
  const watchdog = setTimeout(() => child.kill('SIGKILL'), PATIENCE);

  const calls: ((answer: { value: unknown; error?: string }) => void)[] = [];
  const port = await Promise.race([
    ended,
    new Promise<number>((resolve) =>
      createInterface({ input: stdout }).on('line', (line) => {
        const listens = /^port (\d+)$/.exec(line);
        if (listens) resolve(Number(listens[1]));
        if (!line.startsWith('@')) printed += `${line}\n`;
        else {
          const [id, answer] = JSON.parse(line.slice(1));
          calls[id]?.(answer);
        }
      }),
    ),
  ]);
  const loads: Load[] = [];
  const url = (path: string) => `http://127.0.0.1:${port}${path}`;

  const ask = async (path: string, init?: RequestInit) => {
    const response = await fetch(url(path), init);
    const text = await response.text();
    try {
      return JSON.parse(text) as Answer;
    } catch {
      throw new Error(`${path} answers ${response.status}: ${text}\n${printed}`);
    }
  };

  return {
    port,
    pid,
    url,
    ended,
    ask,
    async edit<T>(call: string, ...args: unknown[]) {
      const answered = new Promise<{ value: unknown; error?: string }>((resolve) => {
        stdin.write(`${JSON.stringify([calls.push(resolve) - 1, call, args])}\n`);
      });
      const { value, error } = await Promise.race([answered, ended]);
      if (error !== undefined) throw new Error(`${call} failed in the server: ${error}`);
      return value as T;
    },
    async until(path, wanted) {
      const until = Date.now() + PATIENCE / 4;
      for (;;) {
        const answer = await ask(path);
        if (wanted(answer)) return answer;
        if (Date.now() > until) throw new Error(`${path} goes on answering ${JSON.stringify(answer)}`);
      }
    },
    load(requests) {
      const load = loadOn(url('/'), requests);
      loads.push(load);
      return load;
    },
    async stop() {
      await Promise.all(loads.map((load) => load.stop()));
      clearTimeout(watchdog);
      child.kill();
      await closed;
    },
  };
}

interface Connection {
  body: string;
  counts: Record<string, number>;
  said: Record<string, string[]>;
}

/** Keeps asking on connections that stay open, each in turn for every one of these requests. */
function loadOn(url: string, requests: autocannon.Request[]): Load {
  const connections: Connection[] = [];
  const pids = new Set<number>();
  let answered = 0;
  let wentBack = 0;
  let odd: Error | undefined;
  let changed = () => {};

  const take = (connection: Connection, status: number) => {
    const { body } = connection;
    answered++;
    connection.body = '';
    let answer: Answer;
    try {
      if (status !== 200) throw new Error(`status ${status}`);
      answer = JSON.parse(body);
    } catch (error) {
      odd ??= new Error(`the load got ${status}: ${body}`, { cause: error });
      return changed();
    }
    pids.add(answer.pid);
    for (const [name, count] of Object.entries(answer.counts)) {
      if (count <= (connection.counts[name] ?? 0)) wentBack++;
      connection.counts[name] = count;
    }
    const all = (connection.said[answer.of ?? ''] ??= []);
    if (all.at(-1) === answer.said) return;
    all.push(answer.said);
    changed();
  };

  let running!: autocannon.Instance;
  const done = new Promise<autocannon.Result>((resolve, reject) => {
    running = autocannon(
      {
        url,
        requests,
        connections: CONNECTIONS,
        duration: 3600,
        sampleInt: 50,
        setupClient(client) {
          const connection: Connection = { body: '', counts: {}, said: {} };
          connections.push(connection);
          client.on('body', (part) => (connection.body += String(part)));
          client.on('response', (status) => take(connection, status));
        },
      },
      (error, result) => (error ? reject(error) : resolve(result)),
    );
  });

  return {
    async says(said, of = '') {
      const newest = () => connections.map((one) => one.said[of]?.at(-1));
      const until = Date.now() + PATIENCE / 4;
      while (newest().length < CONNECTIONS || newest().some((word) => word !== said)) {
        if (odd !== undefined) throw odd;
        if (Date.now() > until)
          throw new Error(`the load does not say "${said}" but ${JSON.stringify(newest())}`);
        await Promise.race([new Promise<void>((resolve) => (changed = resolve)), sleep(100)]);
      }
    },
    async stop() {
      running.stop();
      const result = await done;
      const said: Report['said'] = {};
      for (const one of connections) {
        for (const [of, words] of Object.entries(one.said)) {
          const all = (said[of] ??= []);
          if (!all.some((other) => other.join('\n') === words.join('\n'))) all.push(words);
        }
      }
      return {
        failed: result.non2xx + result.errors + result.timeouts + (odd === undefined ? 0 : 1),
        answered,
        wentBack,
        pids: [...pids],
        said,
      };
    },
  };
}
