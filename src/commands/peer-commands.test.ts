import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readConfig } from '../config.ts';
import { SOP_CLASSES } from '../dicom/uids.ts';
import type { DicomDataset } from '../dicom/write-part10.ts';
import type { Acceptor } from '../dimse/acceptor.ts';
import { freePort } from '../testing/free-port.ts';
import { startServices } from '../testing/served-services.ts';
import { parseSites } from '../sites.ts';
import { makeApiKey } from './api-key.ts';
import { examine } from './doctor.ts';
import { echoPeer } from './echo.ts';
import { findAtPeer, readIdentifier } from './find.ts';

let acceptor: Acceptor;
let asked: DicomDataset[];
let folder: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'osteotriage-peers-'));
  asked = [];
  acceptor = await startServices([
    {
      kind: 'find',
      sopClassUids: [SOP_CLASSES.modalityWorklistFind],
      async *find(identifier) {
        asked.push(identifier);
        for (const number of [1, 2, 3]) yield await Promise.resolve({ PatientID: `P${number}` });
      },
    },
  ]);
});
afterEach(async () => {
  await acceptor.close(0);
  rmSync(folder, { recursive: true });
});

function peer() {
  return { host: '127.0.0.1', port: acceptor.port, calledAeTitle: 'OSTEOTRIAGE', callingAeTitle: 'ADMIN' };
}

describe('echo', () => {
  it('says what the peer answered', async () => {
    const { ok, detail } = await echoPeer(peer());
    expect(ok).toBe(true);
    expect(detail).toMatch(/C-ECHO answered success \(0x0000\)/);
  });

  it('throws where nobody listens', async () => {
    const nobody = { ...peer(), port: await freePort() };
    await expect(echoPeer(nobody)).rejects.toMatchObject({ code: 'peer-unreachable' });
  });
});

describe('find', () => {
  it('sends the keys of the command line and writes each match as a line of JSON', async () => {
    const lines: string[] = [];
    const keys = ['PatientName=Påhittad*', 'ScheduledProcedureStepSequence.Modality=BMD'];
    const command = {
      peer: peer(),
      level: 'worklist' as const,
      keys,
      write: (line: string) => lines.push(line),
    };
    expect(await findAtPeer({ ...command, matchesMax: 100 })).toBe(3);
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { PatientID: 'P1' },
      { PatientID: 'P2' },
      { PatientID: 'P3' },
    ]);
    expect(asked[0]).toMatchObject({
      PatientName: 'Påhittad*',
      ScheduledProcedureStepSequence: [{ Modality: 'BMD' }],
    });
  });

  it('cancels at the limit', async () => {
    const command = { peer: peer(), level: 'worklist' as const, keys: [], write: () => undefined };
    expect(await findAtPeer({ ...command, matchesMax: 2 })).toBe(2);
  });

  it('reads keys with and without a value, within sequences, and with = in the value', () => {
    expect(readIdentifier('study', ['StudyDate=20260101-', 'PatientID', 'StudyDescription=a=b'])).toEqual({
      SpecificCharacterSet: 'ISO_IR 192',
      QueryRetrieveLevel: 'STUDY',
      StudyDate: '20260101-',
      PatientID: null,
      StudyDescription: 'a=b',
    });
    expect(
      readIdentifier('worklist', ['RequestAttributesSequence.A=1', 'RequestAttributesSequence.B']),
    ).toMatchObject({ RequestAttributesSequence: [{ A: '1', B: null }] });
    expect(() => readIdentifier('study', ['(0010,0020)=1'])).toThrow(/KEYWORD=VALUE/);
  });
});

describe('an API key', () => {
  it('is 256 random bits, and its digest is what the sites file takes', () => {
    const { key, sha256 } = makeApiKey();
    expect(Buffer.from(key, 'base64url')).toHaveLength(32);
    expect(makeApiKey().key).not.toBe(key);
    expect(createHash('sha256').update(key).digest('hex')).toBe(sha256);
    const sites = [{ id: 'clinic', name: 'Clinic', apiKeySha256: [sha256] }];
    expect(() => parseSites(JSON.stringify({ sites }), 'test')).not.toThrow();
  });
});

describe('doctor', () => {
  async function examineSites(book: unknown, change: Record<string, string> = {}) {
    const path = join(folder, 'sites.json');
    writeFileSync(path, JSON.stringify(book));
    const { config } = readConfig({ data: folder, sitesFile: path, ...change }, {});
    const findings = await examine(config);
    return (what: RegExp) => findings.find((finding) => what.test(finding.what));
  }

  it('tries every peer that says where it listens and every destination', async () => {
    const listensAt = { host: '127.0.0.1', port: acceptor.port };
    const down = { name: 'down', aeTitle: 'DOWN', host: '127.0.0.1', port: await freePort() };
    const up = { ...down, name: 'up', aeTitle: 'UP', port: acceptor.port };
    const peers = [
      { aeTitle: 'SCANNER', addresses: ['127.0.0.1'], listensAt },
      { aeTitle: 'MUTE', addresses: ['127.0.0.1'] },
    ];
    const found = await examineSites({
      destinations: [up, down],
      sites: [{ id: 'clinic', name: 'Clinic', peers }],
    });
    expect(found(/sites file/)).toMatchObject({ ok: true, detail: '1 sites, 2 peers, 2 destinations' });
    expect(found(/peer of clinic, SCANNER/)).toMatchObject({ ok: true });
    expect(found(/destination up UP/)).toMatchObject({ ok: true });
    expect(found(/destination down DOWN/)).toMatchObject({ ok: false });
    expect(found(/destination down DOWN/)?.detail).toMatch(/Check address and port/);
    expect(found(/MUTE/)).toBeUndefined();
  });

  it('finds a sites file that is wrong, PACS in two places, and a door that may not be open', async () => {
    const found = await examineSites({ sites: [] }, { pacs: 'PACS@127.0.0.1:1' });
    expect(found(/sites file/)).toMatchObject({ ok: false });
    expect(found(/who may call/)?.detail).toMatch(/leave TRIAGE_PACS empty/);
    // A data folder without a sites file of its own.
    const { config } = readConfig({ data: join(folder, 'fresh'), dimseHost: '0.0.0.0' }, {});
    const open = (await examine(config)).find(({ what }) => what === 'who may call');
    expect(open?.detail).toMatch(/TRIAGE_DIMSE_HOST.*only loopback/);
  });

  it('finds TLS files that cannot be used or that everyone can read', async () => {
    const key = join(folder, 'key.pem');
    writeFileSync(key, 'no key');
    chmodSync(key, 0o644);
    const files = { tlsCertificateFile: key, tlsKeyFile: key, tlsAuthoritiesFile: key };
    const found = await examineSites({ sites: [{ id: 'a', name: 'A' }] }, { tlsPort: '0', ...files });
    expect(found(/TLS files/)).toMatchObject({ ok: false });
  });
});
