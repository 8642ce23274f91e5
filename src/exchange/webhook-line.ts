/** Sends a message to a webhook: signed, with a deadline, to no other address than the one that is configured. */
import type { Clock } from '../clock.ts';
import type { DueMessage } from '../database/message-records.ts';
import { TriageError } from '../errors.ts';
import type { WebhookReceiver } from '../exchange-settings.ts';
import { readSecretFile } from '../secret-file.ts';
import type { MessageLine, SendVerdict } from './message-sender.ts';
import { SIGNATURE_HEADER, webhookSignature } from './webhook-message.ts';

const ANSWER_MS_MAX = 10_000;
/** A receiver that asks for more patience is asked again after this all the same. */
const RETRY_AFTER_MS_MAX = 3_600_000;
/** Requests that the receiver has no time for now. */
const LATER_STATUSES: readonly number[] = [408, 425, 429];

/** The way to a webhook. The secret is read anew each time, so that it can be changed while the service runs. */
export function openWebhookLine(
  receiver: Pick<WebhookReceiver, 'url' | 'secretFile'>,
  clock: Clock,
  answerMsMax = ANSWER_MS_MAX,
): MessageLine {
  const secret = readSecretFile(receiver.secretFile);
  return {
    send: (message) => sendWebhook(receiver.url, secret, message, clock, answerMsMax),
    close: () => undefined,
  };
}

async function sendWebhook(
  url: string,
  secret: string,
  { messageId, payload }: DueMessage,
  clock: Clock,
  answerMsMax: number,
): Promise<SendVerdict> {
  const deadline = new AbortController();
  const cancel = clock.schedule(answerMsMax, () => deadline.abort());
  try {
    const answer = await fetch(url, {
      method: 'POST',
      body: payload,
      redirect: 'manual',
      signal: deadline.signal,
      headers: {
        'content-type': 'application/json',
        'idempotency-key': messageId,
        [SIGNATURE_HEADER]: webhookSignature(secret, payload, clock.nowMs()),
      },
    });
    // What it says besides its status is of no concern, and may have no end.
    await answer.body?.cancel();
    return verdictOf(answer.status, answer.headers.get('retry-after'), clock.nowMs());
  } catch (cause) {
    const isLate = deadline.signal.aborted;
    throw new TriageError(
      isLate ? 'peer-aborted' : 'peer-unreachable',
      isLate ? `no answer within ${answerMsMax} ms` : 'the webhook could not be reached',
      { cause },
    );
  } finally {
    cancel();
  }
}

/** What a status makes of a message. A redirection may be a page of maintenance; it is not followed, for it could lead anywhere. */
function verdictOf(status: number, retryAfter: string | null, nowMs: number): SendVerdict {
  if (status >= 200 && status < 300) return { isDelivered: true, note: null };
  const note = `HTTP ${status}`;
  if (status >= 500 || LATER_STATUSES.includes(status)) {
    const retryAfterMs = waitOf(retryAfter, nowMs);
    const wait = retryAfterMs === null ? {} : { retryAfterMs };
    return { isDelivered: false, errorClass: 'transient', isRefused: false, note, ...wait };
  }
  const errorClass = status >= 400 ? 'permanent' : 'ambiguous';
  return { isDelivered: false, errorClass, isRefused: true, note };
}

/** Retry-After in seconds or as a date (RFC 9110 section 10.2.3); null where it says neither. */
function waitOf(retryAfter: string | null, nowMs: number): number | null {
  if (retryAfter === null) return null;
  const waitMs = /^\d{1,9}$/.test(retryAfter.trim())
    ? Number(retryAfter) * 1000
    : Date.parse(retryAfter) - nowMs;
  return Number.isNaN(waitMs) ? null : Math.min(Math.max(waitMs, 0), RETRY_AFTER_MS_MAX);
}
