import type { Kysely } from 'kysely';
import { createHmac } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../clock.ts';
import type { DueMessage } from '../database/message-records.ts';
import type { Database } from '../database/schema.ts';
import type { ExchangeSettings } from '../exchange-settings.ts';
import { silentLog } from '../telemetry.ts';
import { fillFhirRecord, type FhirRecord } from '../testing/fhir-record.ts';
import { openTestRecord } from '../testing/test-record.ts';
import { ExchangeRunner } from './exchange-runner.ts';
import { openWebhookLine } from './webhook-line.ts';
import { buildWebhookMessage } from './webhook-message.ts';

const SECRET = 'a secret of forty characters or thereabouts';
const MESSAGE: DueMessage = {
  ...{ messageId: 'MESSAGE0123456789ABC', kind: 'webhook', receiver: 'journal', subject: 'r-1' },
  ...{ standing: null, payload: '{"schema":"osteotriage.notification/1"}', attempts: 0, firstTryAtMs: null },
};

interface Heard {
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly url: string;
}

let folder = '';
let server: Server;
let url = '';
let answer: (response: ServerResponse, request: IncomingMessage) => void;
const heard: Heard[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'webhook-'));
  await writeFile(join(folder, 'secret'), `${SECRET}\n`);
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      heard.push({ headers: request.headers, body, url: request.url ?? '' });
      answer(response, request);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
});
beforeEach(() => {
  heard.length = 0;
  answer = (response) => response.writeHead(204).end();
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true, force: true });
});

function send(answerMsMax = 2_000, change: Partial<DueMessage> = {}) {
  const line = openWebhookLine({ url, secretFile: join(folder, 'secret') }, systemClock, answerMsMax);
  return line.send({ ...MESSAGE, ...change });
}

/** As a receiver checks it (docs/fhir.md). */
function isSignedBy(secret: string, { headers, body }: Heard, nowMs: number): boolean {
  const [, seconds = '', digest = ''] =
    /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['x-osteotriage-signature'])) ?? [];
  const right = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
  return digest === right && Math.abs(nowMs / 1000 - Number(seconds)) < 300;
}

describe('a message to a webhook', () => {
  it('is signed, names itself and is delivered where the receiver takes it', async () => {
    expect(await send()).toEqual({ isDelivered: true, note: null });
    expect(heard).toHaveLength(1);
    const [first] = heard;
    expect(first?.body).toBe(MESSAGE.payload);
    expect(first?.headers).toMatchObject({
      'content-type': 'application/json',
      'idempotency-key': MESSAGE.messageId,
    });
    expect(isSignedBy(SECRET, first!, Date.now())).toBe(true);
    expect(isSignedBy('another secret', first!, Date.now())).toBe(false);
    expect(isSignedBy(SECRET, { ...first!, body: `${first!.body} ` }, Date.now())).toBe(false);
    expect(isSignedBy(SECRET, first!, Date.now() + 600_000)).toBe(false);
  });

  it('is signed with the secret that the file holds now, and not sent without one', async () => {
    await writeFile(join(folder, 'other'), 'the next secret');
    const secretFile = join(folder, 'other');
    await openWebhookLine({ url, secretFile }, systemClock).send(MESSAGE);
    expect(isSignedBy('the next secret', heard[0]!, Date.now())).toBe(true);
    expect(() => openWebhookLine({ url, secretFile: join(folder, 'none') }, systemClock)).toThrow('secret');
  });

  it.each([
    [400, 'permanent'],
    [401, 'permanent'],
    [404, 'permanent'],
    [410, 'permanent'],
  ])('is given up where the receiver refuses it with %i', async (status, errorClass) => {
    answer = (response) => response.writeHead(status).end('{"name":"Åsa Påhittad"}');
    expect(await send()).toEqual({
      ...{ isDelivered: false, errorClass, isRefused: true, note: `HTTP ${status}` },
    });
  });

  it.each([500, 502, 503, 408, 429])('is tried again after %i', async (status) => {
    answer = (response) => response.writeHead(status, { 'retry-after': '90' }).end('<html>rubbish');
    expect(await send()).toEqual({
      ...{ isDelivered: false, errorClass: 'transient', isRefused: false, note: `HTTP ${status}` },
      retryAfterMs: 90_000,
    });
  });

  it('waits as long as a date says, at most an hour, and minds no rubbish', async () => {
    answer = (response) =>
      response.writeHead(503, { 'retry-after': new Date(Date.now() + 120_000).toUTCString() }).end();
    const dated = await send();
    expect(dated.isDelivered ? 0 : dated.retryAfterMs).toBeGreaterThan(110_000);
    answer = (response) => response.writeHead(503, { 'retry-after': '999999' }).end();
    expect(await send()).toMatchObject({ retryAfterMs: 3_600_000 });
    answer = (response) => response.writeHead(503, { 'retry-after': 'soon' }).end();
    expect(await send()).not.toHaveProperty('retryAfterMs');
  });

  it('follows no redirection', async () => {
    answer = (response, request) =>
      response.writeHead(302, { location: `http://${request.headers.host ?? ''}/elsewhere` }).end();
    expect(await send()).toMatchObject({ isDelivered: false, errorClass: 'ambiguous', note: 'HTTP 302' });
    expect(heard.map((one) => one.url)).toEqual(['/hook']);
  });

  it('does not wait for ever, whether the answer is late or its body has no end', async () => {
    answer = () => undefined;
    await expect(send(150)).rejects.toMatchObject({ code: 'peer-aborted', class: 'transient' });
    answer = (response) => {
      response.writeHead(200);
      response.write('x'.repeat(100_000));
    };
    expect(await send(1_000)).toEqual({ isDelivered: true, note: null });
  });

  it('is tried again where nobody listens, or what answers speaks no HTTP', async () => {
    answer = (_response, request) => request.socket.end('SSH-2.0-rubbish\r\n');
    await expect(send()).rejects.toMatchObject({ code: 'peer-unreachable' });
    const line = openWebhookLine(
      { url: 'http://127.0.0.1:1/hook', secretFile: join(folder, 'secret') },
      systemClock,
    );
    await expect(line.send(MESSAGE)).rejects.toMatchObject({ code: 'peer-unreachable', class: 'transient' });
  });
});

describe('changes and results', () => {
  let database: Kysely<Database>;
  let record: FhirRecord;
  beforeEach(async () => {
    database = await openTestRecord();
    record = await fillFhirRecord(database);
  });
  afterEach(() => database.destroy());

  const settings = (change: object = {}): ExchangeSettings => ({
    ...{ hl7: [], systems: [] },
    webhooks: [
      { name: 'journal', url, secretFile: join(folder, 'secret'), events: ['referral', 'result'], ...change },
    ],
  });

  async function run(exchange: ExchangeSettings, until: () => boolean | Promise<boolean>): Promise<void> {
    const runner = new ExchangeRunner({
      ...{ database, clock: systemClock, log: silentLog, giveUpAfterMs: 86_400_000 },
      exchange: () => exchange,
      openLine: () => Promise.resolve(openWebhookLine(exchange.webhooks[0]!, systemClock)),
      buildWebhook: buildWebhookMessage,
      onReferral: () => undefined,
    });
    runner.start();
    const endMs = Date.now() + 8_000;
    while (!(await until()) && Date.now() < endMs) await systemClock.sleep(20);
    await runner.close();
  }

  it('reach the webhook as what can be read, and name nobody', async () => {
    const pending = async () => {
      const rows = await database.selectFrom('messages').select('state').execute();
      return rows.length > 0 && rows.every(({ state }) => state === 'delivered');
    };
    await run(settings(), pending);
    const told = heard.map(({ body }) => JSON.parse(body) as { event: string; resource: object });
    expect(told).toContainEqual(
      expect.objectContaining({
        schema: 'osteotriage.notification/1',
        event: 'referral',
        resource: { type: 'Task', id: record.closed.referralId },
      }),
    );
    expect(told).toContainEqual(
      expect.objectContaining({
        event: 'result',
        resource: { type: 'DiagnosticReport', id: record.protectedOne.examId },
      }),
    );
    const text = heard.map(({ body }) => body).join('\n');
    expect(text).not.toMatch(/1912|Påhittad|Skyddad|urn:oid/);
    for (const { examId, referralId } of [record.optedOut]) {
      expect(text).not.toContain(examId);
      expect(text).not.toContain(referralId);
    }
    expect(new Set(heard.map(({ headers }) => headers['idempotency-key'])).size).toBe(heard.length);
  });

  it('are sent again, the same, when the receiver is well, and only of the events that it wants', async () => {
    answer = (response) => response.writeHead(503, { 'retry-after': '40' }).end();
    const before = Date.now();
    await run(settings({ events: ['result'] }), () => heard.length > 0);
    const rows = await database
      .selectFrom('messages')
      .select(['state', 'due_at_ms', 'note', 'payload'])
      .execute();
    const tried = rows.filter(({ note }) => note === 'HTTP 503');
    expect(tried).toHaveLength(1);
    expect(tried[0]!.state).toBe('pending');
    expect(tried[0]!.due_at_ms).toBeGreaterThanOrEqual(before + 40_000);
    expect(rows.every(({ payload }) => payload.includes('"result"'))).toBe(true);
  });
});
