/**
 * Many SHA-256, as bytes: as a text each would take 80 and more, here it takes 32. Nothing of `Buffer` here, which a program may
 * have replaced.
 */

/** Bytes of an id, and of the part of it that is read at a time. */
const WIDE = 32;
const WORD = 4;

/** Whether `id` has the form of an object id; anything else (`../..`, a number, a short hash) is not one. */
export function isId(id: string): boolean {
  return /^[0-9a-f]{64}$/.test(id);
}

/** Whether a text may be how an id begins: 7 digits are enough to name one. */
export function isStart(text: unknown): text is string {
  return typeof text === 'string' && /^[0-9a-f]{7,64}$/.test(text);
}

/** Bytes with room for `size` of them, and for some more where that has to be made. */
export function withRoom(bytes: DataView<ArrayBuffer>, size: number): DataView<ArrayBuffer> {
  if (size <= bytes.byteLength) return bytes;
  const room = new Uint8Array(Math.ceil(size * 1.25));
  room.set(new Uint8Array(bytes.buffer));
  return new DataView(room.buffer);
}

/** A list of ids, 64 hexadecimal digits each. */
export class Ids {
  length = 0;
  #bytes = new DataView(new ArrayBuffer(0));

  at(i: number): string {
    let id = '';
    for (let byte = i * WIDE; byte < (i + 1) * WIDE; byte += WORD)
      id += this.#bytes
        .getUint32(byte)
        .toString(16)
        .padStart(WORD * 2, '0');
    return id;
  }

  *[Symbol.iterator](): Generator<string> {
    for (let i = 0; i < this.length; i++) yield this.at(i);
  }

  /** Puts an id in the place of one that is there, or at the end. */
  put(i: number, id: string): void {
    this.#bytes = withRoom(this.#bytes, (i + 1) * WIDE);
    for (let byte = 0; byte < WIDE; byte += WORD)
      this.#bytes.setUint32(i * WIDE + byte, Number.parseInt(id.slice(byte * 2, (byte + WORD) * 2), 16));
    this.length = Math.max(this.length, i + 1);
  }

  /** Place of the last id, before place `end`, that begins with some digits, 7 or more; -1 where there is none. */
  lastWith(digits: string, end: number): number {
    const first = Number.parseInt(digits.slice(0, 7), 16);
    let i = end - 1;
    while (i >= 0 && !(this.#bytes.getUint32(i * WIDE) >>> 4 === first && this.at(i).startsWith(digits))) i--;
    return i;
  }
}
