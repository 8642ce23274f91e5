/** Tables of what is told to other systems. */
import type { Generated } from 'kysely';

/** The tables by name. */
export interface ExchangeTables {
  messages: MessageTable;
}

/** One message to one system: written with what it tells of, sent until it is acknowledged or given up. */
export interface MessageTable {
  /** In the order in which they were written, which is that in which a receiver gets those of one subject. */
  message_number: Generated<number>;
  /** Made from what it tells of: the same thing is never told twice. */
  message_id: string;
  kind: 'hl7-order' | 'hl7-result' | 'webhook';
  /** Name of a receiver of the sites file. */
  receiver: string;
  /** The referral or exam that it tells of. */
  subject: string;
  /** What later messages take the place of: the procedure step of an order, else the subject. */
  about: string;
  /** What an order does (NW, XO, CA) or how final a result is (P, F, C); null for others. */
  standing: string | null;
  /** SHA-256 of what it says: the same is not said again. null where every message is news. */
  digest: string | null;
  /** What is sent, byte for byte the same at every attempt. */
  payload: string;
  state: MessageState;
  attempts: Generated<number>;
  due_at_ms: number;
  created_at_ms: number;
  first_try_at_ms: Generated<number | null>;
  delivered_at_ms: Generated<number | null>;
  /** What the receiver said, or why it could not be reached; never anything that identifies a patient. */
  note: Generated<string | null>;
}

/** Where a message stands; superseded: it was given up, and what took its place is on its way. */
export type MessageState = 'pending' | 'delivered' | 'dead' | 'superseded';
