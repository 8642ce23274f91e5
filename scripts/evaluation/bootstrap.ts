import { createSeededRandom } from '../phantom/seeded-random.ts';

/** How often, and from which seed, films are drawn again. */
export interface BootstrapPlan {
  readonly seed: number;
  readonly rounds: number;
}

/** The plan of every interval here. */
const DEFAULT_PLAN: BootstrapPlan = { seed: 20261122, rounds: 2000 };

/**
 * 95 % interval of a figure by drawing whole films with replacement (percentiles): the bodies of one film stand and
 * fall together, so that they must not be drawn one by one. Draws without a figure (NaN) are left out; null where
 * none has one.
 */
export function bootstrapInterval<Item>(
  films: readonly Item[],
  figure: (drawn: readonly Item[]) => number,
  { seed, rounds }: BootstrapPlan = DEFAULT_PLAN,
): readonly [number, number] | null {
  const random = createSeededRandom(seed);
  const figures: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const drawn = films.flatMap(() => {
      const item = films[Math.floor(random.next() * films.length)];
      return item === undefined ? [] : [item];
    });
    const value = figure(drawn);
    if (!Number.isNaN(value)) figures.push(value);
  }
  figures.sort((a, b) => a - b);
  const at = (share: number): number | undefined => figures[Math.round(share * (figures.length - 1))];
  const [low, high] = [at(0.025), at(0.975)];
  return low === undefined || high === undefined ? null : [low, high];
}
