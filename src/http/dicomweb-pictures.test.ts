import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeJpeg, encodePng16 } from '../imaging/raster.ts';
import {
  answeredValues as values,
  type DicomwebFixture,
  failed,
  multipartBody,
  multipartType,
  type PostOptions,
  postStudies,
  referenced,
  startTestDicomweb,
  twoClinics,
} from '../testing/dicomweb-fixtures.ts';

const SC = '1.2.840.10008.5.1.4.1.1.7';

let server: DicomwebFixture;
beforeEach(async () => {
  server = await startTestDicomweb(twoClinics());
});
afterEach(() => server.close());

const post = (body: Buffer, options?: PostOptions) => postStudies(server, body, options);

describe('pictures with metadata', () => {
  const element = (vr: string, value: unknown) => ({ vr, Value: [value] });
  const metadata = (change: Record<string, unknown> = {}) => ({
    '00080005': element('CS', 'ISO_IR 192'),
    '00080016': element('UI', SC),
    '00080018': element('UI', '1.2.5.1.1'),
    '00080020': element('DA', '20260101'),
    '00080060': element('CS', 'PX'),
    '00100010': element('PN', { Alphabetic: 'Påhittad^Örjan' }),
    '00100020': element('LO', 'T-9'),
    '00100030': element('DA', '19500101'),
    '0020000D': element('UI', '1.2.5'),
    '0020000E': element('UI', '1.2.5.1'),
    '7FE00010': { vr: 'OW', BulkDataURI: 'pixels/1' },
    ...change,
  });
  const json = (value: unknown) => ({
    type: 'application/dicom+json',
    bytes: Buffer.from(JSON.stringify(value)),
  });
  const type = multipartType('application/dicom+json');
  const grey = new Uint8Array(64 * 48).map((_, index) => index % 251);

  it('keep a JPEG as it is, encapsulated', async () => {
    const jpeg = await encodeJpeg(grey, 64, 48);
    const body = multipartBody([
      json([metadata()]),
      { type: 'image/jpeg', location: 'pixels/1', bytes: jpeg },
    ]);
    const answer = await post(body, { type });
    expect(answer.json).not.toHaveProperty('00081198');
    expect(answer.status).toBe(200);
    const exam = await server.database.selectFrom('exams').selectAll().executeTakeFirstOrThrow();
    expect(exam).toMatchObject({
      modality: 'PX',
      transfer_syntax_uid: '1.2.840.10008.1.2.4.50',
      sop_class_uid: SC,
    });
    expect(JSON.parse(exam.header_json)).toMatchObject({
      patientName: 'Påhittad^Örjan',
      rows: 48,
      columns: 64,
      photometricInterpretation: 'MONOCHROME2',
      lossyImageCompression: '01',
    });
    expect((await server.objects.read(exam.object_key)).includes(jpeg)).toBe(true);
  });

  it('make a PNG native pixels of its full depth', async () => {
    const deep = new Uint16Array(64 * 48).map((_, index) => index * 20);
    const bytes = await encodePng16(deep, 64, 48);
    const body = multipartBody([json([metadata()]), { type: 'image/png', location: 'pixels/1', bytes }]);
    expect((await post(body, { type })).status).toBe(200);
    const exam = await server.database.selectFrom('exams').selectAll().executeTakeFirstOrThrow();
    expect(JSON.parse(exam.header_json)).toMatchObject({
      bitsAllocated: 16,
      bitsStored: 16,
      rows: 48,
      columns: 64,
    });
    const held = await server.objects.read(exam.object_key);
    expect(held.subarray(-deep.byteLength).equals(Buffer.from(deep.buffer))).toBe(true);
  });

  it('are refused with the names of what the metadata lacks, and of a picture that says nothing', async () => {
    const jpeg = await encodeJpeg(grey, 64, 48);
    const poor = metadata({ '00100020': { vr: 'LO' }, '0020000E': undefined });
    const body = multipartBody([json([poor]), { type: 'image/jpeg', location: 'pixels/1', bytes: jpeg }]);
    const answer = await post(body, { type });
    expect(answer.status).toBe(409);
    const [comment] = values(answer, '00081198', '00000902');
    expect(comment).toContain('SeriesInstanceUID');
    expect(comment).toContain('PatientID');
    const alone = await post(multipartBody([{ type: 'image/jpeg', bytes: jpeg }]));
    expect(alone.status).toBe(409);
    expect(values(alone, '0008119A', '00000902')[0]).toContain('picture-without-identity');
    const orphan = await post(multipartBody([json([metadata()])]), { type });
    expect(orphan.status).toBe(409);
    expect(server.received).toEqual([]);
  });

  it('that are cut off or progressive are refused and hide nothing', async () => {
    const jpeg = await encodeJpeg(grey, 64, 48);
    const second = metadata({
      '00080018': element('UI', '1.2.5.1.2'),
      '7FE00010': { vr: 'OW', BulkDataURI: 'pixels/2' },
    });
    const body = multipartBody([
      json([metadata(), second]),
      { type: 'image/jpeg', location: 'pixels/2', bytes: jpeg.subarray(0, jpeg.length - 40) },
      { type: 'image/jpeg', location: 'pixels/1', bytes: jpeg },
    ]);
    const answer = await post(body, { type });
    expect(answer.status).toBe(202);
    expect(referenced(answer)).toEqual(['1.2.5.1.1']);
    expect(failed(answer)).toEqual(['1.2.5.1.2']);
  });

  it('are limited in their metadata: small JSON with a crowd of data sets is one failure', async () => {
    const crowd = await post(multipartBody([json(Array.from({ length: 100_000 }, () => 1))]), { type });
    expect(crowd.status).toBe(413);
    expect(values(crowd, '0008119A', '00000902')).toEqual([expect.stringContaining('2000 data sets')]);
    const large = metadata({ '00104000': element('LT', 'x'.repeat(3 * 1024 * 1024)) });
    const twice = await post(multipartBody([json([large]), json([large])]), { type });
    expect(values(twice, '0008119A', '00000902')).toEqual([expect.stringContaining('instance-too-large')]);
    expect(failed(twice)).toEqual(['1.2.5.1.1']);
  });
});
