/** Messages to other systems as the page shows them. */

/** One message: never what it says. */
export interface MessageView {
  readonly messageId: string;
  readonly kind: 'hl7-order' | 'hl7-result' | 'webhook';
  readonly receiver: string;
  /** The referral or exam that it tells of. */
  readonly subject: string;
  /** What an order does (NW new, XO changed, CA cancelled) or how final a result is (P, F, C); null for webhooks. */
  readonly standing: string | null;
  readonly state: 'pending' | 'delivered' | 'dead' | 'superseded';
  readonly attempts: number;
  /** What the receiver answered, or why it could not be reached. */
  readonly note: string | null;
  readonly createdAt: string;
  /** When it was first tried; null where it never was. */
  readonly firstTryAt: string | null;
  readonly deliveredAt: string | null;
  /** When it is tried next, or when it got where it stands. */
  readonly changedAt: string;
}

/** GET /api/messages. */
export interface MessagesAnswer {
  readonly at: string;
  readonly messages: readonly MessageView[];
}

/** POST /api/messages/restart. */
export interface MessagesRestartAnswer {
  readonly at: string;
  readonly restarted: number;
}
