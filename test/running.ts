/**
 * What a process that runs has printed so far. In: a child process; out: its lines, each of which can be awaited. A line that was
 * waited for is taken, and so are those before it.
 */
import type { ChildProcess } from 'node:child_process';

type Stream = 'stdout' | 'stderr';

export interface Running {
  /** awaits a line of stderr */
  said(pattern: RegExp): Promise<RegExpExecArray>;
  line: {
    /** awaits a line; fails when the process ends, or after 60 seconds, with all that it printed */
    (stream: Stream, pattern: RegExp): Promise<RegExpExecArray>;
    /** lines that have not been taken */
    rest(stream: Stream): string[];
    all(stream: Stream): string[];
  };
  /** exit code or signal */
  ended: Promise<number | NodeJS.Signals | null>;
}

/** Reads along. */
export function running(child: ChildProcess): Running {
  const lines: Record<Stream, string[]> = { stdout: [], stderr: [] };
  const at: Record<Stream, number> = { stdout: 0, stderr: 0 };
  const waiting = new Set<() => void>();
  let isOver = false;
  const wake = (): void => {
    for (const one of [...waiting]) one();
  };
  for (const stream of ['stdout', 'stderr'] as const) {
    let rest = '';
    child[stream]?.setEncoding('utf8').on('data', (text: string) => {
      const parts = (rest + text).split('\n');
      rest = parts.pop() ?? '';
      lines[stream].push(...parts);
      wake();
    });
  }
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.on('close', (code, signal) => {
      isOver = true;
      wake();
      resolve(code ?? signal);
    });
  });
  const all = (): string => `stdout:\n${lines.stdout.join('\n')}\nstderr:\n${lines.stderr.join('\n')}`;
  const line = (stream: Stream, pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const finish = (): void => {
        waiting.delete(look);
        clearTimeout(timer);
      };
      const look = (): void => {
        for (; at[stream] < lines[stream].length; ) {
          const found = pattern.exec(lines[stream][at[stream]++] as string);
          if (found === null) continue;
          finish();
          resolve(found);
          return;
        }
        if (!isOver) return;
        finish();
        reject(new Error(`the process ended without a line like ${pattern}\n${all()}`));
      };
      const timer = setTimeout(() => {
        finish();
        reject(new Error(`there is no line like ${pattern}\n${all()}`));
      }, 60_000);
      waiting.add(look);
      look();
    });
  line.rest = (stream: Stream) => lines[stream].slice(at[stream]);
  line.all = (stream: Stream) => lines[stream];
  return { said: (pattern) => line('stderr', pattern), line, ended };
}
