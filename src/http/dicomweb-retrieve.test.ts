import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pictureObjectKey, reportObjectKey } from '../archive/archive.ts';
import type { JsonDataSet } from '../dicom/dicom-json.ts';
import { writePart10 } from '../dicom/write-part10.ts';
import { encodePng } from '../imaging/raster.ts';
import { parseMediaType } from '../intake/multipart.ts';
import { PROJECT_FOLDER } from '../project-folder.ts';
import { buildStructuredReport } from '../report/structured-report.ts';
import {
  CLINIC_KEYS,
  type DicomwebFixture,
  multipartBody,
  postStudies,
  startTestDicomweb,
  tinyFile,
  twoClinics,
} from '../testing/dicomweb-fixtures.ts';
import { exampleReport } from '../testing/example-report.ts';
import { requireTool } from '../testing/services.ts';
import { nextSinceMs } from './result-routes.ts';

const dcmdump = requireTool('dcmdump');
const film = (number: number, study = '1.2.3') => ({
  study,
  series: `${study}.4`,
  instance: `${study}.4.${number}`,
});
const FILM_PATH = '/studies/1.2.3/series/1.2.3.4/instances/1.2.3.4.1';

let server: DicomwebFixture;
beforeEach(async () => {
  server = await startTestDicomweb(twoClinics());
  const films = [tinyFile(film(1)), tinyFile(film(2)), tinyFile({ ...film(1, '1.2.7'), patientId: 'T_2' })];
  await postStudies(server, multipartBody(films.map((bytes) => ({ bytes }))));
  await postStudies(server, multipartBody([{ bytes: tinyFile(film(1, '1.2.8')) }]), {
    key: CLINIC_KEYS.south,
  });
});
afterEach(() => server.close());

function get(
  path: string,
  headers: Record<string, string> = {},
  key: string = CLINIC_KEYS.north,
): Promise<Response> {
  return fetch(server.url + path, { headers: { 'x-api-key': key, ...headers } });
}

async function search(path: string, key?: string): Promise<readonly JsonDataSet[]> {
  const response = await get(path, {}, key);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('application/dicom+json');
  return (await response.json()) as JsonDataSet[];
}

const firsts = (found: readonly JsonDataSet[], tag: string) => found.map((item) => item[tag]?.Value?.[0]);

async function examIdOf(sopInstanceUid: string): Promise<string> {
  const row = await server.database
    .selectFrom('exams')
    .select('exam_id')
    .where('sop_uid', '=', sopInstanceUid)
    .executeTakeFirstOrThrow();
  return row.exam_id;
}

async function archive(key: string, bytes: Buffer): Promise<void> {
  const path = join(server.folder, 'scratch.bin');
  await writeFile(path, bytes);
  await server.objects.putFile(path, key);
}

/** A finding with its structured report, as the triage leaves it. */
async function finish(sopInstanceUid: string, atMs = Date.now()): Promise<string> {
  const examId = await examIdOf(sopInstanceUid);
  const report = exampleReport();
  const sr = buildStructuredReport(report);
  const key = reportObjectKey(examId, 0, 'SR');
  await archive(key, writePart10(sr));
  await server.database
    .updateTable('exams')
    .set({
      state: 'positive',
      reasons_json: JSON.stringify(report.analysis.reasons),
      analysis_json: JSON.stringify({ ...report.analysis, file: '/data/archive/objects/secret.dcm' }),
      finished_at_ms: atMs,
    })
    .where('exam_id', '=', examId)
    .execute();
  const row = { exam_id: examId, revision: 0, object_bytes: 1, created_at_ms: Date.now() };
  await server.database
    .insertInto('reports')
    .values({
      ...row,
      kind: 'SR',
      sop_class_uid: sr['SOPClassUID'] as string,
      series_uid: '2.25.77',
      sop_uid: '2.25.78',
      object_key: key,
    })
    .execute();
  return examId;
}

/** The bodies of a multipart answer. */
async function partsOf(response: Response): Promise<Buffer[]> {
  const { boundary = '' } = parseMediaType(response.headers.get('content-type') ?? '').parameters;
  const text = Buffer.from(await response.arrayBuffer()).toString('latin1');
  return text
    .split(`--${boundary}`)
    .slice(1, -1)
    .map((part) => Buffer.from(part.slice(part.indexOf('\r\n\r\n') + 4, -2), 'latin1'));
}

describe('QIDO-RS', () => {
  it('finds the own studies by each key, by name or tag, with wildcards, ranges and pages', async () => {
    const all = await search('/studies');
    expect(firsts(all, '0020000D').sort()).toEqual(['1.2.3', '1.2.7']);
    const [study] = await search('/studies?PatientID=T-1&includefield=all');
    expect(study).toMatchObject({
      '0020000D': { vr: 'UI', Value: ['1.2.3'] },
      '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Invented^Person' }] },
      '00080061': { vr: 'CS', Value: ['PX'] },
      '00201206': { vr: 'IS', Value: [1] },
      '00201208': { vr: 'IS', Value: [2] },
      '00080050': { vr: 'SH' },
    });
    const found = async (query: string) => firsts(await search(`/studies?${query}`), '0020000D');
    expect(await found('00100020=T_2')).toEqual(['1.2.7']);
    // An underscore is a letter, not a wildcard of the database.
    expect(await found('PatientID=T_1')).toEqual([]);
    expect(await found('PatientID=T?1')).toEqual(['1.2.3']);
    expect(await found('PatientName=Invent*')).toHaveLength(2);
    expect(await found('StudyInstanceUID=1.2.7,1.2.8')).toEqual(['1.2.7']);
    expect(await found('ModalitiesInStudy=CT')).toEqual([]);
    expect(await found('ModalitiesInStudy=CT,PX')).toEqual(await found('ModalitiesInStudy=PX'));
    expect(await found('ModalitiesInStudy=PX%5CCT')).not.toEqual([]);
    expect(await found('StudyDate=20260101')).toHaveLength(2);
    expect(await found('StudyDate=20251201-20260102')).toHaveLength(2);
    expect(await found('StudyDate=20260102-')).toEqual([]);
    expect(await found('AccessionNumber=X')).toEqual([]);
    const pages = [await found('limit=1'), await found('limit=1&offset=1'), await found('limit=1&offset=2')];
    expect(pages.flat().sort()).toEqual(['1.2.3', '1.2.7']);
  });

  it('lists series and instances, films and our reports, and what it may not show is as if it were not there', async () => {
    await finish('1.2.3.4.1');
    const series = await search('/studies/1.2.3/series');
    expect(firsts(series, '00080060').sort()).toEqual(['PX', 'SR']);
    expect(firsts(await search('/studies/1.2.3/series?Modality=SR'), '0020000E')).toEqual(['2.25.77']);
    const instances = await search('/studies/1.2.3/instances');
    expect(firsts(instances, '00080018').sort()).toEqual(['1.2.3.4.1', '1.2.3.4.2', '2.25.78']);
    expect(firsts(await search('/studies/1.2.3/series/1.2.3.4/instances?limit=1'), '00080018')).toHaveLength(
      1,
    );
    expect(firsts(await search('/studies?ModalitiesInStudy=SR'), '0020000D')).toEqual(['1.2.3']);
    expect(await search('/studies/1.2.8/series')).toEqual([]);
    expect(firsts(await search('/studies', CLINIC_KEYS.south), '0020000D')).toEqual(['1.2.8']);
  });

  it('says what it does not look at and what it cannot read', async () => {
    const ignored = await get('/studies?StudyDescription=x');
    expect(ignored.headers.get('warning')).toContain('StudyDescription');
    for (const query of ['StudyDate=yesterday', 'limit=-1', 'StudyInstanceUID=x']) {
      const wrong = await get(`/studies?${query}`);
      expect(wrong.status).toBe(400);
      expect(await wrong.json()).toMatchObject({ code: 'request-invalid' });
    }
    expect((await get('/studies', { accept: 'application/dicom+xml' })).status).toBe(406);
  });
});

describe('WADO-RS', () => {
  it('gives a study as it is held, in its transfer syntax, with our reports', async () => {
    await finish('1.2.3.4.1');
    const response = await get('/studies/1.2.3', { accept: 'multipart/related; type="application/dicom"' });
    expect(response.status).toBe(200);
    const parts = await partsOf(response);
    expect(parts).toHaveLength(3);
    const exam = await server.database
      .selectFrom('exams')
      .select('object_key')
      .where('sop_uid', '=', '1.2.3.4.1')
      .executeTakeFirstOrThrow();
    expect(parts[0]?.equals(await server.objects.read(exam.object_key))).toBe(true);
    expect(await partsOf(await get('/studies/1.2.3/series/2.25.77'))).toHaveLength(1);
    const single = await get(FILM_PATH, { accept: 'application/dicom' });
    expect(
      Buffer.from(await single.arrayBuffer())
        .subarray(128, 132)
        .toString(),
    ).toBe('DICM');
  });

  it.skipIf(!dcmdump.available)('gives files that dcmtk reads', async () => {
    const single = await get(FILM_PATH, { accept: 'application/dicom' });
    const path = join(server.folder, 'retrieved.dcm');
    await writeFile(path, Buffer.from(await single.arrayBuffer()));
    expect(execFileSync('dcmdump', ['+P', 'SOPInstanceUID', path], { encoding: 'utf8' })).toContain(
      '1.2.3.4.1',
    );
  });

  it('answers another site’s study as one that nobody holds, by every address', async () => {
    for (const path of ['', '/series/1.2.8.4', '/series/1.2.8.4/instances/1.2.8.4.1']) {
      for (const end of ['', '/metadata']) {
        const foreign = await get(`/studies/1.2.8${path}${end}`);
        const unknown = await get(`/studies/1.2.99${path}${end}`);
        expect([foreign.status, unknown.status]).toEqual([404, 404]);
        expect(await foreign.json()).toEqual(await unknown.json());
      }
    }
    expect((await get('/results/1.2.8.4.1')).status).toBe(404);
    expect((await get('/results/1.2.8.4.1', {}, CLINIC_KEYS.south)).status).toBe(200);
  });

  it('tells metadata without the pixels, and where these are', async () => {
    const [item] = await search(`${FILM_PATH}/metadata`);
    expect(item).toMatchObject({
      '00080018': { vr: 'UI', Value: ['1.2.3.4.1'] },
      '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Invented^Person' }] },
      '00280010': { vr: 'US', Value: [2] },
      '7FE00010': { vr: 'OW', BulkDataURI: `${server.url}${FILM_PATH}/frames/1` },
    });
    expect(await search('/studies/1.2.3/metadata')).toHaveLength(2);
  });

  it('gives the first frame and the picture that the worklist shows', async () => {
    const [frame] = await partsOf(await get(`${FILM_PATH}/frames/1`));
    expect(frame?.toString('hex')).toBe('0000010002000300');
    expect((await get(`${FILM_PATH}/frames/2`)).status).toBe(404);
    expect((await get(`${FILM_PATH}/rendered`)).status).toBe(404);
    const png = await encodePng(new Uint8Array(64 * 32).fill(99), 64, 32);
    await archive(pictureObjectKey(await examIdOf('1.2.3.4.1'), 'preview'), png);
    const rendered = await get(`${FILM_PATH}/rendered`);
    expect(Buffer.from(await rendered.arrayBuffer()).equals(png)).toBe(true);
    const jpeg = await get(`${FILM_PATH}/rendered`, { accept: 'image/jpeg' });
    expect(
      Buffer.from(await jpeg.arrayBuffer())
        .subarray(0, 2)
        .toString('hex'),
    ).toBe('ffd8');
  });

  it('gives no other transfer syntax than the one it holds, and says so', async () => {
    const accept = 'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.90';
    const second = `${accept}, multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.1`;
    expect((await get(FILM_PATH, { accept: second })).status).toBe(200);
    expect((await get(FILM_PATH, { accept })).status).toBe(406);
    expect((await get(FILM_PATH, { accept: accept.replace(/=1\.2\.840.*$/, '=*') })).status).toBe(200);
  });

  it.each(['12-rle.dcm', '14-implicit-vr.dcm', '15-big-endian.dcm', '16-baseline-jpeg.dcm'])(
    'tells metadata and frame of %s',
    async (name) => {
      const bytes = await readFile(join(PROJECT_FOLDER, 'dicom-fixtures', name));
      const [stored] = firsts(
        [(await postStudies(server, multipartBody([{ bytes }]))).json],
        '00081199',
      ) as JsonDataSet[];
      const path = new URL(String(stored?.['00081190']?.Value?.[0])).pathname;
      const [item] = await search(`${path}/metadata`);
      expect(JSON.stringify(item?.['00100010'])).toContain('^');
      const frame = await get(`${path}/frames/1`);
      if (name.includes('big-endian')) expect(frame.status).toBe(406);
      else expect((await partsOf(frame))[0]?.length).toBeGreaterThan(1000);
    },
  );
});

describe('the poll for results', () => {
  it('tells state, reasons in words of two languages, analysis and PDF, and nothing of our folders', async () => {
    const waiting = (await (await get('/results/1.2.3.4.1')).json()) as Record<string, unknown>;
    expect(waiting).toMatchObject({
      schema: 'osteotriage.result/1',
      state: 'pending',
      analysis: null,
      pdf: null,
    });
    const examId = await finish('1.2.3.4.1');
    const key = reportObjectKey(examId, 0, 'PDF');
    await archive(key, Buffer.from('%PDF-1.3 test'));
    await server.database
      .insertInto('reports')
      .values({
        ...{
          exam_id: examId,
          revision: 0,
          kind: 'PDF',
          sop_class_uid: null,
          series_uid: null,
          sop_uid: null,
        },
        ...{ object_key: key, object_bytes: 13, created_at_ms: Date.now() },
      })
      .execute();
    const response = await get('/results?since=2026-01-01T00:00:00Z');
    const text = await response.text();
    const { results, next } = JSON.parse(text) as {
      results: { pdf: string; reasons: { textSv: string }[]; analysis: { outcome: string } }[];
      next: string;
    };
    expect(results).toHaveLength(1);
    expect(results[0]?.analysis.outcome).toBe('positive');
    expect(results[0]?.reasons[0]?.textSv).toContain('under gränsen 0,22');
    expect(text).not.toContain('secret.dcm');
    const pdf = await get(new URL(results[0]?.pdf ?? '').pathname);
    expect(await pdf.text()).toBe('%PDF-1.3 test');
    expect(Date.parse(next)).toBeLessThanOrEqual(Date.now());
    expect(
      (await get('/results', {}, CLINIC_KEYS.south).then((answer) => answer.json())) as object,
    ).toMatchObject({
      results: [],
    });
    expect((await get('/results?since=soon')).status).toBe(400);
  });

  it('shows a film and its result to the site that sent the same bytes later, from then on', async () => {
    await finish('1.2.3.4.1', Date.parse('2026-01-01T12:00:00Z'));
    expect((await get('/results/1.2.3.4.1', {}, CLINIC_KEYS.south)).status).toBe(404);
    for (let times = 0; times < 2; times += 1) {
      const again = await postStudies(server, multipartBody([{ bytes: tinyFile(film(1)) }]), {
        key: CLINIC_KEYS.south,
      });
      expect(again.status).toBe(200);
    }
    const noted = await server.database.selectFrom('exam_senders').select(['site_id', 'is_told']).execute();
    expect(noted).toEqual([{ site_id: 'south', is_told: 0 }]);
    expect(await (await get('/results/1.2.3.4.1', {}, CLINIC_KEYS.south)).json()).toMatchObject({
      state: 'positive',
    });
    expect((await get(FILM_PATH, { accept: 'application/dicom' }, CLINIC_KEYS.south)).status).toBe(200);
    const found = await search('/studies?PatientID=*', CLINIC_KEYS.south);
    expect(firsts(found, '0020000D').toSorted()).toEqual(['1.2.3', '1.2.8']);
    // The other film of that study it never sent.
    expect(firsts(await search('/studies/1.2.3/instances', CLINIC_KEYS.south), '00080018')).toEqual([
      '1.2.3.4.1',
      '2.25.78',
    ]);
    // Its last poll was after the film had ended and before it sent it.
    const polled = await get('/results?since=2026-01-02T00:00:00Z', {}, CLINIC_KEYS.south);
    expect(await polled.json()).toMatchObject({ results: [{ sopInstanceUid: '1.2.3.4.1' }] });
    const first = await get('/results?since=2026-01-02T00:00:00Z');
    expect(await first.json()).toMatchObject({ results: [] });
  });

  it('comes to its end one result at a time, also where several ended at once', async () => {
    const end = (studyUid: string, time: string) =>
      server.database
        .updateTable('exams')
        .set({ state: 'not-assessable', finished_at_ms: Date.parse(time) })
        .where('study_uid', '=', studyUid)
        .execute();
    await end('1.2.3', '2026-01-01T12:00:00Z');
    await end('1.2.7', '2026-01-01T13:00:00Z');
    const told: string[] = [];
    let since = '2026-01-01T00:00:00Z';
    for (let polls = 0; polls < 2; polls += 1) {
      const answer = await get(`/results?limit=1&since=${since}`);
      const { results, next } = (await answer.json()) as {
        results: { sopInstanceUid: string }[];
        next: string;
      };
      told.push(...results.map(({ sopInstanceUid }) => sopInstanceUid));
      since = next;
    }
    expect(told.toSorted()).toEqual(['1.2.3.4.1', '1.2.3.4.2', '1.2.7.4.1']);
  });

  it('is never led past a result, and gets on when a page is full', () => {
    const ended = (...times: number[]) => times.map((knownAtMs) => ({ knownAtMs }));
    expect(nextSinceMs([], 10, 500, 1_000_000)).toBe(500);
    expect(nextSinceMs(ended(700, 900), 10, 500, 1_000_000)).toBe(900);
    expect(nextSinceMs(ended(700, 900), 2, 500, 1_000_000)).toBe(901);
    // Within the last minute an earlier one may still come into the record.
    expect(nextSinceMs(ended(700, 990_000), 10, 500, 1_000_000)).toBe(940_000);
    expect(nextSinceMs(ended(700, 990_000), 2, 500, 1_000_000)).toBe(940_000);
  });
});
