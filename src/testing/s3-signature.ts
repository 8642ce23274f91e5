import { createHash, createHmac } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const UNSIGNED = 'UNSIGNED-PAYLOAD';

/** Why a store would refuse a request. */
export interface Fraud {
  readonly status: number;
  readonly code: string;
}

/**
 * Checks a request as AWS does (Signature Version 4 in the Authorization header, SHA-256 and MD5 of the body),
 * written from its description and without the library that signs, so that one checks the other.
 */
export function findFraud(
  request: IncomingMessage,
  body: Buffer,
  account: { readonly accessKey: string; readonly secretKey: string },
): Fraud | undefined {
  const { headers } = request;
  const parts = /^AWS4-HMAC-SHA256 Credential=([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
    headers.authorization ?? '',
  );
  if (parts === null) return { status: 403, code: 'AccessDenied' };
  const [, credential = '', signedHeaders = '', signature = ''] = parts;
  const [accessKey, ...scope] = credential.split('/');
  if (accessKey !== account.accessKey) return { status: 403, code: 'InvalidAccessKeyId' };
  const bodySha256 = String(headers['x-amz-content-sha256']);
  const canonical = canonicalRequest(request, signedHeaders.split(';'), bodySha256);
  const text = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope.join('/'), sha256(canonical)].join('\n');
  let key: Buffer = Buffer.from(`AWS4${account.secretKey}`);
  for (const part of scope) key = createHmac('sha256', key).update(part).digest();
  if (createHmac('sha256', key).update(text).digest('hex') !== signature) {
    return { status: 403, code: 'SignatureDoesNotMatch' };
  }
  if (bodySha256 !== UNSIGNED && bodySha256 !== sha256(body)) {
    return { status: 400, code: 'XAmzContentSHA256Mismatch' };
  }
  const md5 = headers['content-md5'];
  if (md5 !== undefined && md5 !== createHash('md5').update(body).digest('base64')) {
    return { status: 400, code: 'BadDigest' };
  }
  return undefined;
}

function canonicalRequest(
  { method, url = '', headers }: IncomingMessage,
  signedHeaders: readonly string[],
  bodySha256: string,
): string {
  const [path = '', query = ''] = url.split('?');
  const parameters = query
    .split('&')
    .filter((parameter) => parameter !== '')
    .map((parameter) => (parameter.includes('=') ? parameter : `${parameter}=`))
    .sort();
  return [
    ...[method, path, parameters.join('&')],
    ...signedHeaders.map((name) => `${name}:${String(headers[name]).trim()}`),
    ...['', signedHeaders.join(';'), bodySha256],
  ].join('\n');
}

function sha256(bytes: string | Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
