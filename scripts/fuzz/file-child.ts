/** The process that reads mutated files: it may crash or hang without taking the fuzzer along. */
import { decodeDataSet } from '../../src/dicom/dimse-data-set.ts';
import { splitPart10 } from '../../src/dicom/part10.ts';
import { readHeader } from '../../src/dicom/read-header.ts';
import { TRANSFER_SYNTAX_UIDS } from '../../src/dicom/uids.ts';
import { TriageError } from '../../src/errors.ts';
import { decodePixels } from '../../src/imaging/decode-pixels.ts';

/** What the child says of one file. */
export interface FileVerdict {
  /** Errors that are not of the table of errors; empty when all is well. */
  readonly unexpected: readonly string[];
  readonly rssMb: number;
}

const PIXELS_MAX = 1_000_000;

const READERS: readonly ((bytes: Buffer) => unknown)[] = [
  (bytes) => readHeader(bytes),
  (bytes) => readHeader(bytes, { withoutMetaUids: true }),
  (bytes) => decodePixels(bytes, { pixelsMax: PIXELS_MAX }),
  (bytes) =>
    decodeDataSet(
      bytes.subarray(splitPart10(bytes).datasetOffset),
      TRANSFER_SYNTAX_UIDS.explicitLittleEndian,
    ),
  (bytes) =>
    decodeDataSet(
      bytes.subarray(splitPart10(bytes).datasetOffset),
      TRANSFER_SYNTAX_UIDS.implicitLittleEndian,
    ),
];

process.on('message', (bytes: Uint8Array) => {
  void readFile(Buffer.from(bytes)).then((verdict) => process.send?.(verdict));
});
process.on('disconnect', () => process.exit(0));
// Its libraries are loaded: from here on a file that takes long is at fault itself.
process.send?.('ready');

async function readFile(bytes: Buffer): Promise<FileVerdict> {
  const unexpected: string[] = [];
  for (const read of READERS) {
    try {
      await read(bytes);
    } catch (thrown) {
      const isKnown = thrown instanceof TriageError && thrown.code !== 'unexpected';
      if (!isKnown)
        unexpected.push(thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown));
    }
  }
  return { unexpected, rssMb: Math.round(process.memoryUsage.rss() / 2 ** 20) };
}
