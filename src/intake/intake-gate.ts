import { statfs } from 'node:fs/promises';
import type { Kysely } from 'kysely';
import type { Clock } from '../clock.ts';
import type { Database } from '../database/schema.ts';
import { TriageError } from '../errors.ts';
import type { Log } from '../telemetry.ts';

/** Whether more can be taken in at this moment; every door asks before it takes a byte. */
export interface IntakeGate {
  /** Why no instance can be taken in, or undefined: storage-full at the disk watermark, or what the store fails with. */
  judgeInstance(): TriageError | undefined;
  /** Why no association, or call of another door, is begun, or undefined: server-busy while the queue is full. */
  judgeAssociation(): TriageError | undefined;
}

/** The limits of the gate. */
export interface IntakeLimits {
  readonly diskFreeMibMin: number;
  readonly queueItemsMax: number;
}

/** What the gate looks at. */
export interface IntakeProbes {
  readonly freeBytes: () => Promise<number>;
  /** Counts no further than `itemsMax`, so that a look costs the same whatever waits. */
  readonly waitingItems: (itemsMax: number) => Promise<number>;
  /** Why objects cannot be stored, which is known without a look. Left out: where the disk of freeBytes holds them. */
  readonly storeProblem?: () => TriageError | undefined;
}

/** How often it looks. Between two looks at most a second's worth of films comes: far below any sane watermark. */
const LOOK_MS = 1_000;

/** When no look has come to its end for so long, films that come will fail. */
const LOOK_MS_MAX = 5_000;

const MIB = 1024 * 1024;

/** Looks at the free space of a folder's disk and at the queue of the record. */
export function intakeProbes(dataFolder: string, database: Kysely<Database>): IntakeProbes {
  return {
    async freeBytes() {
      const { bavail, bsize } = await statfs(dataFolder);
      return bavail * bsize;
    },
    async waitingItems(itemsMax) {
      const { waiting } = await database
        .selectFrom((from) =>
          from.selectFrom('jobs').select('exam_id').where('state', '=', 'waiting').limit(itemsMax).as('some'),
        )
        .select(({ fn }) => fn.countAll<number>().as('waiting'))
        .executeTakeFirstOrThrow();
      return waiting;
    },
  };
}

/** Opens the gate after a first look, so that a node that starts on a full disk takes nothing in. */
export async function openIntakeGate(
  limits: IntakeLimits,
  probes: IntakeProbes,
  clock: Clock,
  log: Log,
): Promise<WatermarkGate> {
  const gate = new WatermarkGate(limits, probes, clock, log);
  await gate.look();
  gate.start();
  return gate;
}

/**
 * Back-pressure by watermark. It looks once a second, not once an instance, and opens again by itself. A look that
 * fails leaves the earlier judgement: the write that follows fails by itself and is answered as what it is.
 */
export class WatermarkGate implements IntakeGate {
  readonly #limits: IntakeLimits;
  readonly #probes: IntakeProbes;
  readonly #clock: Clock;
  readonly #log: Log;
  #isDiskFull = false;
  #isQueueFull = false;
  #isClosed = false;
  #lookedAtMs = -Infinity;
  #cancelLook: () => void = () => undefined;
  #looking: Promise<void> = Promise.resolve();

  constructor(limits: IntakeLimits, probes: IntakeProbes, clock: Clock, log: Log) {
    this.#limits = limits;
    this.#probes = probes;
    this.#clock = clock;
    this.#log = log;
  }

  judgeInstance(): TriageError | undefined {
    if (!this.#isDiskFull) return this.#probes.storeProblem?.();
    const { diskFreeMibMin } = this.#limits;
    return new TriageError(
      'storage-full',
      `less than ${diskFreeMibMin} MiB are free (TRIAGE_DISK_FREE_MIB_MIN)`,
    );
  }

  judgeAssociation(): TriageError | undefined {
    if (!this.#isQueueFull) return undefined;
    const { queueItemsMax } = this.#limits;
    return new TriageError('server-busy', `more than ${queueItemsMax} films wait (TRIAGE_QUEUE_ITEMS_MAX)`);
  }

  /** What keeps films out now, in words; null: nothing. For readiness. */
  problem(): string | null {
    if (this.#clock.monotonicMs() - this.#lookedAtMs > LOOK_MS_MAX) return 'the record cannot be looked at';
    return (this.judgeInstance() ?? this.judgeAssociation())?.message ?? null;
  }

  /** Looks now. Never rejects. */
  async look(): Promise<void> {
    try {
      const [freeBytes, waitingItems] = await Promise.all([
        this.#probes.freeBytes(),
        this.#probes.waitingItems(this.#limits.queueItemsMax + 1),
      ]);
      this.#judge(freeBytes, waitingItems);
      this.#lookedAtMs = this.#clock.monotonicMs();
    } catch (thrown) {
      this.#log.error({ err: thrown }, 'free space and queue could not be looked at');
    }
  }

  /** Looks again and again till the end. */
  start(): void {
    this.#cancelLook = this.#clock.schedule(LOOK_MS, () => {
      this.#looking = this.look().then(() => {
        if (!this.#isClosed) this.start();
      });
    });
  }

  /** Ends the looking. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelLook();
    await this.#looking;
  }

  #judge(freeBytes: number, waitingItems: number): void {
    const freeMib = Math.floor(freeBytes / MIB);
    const isDiskFull = freeMib < this.#limits.diskFreeMibMin;
    if (isDiskFull && !this.#isDiskFull) {
      this.#log.error(
        { freeMib },
        'the disk watermark is reached: nothing more is taken in; free space on it',
      );
    }
    if (!isDiskFull && this.#isDiskFull) this.#log.info({ freeMib }, 'there is space again: intake goes on');
    const isQueueFull = waitingItems > this.#limits.queueItemsMax;
    if (isQueueFull && !this.#isQueueFull) {
      this.#log.warn({ waitingItems }, 'the queue is full: associations are refused as transient');
    }
    if (!isQueueFull && this.#isQueueFull) this.#log.info({ waitingItems }, 'the queue has room again');
    this.#isDiskFull = isDiskFull;
    this.#isQueueFull = isQueueFull;
  }
}
