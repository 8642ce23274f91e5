import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWithoutSignIn } from '../access/open-gate.ts';
import { systemClock } from '../clock.ts';
import {
  inventDelivery,
  inventExam,
  inventReferral,
  paintPng,
  ScriptedWorklist,
} from '../testing/scripted-worklist.ts';
import { serveReferralList } from './referral-list-routes.ts';
import { buildHttpServer, startHttpServer } from './server.ts';
import type { HttpServerOptions } from './server.ts';
import { servedOperations } from '../testing/served-operations.ts';

let pagesFolder = '';

beforeAll(async () => {
  pagesFolder = await mkdtemp(path.join(tmpdir(), 'pages-'));
  await mkdir(path.join(pagesFolder, 'assets'));
  await writeFile(path.join(pagesFolder, 'index.html'), '<!doctype html><title>pages</title>');
  await writeFile(path.join(pagesFolder, 'assets', 'a-1.js'), 'export {};');
});

afterAll(async () => {
  await rm(pagesFolder, { recursive: true, force: true });
});

function prepare(changes: Partial<HttpServerOptions> = {}) {
  const worklist = new ScriptedWorklist();
  worklist.exams.push(inventExam({ examId: 'e1' }));
  worklist.exams.push(inventExam({ examId: 'e2', state: 'negative', outcome: 'negative', referralId: null }));
  worklist.referrals.push(inventReferral({ referralId: 'r1' }));
  worklist.pictures.set('e1', { preview: paintPng(4, 4, () => 90), overlay: paintPng(4, 4, () => 120) });
  const lines: string[] = [];
  const write = (fields: object, message: string): void =>
    void lines.push(JSON.stringify({ ...fields, message }));
  const clock = { ...systemClock, nowMs: () => Date.UTC(2026, 10, 22, 8, 5) };
  const record = (): Promise<void> => Promise.resolve();
  const options: HttpServerOptions = {
    host: '127.0.0.1',
    port: 0,
    access: openWithoutSignIn(() => undefined),
    reader: worklist,
    pictures: worklist,
    events: worklist,
    deliveries: worklist,
    routes: [serveReferralList({ list: worklist.referralList, record, clock })],
    clock,
    log: { info: write, warn: write, error: write },
    pagesFolder,
    operations: servedOperations(),
    limits: { bodyBytesMax: 1024, eventStreamsMax: 1 },
    ...changes,
  };
  return { worklist, lines, options };
}

async function get(url: string, prepared = prepare(), headers: Record<string, string> = {}) {
  const { app, streams } = buildHttpServer(prepared.options);
  const answer = await app.inject({ method: 'GET', url, headers });
  streams.close();
  await app.close();
  return answer;
}

describe('the JSON routes', () => {
  it('list the referrals with the time of the server', async () => {
    const answer = await get('/api/referrals');
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({
      at: '2026-11-22T08:05:00.000Z',
      rows: [{ referralId: 'r1' }],
    });
  });

  it('list the exams, all or of one state', async () => {
    expect((await get('/api/exams')).json<{ exams: unknown[] }>().exams).toHaveLength(2);
    expect((await get('/api/exams?state=negative')).json()).toMatchObject({ exams: [{ examId: 'e2' }] });
  });

  it('give one exam with its numbers', async () => {
    const answer = await get('/api/exams/e1');
    expect(answer.json()).toMatchObject({
      exam: { examId: 'e1', analysis: { panoramic: { meanWidthMm: 2.41 } } },
    });
  });

  it('list the refusals and count the states', async () => {
    const prepared = prepare();
    const refusal = { refusalId: 1, at: '2026-11-22T08:00:00Z', callingAeTitle: 'X', sopInstanceUid: null };
    prepared.worklist.refusals.push({
      ...refusal,
      code: 'identifiers-missing',
      text: 'No Study Instance UID.',
    });
    expect((await get('/api/refusals', prepared)).json()).toMatchObject({ refusals: [{ refusalId: 1 }] });
    const counts = { received: 2, positive: 1, negative: 1, refused: 1, referrals: 1 };
    expect((await get('/api/status', prepared)).json()).toMatchObject({ counts });
  });

  it.each([
    '/api/exams?state=lost',
    '/api/exams?limit=0',
    '/api/exams?limit=9999',
    '/api/exams?stat=pending',
    '/api/referrals?limit=many',
    '/api/exams/..%2Fsecret',
    `/api/exams/${'a'.repeat(65)}`,
  ])('refuse %s with a code, a message and what to do', async (url) => {
    const answer = await get(url);
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ code: 'request-invalid' });
    expect(Object.keys(answer.json<object>())).toEqual(['code', 'message', 'action']);
  });

  it.each(['/api/exams/e9', '/api/exams/e2/overlay.png', '/api/nothing', '/robots.txt', '/assets/b.js'])(
    'answer not-found for %s',
    async (url) => {
      const answer = await get(url);
      expect(answer.statusCode).toBe(404);
      expect(answer.json()).toMatchObject({ code: 'not-found' });
    },
  );

  it('neither show nor log the message of an unknown failure', async () => {
    const prepared = prepare();
    prepared.worklist.failure = new Error('row of Almgren^Ingrid is locked');
    const answer = await get('/api/referrals', prepared);
    expect(answer.statusCode).toBe(500);
    expect(answer.json()).toMatchObject({ code: 'unexpected', message: 'the request failed' });
    expect(prepared.lines.join('\n')).toContain('http request failed');
    expect(answer.body + prepared.lines.join('\n')).not.toContain('Almgren');
  });

  it('log the pattern of an address and nothing that was typed into it', async () => {
    const prepared = prepare();
    await get('/api/exams/e1?name=Almgren', prepared);
    await get('/nowhere/Almgren', prepared);
    expect(prepared.lines.join('\n')).toContain('"route":"/api/exams/:examId"');
    expect(prepared.lines.join('\n')).not.toContain('Almgren');
  });
});

describe('the deliveries', () => {
  async function post(body: unknown, headers: Record<string, string> = {}) {
    const prepared = prepare();
    prepared.worklist.deliveries.push(inventDelivery(), inventDelivery({ destination: 'archive' }));
    const { app, streams } = buildHttpServer(prepared.options);
    const payload = typeof body === 'string' ? body : JSON.stringify(body);
    const answer = await app.inject({
      method: 'POST',
      url: '/api/deliveries/restart',
      headers: { 'content-type': 'application/json', host: '127.0.0.1:8080', ...headers },
      payload,
    });
    streams.close();
    await app.close();
    return { answer, left: prepared.worklist.deliveries.length };
  }

  it('that are dead are listed', async () => {
    const prepared = prepare();
    prepared.worklist.deliveries.push(inventDelivery(), inventDelivery({ state: 'pending' }));
    const answer = await get('/api/deliveries?state=dead', prepared);
    expect(answer.json()).toMatchObject({ deliveries: [{ destination: 'regional-pacs', attempts: 41 }] });
    expect((await get('/api/deliveries?state=lost', prepared)).statusCode).toBe(400);
  });

  it('are started again for a destination, or all of them when that is said', async () => {
    const one = await post({ destination: 'archive' }, { origin: 'http://127.0.0.1:8080' });
    expect(one.answer.json()).toMatchObject({ restarted: 1 });
    const all = await post({ all: true }, { 'sec-fetch-site': 'same-origin' });
    expect([all.answer.json<{ restarted: number }>().restarted, all.left]).toEqual([2, 0]);
  });

  it.each([
    ['another site', { all: true }, { origin: 'http://evil.example' }],
    ['a page of another port', { all: true }, { origin: 'http://127.0.0.1:9999' }],
    ['a page without an origin', { all: true }, { origin: 'null' }],
    ['what the browser calls cross-site', { all: true }, { 'sec-fetch-site': 'cross-site' }],
    ['a form', 'all=true', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['plain text', '{"all":true}', { 'content-type': 'text/plain' }],
    ['nobody in particular', {}, {}],
    ['all and one at once', { all: true, destination: 'archive' }, {}],
  ])('are not started again by %s', async (_who, body, headers) => {
    const { answer, left } = await post(body, headers);
    expect(answer.statusCode).toBe(400);
    expect(left).toBe(2);
  });
});

describe('the pictures', () => {
  it('come as PNG and are not kept by the browser', async () => {
    const answer = await get('/api/exams/e1/overlay.png');
    expect(answer.headers['content-type']).toBe('image/png');
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.rawPayload.subarray(1, 4).toString()).toBe('PNG');
    expect((await get('/api/exams/e1/preview.png')).rawPayload.equals(answer.rawPayload)).toBe(false);
  });
});

describe('the pages', () => {
  it.each(['/', '/films', '/films?state=failed', '/exams/e1'])('are one document at %s', async (url) => {
    const answer = await get(url);
    expect(answer.headers['content-type']).toContain('text/html');
    expect(answer.body).toContain('<title>pages</title>');
  });

  it('come with headers that forbid scripts from elsewhere and frames around them', async () => {
    const { headers } = await get('/');
    expect(headers['content-security-policy']).toContain("script-src 'self'");
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(headers['content-security-policy']).not.toMatch(/unsafe-(inline|hashes)|'unsafe-eval'/);
    expect(headers['x-content-type-options']).toBe('nosniff');
  });

  it('keep their hashed files in the browser', async () => {
    const { headers } = await get('/assets/a-1.js');
    expect(headers['cache-control']).toContain('immutable');
  });

  it('say how to build them when they are missing', async () => {
    const answer = await get('/', prepare({ pagesFolder: path.join(pagesFolder, 'none') }));
    expect(answer.statusCode).toBe(404);
    expect(answer.json<{ message: string }>().message).toContain('npm run build');
  });
});

describe('the guard of a server on loopback', () => {
  it('turns away a request that came by a foreign name', async () => {
    expect((await get('/api/referrals', prepare(), { host: 'evil.example:80' })).statusCode).toBe(400);
    expect((await get('/api/referrals', prepare(), { host: 'localhost:8080' })).statusCode).toBe(200);
    expect((await get('/api/referrals', prepare(), { host: '[::1]:8080' })).statusCode).toBe(200);
  });

  it('takes the name that people know when a proxy of this machine is in front', async () => {
    const prepared = prepare({ publicUrl: new URL('https://triage.example') });
    expect((await get('/api/exams', prepared, { host: 'triage.example' })).statusCode).toBe(200);
    expect((await get('/api/exams', prepared, { host: 'evil.example' })).statusCode).toBe(400);
  });
});

describe('a server on the network', () => {
  const byHttps = { host: 'triage.example', 'x-forwarded-proto': 'https' };

  it('answers by https only, and probes by either', async () => {
    const prepared = prepare({ host: '0.0.0.0', trustedProxies: ['127.0.0.1'] });
    expect((await get('/api/exams', prepared, { host: 'triage.example' })).statusCode).toBe(400);
    expect((await get('/healthz', prepared)).statusCode).toBe(200);
    const answer = await get('/api/exams', prepared, byHttps);
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['strict-transport-security']).toContain('max-age');
  });

  it('does not believe a caller that is no proxy of ours', async () => {
    const prepared = prepare({ host: '0.0.0.0', trustedProxies: ['10.0.0.0/8'] });
    expect((await get('/api/exams', prepared, byHttps)).statusCode).toBe(400);
  });
});

describe('health', () => {
  it('is alive, and ready only when the service says so', async () => {
    expect((await get('/healthz')).json()).toEqual({ ok: true, checks: {} });
    expect((await get('/readyz')).statusCode).toBe(200);
    const prepared = prepare({ operations: servedOperations('no model is loaded') });
    const answer = await get('/readyz', prepared);
    expect(answer.statusCode).toBe(503);
    expect(answer.json()).toEqual({ ok: false, checks: { workers: 'no model is loaded' } });
  });
});

describe('the events over a real socket', () => {
  it('arrive at once, are limited in number, and end when the server closes', async () => {
    const { worklist, options } = prepare();
    const server = await startHttpServer(options);
    const answer = await fetch(`${server.url}api/events`);
    expect(answer.headers.get('content-type')).toContain('text/event-stream');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const refused = await fetch(`${server.url}api/events`);
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({ code: 'server-busy' });

    worklist.tell({ type: 'referral', referralId: 'r1' });
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (!text.includes('event: referral')) text += (await reader.read()).value ?? '';
    expect(text).toContain('event: referral\ndata: {"referralId":"r1"}\n\n');

    const startMs = performance.now();
    await server.close();
    expect(performance.now() - startMs).toBeLessThan(2_000);
    expect((await reader.read()).done).toBe(true);
    await expect(fetch(server.url)).rejects.toThrow();
  });

  it('make room again when a page goes away', async () => {
    const { options } = prepare();
    const server = await startHttpServer(options);
    const leave = new AbortController();
    await fetch(`${server.url}api/events`, { signal: leave.signal });
    leave.abort();
    await expect.poll(async () => (await fetch(`${server.url}api/events`)).status).toBe(200);
    await server.close();
  });
});
