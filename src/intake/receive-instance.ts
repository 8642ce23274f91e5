import type { Kysely } from 'kysely';
import { instanceObjectKey } from '../archive/archive.ts';
import type { ObjectStore, ObjectWriter } from '../archive/object-store.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import {
  type Connection,
  findExam,
  insertExam,
  type KnownExam,
  recordHeldAnew,
  recordRefusal,
} from '../database/exam-records.ts';
import { recordDxaResult } from '../database/dxa-records.ts';
import { insertJobs, type NewJob } from '../database/job-records.ts';
import type { Database, Door } from '../database/schema.ts';
import { noteSender } from '../database/sender-records.ts';
import { insertInGroup, syncRecord, transactInGroup } from '../database/transact.ts';
import { ageAtStudyYears, isDxaModality } from '../decide/eligibility.ts';
import { decidePriority, type StorePriority } from '../decide/job-priority.ts';
import { reasonOf } from '../decide/reason-texts.ts';
import { part10Prefix } from '../dicom/part10.ts';
import { readHeaderFromFile } from '../dicom/read-header.ts';
import { DXA_REPORT_SOP_CLASS_UIDS } from '../dicom/uids.ts';
import { viewOfImage } from '../dicom/view-of-image.ts';
import { TriageError, asTriageError } from '../errors.ts';
import type { ImageHeader } from '../exam/exam.ts';
import type { JobPriority } from '../exam/priority.ts';
import { type Meter, silentMeter } from '../meter.ts';
import type { SiteDirectory } from '../site-registry.ts';
import { LOOPBACK_SITE_ID } from '../sites.ts';
import type { Log } from '../telemetry.ts';
import { startSpan, type TraceSpan } from '../traces.ts';
import type { IntakeGate } from './intake-gate.ts';

/** What a sender says of an instance before its first byte. */
export interface InstanceOffer {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  /** The AE title of a DICOM caller; the site's id for the other doors. */
  readonly callingAeTitle: string;
  /** Left out: the site of loopback. */
  readonly siteId?: string;
  /** Left out: dimse. */
  readonly door?: Door;
  /** What the sender says of its urgency; left out: nothing. */
  readonly storePriority?: StorePriority;
  /** The study that the request named, where it named one. */
  readonly studyInstanceUid?: string;
}

/** How an instance was answered. */
export type Reception =
  | { readonly kind: 'stored'; readonly examId: string }
  | { readonly kind: 'already-held'; readonly examId: string }
  | { readonly kind: 'refused'; readonly error: TriageError };

/** What the use case needs. */
export interface ReceiverParts {
  readonly database: Kysely<Database>;
  readonly objects: ObjectStore;
  readonly clock: Clock;
  readonly log: Log;
  /** How urgent films are by their site and their age; left out: as their senders say. */
  readonly sites?: Pick<SiteDirectory, 'book' | 'referralDays'>;
  readonly config?: Pick<Config, 'backfillDaysMin'>;
  /** Left out: everything that the disk takes is taken. */
  readonly gate?: Pick<IntakeGate, 'judgeInstance'>;
  /** Left out: nothing is counted. */
  readonly meter?: Meter;
  /** Called after the commit of a new exam, with its job; null where there is nothing to assess. */
  readonly onReceived: (examId: string, job: NewJob | null) => void;
  /** Called after the commit of a DXA result that belongs to a referral. */
  readonly onReferral?: (referralId: string) => void;
}

/** The one use case behind every door: a data set comes in and is held, or is refused with a reason on record. */
export class InstanceReceiver {
  readonly parts: ReceiverParts;
  /** Receptions that are deciding on the same instance take turns. */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(parts: ReceiverParts) {
    this.parts = parts;
  }

  /** Opens a scratch object for the data set. Throws what the gate says. */
  begin(offer: InstanceOffer): Promise<InstanceReception> {
    const full = this.parts.gate?.judgeInstance();
    if (full !== undefined) return Promise.reject(full);
    const isDimse = (offer.door ?? 'dimse') === 'dimse';
    const writer = this.parts.objects.beginWrite(
      part10Prefix({ ...offer, ...(isDimse ? { sourceAeTitle: offer.callingAeTitle } : {}) }),
    );
    return Promise.resolve(new InstanceReception(this, offer, writer));
  }

  /** Notes a refusal; a record that cannot be written is logged, for the answer must go out all the same. */
  async refuse(
    offer: Pick<InstanceOffer, 'sopInstanceUid' | 'callingAeTitle' | 'door'>,
    error: TriageError,
  ): Promise<Reception> {
    const meter = this.parts.meter ?? silentMeter;
    meter.count('osteotriage_instances_total', { door: offer.door ?? 'dimse', result: 'refused' });
    meter.count('osteotriage_refusals_total', { code: error.code });
    this.parts.log.warn(
      { code: error.code, callingAeTitle: offer.callingAeTitle },
      'an instance was refused',
    );
    try {
      await recordRefusal(this.parts.database, {
        atMs: this.parts.clock.nowMs(),
        callingAeTitle: offer.callingAeTitle,
        sopInstanceUid: offer.sopInstanceUid === '' ? null : offer.sopInstanceUid,
        code: error.code,
        detail: error.message,
      });
    } catch (thrown) {
      this.parts.log.error({ err: thrown }, 'a refusal could not be recorded');
    }
    return { kind: 'refused', error };
  }

  /** Runs the step after every earlier one of the same key. */
  async inTurn<Result>(key: string, step: () => Promise<Result>): Promise<Result> {
    const earlier = this.#turns.get(key) ?? Promise.resolve();
    const mine = earlier.then(step, step);
    this.#turns.set(key, mine);
    try {
      return await mine;
    } finally {
      if (this.#turns.get(key) === mine) this.#turns.delete(key);
    }
  }
}

/** One instance on its way in. Ended by finish or abort, once. */
export class InstanceReception {
  readonly #receiver: InstanceReceiver;
  readonly #offer: InstanceOffer;
  readonly #writer: ObjectWriter;
  readonly #span: TraceSpan;

  constructor(receiver: InstanceReceiver, offer: InstanceOffer, writer: ObjectWriter) {
    this.#span = startSpan('receive instance', null, { door: offer.door ?? 'dimse' });
    this.#receiver = receiver;
    this.#offer = offer;
    this.#writer = writer;
  }

  /** Takes bytes of the data set as they were received; wait for the promise where there is one. */
  write(chunk: Uint8Array): Promise<void> | undefined {
    return this.#writer.write(chunk);
  }

  /** Ends the data set. Resolves when the answer is true: object durable, row committed. Never rejects. */
  async finish(): Promise<Reception> {
    try {
      const { path, start, dataSetSha256 } = await this.#writer.flush();
      const header = await readHeaderFromFile(path, { withoutMetaUids: true }, start);
      checkOffer(this.#offer, header);
      const { studyInstanceUid, seriesInstanceUid, sopInstanceUid } = header;
      const instance = `${studyInstanceUid}/${seriesInstanceUid}/${sopInstanceUid}`;
      const reception = await this.#receiver.inTurn(instance, () => this.#hold(header, dataSetSha256));
      this.#count(reception.kind);
      this.#span.end();
      return reception;
    } catch (thrown) {
      this.#span.end(thrown);
      return await this.#receiver.refuse(this.#offer, asTriageError(thrown, 'database-failed'));
    } finally {
      await this.#writer.discard();
    }
  }

  /** The sender went away: what came is forgotten. */
  async abort(): Promise<void> {
    this.#span.end(new TriageError('peer-aborted', 'the sender went away'));
    await this.#writer.discard();
  }

  #count(result: Reception['kind']): void {
    const meter = this.#receiver.parts.meter ?? silentMeter;
    meter.count('osteotriage_instances_total', { door: this.#offer.door ?? 'dimse', result });
  }

  async #hold(header: ImageHeader, dataSetSha256: string): Promise<Reception> {
    const known = await findExam(this.#receiver.parts.database, header);
    return known === undefined
      ? this.#holdNew(header, dataSetSha256)
      : this.#holdKnown(header, dataSetSha256, known);
  }

  async #holdKnown(header: ImageHeader, dataSetSha256: string, known: KnownExam): Promise<Reception> {
    const { database, objects, clock, log } = this.#receiver.parts;
    if (known.data_set_sha256 !== dataSetSha256) {
      throw new TriageError('instance-conflict', 'this instance is already held with other content');
    }
    const siteId = this.#offer.siteId ?? LOOPBACK_SITE_ID;
    if (siteId !== known.site_id) {
      await noteSender(database, { examId: known.exam_id, siteId, nowMs: clock.nowMs() });
    }
    const examId = known.exam_id;
    // Success says that it is held: one that retention removed, or the disk lost, is taken in again.
    if (known.object_removed_at_ms === null && (await objects.has(known.object_key))) {
      // Whoever committed the row may not have been answered, because the sync failed.
      await syncRecord(database);
    } else {
      const objectKey = instanceObjectKey(header, dataSetSha256, clock.nowMs());
      const held = { objectKey, objectBytes: await this.#writer.commit(objectKey) };
      await insertInGroup(database, (transaction) => recordHeldAnew(transaction, examId, held));
      log.warn({ examId }, 'an instance whose object was gone came again and is held anew');
    }
    return { kind: 'already-held', examId };
  }

  async #holdNew(header: ImageHeader, dataSetSha256: string): Promise<Reception> {
    const { database, objects, clock, log, meter, onReceived, onReferral } = this.#receiver.parts;
    const objectKey = instanceObjectKey(header, dataSetSha256);
    const objectBytes = await this.#writer.commit(objectKey);
    const atMs = clock.nowMs();
    // A result moves a referral by how that stands, which nobody may change meanwhile.
    const begin = isDxaResult(header) ? transactInGroup : insertInGroup;
    const outcome = await begin(database, async (transaction) => {
      // Another listener may have been faster.
      const winner = await findExam(transaction, header);
      return winner ?? this.#insert(transaction, { header, dataSetSha256, objectKey, objectBytes, atMs });
    });
    if ('exam_id' in outcome) {
      // No row names these bytes, and none ever will: whoever else has them has lost as well.
      if (outcome.data_set_sha256 !== dataSetSha256) await objects.remove([objectKey]);
      return this.#holdKnown(header, dataSetSha256, outcome);
    }
    const { examId, job, referralId } = outcome;
    log.info(
      { examId, bytes: objectBytes, callingAeTitle: this.#offer.callingAeTitle },
      'an instance was stored',
    );
    meter?.count('osteotriage_instance_bytes_total', { door: this.#offer.door ?? 'dimse' }, objectBytes);
    onReceived(examId, job);
    if (referralId !== null) onReferral?.(referralId);
    return { kind: 'stored', examId };
  }

  async #insert(
    transaction: Connection,
    { header, dataSetSha256, objectKey, objectBytes, atMs }: HeldObject,
  ): Promise<NewExam> {
    const examId = await insertExam(transaction, {
      header,
      dataSetSha256,
      objectKey,
      objectBytes,
      callingAeTitle: this.#offer.callingAeTitle,
      siteId: this.#offer.siteId ?? LOOPBACK_SITE_ID,
      door: this.#offer.door ?? 'dimse',
      view: viewOfImage(header).name,
      ageYears: ageAtStudyYears(header),
      receivedAtMs: atMs,
    });
    if (!isDxaResult(header)) {
      const priority = this.#priorityOf(header, atMs);
      const job: NewJob = { examId, priority, traceParent: this.#span.traceParent };
      await insertJobs(transaction, [job], atMs);
      return { examId, job, referralId: null };
    }
    const referralId = await recordDxaResult(transaction, {
      examId,
      header,
      callingAeTitle: this.#offer.callingAeTitle,
      reasons: [reasonOf('dxa-result')],
      nowMs: atMs,
      days: this.#receiver.parts.sites?.referralDays(),
    });
    return { examId, job: null, referralId };
  }

  #priorityOf({ studyDate }: ImageHeader, receivedAtMs: number): JobPriority {
    const { sites, config } = this.#receiver.parts;
    const siteId = this.#offer.siteId ?? LOOPBACK_SITE_ID;
    return decidePriority({
      storePriority: this.#offer.storePriority ?? 'medium',
      sitePriority: sites?.book()?.sites.find(({ id }) => id === siteId)?.priority,
      ...{ studyDate, receivedAtMs },
      backfillDaysMin: config?.backfillDaysMin ?? Infinity,
    });
  }
}

/** A data set that is durable and has no row yet. */
interface HeldObject {
  readonly header: ImageHeader;
  readonly dataSetSha256: string;
  readonly objectKey: string;
  readonly objectBytes: number;
  readonly atMs: number;
}

/** What was written of it. */
interface NewExam {
  readonly examId: string;
  /** null for what a scanner sent back, which is not assessed. */
  readonly job: NewJob | null;
  readonly referralId: string | null;
}

/** A DXA result is held for its referral and is no film to assess. */
function isDxaResult({ modality, sopClassUid }: ImageHeader): boolean {
  return isDxaModality(modality) || DXA_REPORT_SOP_CLASS_UIDS.includes(sopClassUid);
}

// PS3.4 B.2.3: the data set must be what the request announced.
function checkOffer(offer: InstanceOffer, header: ImageHeader): void {
  if (offer.sopClassUid !== header.sopClassUid || offer.sopInstanceUid !== header.sopInstanceUid) {
    throw new TriageError('sop-class-mismatch', 'the data set is not the instance that the request named');
  }
  if (offer.studyInstanceUid !== undefined && offer.studyInstanceUid !== header.studyInstanceUid) {
    throw new TriageError('sop-class-mismatch', 'the data set is not of the study that the address names');
  }
}
