import { createSeededRandom, pickOne, type SeededRandom } from '../phantom/seeded-random.ts';

/** Faults of processes and of what they share. A pause is a partition: connections stay open and nothing answers. */
export const DISTRIBUTED_FAULTS = [
  'kill-listener',
  'kill-worker',
  'kill-web',
  'pause-listener',
  'pause-worker',
  'restart-postgres',
  'pause-postgres',
  'kill-redis',
  'lose-redis',
  'pause-redis',
  'store-slow',
  'store-full',
  'store-down',
] as const;

/** One kind of fault. */
export type DistributedFaultKind = (typeof DISTRIBUTED_FAULTS)[number];

/** A fault, how long it lasts, the pause after it, and a draw that says which process it meets. */
export interface DistributedFault {
  readonly kind: DistributedFaultKind;
  readonly lastsSeconds: number;
  readonly pauseSeconds: number;
  readonly draw: number;
}

/** How long a fault lasts; what is killed is gone for so long, a worker until others have its jobs. A pause of a process outlasts every lease. */
const LASTS_SECONDS: Readonly<Record<DistributedFaultKind, readonly [number, number]>> = {
  'kill-listener': [0.2, 3],
  'kill-worker': [0.2, 3],
  'kill-web': [0.2, 2],
  'pause-listener': [10, 14],
  'pause-worker': [10, 14],
  'restart-postgres': [0, 0.1],
  'pause-postgres': [3, 10],
  'kill-redis': [1, 6],
  'lose-redis': [0.2, 3],
  'pause-redis': [2, 6],
  'store-slow': [4, 8],
  'store-full': [3, 6],
  'store-down': [3, 6],
};

/** Faults one after the other without end, the same for the same seed; every kind comes once before any comes again. */
export function* planDistributedFaults(
  seed: number,
  kinds: readonly DistributedFaultKind[] = DISTRIBUTED_FAULTS,
): Generator<DistributedFault> {
  const random: SeededRandom = createSeededRandom(seed);
  for (;;) {
    let left: readonly DistributedFaultKind[] = kinds;
    while (left.length > 0) {
      const kind = pickOne(random, left);
      left = left.filter((other) => other !== kind);
      yield {
        kind,
        lastsSeconds: random.between(...LASTS_SECONDS[kind]),
        pauseSeconds: random.between(0.5, 2.5),
        draw: random.next(),
      };
    }
  }
}
