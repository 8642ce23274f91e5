/** Tables of what is told to other systems. */
import type { Generated } from 'kysely';

/** The tables by name. */
export interface ExchangeTables {
  messages: MessageTable;
}

/** One message to one system: written with what it tells of, sent until it is acknowledged or given up. */
export interface MessageTable {
  message_id: string;
  kind: 'hl7-order' | 'hl7-result' | 'webhook';
  /** Name of a receiver of the sites file. */
  receiver: string;
  /** The referral or exam that it tells of. */
  subject: string;
  /** What is sent, byte for byte the same at every attempt. */
  payload: string;
  state: 'pending' | 'delivered' | 'dead' | 'superseded';
  attempts: Generated<number>;
  due_at_ms: number;
  created_at_ms: number;
  delivered_at_ms: Generated<number | null>;
  /** What the receiver said, or why it could not be reached; never anything that identifies a patient. */
  note: Generated<string | null>;
}
