/** A stream of pseudo-random numbers that is the same on every machine for the same seed. */
export interface SeededRandom {
  /** A number in [0, 1). */
  next: () => number;
  /** A number in [from, to). */
  between: (from: number, to: number) => number;
  /** An approximately normal number (sum of three uniforms), mean 0, standard deviation 1. */
  normal: () => number;
  /** An integer in [0, 2^32). */
  integer: () => number;
}

/** Makes the generator mulberry32 (public domain), which is fast and passes the usual tests. */
export function createSeededRandom(seed: number): SeededRandom {
  let state = (Math.imul(seed, 0x9e3779b1) ^ 0x85ebca6b) >>> 0;
  const integer = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const next = (): number => integer() / 4294967296;
  return {
    next,
    integer,
    between: (from, to) => from + (to - from) * next(),
    normal: () => (next() + next() + next() - 1.5) * 2,
  };
}

/** Picks one element; the list must not be empty. */
export function pickOne<T>(random: SeededRandom, list: readonly T[]): T {
  const picked = list[Math.floor(random.next() * list.length)];
  if (picked === undefined) throw new RangeError('cannot pick from an empty list');
  return picked;
}
