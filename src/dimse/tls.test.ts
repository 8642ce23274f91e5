import { execFile, spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../clock.ts';
import { tinyDataSet } from '../testing/tiny-data-set.ts';
import { part10Prefix } from '../dicom/part10.ts';
import { silentLog } from '../telemetry.ts';
import { acceptEveryone } from '../testing/accept-everyone.ts';
import { makeAuthority } from '../testing/certificates.ts';
import { freePort } from '../testing/free-port.ts';
import { MemorySink } from '../testing/memory-sink.ts';
import { readPduFixture, ScriptedPeer } from '../testing/scripted-peer.ts';
import { requireTool } from '../testing/services.ts';
import type { Acceptor, AcceptorOptions } from './acceptor.ts';
import { startAcceptor } from './acceptor.ts';
import { DEFAULT_DIMSE_LIMITS } from './limits.ts';
import { openAssociation } from './requestor.ts';
import type { AssociationProposal } from './services.ts';
import type { TlsFiles } from './tls-files.ts';
import type { TlsListening } from './tls-server.ts';

const DIGITAL_XRAY = '1.2.840.10008.5.1.4.1.1.1.1';
const EXPLICIT_LITTLE = '1.2.840.10008.1.2.1';
const VERIFICATION = { abstractSyntax: '1.2.840.10008.1.1', transferSyntaxes: ['1.2.840.10008.1.2'] };

const run = promisify(execFile);
const openssl = requireTool('openssl');

describe.skipIf(!openssl.available)(
  openssl.available ? 'TLS' : `TLS (${openssl.reason}, so no certificate can be made)`,
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'dimse-tls-'));
    const opensslPath = openssl.available ? openssl.path : '';
    const authority = makeAuthority(opensslPath, folder, 'authority');
    const stranger = makeAuthority(opensslPath, folder, 'stranger');
    const node = authority.issue('node');
    const nodeRenewed = authority.issue('node-renewed');
    const clinic = authority.issue('clinic');
    const impostor = stranger.issue('impostor');
    const { authoritiesFile } = authority;

    let acceptor: Acceptor;
    let proposals: AssociationProposal[] = [];

    afterEach(() => acceptor.close(0));
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    async function start(
      tls: Partial<TlsListening> = {},
      options: Partial<AcceptorOptions> = {},
    ): Promise<MemorySink> {
      const storage = new MemorySink();
      proposals = [];
      const { certificateFile, keyFile } = node;
      acceptor = await startAcceptor({
        ...{
          aeTitle: 'OSTEOTRIAGE',
          host: '127.0.0.1',
          port: 0,
          storage,
          log: silentLog,
          clock: systemClock,
        },
        limits: { ...DEFAULT_DIMSE_LIMITS, artimSecondsMax: 1 },
        supportedStorage: new Set([DIGITAL_XRAY]),
        transferSyntaxes: [EXPLICIT_LITTLE],
        tls: { certificateFile, keyFile, authoritiesFile, clientCertificate: 'required', ...tls },
        acceptAssociation: (proposal) => {
          proposals.push(proposal);
          return acceptEveryone();
        },
        ...options,
      });
      return storage;
    }

    async function echo(tls: TlsFiles, host = '127.0.0.1'): Promise<number> {
      const association = await openAssociation({
        ...{ host, port: acceptor.port, callingAeTitle: 'CLINIC', calledAeTitle: 'OSTEOTRIAGE' },
        ...{
          contexts: [VERIFICATION],
          limits: DEFAULT_DIMSE_LIMITS,
          clock: systemClock,
          connectMsMax: 2000,
          tls,
        },
      });
      const status = await association.echo();
      await association.release();
      return status;
    }

    /** A handshake of the given kind: the protocol that was agreed on, or why there is none. */
    function shake(options: ConnectionOptions): Promise<string | null> {
      return new Promise((resolve) => {
        const files = { ca: readFileSync(authoritiesFile), cert: readFileSync(clinic.certificateFile) };
        const socket = connectTls(
          { host: '127.0.0.1', port: acceptor.port, ...files, key: readFileSync(clinic.keyFile), ...options },
          () => {
            resolve(socket.getProtocol());
            socket.end();
          },
        );
        socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      });
    }

    function itWith(tool: string, name: string, test: (path: string) => Promise<void>): void {
      const found = requireTool(tool);
      if (found.available) it(name, () => test(found.path));
      else it.skip(`${name} (${found.reason})`, () => undefined);
    }

    const asClinic = ['+tls', clinic.keyFile, clinic.certificateFile, '+cf', authoritiesFile];

    itWith('echoscu', 'answers echoscu and tells the policy whose certificate it was', async (echoscu) => {
      await start();
      await run(echoscu, [...asClinic, '-aec', 'OSTEOTRIAGE', '127.0.0.1', String(acceptor.port)]);
      expect(proposals).toMatchObject([{ secure: true, certificateSha256: clinic.sha256 }]);
      expect(acceptor.stats()).toMatchObject({ associationsAccepted: 1, associationsBroken: 0 });
    });

    itWith('storescu', 'takes a film from storescu byte for byte', async (storescu) => {
      const sink = await start();
      const film = tinyDataSet({ study: '1.2.1', series: '1.2.2', instance: '1.2.3', size: [1500, 1000] });
      const path = join(folder, 'film.dcm');
      const names = {
        sopClassUid: DIGITAL_XRAY,
        sopInstanceUid: '1.2.3',
        transferSyntaxUid: EXPLICIT_LITTLE,
      };
      writeFileSync(path, Buffer.concat([part10Prefix(names), film]));
      await run(storescu, [...asClinic, '-aec', 'OSTEOTRIAGE', '127.0.0.1', String(acceptor.port), path]);
      expect(sink.objects[0]?.dataset.equals(film)).toBe(true);
    });

    itWith('echoscu', 'refuses echoscu without a certificate, unless none is asked for', async (echoscu) => {
      await start();
      const anonymous = ['+tla', '+cf', authoritiesFile, '-aec', 'OSTEOTRIAGE', '127.0.0.1'];
      await expect(run(echoscu, [...anonymous, String(acceptor.port)])).rejects.toThrow();
      expect(acceptor.stats()).toMatchObject({ associationsAccepted: 0, associationsBroken: 1 });
      await acceptor.close(0);
      await start({ clientCertificate: 'optional' });
      await run(echoscu, [...anonymous, String(acceptor.port)]);
      expect(proposals).toMatchObject([{ secure: true, certificateSha256: null }]);
    });

    itWith('echoscu', 'refuses a certificate of another authority', async (echoscu) => {
      await start();
      const { keyFile, certificateFile } = impostor;
      const asImpostor = ['+tls', keyFile, certificateFile, '+cf', authoritiesFile];
      const to = ['-aec', 'OSTEOTRIAGE', '127.0.0.1', String(acceptor.port)];
      await expect(run(echoscu, [...asImpostor, ...to])).rejects.toThrow();
      expect(proposals).toEqual([]);
      await run(echoscu, [...asClinic, ...to]);
    });

    it('takes an untrusted certificate for none where none is required', async () => {
      await start({ clientCertificate: 'optional' });
      expect(await echo({ ...impostor, authoritiesFile })).toBe(0);
      expect(proposals).toMatchObject([{ certificateSha256: null }]);
    });

    it('speaks TLS 1.2 and 1.3 with forward secrecy and AEAD, and nothing older or weaker', async () => {
      await start();
      expect(await shake({ minVersion: 'TLSv1.3' })).toBe('TLSv1.3');
      expect(await shake({ maxVersion: 'TLSv1.2' })).toBe('TLSv1.2');
      const weak = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const;
      expect(await shake({ ...weak, ciphers: 'ECDHE-ECDSA-AES128-SHA256' })).toMatch(/HANDSHAKE_FAILURE/);
      const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' } as const;
      expect(await shake(old)).toMatch(/VERSION/);
    });

    it('says nothing to a peer without TLS, and goes on', async () => {
      await start();
      const peer = await ScriptedPeer.connect(acceptor.port);
      peer.send(readPduFixture('good-associate-rq.hex'));
      const heard = await peer.nextPdu(3000);
      // At most a TLS alert (type 21), never an association.
      expect(heard?.type ?? 21).toBe(21);
      await peer.expectClose(3000);
      expect(await echo({ ...clinic, authoritiesFile })).toBe(0);
    });

    it('cuts a peer that does not shake hands in time, and does not wait for one when it closes', async () => {
      await start();
      const silent = await ScriptedPeer.connect(acceptor.port);
      await silent.expectClose(3000);
      expect(acceptor.stats().associationsBroken).toBe(1);
      const half = connect({ host: '127.0.0.1', port: acceptor.port });
      half.on('error', () => undefined);
      half.write(Buffer.from('160301', 'hex'));
      await systemClock.sleep(50);
      const startedMs = systemClock.monotonicMs();
      await acceptor.close(5000);
      expect(systemClock.monotonicMs() - startedMs).toBeLessThan(900);
      half.destroy();
    });

    it('cuts a peer that is silent after the handshake', async () => {
      await start();
      const files = { ca: readFileSync(authoritiesFile), cert: readFileSync(clinic.certificateFile) };
      const socket = connectTls({
        host: '127.0.0.1',
        port: acceptor.port,
        ...files,
        key: readFileSync(clinic.keyFile),
      });
      await new Promise((resolve) => socket.once('close', resolve).resume());
      expect(proposals).toEqual([]);
    });

    it('takes up a new certificate while it runs, and keeps the old one while the new one is broken', async () => {
      const files = { certificateFile: join(folder, 'used.pem'), keyFile: join(folder, 'used.key') };
      const put = ({ certificateFile, keyFile }: { certificateFile: string; keyFile: string }): void => {
        copyFileSync(certificateFile, files.certificateFile);
        copyFileSync(keyFile, files.keyFile);
      };
      put(node);
      let look: () => void = () => undefined;
      const clock: Clock = {
        ...systemClock,
        schedule: (waitMs, callback) => {
          if (waitMs !== 10_000) return systemClock.schedule(waitMs, callback);
          look = callback;
          return () => undefined;
        },
      };
      const errors: string[] = [];
      const log = { ...silentLog, error: (_: unknown, message: string) => errors.push(message) };
      await start(files, { clock, log: log as unknown as AcceptorOptions['log'] });
      const shown = (): Promise<string> =>
        new Promise((resolve, reject) => {
          const options = { ca: readFileSync(authoritiesFile), host: '127.0.0.1', port: acceptor.port };
          const socket = connectTls(options, () => {
            resolve(socket.getPeerX509Certificate()!.fingerprint256.replaceAll(':', '').toLowerCase());
            socket.destroy();
          });
          socket.once('error', reject);
        });
      expect(await shown()).toBe(node.sha256);
      // The new certificate with the old key: as they are between two copies.
      copyFileSync(nodeRenewed.certificateFile, files.certificateFile);
      look();
      look();
      expect([await shown(), errors]).toEqual([
        node.sha256,
        ['the new TLS certificates cannot be used; the ones before stay'],
      ]);
      writeFileSync(files.keyFile, '-----BEGIN');
      look();
      expect([await shown(), errors.length]).toEqual([node.sha256, 2]);
      put(nodeRenewed);
      look();
      expect([await shown(), errors.length]).toEqual([nodeRenewed.sha256, 2]);
    });

    it('does not start with files that cannot be used, and says which', async () => {
      await start();
      const missing = start({ keyFile: join(folder, 'nowhere.key') });
      await expect(missing).rejects.toMatchObject({
        code: 'configuration-invalid',
        message: expect.stringContaining('nowhere.key') as string,
      });
      await expect(start({ keyFile: clinic.keyFile })).rejects.toMatchObject({
        code: 'configuration-invalid',
      });
      await expect(start({ authoritiesFile: '' })).rejects.toMatchObject({ code: 'configuration-invalid' });
    });

    it('is asked of a PACS with our certificate, and a PACS that cannot be trusted gets nothing', async () => {
      await start();
      expect(await echo({ ...clinic, authoritiesFile })).toBe(0);
      await expect(echo({ ...clinic, authoritiesFile: stranger.authoritiesFile })).rejects.toMatchObject({
        code: 'peer-unreachable',
        message: expect.stringContaining('CERT') as string,
      });
      await acceptor.close(0);
      await start(authority.issue('elsewhere', 'DNS:elsewhere.invalid'));
      await expect(echo({ ...clinic, authoritiesFile })).rejects.toThrow('ERR_TLS_CERT_ALTNAME_INVALID');
      expect(proposals).toEqual([]);
    });

    itWith('storescp', 'is spoken with storescp', async (storescp) => {
      await start();
      const port = await freePort();
      const { keyFile, certificateFile } = node;
      const pacs = spawn(
        storescp,
        [
          '+tls',
          keyFile,
          certificateFile,
          '+cf',
          authoritiesFile,
          '-aet',
          'PACS',
          '-od',
          folder,
          String(port),
        ],
        { stdio: 'ignore' },
      );
      try {
        const film = tinyDataSet({ study: '1.2.1', series: '1.2.2', instance: '1.2.9' });
        const store = async (): Promise<number> => {
          const association = await openAssociation({
            ...{ host: '127.0.0.1', port, callingAeTitle: 'OSTEOTRIAGE', calledAeTitle: 'PACS' },
            contexts: [{ abstractSyntax: DIGITAL_XRAY, transferSyntaxes: [EXPLICIT_LITTLE] }],
            ...{ limits: DEFAULT_DIMSE_LIMITS, clock: systemClock, connectMsMax: 2000 },
            tls: { ...clinic, authoritiesFile },
          });
          const names = {
            sopClassUid: DIGITAL_XRAY,
            sopInstanceUid: '1.2.9',
            transferSyntaxUid: EXPLICIT_LITTLE,
          };
          const { status } = await association.store({ ...names, dataset: film });
          await association.release();
          return status;
        };
        await expect.poll(() => store().catch(() => -1), { timeout: 5000 }).toBe(0);
        expect(readdirSync(folder).some((name) => name.includes('1.2.9'))).toBe(true);
      } finally {
        pacs.kill('SIGKILL');
      }
    });
  },
);
