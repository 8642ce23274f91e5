import { pickOne, type SeededRandom } from '../phantom/seeded-random.ts';

/** Numbers at which lengths and counts go wrong. */
const EDGES: readonly number[] = [0, 1, 2, 3, 7, 8, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff]; // prettier-ignore

/** Byte sequences that mean something in a PDU or a data set. */
const TOKENS: readonly Buffer[] = [
  'feff00e000000000',
  'feff00e0ffffffff',
  'feff0de000000000',
  'feffdde000000000',
  'e07f10004f42000000000000',
  '08000500435300000000',
  'ffd8ffd9',
  'ff4fff51',
  '0100000000ff',
  '5351',
  '554e',
].map((hex) => Buffer.from(hex, 'hex'));

type Change = (bytes: Buffer, random: SeededRandom, others: readonly Buffer[]) => Buffer;

const at = (random: SeededRandom, length: number): number => Math.floor(random.next() * length);

const CHANGES: readonly Change[] = [
  // One bit.
  (bytes, random) => overwrite(bytes, at(random, bytes.length), [1 << at(random, 8)], true),
  // One byte.
  (bytes, random) => overwrite(bytes, at(random, bytes.length), [at(random, 256)]),
  // A number at its edge, of two or four bytes, either way round.
  (bytes, random) => {
    const edge = pickOne(random, EDGES);
    const number = Buffer.alloc(4);
    number.writeUInt32BE(edge);
    const sized = random.next() < 0.5 ? number.subarray(2) : number;
    return overwrite(bytes, at(random, bytes.length), random.next() < 0.5 ? sized : [...sized].reverse());
  },
  // A number a little larger or smaller.
  (bytes, random) => {
    const place = at(random, bytes.length);
    return overwrite(bytes, place, [((bytes[place] ?? 0) + at(random, 9) - 4) & 0xff]);
  },
  // A piece taken out.
  (bytes, random) => {
    const start = at(random, bytes.length);
    return Buffer.concat([bytes.subarray(0, start), bytes.subarray(start + 1 + at(random, 16))]);
  },
  // A piece doubled.
  (bytes, random) => {
    const start = at(random, bytes.length);
    const end = Math.min(bytes.length, start + 1 + at(random, 64));
    return Buffer.concat([bytes.subarray(0, end), bytes.subarray(start)]);
  },
  // Something that means something put in, or written over what was there.
  (bytes, random) => {
    const token = pickOne(random, TOKENS);
    const start = at(random, bytes.length + 1);
    if (random.next() < 0.5) return overwrite(bytes, start, token);
    return Buffer.concat([bytes.subarray(0, start), token, bytes.subarray(start)]);
  },
  // The end cut off.
  (bytes, random) => bytes.subarray(0, at(random, bytes.length)),
  // The head of this and the tail of another.
  (bytes, random, others) => {
    const other = pickOne(random, others);
    return Buffer.concat([
      bytes.subarray(0, at(random, bytes.length)),
      other.subarray(at(random, other.length)),
    ]);
  },
  // Rubbish.
  (bytes, random) => {
    const rubbish = Array.from({ length: 1 + at(random, 32) }, () => at(random, 256));
    return overwrite(bytes, at(random, bytes.length), rubbish);
  },
];

/** Bytes with one to four changes; the same for the same state of `random`. `others` are spliced in at times. */
export function mutateBytes(bytes: Buffer, random: SeededRandom, others: readonly Buffer[]): Buffer {
  const changes = 1 + Math.floor(random.next() ** 2 * 4);
  let mutated = bytes;
  for (let change = 0; change < changes; change += 1) {
    if (mutated.length === 0) return mutated;
    mutated = pickOne(random, CHANGES)(mutated, random, others);
  }
  return mutated;
}

function overwrite(bytes: Buffer, start: number, over: Iterable<number>, isExclusive = false): Buffer {
  const copy = Buffer.from(bytes);
  let place = start;
  for (const byte of over) {
    if (place >= copy.length) break;
    copy[place] = isExclusive ? (copy[place] ?? 0) ^ byte : byte;
    place += 1;
  }
  return copy;
}
