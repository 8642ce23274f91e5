/** How a message gets to its receiver; each kind of message has its own. */
import type { DueMessage } from '../database/message-records.ts';
import type { ErrorClass } from '../errors.ts';

/** What became of one attempt. */
export type SendVerdict =
  | { readonly isDelivered: true; readonly note: string | null }
  | {
      readonly isDelivered: false;
      /** Whether trying again makes sense; a permanent failure is what the receiver said itself. */
      readonly errorClass: ErrorClass;
      /** Whether the receiver refused what it got; else it may not even have got it. */
      readonly isRefused: boolean;
      /** How long the receiver wants to be left alone, where it says so. */
      readonly retryAfterMs?: number;
      /** What people see; nothing that names a patient. */
      readonly note: string;
    };

/** A way to one receiver. */
export interface MessageLine {
  /** Sends one message. Throws a TriageError where the receiver could not be reached, or did not answer. */
  send(message: DueMessage): Promise<SendVerdict>;
  close(): void;
}

/** Opens the way to a receiver. Throws a TriageError where it cannot be reached. */
export type OpenLine = (receiver: string) => Promise<MessageLine>;
