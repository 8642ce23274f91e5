import { describe, expect, it } from 'vitest';
import { errorCodeOf, isOtherContent, judgeAnswer } from './s3-answer.ts';

const NAMES = {
  endpoint: 'https://objects.example.se',
  bucket: 'films',
  accessKeyFile: '/run/secrets/access',
  secretKeyFile: '/run/secrets/secret',
};
const MD5 = Buffer.from('0123456789abcdef0123456789abcdef', 'hex').toString('base64');

describe('what an S3 store answered', () => {
  it.each([200, 204, 206, 304, 404])('%i without an error is an answer', (status) => {
    expect(judgeAnswer({ status, code: '' }, NAMES, false)).toBeUndefined();
  });

  it.each([
    [404, 'NoSuchKey'],
    [404, 'NoSuchUpload'],
  ])('%i %s is an answer: there is none of that name', (status, code) => {
    expect(judgeAnswer({ status, code }, NAMES, false)).toBeUndefined();
  });

  it.each([
    [507, ''],
    [507, 'XMinioStorageFull'],
    [400, 'XMinioAdminBucketQuotaExceeded'],
    [403, 'QuotaExceeded'],
    [400, 'EntityTooLarge'],
  ])('%i %s is a full store, and not asked again at once', (status, code) => {
    expect(judgeAnswer({ status, code }, NAMES, false)).toMatchObject({
      error: { code: 'storage-full', class: 'transient' },
      retry: false,
    });
  });

  it.each([
    [500, 'InternalError'],
    [503, 'SlowDown'],
    [502, ''],
    [429, ''],
    [408, ''],
    [400, 'BadDigest'],
    [400, 'RequestTimeout'],
    [200, 'InternalError'],
  ])('%i %s is tried again', (status, code) => {
    expect(judgeAnswer({ status, code }, NAMES, false)).toMatchObject({
      error: { code: 'storage-failed' },
      retry: true,
    });
  });

  it.each([
    [403, 'AccessDenied', '/run/secrets/secret'],
    [403, 'InvalidAccessKeyId', '/run/secrets/access'],
    [404, 'NoSuchBucket', 'films'],
    [400, 'AuthorizationHeaderMalformed', 'TRIAGE_S3_REGION'],
    [301, 'PermanentRedirect', 'TRIAGE_S3_ENDPOINT'],
    [403, 'RequestTimeTooSkewed', 'clock'],
  ])(
    '%i %s names what to correct: final on trial, and never while the service runs',
    (status, code, hint) => {
      const running = judgeAnswer({ status, code }, NAMES, false);
      expect(running).toMatchObject({ error: { code: 'storage-failed' }, retry: false });
      expect(running?.error.message).toContain(hint);
      expect(judgeAnswer({ status, code }, NAMES, true)?.error.code).toBe('configuration-invalid');
    },
  );

  it('has its code in XML, and in nothing else', () => {
    expect(errorCodeOf(Buffer.from('<Error><Code>SlowDown</Code><Key>x</Key></Error>'))).toBe('SlowDown');
    expect(errorCodeOf(Buffer.from('<html>502</html>'))).toBe('');
  });
});

describe('the ETag of a stored object', () => {
  it('contradicts what was sent only where it is an MD5 of the bytes', () => {
    expect(isOtherContent({ etag: '"0123456789abcdef0123456789abcdef"' }, MD5)).toBe(false);
    expect(isOtherContent({ etag: '"ffff456789abcdef0123456789abcdef"' }, MD5)).toBe(true);
    expect(isOtherContent({ etag: '"ffff456789abcdef0123456789abcdef-3"' }, MD5)).toBe(false);
    expect(isOtherContent({}, MD5)).toBe(false);
    const keyed = { etag: '"ffff456789abcdef0123456789abcdef"', 'x-amz-server-side-encryption': 'aws:kms' };
    expect(isOtherContent(keyed, MD5)).toBe(false);
  });
});
