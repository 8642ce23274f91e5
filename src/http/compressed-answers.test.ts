import Fastify from 'fastify';
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { compressAnswers } from './compressed-answers.ts';

it('compresses long JSON for those who take it, and leaves everything else as it is', async () => {
  const app = Fastify();
  compressAnswers(app);
  const rows = Array.from({ length: 200 }, (_, index) => ({ index, name: 'Almgren' }));
  app.get('/long', () => rows);
  app.get('/short', () => ({ csrfToken: 'proof' }));
  app.get('/text', (_request, reply) => reply.type('text/csv').send('a;b\n'.repeat(2000)));
  const ask = (url: string, encoding = 'gzip, br') =>
    app.inject({ url, headers: { 'accept-encoding': encoding } });

  const long = await ask('/long');
  expect(long.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'accept-encoding' });
  expect(Number(long.headers['content-length'])).toBe(long.rawPayload.length);
  expect(long.rawPayload.length).toBeLessThan(2_048);
  expect(JSON.parse(gunzipSync(long.rawPayload).toString())).toEqual(rows);
  expect((await ask('/long', 'identity')).json()).toEqual(rows);
  for (const url of ['/short', '/text']) {
    expect((await ask(url)).headers['content-encoding'], url).toBeUndefined();
  }
  await app.close();
});
