/** The store transaction of DICOMweb (PS3.18 10.5): every part goes its own way, none hides another. */
import type { Readable } from 'node:stream';
import { findExamKey } from '../database/dicomweb-records.ts';
import { type ReadDataSet, readDicomJson } from '../dicom/dicom-json.ts';
import { IMAGE_SOP_CLASS_UIDS, isValidUid } from '../dicom/uids.ts';
import type { DicomDataset } from '../dicom/write-part10.ts';
import { asTriageError, TriageError } from '../errors.ts';
import { type MultipartPart, parseMediaType, readMultipart } from './multipart.ts';
import { type FileTerms, receiveFile } from './part10-intake.ts';
import { buildPictureInstance, type PictureType, requireMetadata } from './picture-instance.ts';
import type { InstanceReceiver, Reception } from './receive-instance.ts';
import type { StoreResult } from './stow-answer.ts';

/** All the metadata of a request: it is held until its pictures come. */
const METADATA_BYTES_MAX = 4 * 1024 * 1024;
const PICTURE_BYTES_MAX = 64 * 1024 * 1024;
const PARTS_MAX = 2000;
/** A body is at most this many of the largest instances: a big study, and still an end. */
const INSTANCES_OF_A_BODY_MAX = 8;

/** A request as it came. */
export interface StowRequest {
  readonly contentType: string | undefined;
  readonly contentEncoding?: string | undefined;
  readonly body: Readable;
}

/**
 * Stores what a request holds, while it arrives. Throws media-type-not-supported, request-invalid or
 * request-too-large where nothing of it could be read; what was stored before the body failed stays stored and
 * is answered, together with the failure.
 */
export async function storeInstances(
  receiver: InstanceReceiver,
  request: StowRequest,
  terms: FileTerms,
): Promise<readonly StoreResult[]> {
  const { type, parameters } = parseMediaType(request.contentType);
  const { boundary, type: rootType = 'application/dicom' } = parameters;
  if (type !== 'multipart/related' || boundary === undefined || boundary === '') {
    throw new TriageError(
      'media-type-not-supported',
      'the Content-Type must be multipart/related; type="application/dicom"; boundary=…',
    );
  }
  if (!['', 'identity'].includes(request.contentEncoding?.trim().toLowerCase() ?? '')) {
    throw new TriageError('media-type-not-supported', 'the body must come without a Content-Encoding');
  }
  const limits = { partsMax: PARTS_MAX, bodyBytesMax: terms.instanceBytesMax * INSTANCES_OF_A_BODY_MAX };
  const reader = new PartReader(receiver, terms, parseMediaType(rootType).type);
  try {
    for await (const part of readMultipart(request.body, boundary, limits)) await reader.take(part);
  } catch (thrown) {
    const error = asTriageError(thrown);
    if (reader.results.length === 0) throw error;
    reader.results.push({ kind: 'failed', sopClassUid: null, sopInstanceUid: null, error });
  }
  return reader.finish();
}

/** The parts of one request: files at once, pictures together with the metadata that came before them. */
class PartReader {
  readonly #receiver: InstanceReceiver;
  readonly #terms: FileTerms;
  readonly #rootType: string;
  readonly #waiting: ReadDataSet[] = [];
  #metadataBytes = 0;
  #metadataItems = 0;
  readonly results: StoreResult[] = [];

  constructor(receiver: InstanceReceiver, terms: FileTerms, rootType: string) {
    this.#receiver = receiver;
    this.#terms = terms;
    this.#rootType = rootType;
  }

  // Rejects only where the body itself failed.
  async take(part: MultipartPart): Promise<void> {
    const { type } = parseMediaType(part.headers['content-type'] ?? this.#rootType);
    if (type === 'application/dicom') await this.#takeFile(part);
    else if (type === 'application/dicom+json') await this.#takeMetadata(part);
    else if (type === 'image/jpeg' || type === 'image/png') await this.#takePicture(part, type);
    else
      this.#fail(new TriageError('media-type-not-supported', 'a part of a media type that is not taken in'));
  }

  finish(): readonly StoreResult[] {
    for (const { dataset } of this.#waiting) {
      this.#fail(new TriageError('request-invalid', 'the picture of this metadata did not come'), dataset);
    }
    return this.results;
  }

  async #takeFile(part: MultipartPart): Promise<void> {
    const { sopClassUid, sopInstanceUid, reception } = await receiveFile(
      this.#receiver,
      part.body,
      this.#terms,
    );
    await this.#note({ sopClassUid, sopInstanceUid }, reception);
  }

  async #takeMetadata(part: MultipartPart): Promise<void> {
    const bytes = await gather(part, METADATA_BYTES_MAX - this.#metadataBytes);
    if (bytes instanceof TriageError) {
      this.#fail(bytes);
      return;
    }
    this.#metadataBytes += bytes.length;
    let items: readonly unknown[];
    try {
      const json: unknown = JSON.parse(bytes.toString('utf8'));
      items = Array.isArray(json) ? (json as unknown[]) : [json];
    } catch {
      this.#fail(new TriageError('data-set-unreadable', 'the metadata is not JSON'));
      return;
    }
    this.#metadataItems += items.length;
    // A few bytes of JSON can be a million data sets, each with a failure of its own.
    if (this.#metadataItems > PARTS_MAX) {
      this.#fail(new TriageError('request-too-large', `the metadata holds more than ${PARTS_MAX} data sets`));
      return;
    }
    for (const item of items) this.#expect(item);
  }

  #expect(item: unknown): void {
    try {
      this.#waiting.push(readDicomJson(item));
    } catch (thrown) {
      this.#fail(asTriageError(thrown));
    }
  }

  async #takePicture(part: MultipartPart, type: PictureType): Promise<void> {
    const picture = await gather(part, Math.min(PICTURE_BYTES_MAX, this.#terms.instanceBytesMax));
    const metadata = this.#claim(part.headers['content-location']);
    if (metadata === undefined) {
      this.#fail(new TriageError('picture-without-identity', 'no metadata before it refers to this picture'));
      return;
    }
    const { dataset } = metadata;
    try {
      if (picture instanceof TriageError) throw picture;
      requireMetadata(dataset);
      await this.#store(dataset, await buildPictureInstance(dataset, picture, type));
    } catch (thrown) {
      const error = asTriageError(thrown);
      await this.#receiver.refuse(
        { sopInstanceUid: uidOf(dataset, 'SOPInstanceUID') ?? '', callingAeTitle: this.#terms.siteId },
        error,
      );
      this.#fail(error, dataset);
    }
  }

  /** The metadata whose pixels are said to be there; without any address the first one that waits. */
  #claim(location: string | undefined): ReadDataSet | undefined {
    const at = this.#waiting.findIndex(({ pixelDataUri }) => pixelDataUri === (location ?? null));
    const first =
      this.#waiting.length === 1 && (location === undefined || this.#waiting[0]?.pixelDataUri === null);
    if (at < 0 && !first) return undefined;
    return this.#waiting.splice(Math.max(0, at), 1)[0];
  }

  async #store(
    dataset: DicomDataset,
    instance: { readonly transferSyntaxUid: string; readonly dataSet: Buffer },
  ): Promise<void> {
    const sopClassUid = uidOf(dataset, 'SOPClassUID');
    const sopInstanceUid = uidOf(dataset, 'SOPInstanceUID');
    if (sopClassUid === null || sopInstanceUid === null) {
      throw new TriageError('identifiers-missing', 'SOPClassUID or SOPInstanceUID is not a valid UID');
    }
    if (!IMAGE_SOP_CLASS_UIDS.includes(sopClassUid)) {
      throw new TriageError('sop-class-not-supported', `the SOP class ${sopClassUid} is not taken in`);
    }
    const { siteId, door, studyInstanceUid } = this.#terms;
    const reception = await this.#receiver.begin({
      sopClassUid,
      sopInstanceUid,
      transferSyntaxUid: instance.transferSyntaxUid,
      callingAeTitle: siteId,
      siteId,
      door,
      ...(studyInstanceUid === undefined ? {} : { studyInstanceUid }),
    });
    await reception.write(instance.dataSet);
    await this.#note({ sopClassUid, sopInstanceUid }, await reception.finish());
  }

  async #note(
    named: { readonly sopClassUid: string | null; readonly sopInstanceUid: string | null },
    reception: Reception,
  ): Promise<void> {
    if (reception.kind === 'refused') {
      this.results.push({ kind: 'failed', ...named, error: reception.error });
      return;
    }
    const key = await findExamKey(this.#receiver.parts.database, reception.examId);
    this.results.push({ kind: 'stored', sopClassUid: named.sopClassUid ?? '', key });
  }

  #fail(error: TriageError, dataset: DicomDataset = {}): void {
    this.results.push({
      kind: 'failed',
      sopClassUid: uidOf(dataset, 'SOPClassUID'),
      sopInstanceUid: uidOf(dataset, 'SOPInstanceUID'),
      error,
    });
  }
}

/** The whole of a small part; one that is too large is read to its end and answered by the error. */
async function gather(part: MultipartPart, bytesMax: number): Promise<Buffer | TriageError> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of part.body) {
    bytes += chunk.length;
    if (bytes <= bytesMax) chunks.push(chunk);
    else chunks.length = 0;
  }
  if (bytes <= bytesMax) return Buffer.concat(chunks);
  return new TriageError('instance-too-large', `the part has more than ${bytesMax} bytes`);
}

function uidOf(dataset: DicomDataset, keyword: string): string | null {
  const value = dataset[keyword];
  return typeof value === 'string' && isValidUid(value) ? value : null;
}
