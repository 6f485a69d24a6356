/**
 * A stranger's program: a folder of files, started as a real process with `--import hotswap/register`. In: file texts;
 * out: what the process printed and how it ended. Tests observe from outside, as a user would.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The root of this package, where node_modules is. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** For a program: whether the parser has been loaded into it. */
export const HAS_PARSER = `process.report.getReport().sharedObjects.some((one) => one.includes('oxc-parser'))`;

export interface Outcome {
  stdout: string;
  stderr: string;
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface RunOptions {
  /** default `app.js` */
  entry?: string;
  env?: Record<string, string | undefined>;
  /** flags before the entry; `--import hotswap/register` comes with `hot` */
  flags?: string[];
  /** the program's own arguments */
  args?: string[];
  /** with the loader (default), or as plain Node runs it */
  hot?: boolean;
  /** milliseconds after which a stuck program is killed; default 60,000 */
  timeout?: number;
}

export interface Program {
  dir: string;
  file(name: string): string;
  url(name: string): string;
  write(name: string, text: string): void;
  read(name: string): string;
  exists(name: string): boolean;
  run(options?: RunOptions): Promise<Outcome>;
  /** Runs, and gives what the program printed as JSON on its last line; throws with stderr where it failed. */
  json<T>(options?: RunOptions): Promise<T>;
  start(options?: RunOptions): ChildProcess;
  remove(): void;
}

/** Makes a folder with these files, a package.json with `"type": "module"`, and hotswap (and `packages`) installed. */
export function program(files: Record<string, string>, packages: string[] = []): Program {
  // As the program will name it: tmpdir() is a link on macOS, and may be a short name on Windows.
  const dir = realpathSync.native(mkdtempSync(join(tmpdir(), 'hotswap-test-')));
  const file = (name: string) => join(dir, name);
  const write = (name: string, text: string) => {
    mkdirSync(dirname(file(name)), { recursive: true });
    writeFileSync(file(name), text);
  };
  mkdirSync(file('node_modules'));
  symlinkSync(ROOT, file('node_modules/hotswap'), 'junction');
  for (const name of packages) {
    mkdirSync(dirname(file(`node_modules/${name}`)), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', name), file(`node_modules/${name}`), 'junction');
  }
  write('package.json', '{ "type": "module" }');
  for (const [name, text] of Object.entries(files)) write(name, text);

  const start = ({ entry = 'app.js', env = {}, flags = [], args = [], hot = true }: RunOptions = {}) =>
    spawn(process.execPath, [...(hot ? ['--import', 'hotswap/register'] : []), ...flags, entry, ...args], {
      cwd: dir,
      env: { ...withoutSettings(process.env), ...env },
    });

  const run = (options: RunOptions = {}) =>
    new Promise<Outcome>((resolve, reject) => {
      const child = start(options);
      let stdout = '';
      let stderr = '';
      child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
      child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
      const timer = setTimeout(() => child.kill('SIGKILL'), options.timeout ?? 60_000);
      child.on('error', reject);
      child.on('close', (code, signal) => {
        clearTimeout(timer);
        resolve({ stdout, stderr, code, signal });
      });
    });

  return {
    dir,
    file,
    url: (name) => pathToFileURL(file(name)).href,
    write,
    read: (name) => readFileSync(file(name), 'utf8'),
    exists: (name) => existsSync(file(name)),
    run,
    async json<T>(options?: RunOptions) {
      const { stdout, stderr, code, signal } = await run(options);
      const last = stdout.trim().split('\n').at(-1) ?? '';
      if (code !== 0) throw new Error(`the program ended with ${code ?? signal}:\n${stdout}\n${stderr}`);
      try {
        return JSON.parse(last) as T;
      } catch {
        throw new Error(`the program's last line is not JSON: ${last}\n${stderr}`);
      }
    },
    start,
    remove: () => rmSync(dir, { recursive: true, force: true, maxRetries: 3 }),
  };
}

function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^(HOTSWAP_|NODE_OPTIONS$|NODE_DEBUG$|FORCE_COLOR$)/.test(name)),
  );
}
