/**
 * An example that serves while its files are saved. In: its name, what loads it, and what a person does meanwhile; out: nothing,
 * or the first thing that failed: a request of the load, a save, or the process. Files are a copy; the process is watched from outside.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Program, program, ROOT } from './program.ts';

/** Beside the example, not in it: undoes edits for lines on stdin. */
const CONTROL = `import { createInterface } from 'node:readline';
import { restore, rollback } from 'hotswap';
createInterface({ input: process.stdin }).on('line', async (line) => {
  const [word, file, number] = line.split(' ');
  const { number: now } = word === 'rollback' ? await rollback(file) : await restore(file, Number(number));
  console.error('control: ' + file + ' is at ' + now);
});
process.stdin.unref();
`;

export interface Serving {
  program: Program;
  /** port that it listens on */
  port: number;
  url: string;
  /** Replaces one piece of a file and saves it. @returns what was said of it, without `hotswap: ` @throws if it is refused */
  edit(file: string, from: string, to: string): Promise<string>;
  /** The same of a save that is to be refused. @returns all that was said @throws if it is taken over */
  refused(file: string, from: string, to: string): Promise<string>;
  /** Saves a file, whatever was in it. @throws if it is refused */
  save(file: string, text: string): Promise<string>;
  /** Goes back by one version, with `rollback`; to one, with `restore`. */
  rollback(file: string): Promise<string>;
  restore(file: string, number: number): Promise<string>;
  /** awaits a line of stdout or stderr from now on */
  line(pattern: RegExp, from?: number): Promise<string>;
  /** how many lines there are: for what may be said before one can ask */
  said(): number;
  /** the JSON that a path answers with, whatever the status */
  get(path: string, init?: RequestInit): Promise<any>;
  status(path: string, init?: RequestInit): Promise<number>;
  /** how many rounds the load has run */
  rounds(): number;
}

/**
 * Runs an example under load.
 * @param round one round of the load, which throws where an answer is wrong; several run at a time, all through
 */
export async function serving(
  name: string,
  packages: string[],
  round: ((it: Serving, n: number) => Promise<void>) | undefined,
  work: (it: Serving) => Promise<void>,
): Promise<void> {
  const made = program({ ...filesOf(name), 'control.js': CONTROL }, packages);
  const child = made.start({
    entry: 'server.js',
    flags: ['--import', './control.js'],
    env: { HOTSWAP_WATCH: '1', PORT: '0' },
  });
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  let ended: string | undefined;
  const wake = () => {
    for (const one of [...waiting]) one();
  };
  for (const stream of [child.stdout, child.stderr]) {
    let rest = '';
    stream?.setEncoding('utf8').on('data', (text: string) => {
      const parts = (rest + text).split('\n');
      rest = parts.pop() ?? '';
      lines.push(...parts);
      wake();
    });
  }
  child.on('close', (code, signal) => {
    ended = `the process ended with ${code ?? signal}`;
    wake();
  });
  const lineFrom = (first: number, pattern: RegExp) =>
    new Promise<string>((resolve, reject) => {
      const finish = (error?: string) => {
        clearTimeout(timer);
        waiting.delete(look);
        if (error !== undefined) reject(new Error(`${error} (awaited ${pattern})\n${lines.join('\n')}`));
      };
      const look = () => {
        const found = lines.slice(first).find((line) => pattern.test(line));
        if (found !== undefined) {
          finish();
          resolve(found);
        } else if (ended !== undefined) finish(ended);
      };
      const timer = setTimeout(() => finish('no such line'), 20_000);
      waiting.add(look);
      look();
    });

  /** @returns what was said of it: a line where it is in, all of it where it is refused */
  const saved = async (file: string, text: string, isIn: boolean): Promise<string> => {
    const first = lines.length;
    const line = lineFrom(
      first,
      new RegExp(`^hotswap: ${file.replaceAll('.', '\\.')} (v\\d+:|is not taken)`),
    );
    made.write(file, text);
    const said = (await line).slice('hotswap: '.length);
    const all = lines.slice(first).join('\n');
    if (said.includes('is not taken over') === isIn)
      throw new Error(`${file} is ${isIn ? 'refused' : 'taken over'}:\n${all}`);
    return isIn ? said : all;
  };
  const replaced = (file: string, from: string, to: string): string => {
    const text = made.read(file);
    if (text.split(from).length !== 2)
      throw new Error(`${file} has ${JSON.stringify(from)} not once:\n${text}`);
    return text.replace(from, () => to);
  };
  const control = async (line: string) => {
    const said = lineFrom(lines.length, /^control: /);
    child.stdin?.write(`${line}\n`);
    return said;
  };
  const it: Serving = {
    program: made,
    port: 0,
    url: '',
    save: (file, text) => saved(file, text, true),
    edit: (file, from, to) => saved(file, replaced(file, from, to), true),
    refused: (file, from, to) => saved(file, replaced(file, from, to), false),
    rollback: (file) => control(`rollback ./${file}`),
    restore: (file, number) => control(`restore ./${file} ${number}`),
    line: (pattern, from = lines.length) => lineFrom(from, pattern),
    said: () => lines.length,
    get: async (path, init) => (await fetch(it.url + path, init)).json(),
    status: async (path, init) => {
      const response = await fetch(it.url + path, init);
      await response.arrayBuffer();
      return response.status;
    },
    rounds: () => rounds,
  };
  let rounds = 0;
  let over = false;
  let failed: Error | undefined;
  try {
    it.port = Number((await lineFrom(0, /^listening on \d+$/)).slice('listening on '.length));
    it.url = `http://127.0.0.1:${it.port}`;
    const load = Array.from({ length: round === undefined ? 0 : 3 }, async () => {
      while (!over && failed === undefined) {
        try {
          await round?.(it, ++rounds);
        } catch (error) {
          failed ??= error as Error;
        }
        await sleep(3);
      }
    });
    await work(it);
    over = true;
    await Promise.all(load);
    if (failed !== undefined) throw failed;
    if (ended !== undefined) throw new Error(`${ended}\n${lines.join('\n')}`);
    if (round !== undefined && rounds < 20) throw new Error(`only ${rounds} rounds of load`);
  } finally {
    over = true;
    child.kill('SIGKILL');
    made.remove();
  }
}

/** The files of an example, by their names in its folder. */
function filesOf(name: string): Record<string, string> {
  const folder = join(ROOT, 'examples', name);
  const names = readdirSync(folder, { recursive: true, withFileTypes: true });
  return Object.fromEntries(
    names
      .filter((one) => one.isFile() && !one.parentPath.includes('node_modules'))
      .map((one) => {
        const path = join(one.parentPath, one.name);
        return [path.slice(folder.length + 1).replaceAll('\\', '/'), readFileSync(path, 'utf8')];
      }),
  );
}
