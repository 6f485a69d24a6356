/**
 * A short name for a text, to tell whether it is still the same. In: a text; out: 16 hexadecimal digits. For what every start
 * asks of every module, as SHA-256 means loading node:crypto, which takes as long as a small program. Whoever wants two
 * texts with one name can make them; names of versions are SHA-256. Node's own compile cache goes by a CRC-32.
 */

/**
 * 64 bits of a text in UTF-8, four bytes at a time: two multiplicative lanes, mixed at the end as cyrb53 does
 * (https://github.com/bryc/code/blob/master/jshash/experimental/cyrb53.js), of which no bit is dropped.
 * @param of the text, or its bytes
 * @example fingerprint('a') === fingerprint(Buffer.from('a'))
 */
export function fingerprint(of: string | Uint8Array): string {
  const { bytes, words } = roomFor(of.length * (typeof of === 'string' ? 3 : 1));
  let length = of.length;
  if (typeof of === 'string') length = bytes.write(of);
  else bytes.set(of);
  let a = 0xdeadbeef ^ length;
  let b = 0x41c6ce57 ^ length;
  for (let i = 0; i < length >> 2; i++) {
    const word = words[i] as number;
    a = rotated(imul(a ^ word, 0x9e3779b1));
    b = rotated(imul(b ^ word, 0x5f356495));
  }
  for (let i = length & ~3; i < length; i++) {
    a = imul(a ^ (bytes[i] as number), 0x9e3779b1);
    b = imul(b ^ (bytes[i] as number), 0x5f356495);
  }
  a = imul(a ^ (a >>> 16), 0x85ebca6b) ^ imul(b ^ (b >>> 13), 0xc2b2ae35);
  b = imul(b ^ (b >>> 16), 0x85ebca6b) ^ imul(a ^ (a >>> 13), 0xc2b2ae35);
  return digits(a) + digits(b);
}

const { imul } = Math;

/** High bits come down, or the last bytes of words would only count in them. */
function rotated(lane: number): number {
  return (lane << 15) | (lane >>> 17);
}

function digits(lane: number): string {
  return (0x100000000 + (lane >>> 0)).toString(16).slice(1);
}

/** Where bytes are read by words, since those of a file stand anywhere: kept, but for the texts that are seldom so long. */
interface Room {
  bytes: Buffer;
  words: Int32Array;
}

const usual = made(2 ** 16);

function roomFor(size: number): Room {
  return size <= usual.bytes.length ? usual : made(size);
}

function made(size: number): Room {
  const buffer = new ArrayBuffer((size + 3) & ~3);
  return { bytes: Buffer.from(buffer), words: new Int32Array(buffer) };
}
