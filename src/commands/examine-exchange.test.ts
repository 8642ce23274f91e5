import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { readConfig } from '../config.ts';
import { parseSites } from '../sites.ts';
import { freePort } from '../testing/free-port.ts';
import { ScriptedReceiver } from '../testing/scripted-receiver.ts';
import { exchangeTrials } from './examine-exchange.ts';

const folder = mkdtempSync(join(tmpdir(), 'osteotriage-exchange-'));
const secretFile = join(folder, 'secret');
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('doctor', () => {
  it('tries HL7 receivers without sending anything, and the secrets of webhooks', async () => {
    const receiver = await ScriptedReceiver.start();
    writeFileSync(secretFile, 'a secret\n');
    chmodSync(secretFile, 0o644);
    const hl7 = [
      { name: 'up', host: '127.0.0.1', port: receiver.port },
      { name: 'down', host: '127.0.0.1', port: await freePort() },
    ];
    const webhooks = [{ name: 'hook', url: 'https://ehr.example/hook', secretFile }];
    const book = { sites: [{ id: 'a', name: 'A' }], exchange: { hl7, webhooks } };
    const { exchange } = parseSites(JSON.stringify(book), 'sites.json');
    const { config } = readConfig({ data: folder }, {});
    const found = await Promise.all(
      exchangeTrials(config, exchange).map(({ what, step }) =>
        step().then(
          (detail) => `${what.replace(/\d{4,}/, 'PORT')}: ${detail}`,
          (thrown: unknown) => `${what.replace(/\d{4,}/, 'PORT')}: ${(thrown as Error).message}`,
        ),
      ),
    );
    expect(found).toEqual([
      'HL7 receiver up at 127.0.0.1:PORT: answers',
      expect.stringMatching(/^HL7 receiver down at 127\.0\.0\.1:PORT: .*ECONNREFUSED/),
      expect.stringContaining(`everyone on this machine can read ${secretFile}`),
    ]);
    expect(receiver.heard).toEqual([]);
    await receiver.stop();
  });
});
