import { createReadStream } from 'node:fs';
import http, { type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { once } from 'node:events';
import { pipeline } from 'node:stream/promises';
import { AwsV4Signer } from 'aws4fetch';
import type { Clock } from '../clock.ts';
import { asTriageError, TriageError } from '../errors.ts';
import { errorCodeOf, judgeAnswer, type S3Names, type S3Verdict } from './s3-answer.ts';

/** How a store is called. */
export interface S3CallLimits {
  /** Calls at once; further ones wait. */
  readonly connectionsMax: number;
  readonly attemptsMax: number;
  /** The time of an attempt without a body. */
  readonly attemptMsMax: number;
  /** The time of all attempts, and of the wait for a connection: a sender waits for its answer meanwhile. */
  readonly callMsMax: number;
  /** What a body adds to both: the slowest that a transfer may be. */
  readonly bytesPerMsMin: number;
  /** Before the second attempt; four times as long before the next one. */
  readonly retryWaitMs: number;
}

/** One request to the store. */
export interface S3Call {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** Empty: the bucket itself. */
  readonly key: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: S3Body;
  /** Takes the body of a 200; what it throws counts as a failed attempt. Left out: the answer holds it. */
  readonly receive?: (answer: IncomingMessage) => Promise<void>;
  /** Whether the settings are on trial, by one attempt: see judgeAnswer. */
  readonly isProbe?: boolean;
}

/** What is sent: text, or a part of a file that is read anew for each attempt. */
export type S3Body =
  | { readonly text: string }
  | { readonly path: string; readonly start: number; readonly end: number; readonly sha256: string };

/** What came back: served, or 404. */
export interface S3Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Who we are to the store. */
export interface S3Keys {
  readonly accessKey: string;
  readonly secretKey: string;
}

/** Where the store is, and where our keys stand. */
export interface S3Account extends S3Names {
  readonly region: string;
  /** Asked again when the store refuses the keys, so that they can be exchanged without a restart. */
  readonly readKeys: () => S3Keys;
}

/** Answers of the store that are no object are short. */
const ANSWER_BYTES_MAX = 1024 * 1024;
const READ_BYTES = 256 * 1024;

/**
 * Calls an S3 store: signs, keeps connections, sends files from the disk, gives each attempt a deadline and tries
 * again what may pass. Every failure is a TriageError.
 */
export class S3Client {
  readonly #account: S3Account;
  readonly #limits: S3CallLimits;
  readonly #clock: Clock;
  readonly #agent: http.Agent;
  readonly #request: typeof http.request;
  #keys: S3Keys;

  constructor(account: S3Account, limits: S3CallLimits, clock: Clock) {
    this.#account = account;
    this.#keys = account.readKeys();
    this.#limits = limits;
    this.#clock = clock;
    const library = account.endpoint.startsWith('https:') ? https : http;
    this.#agent = new library.Agent({ keepAlive: true, maxSockets: limits.connectionsMax });
    this.#request = library.request;
  }

  /** Sends a request and returns the answer, after as many attempts as it takes and the limits allow. */
  async call(call: S3Call): Promise<S3Answer> {
    const { attemptsMax, callMsMax, retryWaitMs } = this.#limits;
    const endsAtMs = this.#clock.monotonicMs() + callMsMax + this.#transferMs(sentBytesOf(call.body));
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await this.#attempt(call, endsAtMs);
      if (!('error' in outcome)) return outcome;
      // Half of it by chance, so that films that failed together do not come back together.
      const waitMs = retryWaitMs * 4 ** (attempt - 1) * (0.5 + Math.random() / 2);
      const isLast =
        attempt >= attemptsMax || call.isProbe === true || this.#clock.monotonicMs() + waitMs >= endsAtMs;
      if (!outcome.retry || isLast) throw outcome.error;
      await this.#clock.sleep(waitMs);
    }
  }

  /** Ends the connections that wait for a next request. */
  close(): void {
    this.#agent.destroy();
  }

  async #attempt(call: S3Call, endsAtMs: number): Promise<S3Answer | S3Verdict> {
    const keys = this.#keys;
    try {
      const answer = await this.#send(call, keys, endsAtMs);
      const { status } = answer;
      const code = call.receive !== undefined && status === 200 ? '' : errorCodeOf(answer.body);
      const verdict = judgeAnswer({ status, code }, this.#account, call.isProbe === true);
      if (status === 401 || status === 403) this.#readKeysAgain();
      return verdict === undefined ? answer : { ...verdict, retry: verdict.retry || this.#keys !== keys };
    } catch (thrown) {
      if (thrown instanceof TriageError) return { error: thrown, retry: thrown.code !== 'storage-full' };
      const { message } = asTriageError(thrown);
      const error = new TriageError('storage-failed', `the object store does not serve: ${message}`, {
        cause: thrown,
      });
      return { error, retry: true };
    }
  }

  #readKeysAgain(): void {
    try {
      const keys = this.#account.readKeys();
      const { accessKey, secretKey } = this.#keys;
      if (keys.accessKey !== accessKey || keys.secretKey !== secretKey) this.#keys = keys;
    } catch {
      // A file that is being replaced is read at the next refusal.
    }
  }

  async #send(call: S3Call, keys: S3Keys, endsAtMs: number): Promise<S3Answer> {
    const { url, headers } = await this.#sign(call, keys);
    const request = this.#request(url, { method: call.method, headers, agent: this.#agent });
    // Whoever waits hears of it; what comes after the answer is met where the answer is read.
    request.on('error', () => undefined);
    let cancel: () => void = () => undefined;
    const allow = (ms: number): void => {
      cancel();
      cancel = this.#clock.schedule(ms, () =>
        request.destroy(new Error('no answer within the time allowed')),
      );
    };
    const { attemptMsMax } = this.#limits;
    const restMs = (): number => endsAtMs - this.#clock.monotonicMs();
    // The wait for a connection is not the attempt's, but the sender's.
    allow(restMs());
    const sendMsMax = attemptMsMax + this.#transferMs(sentBytesOf(call.body));
    request.once('socket', () => allow(Math.min(sendMsMax, restMs())));
    try {
      const answered = once(request, 'response') as Promise<[IncomingMessage]>;
      sendBody(request, call.body);
      const [response] = await answered;
      const bytes = call.method === 'HEAD' ? 0 : Number(response.headers['content-length'] ?? 0);
      allow(attemptMsMax + this.#transferMs(bytes));
      const body = await receiveBody(response, call);
      return { status: response.statusCode ?? 0, headers: response.headers, body };
    } finally {
      cancel();
      // An answer that came before the whole body was sent was a refusal.
      if (!request.writableFinished) request.destroy();
    }
  }

  #transferMs(bytes: number): number {
    return bytes / this.#limits.bytesPerMsMin;
  }

  async #sign(
    call: S3Call,
    { accessKey, secretKey }: S3Keys,
  ): Promise<{ readonly url: URL; readonly headers: Record<string, string> }> {
    const { endpoint, region, bucket } = this.#account;
    const { method, key, query, body } = call;
    const path = `${endpoint.replace(/\/$/, '')}/${bucket}${key === '' ? '' : `/${key}`}`;
    const signer = new AwsV4Signer({
      ...{ service: 's3', region, accessKeyId: accessKey, secretAccessKey: secretKey },
      method,
      url: query === undefined ? path : `${path}?${query}`,
      headers: {
        ...call.headers,
        'x-amz-content-sha256': await sha256Of(body),
      },
      // Of our clock, and in the form that the library makes.
      datetime: new Date(this.#clock.nowMs()).toISOString().replace(/[:-]|\.\d{3}/g, ''),
    });
    const signed = await signer.sign();
    const length = { 'content-length': String(sentBytesOf(body)) };
    return {
      url: signed.url,
      headers: {
        ...Object.fromEntries(signed.headers),
        ...(method === 'PUT' || method === 'POST' ? length : {}),
      },
    };
  }
}

function sentBytesOf(body: S3Body | undefined): number {
  if (body === undefined) return 0;
  return 'text' in body ? Buffer.byteLength(body.text) : body.end - body.start;
}

async function sha256Of(body: S3Body | undefined): Promise<string> {
  if (body !== undefined && 'sha256' in body) return body.sha256;
  const bytes = Buffer.from(body?.text ?? '');
  return Buffer.from(await crypto.subtle.digest('SHA-256', bytes)).toString('hex');
}

function sendBody(request: http.ClientRequest, body: S3Body | undefined): void {
  if (body === undefined || sentBytesOf(body) === 0) request.end();
  else if ('text' in body) request.end(body.text);
  else {
    const { path, start, end } = body;
    const file = createReadStream(path, { start, end: end - 1, highWaterMark: READ_BYTES });
    // A failure of either ends the request with it, and whoever waits for the answer hears of it there.
    pipeline(file, request).catch(() => undefined);
  }
}

async function receiveBody(response: IncomingMessage, { receive }: S3Call): Promise<Buffer> {
  if (receive !== undefined && response.statusCode === 200) {
    await receive(response);
    return Buffer.alloc(0);
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) throw new Error('an answer without an end');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
