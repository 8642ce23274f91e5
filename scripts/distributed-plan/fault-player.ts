import type { Kysely } from 'kysely';
import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '../../src/database/schema.ts';
import type { Cluster } from '../../src/testing/cluster.ts';
import type { RoleProcess } from '../../src/testing/role-process.ts';
import type { DistributedFault } from './fault-plan.ts';

const RECOVERY_SECONDS_MAX = 60;
const START_AGAIN_TIMES = 20;

interface JobLease {
  readonly token: string | null;
  readonly untilMs: number | null;
}

/** Brings faults about in a cluster, one after the other, and measures how fast killed workers are made up for. */
export class FaultPlayer {
  readonly #cluster: Cluster;
  readonly #database: Kysely<Database>;
  /** Faults so far, by kind. */
  readonly played: Record<string, number> = {};
  /** From each kill of a worker until its last job was in other hands, or had ended. */
  readonly recoverySeconds: number[] = [];

  constructor(cluster: Cluster, database: Kysely<Database>) {
    this.#cluster = cluster;
    this.#database = database;
  }

  /** Plays a fault to its end: everything runs again when this resolves. */
  async play(fault: DistributedFault): Promise<void> {
    this.played[fault.kind] = (this.played[fault.kind] ?? 0) + 1;
    const { listeners, workers, web, postgres, redis } = this.#cluster;
    const waitMs = fault.lastsSeconds * 1000;
    const pick = (row: readonly RoleProcess[]): RoleProcess =>
      row[Math.floor(fault.draw * row.length)] ?? web;
    switch (fault.kind) {
      case 'kill-listener':
        return killFor(pick(listeners), waitMs);
      case 'kill-web':
        return killFor(web, waitMs);
      case 'kill-worker':
        return this.#killWorker(pick(workers), waitMs);
      case 'pause-listener':
        return pauseFor(pick(listeners), waitMs);
      case 'pause-worker':
        return pauseFor(pick(workers), waitMs);
      case 'restart-postgres':
        return postgres.restart();
      case 'pause-postgres':
        return pauseFor(postgres, waitMs);
      case 'kill-redis':
        await redis.kill();
        await delay(waitMs);
        return redis.restart({ loseData: false });
      case 'lose-redis':
        return redis.restart({ loseData: true });
      case 'pause-redis':
        return pauseFor(redis, waitMs);
      case 'store-slow':
      case 'store-full':
      case 'store-down':
        return this.#disturbStore(fault.kind, waitMs);
    }
  }

  async #disturbStore(kind: 'store-slow' | 'store-full' | 'store-down', waitMs: number): Promise<void> {
    const { store } = this.#cluster;
    if (kind === 'store-slow') store.setFault({ kind: 'slow', ms: 700 });
    else store.setFault({ kind: kind === 'store-full' ? 'full' : 'down' });
    await delay(waitMs);
    store.setFault({ kind: 'none' });
  }

  /** It comes back only when others have its jobs, so that it is not itself that makes up for them. */
  async #killWorker(worker: RoleProcess, waitMs: number): Promise<void> {
    await worker.kill();
    const killedAtMs = Date.now();
    const until = delay(waitMs);
    // Whose a job is is not written down; but those of workers that live are renewed.
    let open = await this.#leases();
    let recoveredAtMs = killedAtMs;
    while (open.size > 0 && Date.now() - killedAtMs < RECOVERY_SECONDS_MAX * 1000) {
      await delay(100);
      const now = await this.#leases();
      const still = new Map<string, JobLease>();
      for (const [examId, lease] of open) {
        const present = now.get(examId);
        if (present?.token !== lease.token) recoveredAtMs = Date.now();
        else if (present.untilMs === lease.untilMs) still.set(examId, lease);
      }
      open = still;
    }
    const endedAtMs = open.size > 0 ? Infinity : recoveredAtMs;
    this.recoverySeconds.push((endedAtMs - killedAtMs) / 1000);
    await until;
    await startAgain(worker);
  }

  async #leases(): Promise<ReadonlyMap<string, JobLease>> {
    const rows = await this.#database
      .selectFrom('jobs')
      .select(['exam_id', 'lease_token', 'lease_until_ms'])
      .where('state', '=', 'leased')
      .execute();
    return new Map(rows.map((row) => [row.exam_id, { token: row.lease_token, untilMs: row.lease_until_ms }]));
  }
}

async function killFor(process: RoleProcess, waitMs: number): Promise<void> {
  await process.kill();
  await delay(waitMs);
  await startAgain(process);
}

/** As a supervisor does: one that ends at once is started again. */
async function startAgain(process: RoleProcess): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await process.start();
      return;
    } catch (thrown) {
      if (attempt === START_AGAIN_TIMES) throw thrown;
      await delay(500);
    }
  }
}

async function pauseFor(
  paused: { readonly pause: () => void; readonly resume: () => void },
  waitMs: number,
): Promise<void> {
  paused.pause();
  await delay(waitMs);
  paused.resume();
}
