import { TriageError } from '../errors.ts';

/** What an S3 store answered, as far as it says whether a request succeeded. */
export interface S3Verdict {
  readonly error: TriageError;
  /** Whether the same request may succeed in a moment. */
  readonly retry: boolean;
}

/** What names the settings in a message. */
export interface S3Names {
  readonly endpoint: string;
  readonly bucket: string;
  readonly accessKeyFile: string;
  readonly secretKeyFile: string;
}

/** Codes of a store, or of an account, that takes no more. */
const FULL_CODES = new Set([
  'InsufficientStorage',
  'QuotaExceeded',
  'EntityTooLarge',
  'XMinioStorageFull',
  'XMinioAdminBucketQuotaExceeded',
]);
/** Codes of a body that was damaged on its way, and of a store that asks for patience with a status of its own. */
const AGAIN_CODES = new Set([
  'BadDigest',
  'XAmzContentSHA256Mismatch',
  'IncompleteBody',
  'RequestTimeout',
  'SlowDown',
  'OperationAborted',
]);
/** Codes by which a store says that it is of another region. */
const REGION_CODES = new Set([
  'AuthorizationHeaderMalformed',
  'PermanentRedirect',
  'IllegalLocationConstraintException',
]);

/** The code in the XML of an S3 error; empty where there is none. */
export function errorCodeOf(body: Buffer): string {
  return /<Code>([A-Za-z0-9]{1,64})<\/Code>/.exec(body.toString('latin1'))?.[1] ?? '';
}

/**
 * Judges an answer: undefined where the request was served, also by the word that there is no such object. A wrong
 * setting is transient while the service runs, for nothing may be given up because a key was exchanged; on trial it is
 * configuration-invalid. Pure.
 */
export function judgeAnswer(
  { status, code }: { readonly status: number; readonly code: string },
  names: S3Names,
  isProbe: boolean,
): S3Verdict | undefined {
  const said = `the object store answered ${status}${code === '' ? '' : ` ${code}`}`;
  const wrongSetting = (text: string): S3Verdict => ({
    error: new TriageError(isProbe ? 'configuration-invalid' : 'storage-failed', `${said}: ${text}`),
    retry: false,
  });
  if (status === 404 && code === 'NoSuchBucket') {
    return wrongSetting(`create the bucket ${names.bucket}, or correct TRIAGE_S3_BUCKET`);
  }
  if (code === '' && ((status >= 200 && status < 300) || status === 304 || status === 404)) return undefined;
  if (status === 404) return undefined;
  if (status === 507 || FULL_CODES.has(code)) {
    return { error: new TriageError('storage-full', `${said}: it is full`), retry: false };
  }
  if (code === 'RequestTimeTooSkewed') {
    return wrongSetting('its clock and the clock of this machine differ by more than a few minutes');
  }
  if (REGION_CODES.has(code) || status === 301) {
    return wrongSetting('correct TRIAGE_S3_REGION or TRIAGE_S3_ENDPOINT');
  }
  if (status === 401 || status === 403) {
    const { bucket, accessKeyFile, secretKeyFile } = names;
    return wrongSetting(
      `the key in ${accessKeyFile} and ${secretKeyFile} must be allowed to list, read, write and remove in the bucket ${bucket}`,
    );
  }
  // The last step of an upload in parts answers 200 before it knows.
  const isPassing = status < 300 || status >= 500 || status === 429 || status === 408;
  return { error: new TriageError('storage-failed', said), retry: isPassing || AGAIN_CODES.has(code) };
}

/**
 * Whether the ETag of a stored object contradicts the MD5 of what was sent. It is no MD5 where the store encrypts by
 * keys of its own, nor where it is of another form.
 */
export function isOtherContent(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  md5Base64: string,
): boolean {
  const etag = /^"?([0-9a-f]{32})"?$/.exec(String(headers['etag']))?.[1];
  const isKeyed =
    headers['x-amz-server-side-encryption']?.includes('kms') === true ||
    headers['x-amz-server-side-encryption-customer-algorithm'] !== undefined;
  return etag !== undefined && !isKeyed && etag !== Buffer.from(md5Base64, 'base64').toString('hex');
}
