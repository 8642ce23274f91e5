import type { Config } from './config.ts';
import { TriageError } from './errors.ts';

/** The settings without which processes cannot share anything. */
const NEEDED = {
  databaseUrl: 'TRIAGE_DATABASE_URL',
  redisUrl: 'TRIAGE_REDIS_URL',
  s3Endpoint: 'TRIAGE_S3_ENDPOINT',
  s3AccessKeyFile: 'TRIAGE_S3_ACCESS_KEY_FILE',
  s3SecretKeyFile: 'TRIAGE_S3_SECRET_KEY_FILE',
} as const satisfies Partial<Record<keyof Config, string>>;

/** Throws configuration-invalid naming every setting of the distributed mode that is missing, or has no meaning in it. */
export function checkDistributedSettings(config: Config): void {
  const missing = Object.entries(NEEDED).flatMap(([name, variable]) =>
    config[name as keyof typeof NEEDED] === '' ? [variable] : [],
  );
  if (missing.length > 0) {
    throw new TriageError(
      'configuration-invalid',
      `TRIAGE_MODE=distributed also needs ${missing.join(', ')}`,
    );
  }
  if (config.retentionDiskPercent > 0) {
    // The films are in the bucket; measured at a disk of this machine nearly all of them would go.
    throw new TriageError(
      'configuration-invalid',
      'TRIAGE_RETENTION_DISK_PERCENT has no disk in TRIAGE_MODE=distributed: use TRIAGE_RETENTION_DAYS',
    );
  }
}
