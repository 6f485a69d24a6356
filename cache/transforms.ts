/**
 * Instrumented texts on disk, so that a second start parses nothing: `transforms/<id>/index`, one JSON line a text, and
 * `transforms/<id>/texts`, which has them one behind the other. In: the URL of a module and the fingerprint of what its text was
 * made from; out: the text. `id` stands for what made them (another Node, another version of ours: another directory).
 * It is a convenience: what is damaged, or a disk that refuses, is as if there were no cache. Both files only grow, and
 * several processes may write: an index line that does not lead to the text with its fingerprint is as if it were not there.
 */
import type { Dirent } from 'node:fs';
import { closeSync, fstatSync, join, readdirSync, readSync, statSync, writeSync } from '../node.ts';
import {
  appendTo,
  inDirectory,
  openFile,
  readFile,
  removeEmpty,
  removeFile,
  TO_APPEND,
  TO_READ,
  writeWhole,
} from './files.ts';
import { fingerprint } from './fingerprint.ts';
import { notOwnDirectory } from './own.ts';

/** What was made of a module's text. */
export interface Transform {
  /** what the names of its cells begin with */
  prefix: string;
  /** the text to run; undefined: the module's own, which cannot be instrumented */
  code: string | undefined;
  /** where the author's text stands in it, as loader/layout.ts writes it; undefined where a compiler has printed it anew */
  layout?: string | undefined;
}

/** A line of the index. The text has that fingerprint, and is `size` bytes from `at` on. */
type Line = [url: string, of: string, at: number, size: number, print: string];

/** How many texts wait at most before they are written. */
const WAITING = 64;

/** How many directories of others stay: programs of several Nodes may share a cache. */
const OTHERS = 7;

/** Bytes that no line leads to any more, from which on the files are written anew, where that is most of them. */
const WASTE = 2 ** 20;

/** Bytes that are read at once. */
const WINDOW = 2 ** 18;

const NONE = Buffer.alloc(0);

/** Milliseconds for which the texts stay open once one is read: others are loaded meanwhile. */
const OPEN = 200;

const { setImmediate, setTimeout } = globalThis;

export class Transforms {
  readonly #home: string;
  readonly #id: string;
  /** by URL; undefined until the index is read */
  #lines: Map<string, Line> | undefined;
  /** the texts, while modules are being loaded */
  #fd: number | undefined;
  /** where they are read to, and bytes of them, from an offset on */
  #room = NONE;
  #window = NONE;
  #from = 0;
  #waiting: [url: string, of: string, body: string][] = [];
  #isAwaited = false;

  /** @param id what makes the texts: 16 hexadecimal digits */
  constructor(cacheDir: string, id: string) {
    this.#home = join(cacheDir, 'transforms');
    this.#id = id;
  }

  /**
   * What was made of a module's text; undefined where that is not known.
   * @param of fingerprint of all that it was made from
   */
  get(url: string, of: string): Transform | undefined {
    const line = (this.#lines ??= this.#read()).get(url);
    if (line === undefined || line[1] !== of) return undefined;
    const body = this.#body(line);
    if (body === undefined) return undefined;
    const end = body.indexOf('\n');
    const code = end + 1 === body.length ? undefined : body.slice(end + 1);
    const [prefix = '', layout] = cut(body.slice(0, end));
    return { prefix, code, layout };
  }

  /** Keeps what was made of a module's text. It is written with others, at the latest in the next turn of the event loop. */
  put(url: string, of: string, { prefix, code = '', layout }: Transform): void {
    this.#waiting.push([url, of, `${prefix}${layout === undefined ? '' : ` ${layout}`}\n${code}`]);
    if (this.#waiting.length >= WAITING) this.write();
    if (this.#isAwaited) return;
    this.#isAwaited = true;
    setImmediate(() => {
      this.#isAwaited = false;
      this.write();
    }).unref();
  }

  #file(name: 'index' | 'texts'): string {
    return join(this.#home, this.#id, name);
  }

  #read(): Map<string, Line> {
    let text = '';
    try {
      if (notOwnDirectory(join(this.#home, this.#id)) === undefined)
        text = readFile(this.#file('index')).toString();
    } catch {
      // there is none yet
    }
    const lines = new Map<string, Line>();
    for (const one of parsed(text)) lines.set(one[0], one);
    return lines;
  }

  /** The text that a line leads to, if it is what it was. */
  #body([, , at, size, print]: Line): string | undefined {
    try {
      if (!(at >= this.#from && at + size <= this.#from + this.#window.length)) this.#look(at, size);
      const bytes = this.#window.subarray(at - this.#from, at - this.#from + size);
      return bytes.length === size && fingerprint(bytes) === print ? bytes.toString() : undefined;
    } catch {
      return undefined;
    }
  }

  /** Reads on from some text: those of modules that import each other stand together. */
  #look(at: number, size: number): void {
    if (this.#fd === undefined) {
      this.#fd = openFile(this.#file('texts'), TO_READ);
      setTimeout(() => this.#close(), OPEN).unref();
    }
    if (size > fstatSync(this.#fd).size) throw new RangeError('a damaged line');
    if (this.#room.length < Math.max(WINDOW, size))
      this.#room = Buffer.allocUnsafeSlow(Math.max(WINDOW, size));
    this.#window = this.#room.subarray(0, readSync(this.#fd, this.#room, 0, this.#room.length, at));
    this.#from = at;
  }

  #close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
    this.#room = this.#window = NONE;
  }

  /** Writes what waits. */
  write(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    if (waiting.length === 0) return;
    try {
      const fd = inDirectory(this.#file('texts'), () => openFile(this.#file('texts'), TO_APPEND));
      let at: number;
      try {
        at = fstatSync(fd).size; // and if another process writes now, our lines lead to nothing
        writeSync(fd, waiting.map(([, , body]) => body).join(''));
      } finally {
        closeSync(fd);
      }
      if (at === 0) this.#removeOthers();
      const lines = waiting.map(([url, of, body]): Line => {
        const size = Buffer.byteLength(body);
        at += size;
        return [url, of, at - size, size, fingerprint(body)];
      });
      // On a line of its own: the last one may be torn.
      appendTo(this.#file('index'), `\n${printed(lines)}`);
      this.#lines ??= this.#read();
      for (const line of lines) this.#lines.set(line[0], line);
      this.#compact(at);
    } catch {
      // a disk that refuses: every start transforms anew
    }
  }

  /** Writes anew what is still led to, where that is little of it. @param size bytes of all texts */
  #compact(size: number): void {
    const lines = [...(this.#lines?.values() ?? [])];
    const used = lines.reduce((sum, line) => sum + line[3], 0);
    if (size - used < Math.max(WASTE, used)) return;
    let at = 0;
    const kept: [Line, string][] = [];
    for (const line of lines) {
      const body = this.#body(line);
      if (body === undefined) continue;
      const [url, of, , length, print] = line;
      kept.push([[url, of, at, length, print], body]);
      at += length;
    }
    this.#close();
    writeWhole(this.#file('texts'), kept.map(([, body]) => body).join(''));
    writeWhole(this.#file('index'), printed(kept.map(([line]) => line)));
    this.#lines = new Map(kept.map(([line]) => [line[0], line]));
  }

  /** Removes what was written longest ago by others, of Nodes and versions that may be gone. */
  #removeOthers(): void {
    const others = readdirSync(this.#home, { withFileTypes: true })
      .filter((one: Dirent) => one.isDirectory() && /^[0-9a-f]{16}$/.test(one.name) && one.name !== this.#id)
      .map(({ name }) => ({ name, at: lastWritten(join(this.#home, name, 'index')) }))
      .sort((a, b) => b.at - a.at);
    for (const { name } of others.slice(OTHERS)) {
      const directory = join(this.#home, name);
      for (const file of readdirSync(directory)) removeFile(join(directory, file));
      removeEmpty(directory);
    }
  }
}

/** The first line of a body: a prefix, and a layout where there is one. */
function cut(line: string): [prefix: string, layout?: string] {
  const space = line.indexOf(' ');
  return space < 0 ? [line] : [line.slice(0, space), line.slice(space + 1)];
}

function printed(lines: Line[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

/** The lines of an index. Those that a killed process left torn, or that anything else has damaged, are left out. */
function parsed(text: string): Line[] {
  const lines = text.split('\n').filter((line) => line !== '');
  const isLine = (one: unknown): one is Line => Array.isArray(one);
  try {
    return JSON.parse(`[${lines.join()}]`).filter(isLine);
  } catch {
    return lines.flatMap((line) => {
      try {
        return [JSON.parse(line)].filter(isLine);
      } catch {
        return [];
      }
    });
  }
}

function lastWritten(file: string): number {
  try {
    return statSync(file).mtimeMs;
  } catch {
    return 0;
  }
}
