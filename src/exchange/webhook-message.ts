/**
 * What a webhook is told: that something changed, and where it is read. Thin on purpose: whoever may not read the
 * resource learns nothing of anybody from a message that went astray.
 */
import { createHmac } from 'node:crypto';
import type { Connection } from '../database/exam-records.ts';
import { findPersonStandings } from '../database/shared-persons.ts';
import type { WebhookSubject } from './outbox.ts';

/** The body of a message: `osteotriage.notification/1`. */
export interface WebhookNotification {
  readonly schema: 'osteotriage.notification/1';
  /** The same at every attempt; also the idempotency key. */
  readonly id: string;
  readonly event: WebhookSubject['event'];
  /** When it happened, ISO 8601 in UTC. */
  readonly at: string;
  /** What changed, to be read from /fhir. */
  readonly resource: { readonly type: 'Task' | 'DiagnosticReport'; readonly id: string };
}

/** Header of the signature: `t=SECONDS,v1=HEX`. */
export const SIGNATURE_HEADER = 'x-osteotriage-signature';

/** Writes the body; null where there is nothing to read: of people who declined, and of a scanner's results. */
export async function buildWebhookMessage(
  database: Connection,
  { event, subject, messageId, atMs }: WebhookSubject,
): Promise<string | null> {
  const personId = await (event === 'referral'
    ? findPersonOfReferral(database, subject)
    : findPersonOfFilm(database, subject));
  if (personId === undefined) return null;
  const standings = await findPersonStandings(database, [personId]);
  if (standings.get(personId)?.isOptedOut === true) return null;
  const notification: WebhookNotification = {
    schema: 'osteotriage.notification/1',
    ...{ id: messageId, event, at: new Date(atMs).toISOString() },
    resource: { type: event === 'referral' ? 'Task' : 'DiagnosticReport', id: subject },
  };
  return JSON.stringify(notification);
}

/** The signature of a body that is sent now: the time is part of what is signed, so that nothing old can be sent again. */
export function webhookSignature(secret: string, payload: string, atMs: number): string {
  const seconds = Math.floor(atMs / 1000);
  const digest = createHmac('sha256', secret).update(`${seconds}.${payload}`).digest('hex');
  return `t=${seconds},v1=${digest}`;
}

async function findPersonOfReferral(database: Connection, referralId: string): Promise<string | undefined> {
  const row = await database
    .selectFrom('referrals')
    .select('person_id')
    .where('referral_id', '=', referralId)
    .executeTakeFirst();
  return row?.person_id;
}

async function findPersonOfFilm(database: Connection, examId: string): Promise<string | undefined> {
  const row = await database
    .selectFrom('exams')
    .leftJoin('dxa_results', 'dxa_results.exam_id', 'exams.exam_id')
    .select('exams.person_id')
    .where('exams.exam_id', '=', examId)
    .where('exams.finished_at_ms', 'is not', null)
    .where('dxa_results.exam_id', 'is', null)
    .executeTakeFirst();
  return row?.person_id;
}
