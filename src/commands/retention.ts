import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeFromDisk } from '../archive/disk-object-store.ts';
import type { ObjectStore } from '../archive/object-store.ts';
import { openS3ObjectStore } from '../archive/s3-object-store.ts';
import { systemClock } from '../clock.ts';
import type { Config } from '../config.ts';
import { applyRetention, previewRetention, type RetentionReport } from '../operations/retention.ts';
import { silentLog } from '../telemetry.ts';
import { withRecord } from './open-record.ts';

/** Says what retention would remove, or removes it. Nothing in the answer identifies a patient. */
export function runRetention(config: Config, apply: boolean): Promise<RetentionReport> {
  return withRecord(config, (database) =>
    withObjects(config, (objects) => {
      const rules = { keepDays: config.retentionDays, diskPercentMax: config.retentionDiskPercent };
      const place = { database, objects, dataFolder: config.data, rules, clock: systemClock };
      return apply ? applyRetention(place) : previewRetention(place);
    }),
  );
}

async function withObjects<Result>(
  config: Config,
  use: (objects: Pick<ObjectStore, 'remove'>) => Promise<Result>,
): Promise<Result> {
  if (config.mode === 'embedded') {
    return use({ remove: (keys) => removeFromDisk(join(config.data, 'archive'), keys) });
  }
  const scratchFolder = await mkdtemp(join(tmpdir(), 'osteotriage-retention-'));
  try {
    const objects = await openS3ObjectStore({
      ...{ endpoint: config.s3Endpoint, region: config.s3Region, bucket: config.s3Bucket },
      ...{ accessKeyFile: config.s3AccessKeyFile, secretKeyFile: config.s3SecretKeyFile },
      ...{ scratchFolder, clock: systemClock, log: silentLog },
    });
    return await use(objects).finally(() => objects.close());
  } finally {
    await rm(scratchFolder, { recursive: true });
  }
}

/** A report in words, a line for each film and one for each reason that others stay. */
export function describeRetention(report: RetentionReport): readonly string[] {
  const { removals, held, freedBytes, applied, rules } = report;
  if (rules.keepDays === 0 && rules.diskPercentMax === 0) {
    return [
      'films are kept for ever: neither TRIAGE_RETENTION_DAYS nor TRIAGE_RETENTION_DISK_PERCENT is set',
    ];
  }
  return [
    ...removals.map(
      ({ examId, receivedAtMs, bytes, rule }) =>
        `${examId}  received ${new Date(receivedAtMs).toISOString().slice(0, 10)}  ${mib(bytes)}  by ${rule}`,
    ),
    `${removals.length} films ${applied ? 'were removed' : 'would go'}, ${mib(freedBytes)}`,
    ...Object.entries(held).map(([hold, count]) => `${count} stay although their time is up: ${hold}`),
  ];
}

function mib(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}
