import type { Kysely } from 'kysely';
import type { Clock } from '../clock.ts';
import type { ModelIdentity } from '../exam/analysis.ts';
import type { Database } from './schema.ts';

interface TimedRun {
  readonly items: number;
  readonly runMs: number;
}

/** Batch sizes that were measured to be best, by the model's digest and the device (provider, processor, runtime). */
export interface CalibrationRecords {
  /** undefined: it was never measured. */
  find(model: ModelIdentity, device: string): Promise<number | undefined>;
  /** The newest measurement counts. */
  save(model: ModelIdentity, device: string, itemsMax: number, timings: readonly TimedRun[]): Promise<void>;
}

/** The calibrations of a record. */
export function openCalibrations(database: Kysely<Database>, clock: Clock): CalibrationRecords {
  return {
    async find({ sha256 }, device) {
      const row = await database
        .selectFrom('calibrations')
        .select('items_max')
        .where('model_sha256', '=', sha256)
        .where('device', '=', device)
        .executeTakeFirst();
      return row?.items_max;
    },
    async save({ sha256 }, device, itemsMax, timings) {
      const found = {
        items_max: itemsMax,
        measured_json: JSON.stringify(timings),
        measured_at_ms: clock.nowMs(),
      };
      await database
        .insertInto('calibrations')
        .values({ model_sha256: sha256, device, ...found })
        .onConflict((conflict) => conflict.columns(['model_sha256', 'device']).doUpdateSet(found))
        .execute();
    },
  };
}
