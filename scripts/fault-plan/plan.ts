import { createSeededRandom, pickOne, type SeededRandom } from '../phantom/seeded-random.ts';

/** Faults of the wires: between senders and the service, and between the service and its PACS. */
export const WIRE_FAULTS = ['sender-drops', 'pacs-down', 'pacs-slow', 'pacs-aborts'] as const;

/** Faults of the machine that the service runs on. */
export const MACHINE_FAULTS = ['kill-service', 'kill-worker', 'disk-full', 'disk-low', 'disk-slow'] as const;

/** One kind of fault. */
export type FaultKind = (typeof WIRE_FAULTS)[number] | (typeof MACHINE_FAULTS)[number];

/** A fault with its time from the start of the plan. */
export interface Fault {
  readonly kind: FaultKind;
  readonly startSeconds: number;
  readonly lastsSeconds: number;
}

/** Two rows of faults that are played beside each other, each in its order. */
export interface FaultPlan {
  readonly wires: readonly Fault[];
  readonly machine: readonly Fault[];
}

/** How long a fault of a kind lasts; a kill is over at once, and what it leaves is the time until the restart. */
const LASTS_SECONDS: Readonly<Record<FaultKind, readonly [number, number]>> = {
  'sender-drops': [4, 12],
  'pacs-down': [4, 25],
  'pacs-slow': [5, 15],
  'pacs-aborts': [4, 15],
  'kill-service': [0.1, 3],
  'kill-worker': [0.1, 0.2],
  'disk-full': [3, 8],
  'disk-low': [3, 8],
  'disk-slow': [3, 8],
};

/**
 * The faults of a run: one row on the wires and one on the machine, each one fault after the other with a pause
 * between them, so that a wire fault meets every machine fault sooner or later. The same seed gives the same plan.
 */
export function planFaults(seed: number, seconds: number): FaultPlan {
  const random = createSeededRandom(seed);
  return {
    wires: planRow(random, WIRE_FAULTS, seconds),
    machine: planRow(random, MACHINE_FAULTS, seconds),
  };
}

function planRow(random: SeededRandom, kinds: readonly FaultKind[], seconds: number): readonly Fault[] {
  const faults: Fault[] = [];
  // Every kind comes once before any comes again, so that a short plan has them all.
  let left: FaultKind[] = [];
  let startSeconds = random.between(1, 4);
  for (;;) {
    if (left.length === 0) left = [...kinds];
    const kind = pickOne(random, left);
    left = left.filter((other) => other !== kind);
    const lastsSeconds = random.between(...LASTS_SECONDS[kind]);
    if (startSeconds + lastsSeconds > seconds) return faults;
    faults.push({ kind, startSeconds, lastsSeconds });
    startSeconds += lastsSeconds + random.between(2, 9);
  }
}
