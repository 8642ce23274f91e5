import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { splitPart10 } from '../dicom/part10.ts';
import { TriageError } from '../errors.ts';
import {
  answeredValues as values,
  CLINIC_KEYS,
  type DicomwebFixture,
  failed,
  multipartBody,
  multipartType,
  type PostOptions,
  postStudies,
  reasons,
  referenced,
  startTestDicomweb,
  tinyFile,
  twoClinics,
} from '../testing/dicomweb-fixtures.ts';
import { tinyDataSet } from '../testing/tiny-data-set.ts';

const DX = '1.2.840.10008.5.1.4.1.1.1.1';
const film = (number: number, study = '1.2.3') => ({
  study,
  series: `${study}.4`,
  instance: `${study}.4.${number}`,
});

let server: DicomwebFixture;
beforeEach(async () => {
  server = await startTestDicomweb(twoClinics());
});
afterEach(() => server.close());

const post = (body: Buffer, options?: PostOptions) => postStudies(server, body, options);

describe('STOW-RS', () => {
  it('holds the data set of a file byte for byte, names where it is, and says whose it is in the record', async () => {
    const answer = await post(multipartBody([{ bytes: tinyFile(film(1)) }]));
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toContain('application/dicom+json');
    expect(referenced(answer)).toEqual(['1.2.3.4.1']);
    expect(values(answer, '00081199', '00081190')).toEqual([
      `${server.url}/studies/1.2.3/series/1.2.3.4/instances/1.2.3.4.1`,
    ]);
    const exam = await server.database.selectFrom('exams').selectAll().executeTakeFirstOrThrow();
    expect(exam).toMatchObject({
      site_id: 'north',
      door: 'stow',
      calling_ae_title: 'north',
      state: 'pending',
    });
    const dataSet = tinyDataSet(film(1));
    expect(exam.data_set_sha256).toBe(createHash('sha256').update(dataSet).digest('hex'));
    const held = await server.objects.read(exam.object_key);
    expect(held.subarray(splitPart10(held).datasetOffset).equals(dataSet)).toBe(true);
    expect(server.received).toEqual([exam.exam_id]);
  });

  it('takes in a file whose preamble, meta group and boundaries come cut into single bytes', async () => {
    const body = multipartBody([{ bytes: tinyFile(film(1)) }, { bytes: tinyFile(film(2)) }]);
    const answer = await postInPieces(body, 7);
    expect(answer).toContain('HTTP/1.1 200');
    expect(answer).toContain('1.2.3.4.2');
    expect(server.received).toHaveLength(2);
  });

  it('answers each of fifty parts for itself: what is bad between them hides nothing and is named', async () => {
    const parts = Array.from({ length: 50 }, (_, index) => {
      if (index % 10 === 3)
        return { bytes: Buffer.from('this is no DICOM file, though it is long enough '.repeat(5)) };
      if (index % 10 === 5) return { bytes: tinyFile(film(index)).subarray(0, 400) };
      if (index % 10 === 7) return { type: 'text/plain', bytes: Buffer.from('a note') };
      if (index % 10 === 9) return { bytes: Buffer.alloc(0) };
      return { bytes: tinyFile(film(index)) };
    });
    const answer = await post(multipartBody(parts));
    expect(answer.status).toBe(202);
    expect(referenced(answer)).toHaveLength(30);
    // Cut off within the data set: its meta group had named it.
    expect(failed(answer)).toEqual([5, 15, 25, 35, 45].map((number) => `1.2.3.4.${number}`));
    // Those that never came to say who they are; a part without a byte is none.
    expect(reasons(answer, '0008119A').length).toBeGreaterThanOrEqual(10);
    expect(server.received).toHaveLength(30);
    expect(await readdir(join(server.folder, 'archive', 'scratch'))).toEqual([]);
  });

  it('answers Success to the same file again, and 409 with the reason to other content under its name', async () => {
    await post(multipartBody([{ bytes: tinyFile(film(1)) }]));
    const again = await post(multipartBody([{ bytes: tinyFile(film(1)) }, { bytes: tinyFile(film(1)) }]));
    expect(again.status).toBe(200);
    expect(referenced(again)).toEqual(['1.2.3.4.1', '1.2.3.4.1']);
    const other = await post(multipartBody([{ bytes: tinyFile({ ...film(1), pixelValue: 7 }) }]));
    expect(other.status).toBe(409);
    expect(failed(other)).toEqual(['1.2.3.4.1']);
    expect(reasons(other)).toEqual([0x0111]);
    expect(server.received).toHaveLength(1);
  });

  it('refuses instances of another study than the address names', async () => {
    const body = multipartBody([{ bytes: tinyFile(film(1)) }, { bytes: tinyFile(film(1, '1.2.9')) }]);
    const answer = await post(body, { path: '/studies/1.2.3' });
    expect(answer.status).toBe(202);
    expect(referenced(answer)).toEqual(['1.2.3.4.1']);
    expect(reasons(answer)).toEqual([0xa900]);
    const other = await post(multipartBody([{ bytes: tinyFile(film(2)) }]), { path: '/studies/1.2.9' });
    expect(other.status).toBe(409);
  });

  it('answers 415 to SOP classes and transfer syntaxes that are not taken in, with the codes of the standard', async () => {
    const file = tinyFile(film(1));
    const ct = Buffer.from(
      file.toString('latin1').replaceAll(`${DX}\0`, '1.2.840.10008.5.1.4.1.1.2\0\0\0'),
      'latin1',
    );
    const asClass = await post(multipartBody([{ bytes: ct }]));
    expect(asClass.status).toBe(415);
    expect(reasons(asClass)).toEqual([0x0122]);
    const video = Buffer.from(
      file.toString('latin1').replace('1.2.840.10008.1.2.1\0', '1.2.840.10008.1.9.1\0'),
      'latin1',
    );
    const asSyntax = await post(multipartBody([{ bytes: video }]));
    expect(asSyntax.status).toBe(415);
    expect(reasons(asSyntax)).toEqual([0xc122]);
    expect(server.received).toEqual([]);
  });

  it('answers 413 to a file above the limit, and still takes in the ones beside it', async () => {
    await server.close();
    server = await startTestDicomweb(twoClinics(), { instanceBytesMax: 64 * 1024 });
    const large = tinyFile({ ...film(1), size: [300, 300] });
    expect((await post(multipartBody([{ bytes: large }]))).status).toBe(413);
    const both = await post(multipartBody([{ bytes: large }, { bytes: tinyFile(film(2)) }]));
    expect(both.status).toBe(202);
    expect(referenced(both)).toEqual(['1.2.3.4.2']);
    const body = multipartBody(Array.from({ length: 9 }, () => ({ bytes: large })));
    expect((await post(body)).status).not.toBe(200);
  });

  it('answers 507 while the disk is full, and 200 as soon as there is room', async () => {
    server.closeGate(new TriageError('storage-full', 'less than 2048 MiB are free'));
    const full = await post(multipartBody([{ bytes: tinyFile(film(1)) }]));
    expect(full.status).toBe(507);
    expect(full.json).toMatchObject({ code: 'storage-full' });
    expect(full.json.action).toContain('Free space');
    server.closeGate(undefined);
    expect((await post(multipartBody([{ bytes: tinyFile(film(1)) }]))).status).toBe(200);
  });

  it.each([
    ['another media type', 'application/dicom', 415, 'media-type-not-supported'],
    ['no boundary', 'multipart/related; type="application/dicom"', 415, 'media-type-not-supported'],
    [
      'a boundary that the body does not have',
      multipartType('application/dicom', 'other'),
      400,
      'request-invalid',
    ],
  ])('says what is wrong with %s', async (_name, type, status, code) => {
    const answer = await post(multipartBody([{ bytes: tinyFile(film(1)) }]), { type });
    expect(answer.status).toBe(status);
    expect(answer.json.code).toBe(code);
    expect(server.received).toEqual([]);
  });

  it('says that a compressed body is not taken, and not that it holds no part', async () => {
    const response = await fetch(`${server.url}/studies`, {
      method: 'POST',
      headers: {
        'content-type': multipartType(),
        'content-encoding': 'gzip',
        'x-api-key': CLINIC_KEYS.north,
      },
      body: new Uint8Array(gzipSync(multipartBody([{ bytes: tinyFile(film(1)) }]))),
    });
    expect(response.status).toBe(415);
    expect(await response.json()).toMatchObject({ message: 'the body must come without a Content-Encoding' });
  });

  it('keeps what was whole before a body was cut off, and says that the rest did not come', async () => {
    const body = multipartBody([{ bytes: tinyFile(film(1)) }, { bytes: tinyFile(film(2)) }]);
    const answer = await post(body.subarray(0, body.length - 120));
    expect(answer.status).toBe(202);
    expect(referenced(answer)).toEqual(['1.2.3.4.1']);
    expect(reasons(answer, '0008119A')).toHaveLength(1);
    const nothing = await post(body.subarray(0, 300));
    expect(nothing.status).toBe(400);
    expect(server.received).toHaveLength(1);
    expect(await readdir(join(server.folder, 'archive', 'scratch'))).toEqual([]);
  });

  it('forgets the part that was under way when the connection breaks, and goes on serving', async () => {
    const body = multipartBody([{ bytes: tinyFile({ ...film(1), size: [200, 200] }) }]);
    await breakOff(body.subarray(0, body.length / 2));
    await expect.poll(() => readdir(join(server.folder, 'archive', 'scratch'))).toEqual([]);
    expect(server.received).toEqual([]);
    expect((await post(multipartBody([{ bytes: tinyFile(film(1)) }]))).status).toBe(200);
  });
});

describe('the key of a site', () => {
  it('is asked for, and a wrong one is refused in the form of every error, with the way to ask again', async () => {
    const body = multipartBody([{ bytes: tinyFile(film(1)) }]);
    for (const key of [null, 'wrong', `${CLINIC_KEYS.north}x`]) {
      const answer = await post(body, { key });
      expect(answer.status).toBe(401);
      expect(answer.json).toMatchObject({ code: 'unauthorised' });
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    }
    const plain = await fetch(`${server.url}/studies`, { headers: { 'x-api-key': CLINIC_KEYS.south } });
    expect(plain.status).toBe(200);
    expect(server.received).toEqual([]);
  });

  it('is not asked for on loopback without a sites file, where a foreign name is refused', async () => {
    await server.close();
    server = await startTestDicomweb(null);
    const answer = await post(multipartBody([{ bytes: tinyFile(film(1)) }]), { key: null });
    expect(answer.status).toBe(200);
    const exam = await server.database.selectFrom('exams').select('site_id').executeTakeFirstOrThrow();
    expect(exam.site_id).toBe('loopback');
    const port = new URL(server.url).port;
    const foreign = await rawRequest(
      `GET /studies HTTP/1.1\r\nHost: evil.example:${port}\r\nConnection: close\r\n\r\n`,
    );
    expect(foreign).toContain('HTTP/1.1 400');
  });

  it('guessed too often is answered 429', async () => {
    const guesses = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        fetch(`${server.url}/studies`, { headers: { 'x-api-key': `guess ${index}` } }),
      ),
    );
    expect(guesses.map(({ status }) => status)).toContain(429);
    expect(
      (await fetch(`${server.url}/studies`, { headers: { 'x-api-key': CLINIC_KEYS.north } })).status,
    ).toBe(200);
  });
});

/** Sends bytes to the server and returns all it answers. */
function rawRequest(head: string, body: Buffer = Buffer.alloc(0), pieceBytes = 65_536): Promise<string> {
  return new Promise((settle, fail) => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    let answer = '';
    socket.setNoDelay(true);
    socket.on('data', (chunk) => (answer += chunk.toString()));
    socket.on('end', () => settle(answer));
    socket.on('error', fail);
    socket.write(head);
    for (let at = 0; at < body.length; at += pieceBytes) socket.write(body.subarray(at, at + pieceBytes));
  });
}

function requestHead(bytes: number): string {
  return [
    'POST /studies HTTP/1.1',
    'Host: 127.0.0.1',
    'Connection: close',
    `X-API-Key: ${CLINIC_KEYS.north}`,
    `Content-Type: ${multipartType()}`,
    `Content-Length: ${bytes}`,
    '\r\n',
  ].join('\r\n');
}

function postInPieces(body: Buffer, pieceBytes: number): Promise<string> {
  return rawRequest(requestHead(body.length), body, pieceBytes);
}

/** Sends half of a body and goes away. */
function breakOff(body: Buffer): Promise<void> {
  return new Promise((settle) => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1', () => {
      socket.write(requestHead(body.length * 2));
      socket.write(body, () => socket.resetAndDestroy());
    });
    socket.on('close', () => settle());
    socket.on('error', () => undefined);
  });
}
