/**
 * What the command has from whoever started it, for the program: file descriptors, and the IPC channel of a parent in Node. In: this
 * process; out: the `stdio` of the program's process, and what passes messages between the two channels.
 */
import type {
  ChildProcess,
  SendHandle,
  Serializable,
  SerializationType,
  StdioOptions,
} from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';

/** How long the last messages of a program that has ended may be on their way, in milliseconds. */
const LAST = 2000;

export interface Inherited {
  options: { stdio: StdioOptions; serialization?: SerializationType };
  /** Passes on what arrives for the program, and what it sends, from now on. */
  connect(program: ChildProcess): void;
  /** Waits until what a program sent that has ended is with the parent. */
  delivered(program: ChildProcess): Promise<void>;
}

/** Must be called before anything is opened. */
export function inherited(): Inherited {
  // Node takes these out of `process.env` before any code runs.
  const channel = startedWith('NODE_CHANNEL_FD');
  const mode = startedWith('NODE_CHANNEL_SERIALIZATION_MODE');
  const stdio: (number | 'inherit' | 'ipc')[] = ['inherit', 'inherit', 'inherit', ...others(Number(channel))];
  if (process.send === undefined) return { options: { stdio }, connect() {}, delivered: async () => {} };
  if (!stdio.includes('ipc')) stdio.push('ipc');
  const serialization: SerializationType = mode === 'advanced' ? 'advanced' : 'json';
  return { options: { stdio, serialization }, ...relay() };
}

/** A variable that this process was started with, where the system tells; see proc(5). */
function startedWith(name: string): string | undefined {
  try {
    const all = readFileSync('/proc/self/environ', 'utf8').split('\0');
    return all.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);
  } catch {
    return undefined;
  }
}

/** Descriptors from 3 on that were open before Node opened its own, the first of which is no file; see proc(5). */
function others(channel: number): (number | 'ipc')[] {
  const found: (number | 'ipc')[] = [];
  try {
    for (let fd = 3; !readlinkSync(`/proc/self/fd/${fd}`).startsWith('anon_inode:'); fd++)
      found.push(fd === channel ? 'ipc' : fd);
  } catch {
    // the end of them, or a system that does not tell
  }
  return found;
}

function relay(): Pick<Inherited, 'connect' | 'delivered'> {
  let current: ChildProcess | undefined;
  /** messages for a program that is to be started again */
  const held: [message: Serializable, handle: SendHandle][] = [];
  let sending = 0;
  process.on('message', (message, handle) => {
    if (current?.connected) current.send(message as Serializable, handle as SendHandle);
    else held.push([message as Serializable, handle as SendHandle]);
  });
  process.on('disconnect', () => {
    if (current?.connected) current.disconnect();
  });
  return { connect, delivered };

  function connect(program: ChildProcess): void {
    current = program;
    for (const [message, handle] of held.splice(0)) program.send(message, handle);
    if (!process.connected) program.disconnect();
    program.on('message', (message, handle) => {
      if (!process.connected) return;
      sending++;
      process.send?.(message, handle, {}, () => sending--);
    });
    // A program that ends is disconnected as well, shortly before that is known.
    program.on('disconnect', () =>
      setTimeout(() => {
        const isOver = program.exitCode !== null || program.signalCode !== null;
        if (!isOver && process.connected) process.disconnect();
      }, 100),
    );
  }

  async function delivered(program: ChildProcess): Promise<void> {
    const until = Date.now() + LAST;
    while ((program.connected || sending > 0) && Date.now() < until)
      await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
