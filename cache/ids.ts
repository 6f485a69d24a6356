/**
 * Many SHA-256, as bytes: as a text each would take 80 and more, here it takes 32. Nothing of `Buffer` here, which a program may
 * have replaced.
 */

/** Bytes of an id, and of the part of it that is read at a time. */
const WIDE = 32;
const WORD = 4;

/** Whether a text may be how an id begins: 7 digits are enough to name one. */
export function isStart(text: string): boolean {
  return /^[0-9a-f]{7,64}$/.test(text);
}

/** Bytes with room for `size` of them, and for some more where that has to be made. */
export function withRoom(bytes: DataView<ArrayBuffer>, size: number): DataView<ArrayBuffer> {
  if (size <= bytes.byteLength) return bytes;
  const room = new Uint8Array(Math.ceil(size * 1.25));
  room.set(new Uint8Array(bytes.buffer));
  return new DataView(room.buffer);
}

/** Copies `size` bytes, from one place to another. */
export function copyBytes(
  from: DataView<ArrayBuffer>,
  start: number,
  to: DataView<ArrayBuffer>,
  at: number,
  size: number,
): void {
  new Uint8Array(to.buffer).set(new Uint8Array(from.buffer, start, size), at);
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

  /** Puts an id in the place of one that is there, or at the end. */
  put(i: number, id: string): void {
    this.#bytes = withRoom(this.#bytes, (i + 1) * WIDE);
    for (let byte = 0; byte < WIDE; byte += WORD)
      this.#bytes.setUint32(i * WIDE + byte, Number.parseInt(id.slice(byte * 2, (byte + WORD) * 2), 16));
    this.length = Math.max(this.length, i + 1);
  }

  /** Adds those of another list, from one of its places on. */
  addFrom(other: Ids, start: number): void {
    const [size, count] = [this.length, other.length - start];
    this.#bytes = withRoom(this.#bytes, (size + count) * WIDE);
    copyBytes(other.#bytes, start * WIDE, this.#bytes, size * WIDE, count * WIDE);
    this.length += count;
  }

  /** Place of the last id that begins with some digits, 7 or more; -1 where there is none. */
  lastWith(digits: string): number {
    const first = Number.parseInt(digits.slice(0, 7), 16);
    let i = this.length - 1;
    while (i >= 0 && !(this.#bytes.getUint32(i * WIDE) >>> 4 === first && this.at(i).startsWith(digits))) i--;
    return i;
  }
}
