import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { part10Prefix } from '../dicom/part10.ts';
import { TriageError } from '../errors.ts';
import { makeAuthority } from '../testing/certificates.ts';
import { startTestNode, type TestNode } from '../testing/dicom-node.ts';
import { requireTool } from '../testing/services.ts';
import { tinyDataSet } from '../testing/tiny-data-set.ts';

const echoscu = requireTool('echoscu');
const storescu = requireTool('storescu');
const openssl = requireTool('openssl');
const canRun = echoscu.available && storescu.available;

const MAMMOGRAPHY = '1.2.840.10008.5.1.4.1.1.1.2';
const DX = '1.2.840.10008.5.1.4.1.1.1.1';
const BOOK = {
  sites: [
    {
      id: 'clinic',
      name: 'Dental clinic',
      peers: [
        { aeTitle: 'DENTAL', addresses: ['127.0.0.0/8'] },
        { aeTitle: 'ELSEWHERE', addresses: ['10.1.2.3'] },
        { aeTitle: 'CROWNED', addresses: ['127.0.0.1'], certificateSha256: '0'.repeat(64) },
        { aeTitle: 'SCANNER', addresses: ['127.0.0.1'], rights: ['worklist'] },
        { aeTitle: 'CRONLY', addresses: ['127.0.0.1'], sopClassUids: ['1.2.840.10008.5.1.4.1.1.1'] },
      ],
    },
  ],
};

let folder: string;
let film: string;
let started: TestNode;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osteotriage-films-'));
  film = await writeFilm('film.dcm', DX);
  started = await startTestNode(BOOK);
});
// The node goes on; its record is empty again for the next test.
afterEach(async () => {
  const { database } = started;
  for (const table of ['jobs', 'exams', 'person_terms', 'persons', 'refusals'] as const) {
    await database.deleteFrom(table).execute();
  }
});
afterAll(async () => {
  await started.close();
  await rm(folder, { recursive: true });
});

/** A tiny film; of another SOP class of the same length where one is named. */
async function writeFilm(name: string, sopClassUid: string): Promise<string> {
  const instance = '1.2.3.4.5';
  const meta = part10Prefix({
    ...{ sopClassUid, sopInstanceUid: instance, transferSyntaxUid: '1.2.840.10008.1.2.1' },
  });
  const dataSet = tinyDataSet({ study: '1.2.3', series: '1.2.3.4', instance });
  const renamed = Buffer.from(
    dataSet.toString('latin1').replace(DX, sopClassUid.padEnd(DX.length, '\0')),
    'latin1',
  );
  await writeFile(join(folder, name), Buffer.concat([meta, renamed]));
  return join(folder, name);
}

/** Runs a client of dcmtk as a caller; gives how it ended and what it said. */
function call(
  tool: typeof echoscu,
  calling: string,
  words: string[] = [],
  called = 'OSTEOTRIAGE',
  door: 'plain' | 'tls' = 'plain',
): Promise<string> {
  if (!tool.available) throw new Error(tool.reason);
  const { port, tlsPort } = started.node;
  const to = ['-d', '-aet', calling, '-aec', called, '127.0.0.1', String(door === 'tls' ? tlsPort : port)];
  // Only what a film needs is proposed, as a modality does.
  const line = tool === storescu ? ['-R', ...to, ...words] : [...words, ...to];
  return new Promise((settle) => {
    execFile(tool.path, line, (error, stdout, stderr) => {
      settle(`exit ${error?.code ?? 0}\n${stdout}${stderr}`);
    });
  });
}

describe.skipIf(!canRun)('a node with sites', () => {
  it('takes a film of a peer and writes down its site and door', async () => {
    expect(await call(storescu, 'DENTAL', [film])).toMatch(/^exit 0/);
    const exams = await started.database.selectFrom('exams').select(['site_id', 'door']).execute();
    expect(exams).toEqual([{ site_id: 'clinic', door: 'dimse' }]);
  });

  it.each(['STRANGER', 'ELSEWHERE', 'CROWNED'])(
    'rejects %s as a calling title it does not know',
    async (calling) => {
      const said = await call(echoscu, calling);
      expect(said).toMatch(/Rejected Permanent/);
      expect(said).toMatch(/Calling AE Title Not Recognized/);
    },
  );

  it('rejects a peer that calls another title', async () => {
    expect(await call(echoscu, 'DENTAL', [], 'NOBODY')).toMatch(/Called AE Title Not Recognized/);
  });

  it('lets a scanner verify but not store, and a peer store only its own classes', async () => {
    expect(await call(echoscu, 'SCANNER')).toMatch(/^exit 0/);
    for (const calling of ['SCANNER', 'CRONLY']) {
      expect(await call(storescu, calling, [film])).toMatch(/No Acceptable Presentation Contexts/i);
    }
    expect(await started.database.selectFrom('exams').select('exam_id').execute()).toEqual([]);
  });

  it('refuses mammography at the association and tells the administrator once', async () => {
    const mammogram = await writeFilm('mammogram.dcm', MAMMOGRAPHY);
    for (let time = 0; time < 2; time += 1) {
      expect(await call(storescu, 'DENTAL', [mammogram])).toMatch(/No Acceptable Presentation Contexts/i);
    }
    const refusals = await started.database.selectFrom('refusals').selectAll().execute();
    expect(refusals).toMatchObject([{ calling_ae_title: 'DENTAL', code: 'sop-class-not-supported' }]);
    expect(refusals[0]?.detail).toMatch(/digital mammography/);
    expect(await call(storescu, 'DENTAL', [film])).toMatch(/^exit 0/);
  });

  it('takes a new sites file without a restart', async () => {
    expect(await call(echoscu, 'NEWCOMER')).toMatch(/Calling AE Title Not Recognized/);
    const path = join(started.folder, 'sites.json');
    const before = await readFile(path, 'utf8');
    await writeFile(path, before.replace('DENTAL', 'NEWCOMER'));
    await expect.poll(() => call(echoscu, 'NEWCOMER'), { timeout: 10_000, interval: 500 }).toMatch(/^exit 0/);
    expect(await call(echoscu, 'DENTAL')).toMatch(/Calling AE Title Not Recognized/);
    await writeFile(path, before);
    await expect.poll(() => call(echoscu, 'DENTAL'), { timeout: 10_000, interval: 500 }).toMatch(/^exit 0/);
  });
});

describe.skipIf(!canRun)('back-pressure', () => {
  it('answers A700 while the disk is full and takes the film again when it is not', async () => {
    started.gate.instance = new TriageError('storage-full', 'the disk is full');
    expect(await call(storescu, 'DENTAL', [film])).toMatch(/0xa700|Out ?of ?Resources/i);
    expect(await started.database.selectFrom('refusals').select('code').execute()).toEqual([
      { code: 'storage-full' },
    ]);
    started.gate.instance = undefined;
    expect(await call(storescu, 'DENTAL', [film])).toMatch(/^exit 0/);
  });

  it('rejects films as transient while the queue is full, and still gives a scanner its worklist', async () => {
    started.gate.association = new TriageError('server-busy', 'too many films wait');
    const said = await call(storescu, 'DENTAL', [film]);
    expect(said).toMatch(/Rejected Transient/);
    expect(said).toMatch(/Local Limit Exceeded/);
    expect(await call(echoscu, 'SCANNER')).toMatch(/^exit 0/);
    started.gate.association = undefined;
    expect(await call(storescu, 'DENTAL', [film])).toMatch(/^exit 0/);
  });
});

describe.skipIf(!canRun || !openssl.available)('a node with a TLS port', () => {
  async function startSecure(): Promise<(calling: string, port: 'plain' | 'tls') => Promise<string>> {
    const authority = makeAuthority(openssl.available ? openssl.path : '', folder, 'authority');
    const [node, clinic] = [authority.issue('node'), authority.issue('clinic')];
    const crowned = { aeTitle: 'CROWNED', addresses: ['127.0.0.1'], certificateSha256: clinic.sha256 };
    const dental = { aeTitle: 'DENTAL', addresses: ['127.0.0.1'] };
    const other = { ...crowned, aeTitle: 'OTHER', certificateSha256: node.sha256 };
    await started.close();
    started = await startTestNode(
      { sites: [{ id: 'clinic', name: 'Clinic', peers: [crowned, dental, other] }] },
      {
        ...{ tlsPort: 0, tlsCertificateFile: node.certificateFile, tlsKeyFile: node.keyFile },
        tlsAuthoritiesFile: authority.authoritiesFile,
      },
    );
    const shown = ['+tls', clinic.keyFile, clinic.certificateFile, '+cf', authority.authoritiesFile];
    return (calling, port) =>
      port === 'plain' ? call(echoscu, calling) : call(echoscu, calling, shown, 'OSTEOTRIAGE', 'tls');
  }

  it('takes a peer with a certificate there, with that one, and nowhere else', async () => {
    const echo = await startSecure();
    expect(await echo('CROWNED', 'tls')).toMatch(/^exit 0/);
    expect(await echo('CROWNED', 'plain')).toMatch(/Calling AE Title Not Recognized/);
    expect(await echo('OTHER', 'tls')).toMatch(/Calling AE Title Not Recognized/);
    expect(await echo('DENTAL', 'tls')).toMatch(/^exit 0/);
    expect(await echo('DENTAL', 'plain')).toMatch(/^exit 0/);
  });

  it('does not start without what it must show, and names the settings', async () => {
    await expect(startTestNode(BOOK, { tlsPort: 0, tlsKeyFile: '/etc/key.pem' })).rejects.toThrow(
      'TRIAGE_TLS_PORT also needs TRIAGE_TLS_CERTIFICATE_FILE, TRIAGE_TLS_CA_FILE',
    );
  });
});
