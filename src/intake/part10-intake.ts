/** DICOM files that come as files: the envelope is taken off, and the data set goes to the one use case as it came. */
import { IMAGE_SOP_CLASS_UIDS, findTransferSyntax, isValidUid } from '../dicom/uids.ts';
import { isPart10, type Part10Split, splitPart10 } from '../dicom/part10.ts';
import { asTriageError, TriageError } from '../errors.ts';
import type { Door } from '../database/schema.ts';
import type { InstanceReceiver, InstanceReception, Reception } from './receive-instance.ts';

/** A file's preamble and meta group are never longer than this. */
const ENVELOPE_BYTES_MAX = 64 * 1024;

/** Whose file it is, how it came, and how much is taken in. */
export interface FileTerms {
  readonly siteId: string;
  readonly door: Exclude<Door, 'dimse'>;
  readonly instanceBytesMax: number;
  /** The study that the request named, where it named one. */
  readonly studyInstanceUid?: string;
}

/** What became of a file; UIDs are null where it did not come to name them. */
export interface FileReception {
  readonly sopClassUid: string | null;
  readonly sopInstanceUid: string | null;
  readonly reception: Reception;
}

/**
 * Takes a DICOM file in, chunk by chunk, through the receiver. A file that is refused is read to its end, so that
 * what follows it can be read. Rejects only where the chunks themselves fail: then nothing of the file is held.
 */
export async function receiveFile(
  receiver: InstanceReceiver,
  chunks: AsyncIterable<Uint8Array>,
  terms: FileTerms,
): Promise<FileReception> {
  const intake = new FileIntake(receiver, terms);
  try {
    for await (const chunk of chunks) await intake.take(chunk);
  } catch (thrown) {
    await intake.abort();
    throw thrown;
  }
  return intake.finish();
}

/** One file on its way in: envelope (until the data set begins) -> data set -> ended, or refused -> ended. */
class FileIntake {
  readonly #receiver: InstanceReceiver;
  readonly #terms: FileTerms;
  #start: Buffer = Buffer.alloc(0);
  #split: Part10Split | undefined;
  #reception: InstanceReception | undefined;
  #refusal: TriageError | undefined;
  #bytes = 0;

  constructor(receiver: InstanceReceiver, terms: FileTerms) {
    this.#receiver = receiver;
    this.#terms = terms;
  }

  // Never rejects: a failure of one file is its own, and the rest of its bytes is passed over.
  async take(chunk: Uint8Array): Promise<void> {
    if (this.#refusal !== undefined) return;
    try {
      this.#bytes += chunk.byteLength;
      if (this.#bytes > this.#terms.instanceBytesMax) {
        throw new TriageError('instance-too-large', 'the file is longer than is taken in');
      }
      if (this.#reception === undefined) await this.#takeEnvelope(chunk);
      else await this.#reception.write(chunk);
    } catch (thrown) {
      await this.#refuse(asTriageError(thrown));
    }
  }

  async finish(): Promise<FileReception> {
    // A file may be so short that its end alone says where the meta group ends.
    if (this.#refusal === undefined && this.#reception === undefined) {
      try {
        await this.#begin(splitPart10(this.#start));
      } catch (thrown) {
        await this.#refuse(asTriageError(thrown));
      }
    }
    const reception = await this.#answer();
    return {
      sopClassUid: this.#split?.sopClassUid ?? null,
      sopInstanceUid: this.#split?.sopInstanceUid ?? null,
      reception,
    };
  }

  async abort(): Promise<void> {
    await this.#reception?.abort();
    this.#reception = undefined;
  }

  async #takeEnvelope(chunk: Uint8Array): Promise<void> {
    this.#start = Buffer.concat([this.#start, chunk]);
    const split = this.#splitStart();
    if (split !== undefined) await this.#begin(split);
    else if (this.#start.length > ENVELOPE_BYTES_MAX) {
      throw new TriageError('data-set-unreadable', 'the file meta information does not end');
    }
  }

  /** undefined while the data set has not begun: only what follows the meta group shows where that ends. */
  #splitStart(): Part10Split | undefined {
    if (this.#start.length < 132) return undefined;
    if (!isPart10(this.#start)) throw new TriageError('not-part-10', 'there is no DICM prefix at byte 128');
    try {
      const split = splitPart10(this.#start);
      return split.datasetOffset + 8 <= this.#start.length ? split : undefined;
    } catch (thrown) {
      if (asTriageError(thrown).code === 'data-set-unreadable') return undefined;
      throw thrown;
    }
  }

  async #begin(split: Part10Split): Promise<void> {
    this.#split = { ...split, ...validUids(split) };
    const { sopClassUid, sopInstanceUid } = this.#split;
    if (sopClassUid === null || sopInstanceUid === null) {
      throw new TriageError(
        'identifiers-missing',
        'the file meta information names no SOP class or instance',
      );
    }
    if (!IMAGE_SOP_CLASS_UIDS.includes(sopClassUid)) {
      throw new TriageError('sop-class-not-supported', `the SOP class ${sopClassUid} is not taken in`);
    }
    if (findTransferSyntax(split.transferSyntaxUid) === null) {
      throw new TriageError('transfer-syntax-not-supported', 'the transfer syntax is not taken in');
    }
    const { siteId, door, studyInstanceUid } = this.#terms;
    this.#reception = await this.#receiver.begin({
      sopClassUid,
      sopInstanceUid,
      transferSyntaxUid: split.transferSyntaxUid,
      callingAeTitle: siteId,
      siteId,
      door,
      ...(studyInstanceUid === undefined ? {} : { studyInstanceUid }),
    });
    await this.#reception.write(this.#start.subarray(split.datasetOffset));
    this.#start = Buffer.alloc(0);
  }

  async #refuse(error: TriageError): Promise<void> {
    await this.abort();
    this.#refusal = error;
    this.#start = Buffer.alloc(0);
  }

  #answer(): Promise<Reception> {
    if (this.#refusal === undefined && this.#reception !== undefined) return this.#reception.finish();
    const error = this.#refusal ?? new TriageError('not-part-10', 'the file is empty');
    const sopInstanceUid = this.#split?.sopInstanceUid ?? '';
    return this.#receiver.refuse({ sopInstanceUid, callingAeTitle: this.#terms.siteId }, error);
  }
}

// A UID of the wrong form may hold anything, so it is neither answered nor written down.
function validUids({
  sopClassUid,
  sopInstanceUid,
}: Part10Split): Pick<Part10Split, 'sopClassUid' | 'sopInstanceUid'> {
  const valid = (uid: string | null): string | null => (uid !== null && isValidUid(uid) ? uid : null);
  return { sopClassUid: valid(sopClassUid), sopInstanceUid: valid(sopInstanceUid) };
}
