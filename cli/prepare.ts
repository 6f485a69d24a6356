/**
 * `hotswap prepare`: fills the cache for programs without running them, so that their first start is as fast as any later one. In: Node's
 * options and the programs' files; out: an exit code, and on stderr how much was done, or what is wrong with a file that
 * cannot be loaded. Each is the main file of a process, which our hooks configure as they will when it runs, and which ends
 * before that does: see `link`.
 */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { withOurs } from './run.ts';

const LINK = new URL('./link.js', import.meta.url).href;

/**
 * @param options of Node, as the programs will be run with, e.g. `--conditions=production`
 * @param files programs, or modules that one imports while it runs
 */
export async function prepare(options: string[], files: string[]): Promise<void> {
  const find = createRequire(import.meta.url).resolve; // as Node finds a program: its links followed, its extension tried
  for (const file of files) {
    const preloads = [...withOurs(options), '--import', LINK];
    const args = [...process.execArgv, ...preloads, '--', find(resolve(file))];
    const code = await new Promise<number>((resolve, reject) => {
      const child = spawn(process.execPath, args, { stdio: 'inherit' });
      child.on('error', reject);
      child.on('exit', (code) => resolve(code ?? 1));
    });
    if (code !== 0) return void (process.exitCode = code);
  }
}
