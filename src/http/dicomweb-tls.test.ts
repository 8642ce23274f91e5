import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type PeerCertificate } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../testing/manual-clock.ts';
import {
  CLINIC_KEYS,
  type DicomwebFixture,
  startTestDicomweb,
  twoClinics,
} from '../testing/dicomweb-fixtures.ts';
import { requireTool } from '../testing/services.ts';

const openssl = requireTool('openssl');

let folder: string;
let server: DicomwebFixture | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osteotriage-tls-'));
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  await rm(folder, { recursive: true });
});

function makeCertificate(name: string): { certificateFile: string; keyFile: string } {
  const files = { certificateFile: join(folder, `${name}.pem`), keyFile: join(folder, `${name}.key`) };
  const args = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
  ];
  execFileSync(
    'openssl',
    [...args, '-subj', `/CN=${name}`, '-keyout', files.keyFile, '-out', files.certificateFile],
    {
      stdio: 'ignore',
    },
  );
  return files;
}

function certificateOf(url: string): Promise<PeerCertificate> {
  return new Promise((settle, fail) => {
    const socket = connect(
      { port: Number(new URL(url).port), host: '127.0.0.1', rejectUnauthorized: false },
      () => {
        settle(socket.getPeerCertificate());
        socket.destroy();
      },
    );
    socket.on('error', fail);
  });
}

function statusOf(url: string, ca: Buffer): Promise<number | undefined> {
  const headers = { 'x-api-key': CLINIC_KEYS.north };
  return new Promise((settle, fail) => {
    const call = request(url, { ca, headers, checkServerIdentity: () => undefined }, (answer) => {
      answer.resume();
      settle(answer.statusCode);
    });
    call.on('error', fail);
    call.end();
  });
}

describe('DICOMweb beyond loopback', () => {
  it('does not start without a certificate, or with one that cannot be used, and says what to set', async () => {
    const open = { host: '0.0.0.0', port: 0 };
    await expect(startTestDicomweb(twoClinics(), { address: open })).rejects.toMatchObject({
      code: 'configuration-invalid',
      message: expect.stringContaining('TRIAGE_TLS_CERTIFICATE_FILE') as string,
    });
    const files = { certificateFile: '/none.pem', keyFile: '/none.key' };
    await expect(startTestDicomweb(twoClinics(), { address: { ...open, ...files } })).rejects.toMatchObject({
      code: 'configuration-invalid',
    });
  });

  it.skipIf(!openssl.available)(
    'speaks TLS from 1.2 on, and shows a new certificate without a restart',
    async () => {
      const files = makeCertificate('first');
      const clock = new ManualClock();
      server = await startTestDicomweb(twoClinics(), {
        address: { host: '0.0.0.0', port: 0, ...files },
        clock,
      });
      const url = server.url.replace('0.0.0.0', '127.0.0.1');
      expect(url).toMatch(/^https:/);
      expect(await statusOf(`${url}/studies`, await readFile(files.certificateFile))).toBe(200);
      expect((await certificateOf(url)).subject.CN).toBe('first');
      const old = connect({
        port: Number(new URL(url).port),
        rejectUnauthorized: false,
        maxVersion: 'TLSv1.1',
        minVersion: 'TLSv1',
      });
      await expect(new Promise((_settle, fail) => old.on('error', fail))).rejects.toThrow();
      const second = makeCertificate('second');
      await rename(second.keyFile, files.keyFile);
      clock.advance(10_000);
      // The key alone does not fit the old certificate: that pair is not taken up.
      expect((await certificateOf(url)).subject.CN).toBe('first');
      await rename(second.certificateFile, files.certificateFile);
      clock.advance(10_000);
      expect((await certificateOf(url)).subject.CN).toBe('second');
    },
  );
});
