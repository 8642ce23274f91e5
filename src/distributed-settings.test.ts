import { expect, it } from 'vitest';
import { readConfig } from './config.ts';
import { checkDistributedSettings } from './distributed-settings.ts';

const WHOLE = {
  TRIAGE_MODE: 'distributed',
  TRIAGE_DATABASE_URL: 'postgres://osteotriage@db.example.se/osteotriage',
  TRIAGE_REDIS_URL: 'redis://redis.example.se',
  TRIAGE_S3_ENDPOINT: 'https://objects.example.se',
  TRIAGE_S3_ACCESS_KEY_FILE: '/run/secrets/s3-access-key',
  TRIAGE_S3_SECRET_KEY_FILE: '/run/secrets/s3-secret-key',
};

function check(environment: Readonly<Record<string, string>>): () => void {
  const { config } = readConfig({}, environment);
  return () => checkDistributedSettings(config);
}

it('the distributed mode names every setting that it misses', () => {
  expect(check(WHOLE)).not.toThrow();
  expect(check({ ...WHOLE, TRIAGE_REDIS_URL: '', TRIAGE_S3_ENDPOINT: '' })).toThrow(
    'also needs TRIAGE_REDIS_URL, TRIAGE_S3_ENDPOINT',
  );
});

it('the distributed mode refuses to remove films by the fill of a disk that they are not on', () => {
  expect(check({ ...WHOLE, TRIAGE_RETENTION_DAYS: '365' })).not.toThrow();
  expect(check({ ...WHOLE, TRIAGE_RETENTION_DISK_PERCENT: '80' })).toThrow('use TRIAGE_RETENTION_DAYS');
});
