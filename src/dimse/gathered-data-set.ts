import { decodeDataSet } from '../dicom/dimse-data-set.ts';
import type { DicomDataset } from '../dicom/write-part10.ts';

/** The data set of one message, held in memory up to a limit; what is beyond it is dropped and remembered. */
export class GatheredDataSet {
  readonly #bytesMax: number;
  #parts: Buffer[] = [];
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Whether more came than is held. */
  get isTooLong(): boolean {
    return this.#bytes > this.#bytesMax;
  }

  /** Takes the next bytes. */
  receive(data: Buffer): undefined {
    this.#bytes += data.length;
    if (this.isTooLong) this.#parts = [];
    // What was read is read over by the next pull.
    else this.#parts.push(Buffer.from(data));
  }

  /** What it says; throws data-set-unreadable. */
  decode(transferSyntaxUid: string): DicomDataset {
    return decodeDataSet(Buffer.concat(this.#parts), transferSyntaxUid);
  }
}
