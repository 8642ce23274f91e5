/** The elements of an object before its pixels, by keyword, and where its first frame lies. */
import { open } from 'node:fs/promises';
import { TriageError } from '../errors.ts';
import { type DataSet, parseDataSet } from './data-set.ts';
import { decodeElements } from './decode-elements.ts';
import { splitPart10 } from './part10.ts';
import type { DicomDataset } from './write-part10.ts';

/** The header of almost every film ends well before this; longer ones cause a second read. */
const HEADER_BYTES_GUESS = 1024 * 1024;
/** An object that is larger than this and has no pixels in sight is not looked through. */
const OBJECT_BYTES_MAX = 256 * 1024 * 1024;

/**
 * Reads what stands before the pixel data of a Part 10 file; null where the file is big endian, which messages
 * are not written in. Throws data-set-unreadable.
 */
export async function readMetadata(path: string): Promise<DicomDataset | null> {
  const start = await readObject(path, HEADER_BYTES_GUESS);
  const dataSet = parsed(start) ?? parseDataSet(await readObject(path, OBJECT_BYTES_MAX));
  const { transferSyntax, pixelData, bytes } = dataSet;
  if (transferSyntax?.bigEndian === true) return null;
  const explicit = transferSyntax?.explicitVr ?? true;
  const from = transferSyntax?.deflated === true ? 0 : splitPart10(start).datasetOffset;
  // A value of pixel data stands behind its tag, length and, in explicit VR, its representation.
  const to = pixelData === null ? bytes.length : pixelData.offset - (explicit ? 12 : 8);
  return decodeElements(Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from), explicit);
}

/** The bytes of a file, at most so many; throws storage-failed where it cannot be read. */
export async function readObject(path: string, bytesMax: number): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const buffer = Buffer.alloc(Math.min(size, bytesMax));
    let filled = 0;
    while (filled < buffer.length) {
      const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return buffer.subarray(0, filled);
  } catch (thrown) {
    throw new TriageError('storage-failed', 'the object cannot be read', { cause: thrown });
  } finally {
    await file.close();
  }
}

/** undefined where the start of the file does not reach the pixels and there is more of it. */
function parsed(start: Buffer): DataSet | undefined {
  try {
    const dataSet = parseDataSet(start);
    return dataSet.pixelData !== null || start.length < HEADER_BYTES_GUESS ? dataSet : undefined;
  } catch (thrown) {
    if (start.length < HEADER_BYTES_GUESS) throw thrown;
    return undefined;
  }
}
