import type { Kysely } from 'kysely';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TlsOptions } from 'node:tls';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Config } from '../../config.ts';
import type { Database } from '../../database/schema.ts';
import { parseSites } from '../../sites.ts';
import { silentLog } from '../../telemetry.ts';
import { makeAuthority, type TestCertificate } from '../../testing/certificates.ts';
import { until } from '../../testing/delivery-fixtures.ts';
import { ManualClock } from '../../testing/manual-clock.ts';
import { insertAcceptedReferral } from '../../testing/scanner-fixtures.ts';
import { ScriptedReceiver } from '../../testing/scripted-receiver.ts';
import { requireTool } from '../../testing/services.ts';
import { openTestRecord } from '../../testing/test-record.ts';
import type { ExchangeRunner } from '../exchange-runner.ts';
import { startExchange } from '../exchange-service.ts';

type OwnTls = Pick<Config, 'tlsCertificateFile' | 'tlsKeyFile' | 'tlsAuthoritiesFile'>;

const openssl = requireTool('openssl');

describe.skipIf(!openssl.available)(
  openssl.available ? 'HL7 over TLS' : `HL7 over TLS (${openssl.reason}, so no certificate can be made)`,
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'mllp-tls-'));
    const opensslPath = openssl.available ? openssl.path : '';
    const authority = makeAuthority(opensslPath, folder, 'authority');
    const stranger = makeAuthority(opensslPath, folder, 'stranger');
    const ris = authority.issue('ris');
    const node = authority.issue('node');
    const believing = {
      tlsCertificateFile: '',
      tlsKeyFile: '',
      tlsAuthoritiesFile: authority.authoritiesFile,
    };
    const showing = { ...believing, tlsCertificateFile: node.certificateFile, tlsKeyFile: node.keyFile };

    let database: Kysely<Database>;
    let clock: ManualClock;
    let runner: ExchangeRunner;
    let ending: (() => Promise<void>)[];

    beforeEach(async () => {
      database = await openTestRecord();
      clock = new ManualClock();
      ending = [() => database.destroy()];
    });
    afterEach(async () => {
      for (const end of ending.toReversed()) await end();
    });
    afterAll(() => rmSync(folder, { recursive: true }));

    const filesOf = ({ certificateFile, keyFile }: TestCertificate) => ({
      cert: readFileSync(certificateFile),
      key: readFileSync(keyFile),
    });

    async function receiver(shown: TestCertificate, options: TlsOptions = {}): Promise<ScriptedReceiver> {
      const started = await ScriptedReceiver.startTls({ ...filesOf(shown), ...options });
      ending.push(() => started.stop());
      return started;
    }

    function begin({ port }: ScriptedReceiver, own: OwnTls, host = 'localhost'): void {
      const hl7 = [{ name: 'ris', host, port, tls: true, messages: ['order'] }];
      const text = JSON.stringify({ sites: [{ id: 'north', name: 'North' }], exchange: { hl7 } });
      const { exchange } = parseSites(text, 'sites.json');
      runner = startExchange({
        ...{ database, clock, log: silentLog, config: Object.assign(own, { deliveryDaysMax: 7 }) },
        sites: { exchange: () => exchange },
        onReferral: () => undefined,
      });
      ending.push(() => runner.close());
    }

    const standings = () =>
      database.selectFrom('messages').select(['message_id', 'state', 'attempts', 'note']).execute();
    const isTried = async () => (await standings())[0]?.attempts === 1;
    const isDelivered = async () => (await standings())[0]?.state === 'delivered';

    it.each(['TLSv1.2', 'TLSv1.3'] as const)(
      'an order goes out by %s and is acknowledged',
      async (version) => {
        const heard = await receiver(ris, { minVersion: version, maxVersion: version });
        await insertAcceptedReferral(database, 1);
        begin(heard, believing);
        await until('the delivery', isDelivered);
        expect(await standings()).toMatchObject([{ attempts: 1, note: null }]);
        expect(heard.messages[0]?.getSegment('ORC')?.getField(1).toString()).toBe('NW');
      },
    );

    it.each([
      ['comes from an unknown authority', stranger.issue('foreign'), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
      [
        'is for another host',
        authority.issue('elsewhere', 'DNS:ris.invalid'),
        'ERR_TLS_CERT_ALTNAME_INVALID',
      ],
      ['has expired', authority.issue('old', 'DNS:localhost', -1), 'CERT_HAS_EXPIRED'],
    ])(
      'is told nothing while its certificate %s, and everything once that is mended',
      async (_why, wrong, reason) => {
        const heard = await receiver(wrong);
        await insertAcceptedReferral(database, 1);
        begin(heard, believing);
        await until('the refusal', isTried);
        const [before] = await standings();
        expect(before).toMatchObject({ state: 'pending', note: `localhost:${heard.port}: ${reason}` });
        expect(heard.heard).toEqual([]);
        heard.renew(filesOf(ris));
        clock.advance(3_600_001);
        runner.ring();
        await until('the delivery', isDelivered);
        expect(heard.heard).toEqual([before?.message_id]);
      },
    );

    it.each(['TLSv1.2', 'TLSv1.3'] as const)(
      'that asks for a certificate (%s) is shown ours, and is told nothing where we have none',
      async (version) => {
        const asking = {
          ...{ requestCert: true, rejectUnauthorized: true, ca: readFileSync(authority.authoritiesFile) },
          ...{ minVersion: version, maxVersion: version },
        };
        const heard = await receiver(ris, asking);
        await insertAcceptedReferral(database, 1);
        const own = { ...believing };
        begin(heard, own);
        await until('the refusal', isTried);
        const [before] = await standings();
        expect(before).toMatchObject({ state: 'pending' });
        expect(before?.note).toMatch(/ALERT_(HANDSHAKE_FAILURE|CERTIFICATE_REQUIRED)$/);
        expect(heard.heard).toEqual([]);
        Object.assign(own, showing);
        clock.advance(3_600_001);
        runner.ring();
        await until('the delivery', isDelivered);
        expect(heard.heard).toEqual([before?.message_id]);
      },
    );

    it('is told nothing, and the file is named, where the authorities cannot be read', async () => {
      const heard = await receiver(ris);
      await insertAcceptedReferral(database, 1);
      begin(heard, { ...believing, tlsAuthoritiesFile: '/none.pem' });
      await until('the refusal', isTried);
      expect(await standings()).toMatchObject([
        { state: 'pending', note: 'the TLS file /none.pem cannot be read' },
      ]);
    });
  },
);
