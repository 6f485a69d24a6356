/**
 * Where the author's text stands in the text that runs. In: what instrumentation has changed in a module's text; out: a line of JSON, kept
 * beside the instrumented text, and what is asked of it: which of the author's characters one of the running text is, and his text of a
 * function of which V8 knows the running text. Nothing is parsed or read for that. Offsets are UTF-16 code units from 0.
 */
import type MagicString from 'magic-string';

/** One change: after `gap` characters as they were, `removed` is gone, and `inserted` characters of ours stand there. */
type Change = [gap: number, removed: string, inserted: number];

/** Offsets at which a function's or class's own number first stands in the running text, each as the distance from the one before. */
type Anchors = number[];

/** `[gap, removed, inserted, gap, …]`, the cells' anchors, the classes' anchors, and numbers of classes that have a static block of ours only. */
type Written = [changes: (number | string)[], cells: Anchors, classes: Anchors, bare: readonly number[]];

/** What magic-string has of a text: pieces in order, each with what comes before and after it. */
interface Chunk {
  original: string;
  content: string;
  intro: string;
  outro: string;
  edited: boolean;
  next: Chunk | null;
}

/**
 * The layout of an edited text, as JSON on one line.
 * @param code what `text` prints
 * @param prefix of the names of its cells
 * @param bare numbers of classes that have a static block of ours only, where coverage is counted
 */
export function layoutOf(text: MagicString, code: string, prefix: string, bare: readonly number[]): string {
  const changes: Written[0] = [];
  let gap = 0;
  /** whether the last change is an insertion that stands right here */
  let isOpen = false;
  const change = (...[removed, inserted]: [removed: string, inserted: number]): void => {
    if (removed === '' && isOpen) {
      changes[changes.length - 1] = (changes[changes.length - 1] as number) + inserted;
      return;
    }
    changes.push(gap, removed, inserted);
    gap = 0;
    isOpen = removed === '';
  };
  const insert = (added: string): void => {
    if (added !== '') change('', added.length);
  };
  const { firstChunk, intro, outro } = text as unknown as {
    firstChunk: Chunk;
    intro: string;
    outro: string;
  };
  insert(intro);
  for (let chunk: Chunk | null = firstChunk; chunk !== null; chunk = chunk.next) {
    insert(chunk.intro);
    if (chunk.edited) change(chunk.original, chunk.content.length);
    else if (chunk.original !== '') {
      gap += chunk.original.length;
      isOpen = false;
    }
    insert(chunk.outro);
  }
  insert(outro);
  return JSON.stringify([changes, ...anchorsIn(code, prefix), bare] satisfies Written);
}

function anchorsIn(code: string, prefix: string): [cells: Anchors, classes: Anchors] {
  const cells: number[] = [];
  const classes: number[] = [];
  for (const { index, 1: cell, 2: scope } of code.matchAll(ownNames(prefix)))
    if (scope !== undefined) classes[Number(scope)] ??= index;
    else cells[Number(cell)] ??= index;
  return [distances(cells), distances(classes)];
}

/** The name of a cell, or a class's handing over of its scope; the group that is there has the number. */
function ownNames(prefix: string): RegExp {
  const name = prefix.replace('$', '\\$');
  return new RegExp(
    `${name}\\$(\\d+)|hs\\$scope\\("${name}",hs\\$c=>(?:\\(\\(\\)=>0,)?eval\\(hs\\$c\\)\\)?,(\\d+)\\)`,
    'g',
  );
}

function distances(offsets: number[]): Anchors {
  return Array.from(offsets, (offset = 0, i) => offset - (i === 0 ? 0 : (offsets[i - 1] ?? 0)));
}

function sums(anchors: Anchors): number[] {
  let sum = 0;
  return anchors.map((distance) => (sum += distance));
}

export class Layout {
  readonly #prefix: string;
  /** by change: the author's offset and the running one where it begins, and how long it is in either text */
  readonly #author: number[] = [];
  readonly #running: number[] = [];
  readonly #removed: string[] = [];
  readonly #inserted: number[] = [];
  readonly #cells: number[];
  readonly #classes: number[];
  readonly #bare: readonly number[];

  /** @param written as `layoutOf` gives it */
  constructor(prefix: string, written: string) {
    const [changes, cells, classes, bare] = JSON.parse(written) as Written;
    this.#prefix = prefix;
    this.#cells = sums(cells);
    this.#classes = sums(classes);
    this.#bare = bare;
    let [author, running] = [0, 0];
    for (let i = 0; i < changes.length; i += 3) {
      const [gap, removed, inserted] = changes.slice(i, i + 3) as Change;
      author += gap;
      running += gap;
      this.#author.push(author);
      this.#running.push(running);
      this.#removed.push(removed);
      this.#inserted.push(inserted);
      author += removed.length;
      running += inserted;
    }
  }

  /** The author's text of a function or class, by the text that V8 has of it; undefined where it is none of this module's. */
  authorText(text: string): string | undefined {
    const start = this.#startOf(text);
    if (start === undefined) return undefined;
    const end = start + text.length;
    let author = '';
    let at = start;
    for (let i = this.#firstAfter(start); i < this.#running.length; i++) {
      const running = this.#running[i] as number;
      if (running >= end) break;
      const inserted = this.#inserted[i] as number;
      if (running + inserted <= start && !(running === start && inserted > 0)) continue;
      if (running >= start) author += text.slice(at - start, running - start) + this.#removed[i];
      at = Math.max(at, running + inserted);
    }
    return author + text.slice(at - start);
  }

  /** Where the name of a cell first stands in the running text. */
  cellAt(number: number): number {
    return this.#cells[number] as number;
  }

  /** Where a function or class begins in the author's text; see `authorText`. */
  authorStart(text: string): number | undefined {
    const start = this.#startOf(text);
    return start === undefined ? undefined : this.author(start);
  }

  /** The author's offset of what begins at a running one: of what is ours, that of what comes after it. */
  author(running: number): number {
    let i = this.#firstAfter(running);
    while ((this.#running[i] ?? Number.POSITIVE_INFINITY) <= running) i++;
    if (i-- === 0) return running;
    const from = this.#running[i] as number;
    const removed = (this.#removed[i] as string).length;
    const into = running - from;
    const author = this.#author[i] as number;
    if (into === 0 && (this.#inserted[i] as number) > 0) return author;
    return author + removed + Math.max(0, into - (this.#inserted[i] as number));
  }

  /** The author's offset of what ends at a running one: of what is ours, that of what comes before it. */
  authorEnd(running: number): number {
    const i = this.#lastBefore(running);
    if (i < 0) return running;
    const into = running - (this.#running[i] as number) - (this.#inserted[i] as number);
    return (this.#author[i] as number) + (this.#removed[i] as string).length + Math.max(0, into);
  }

  /** Whether what begins at a running offset is the body of a class, or a static block in it, that has static code of ours only. */
  isBare(running: number): boolean {
    const author = this.author(running);
    return this.#bare.some((number) => {
      const block = this.#classes[number] as number;
      return block > running && this.author(block) - author <= '{'.length;
    });
  }

  /** Whether the character before a running offset is ours. */
  endsInOurs(running: number): boolean {
    const i = this.#lastBefore(running);
    return i >= 0 && running <= (this.#running[i] as number) + (this.#inserted[i] as number);
  }

  /** Where a character of the author's stands that nothing has replaced. */
  running(author: number): number {
    let [from, to] = [0, this.#author.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((this.#author[middle] as number) <= author) from = middle + 1;
      else to = middle;
    }
    if (from === 0) return author;
    const more = (this.#inserted[from - 1] as number) - (this.#removed[from - 1] as string).length;
    return author + (this.#running[from - 1] as number) - (this.#author[from - 1] as number) + more;
  }

  /** The length of the running text. @param author that of the author's */
  lengthOf(author: number): number {
    const last = this.#running.length - 1;
    if (last < 0) return author;
    const removed = (this.#removed[last] as string).length - (this.#inserted[last] as number);
    return author + (this.#running[last] as number) - (this.#author[last] as number) - removed;
  }

  /** The last change that begins before a running offset; -1 where there is none. */
  #lastBefore(running: number): number {
    let [from, to] = [0, this.#running.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((this.#running[middle] as number) < running) from = middle + 1;
      else to = middle;
    }
    return from - 1;
  }

  /** Where a function or class begins in the running text, by a number in its own text that no other has. */
  #startOf(text: string): number | undefined {
    const [found] = text.matchAll(ownNames(this.#prefix));
    if (found === undefined) return undefined;
    const anchor = found[2] === undefined ? this.#cells[Number(found[1])] : this.#classes[Number(found[2])];
    return anchor === undefined ? undefined : anchor - found.index;
  }

  /** The first change that does not end before a running offset. */
  #firstAfter(running: number): number {
    let [from, to] = [0, this.#running.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      const end = (this.#running[middle] as number) + (this.#inserted[middle] as number);
      if (end < running) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}
