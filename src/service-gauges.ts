/** What is read of the running service when somebody asks for its metrics. */
import { statfs } from 'node:fs/promises';
import type { Kysely } from 'kysely';
import type { Clock } from './clock.ts';
import type { Database } from './database/schema.ts';
import {
  findDeliveryStanding,
  findMessageStanding,
  findQueueStanding,
  type Standing,
} from './database/standing-records.ts';
import type { WorkerPool } from './inference/worker-pool.ts';
import type { GaugeName, GaugeValue, Meter } from './meter.ts';

/** Gauges of the record: the same in every process that has the record. */
export function gaugeRecord(meter: Meter, database: Kysely<Database>, clock: Clock): void {
  const gauge = (
    names: { readonly counts: GaugeName; readonly oldest: GaugeName },
    states: readonly string[],
    find: (database: Kysely<Database>) => Promise<Standing>,
  ): void => {
    // Both gauges are asked for at once; what both stand on is read once.
    let reading: Promise<Standing> | undefined;
    const read = (): Promise<Standing> => (reading ??= find(database).finally(() => (reading = undefined)));
    meter.gauge(names.counts, async () => {
      const { counts } = await read();
      // A state that nothing stands in is 0 and not absent: an alarm must see it fall.
      return states.map((state) => ({ labels: { state }, value: counts[state] ?? 0 }));
    });
    meter.gauge(names.oldest, async () => {
      const { oldestAtMs } = await read();
      return only(oldestAtMs === null ? 0 : Math.max(0, clock.nowMs() - oldestAtMs) / 1000);
    });
  };
  gauge(
    { counts: 'osteotriage_queue_jobs', oldest: 'osteotriage_queue_oldest_seconds' },
    ['waiting', 'leased', 'dead'],
    findQueueStanding,
  );
  gauge(
    { counts: 'osteotriage_deliveries', oldest: 'osteotriage_delivery_oldest_seconds' },
    ['pending', 'dead'],
    findDeliveryStanding,
  );
  gauge(
    { counts: 'osteotriage_messages', oldest: 'osteotriage_message_oldest_seconds' },
    ['pending', 'dead'],
    findMessageStanding,
  );
}

/** Gauges of the worker pool of this process. */
export function gaugePool(meter: Meter, pool: Pick<WorkerPool, 'stats'>): void {
  const gauge = (name: GaugeName, read: (stats: ReturnType<WorkerPool['stats']>) => number): void =>
    meter.gauge(name, () => Promise.resolve(only(read(pool.stats()))));
  gauge('osteotriage_workers_live', (stats) => stats.liveWorkers);
  gauge('osteotriage_worker_restarts', (stats) => stats.restarts);
  gauge('osteotriage_pool_pending', (stats) => stats.pending);
  gauge('osteotriage_pool_items', (stats) => stats.items);
  gauge('osteotriage_pool_runs', (stats) => stats.runs);
  gauge('osteotriage_batch_items_max', (stats) => stats.batchItemsMax);
}

/** The free space below a folder. */
export function gaugeSpool(meter: Meter, folder: string): void {
  meter.gauge('osteotriage_spool_free_bytes', async () => {
    const { bavail, bsize } = await statfs(folder);
    return only(bavail * bsize);
  });
}

function only(value: number): readonly GaugeValue[] {
  return [{ labels: {}, value }];
}
