/**
 * Entry of a process that decodes one film for a viewer and ends: the path of the film and two limits in its arguments,
 * on standard output gzip of 4 bytes (length of the head, little endian), the head as JSON with spaces to an even
 * length, and the samples as 16-bit words, little endian. A failure is a code of the table on standard error.
 */
import { readFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { Worker } from 'node:worker_threads';
import { createGzip } from 'node:zlib';
import { readImage } from '../src/dicom/read-header.ts';
import { asTriageError, TriageError } from '../src/errors.ts';
import { decodeImage } from '../src/imaging/decode-pixels.ts';
import { displayFilm, type DisplayFilm } from '../src/imaging/display-film.ts';
import { readSpacing } from '../src/imaging/pixel-spacing.ts';
import { isInverse, toFilm } from '../src/imaging/prepare-image.ts';

const [, , path = '', filmPixelsMax = '', displayPixelsMax = ''] = process.argv;

async function readDisplay(): Promise<DisplayFilm> {
  const { header, dataSet } = readImage(await readFile(path));
  if (!header.hasPixelData) throw new TriageError('pixel-data-unreadable', 'the object has no pixel data');
  const image = await decodeImage(dataSet, Number(filmPixelsMax));
  return displayFilm(toFilm(image, header), header, {
    isInverse: isInverse(image, header),
    spacing: readSpacing(header).spacing,
    pixelsMax: Number(displayPixelsMax),
  });
}

function framed({ head, samples }: DisplayFilm): Buffer[] {
  const json = Buffer.from(JSON.stringify(head));
  // The samples begin at an even place, so that a page can look at them where they lie.
  const text = Buffer.concat([json, Buffer.alloc(json.length % 2, ' ')]);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return [length, text, Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength)];
}

// A decoder that hangs must not outlive the service.
new Worker(new URL('./parent-guard.ts', import.meta.url), { workerData: process.ppid }).unref();
try {
  const parts = framed(await readDisplay());
  // The fastest level: on a clinic's network the time of the computer counts for more than the bytes.
  await pipeline(Readable.from(parts), createGzip({ level: 1 }), process.stdout);
} catch (thrown) {
  process.stderr.write(asTriageError(thrown, 'pixel-data-unreadable').code);
  process.exitCode = 1;
}
