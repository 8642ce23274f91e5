import { Readable } from 'node:stream';
import { crc32, deflateSync } from 'node:zlib';
import type { AnalysisResult, ReportedSide } from '../exam/analysis.ts';
import type { DeliveryState, ExamState } from '../exam/exam-state.ts';
import type { DeliveryDesk, DeliveryView } from '../worklist/delivery-desk.ts';
import type { ReferralList } from '../worklist/referral-list.ts';
import type { ReferralListRow } from '../worklist/referral-views.ts';
import type {
  EventSource,
  ExamPictures,
  ExamRow,
  ExamsQuery,
  ExamView,
  PersonView,
  RefusalRow,
  WorklistEvent,
  WorklistReader,
} from '../worklist/worklist-views.ts';

/** A worklist in memory with invented people, for tests of what is shown. */
export class ScriptedWorklist implements WorklistReader, EventSource, ExamPictures, DeliveryDesk {
  readonly referrals: ReferralListRow[] = [];
  readonly exams: ExamView[] = [];
  readonly refusals: RefusalRow[] = [];
  readonly deliveries: DeliveryView[] = [];
  readonly pictures = new Map<string, { readonly preview?: Buffer; readonly overlay?: Buffer }>();
  /** When set, every read fails with it. */
  failure: Error | undefined;
  readonly #listeners = new Set<(event: WorklistEvent) => void>();

  /** The list of referrals; it knows no filter but the state, and every tab holds all. */
  get referralList(): ReferralList {
    const chosen = (state: string | undefined) =>
      this.referrals.filter((row) => state === undefined || row.state === state);
    const count = () => this.referrals.length;
    return {
      list: ({ state, limit }) => {
        const rows = chosen(state);
        return this.#answer({
          at: '2026-11-22T08:05:00.000Z',
          rows: rows.slice(0, limit),
          nextCursor: null,
          counts: {
            ...{ new: count(), mine: count(), 'awaiting-dxa': count(), 'awaiting-answer': count() },
            ...{ overdue: count(), closed: count(), all: count() },
          },
          matching: rows.length,
          sites: [{ siteId: 'clinic-7', name: 'Clinic 7' }],
        });
      },
      pages: ({ state }) => Readable.from([chosen(state)]) as AsyncIterable<readonly ReferralListRow[]>,
    };
  }

  listExams(query: ExamsQuery): Promise<readonly ExamRow[]> {
    const found = this.exams.filter((exam) => query.state === undefined || exam.state === query.state);
    return this.#answer(found.slice(0, query.limit));
  }

  readExam(examId: string): Promise<ExamView | undefined> {
    return this.#answer(this.exams.find((exam) => exam.examId === examId));
  }

  listRefusals(limit: number): Promise<readonly RefusalRow[]> {
    return this.#answer(this.refusals.slice(0, limit));
  }

  list(state: DeliveryState, limit: number): Promise<readonly DeliveryView[]> {
    return this.#answer(this.deliveries.filter((row) => row.state === state).slice(0, limit));
  }

  restart({ destination, examId, kind }: Parameters<DeliveryDesk['restart']>[0]): Promise<number> {
    const chosen = this.deliveries.filter(
      (row) =>
        row.state === 'dead' &&
        row.destination === (destination ?? row.destination) &&
        row.examId === (examId ?? row.examId) &&
        row.object === (kind ?? row.object),
    );
    for (const row of chosen) this.deliveries.splice(this.deliveries.indexOf(row), 1);
    return this.#answer(chosen.length);
  }

  countStatus() {
    const count = (state: ExamState): number => this.exams.filter((exam) => exam.state === state).length;
    return this.#answer({
      received: this.exams.length,
      pending: count('pending'),
      positive: count('positive'),
      negative: count('negative'),
      notAssessable: count('not-assessable'),
      notEligible: count('not-eligible'),
      refused: this.refusals.length,
      failed: count('failed'),
      referrals: this.referrals.length,
      reportsWritten: this.exams.filter((exam) => exam.reportsWritten).length,
      deliveriesPending: 0,
      deliveriesDead: this.deliveries.filter(({ state }) => state === 'dead').length,
    });
  }

  preview(examId: string): Promise<Buffer | undefined> {
    return this.#answer(this.pictures.get(examId)?.preview);
  }

  overlay(examId: string): Promise<Buffer | undefined> {
    return this.#answer(this.pictures.get(examId)?.overlay);
  }

  subscribe(listener: (event: WorklistEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Sends an event to everyone who listens. */
  tell(event: WorklistEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  #answer<T>(value: T): Promise<T> {
    return this.failure === undefined ? Promise.resolve(value) : Promise.reject(this.failure);
  }
}

/** An invented person. */
export function inventPerson(name: string, patientId: string): PersonView {
  return { name, patientId, birthDate: '19541107', sex: 'F' };
}

/** A positive panoramic exam; `changes` replaces any part of it. */
export function inventExam(changes: Partial<ExamView> & Pick<ExamView, 'examId'>): ExamView {
  return {
    state: 'positive',
    outcome: 'positive',
    view: 'panoramic',
    modality: 'PX',
    ageYears: 71,
    person: inventPerson('Almgren^Ingrid', 'TEST-1001'),
    reasons: [{ code: 'mcw-below-threshold', text: 'Mean cortical width 2.41 mm is below 3.00 mm.' }],
    receivedAt: '2026-11-22T08:00:00.000Z',
    finishedAt: '2026-11-22T08:00:00.640Z',
    sopInstanceUid: '2.25.1001',
    studyInstanceUid: '2.25.2001',
    studyDate: '20261120',
    callingAeTitle: 'CLINIC_7',
    referralId: 'r1',
    assessments: ['frax', 'dxa'],
    analysis: inventAnalysis(),
    reportsWritten: true,
    deliveries: [],
    ...changes,
  };
}

/** A delivery that was given up. */
export function inventDelivery(changes: Partial<DeliveryView> = {}): DeliveryView {
  return {
    examId: 'e1',
    revision: 0,
    object: 'SR',
    destination: 'regional-pacs',
    state: 'dead',
    attempts: 41,
    note: 'status 0xA900',
    person: inventPerson('Almgren^Ingrid', 'TEST-1001'),
    ageYears: 71,
    firstTryAt: '2026-11-15T08:00:00.000Z',
    changedAt: '2026-11-22T08:00:00.000Z',
    ...changes,
  };
}

/** A row of the worklist for an exam that is there. */
export function inventReferral(
  changes: Partial<ReferralListRow> & Pick<ReferralListRow, 'referralId'>,
): ReferralListRow {
  return {
    state: 'flagged',
    assessments: ['frax', 'dxa'],
    person: inventPerson('Almgren^Ingrid', 'TEST-1001'),
    ageYears: 71,
    kind: 'thin-cortex',
    finding: 'Thin mandibular cortex',
    reasons: [{ code: 'mcw-below-threshold', text: 'Mean cortical width 2.41 mm is below 3.00 mm.' }],
    meanWidthMm: 2.41,
    widthScale: 'detector',
    vertebra: null,
    sortingScore: 0.81,
    examIds: ['e1'],
    arrivedAt: '2026-11-22T08:00:00.000Z',
    createdAt: '2026-11-22T08:00:00.640Z',
    version: 1,
    personId: 'p1',
    owner: null,
    dueAt: '2026-11-29T08:00:00.000Z',
    dueStanding: 'in-time',
    stateSince: '2026-11-22T08:00:00.640Z',
    urgency: 480,
    site: { siteId: 'clinic-7', name: 'Clinic 7' },
    ...changes,
  };
}

/** What the pipeline would say of an invented panoramic film. */
export function inventAnalysis(): AnalysisResult {
  return {
    schema: 'osteotriage.analysis/1',
    file: 'held',
    sopInstanceUid: '2.25.1001',
    image: { columns: 1200, rows: 500, bitsStored: 12 },
    view: {
      name: 'panoramic',
      source: 'dicom',
      confidence: 0.99,
      turnDegrees: null,
      isMirrored: null,
    },
    spacing: { mmPerPx: 0.0959, source: 'detector' },
    outcome: 'positive',
    reasons: [{ code: 'mcw-below-threshold', text: 'Mean cortical width 2.41 mm is below 3.00 mm.' }],
    panoramic: {
      inferiorBorderPx: [],
      sides: [inventSide('R', 24.4, 2.34), inventSide('L', 25.9, 2.48)],
      magnification: null,
      deviceProfile: null,
      meanWidthMm: 2.41,
      lowBoneDensityScore: 0.81,
    },
    spine: null,
    boneDensity: null,
    quality: { usable: true, problems: [] },
    models: [{ name: 'mandible-contour', version: '1.0.0', sha256: 'ab'.repeat(32) }],
    timingsMs: { read: 2.1, decode: 12, prepare: 24, inference: 88, measure: 3, report: 0, total: 130 },
  };
}

function inventSide(side: 'R' | 'L', widthPx: number, widthMm: number): ReportedSide {
  return {
    side,
    assessable: true,
    reason: null,
    foramenPx: [400, 380],
    foramenConfidence: 0.91,
    outerPx: [400, 440],
    innerPx: [400, 416],
    widthPx,
    pmi: 0.21,
    uncertaintyPx: 1.6,
    widthMm,
    otherWidthPx: null,
    widthsBeside: [],
    mci: null,
  };
}

/** A grey picture as PNG, `shade` giving each sample 0..255. */
export function paintPng(
  columns: number,
  rows: number,
  shade: (column: number, row: number) => number,
): Buffer {
  const raw = Buffer.alloc(rows * (columns + 1));
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      raw[row * (columns + 1) + 1 + column] = Math.max(0, Math.min(255, Math.round(shade(column, row))));
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(columns, 0);
  header.writeUInt32BE(rows, 4);
  header.set([8, 0, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const parts = [
    pngChunk('IHDR', header),
    pngChunk('IDAT', deflateSync(raw)),
    pngChunk('IEND', Buffer.alloc(0)),
  ];
  return Buffer.concat([signature, ...parts]);
}

function pngChunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const chunk = Buffer.alloc(body.length + 8);
  chunk.writeUInt32BE(data.length, 0);
  chunk.set(body, 4);
  chunk.writeUInt32BE(crc32(body), body.length + 4);
  return chunk;
}
