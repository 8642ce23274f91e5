import type { Language } from '../decide/reason-texts.ts';

const english = {
  deliveries: 'Deliveries',
  deliveriesTitle: 'Reports that could not be delivered',
  deliveriesIntro:
    'Sending was given up, and nothing is lost: the reports are in the archive. Mend the reason, then send them again.',
  deliveriesEmptyTitle: 'Nothing was given up',
  deliveriesEmptyText: 'Every report was delivered, or is still being tried.',
  restartAll: 'Send {n} again to {name}',
  firstTried: 'since {time}',
  givenUp: 'Given up',
  messagesTitle: 'Messages to other systems',
  messagesIntro: 'Orders and results by HL7 and webhooks that a receiver did not take.',
  messagesEmpty: 'Every message was taken.',
  messageKind: 'Message',
  'message-hl7-order': 'Order by HL7',
  'message-hl7-result': 'Result by HL7',
  'message-webhook': 'Webhook',
  restartMessages: 'Send {n} messages again to {name}',
};

/** The words of what leaves the node. */
export type DeliveryWords = Readonly<Record<keyof typeof english, string>>;

const swedish: DeliveryWords = {
  deliveries: 'Leveranser',
  deliveriesTitle: 'Rapporter som inte kunde levereras',
  deliveriesIntro:
    'Försöken har upphört men inget är förlorat: rapporterna finns i arkivet. Åtgärda orsaken och skicka dem igen.',
  deliveriesEmptyTitle: 'Inga uppgivna leveranser',
  deliveriesEmptyText: 'Alla rapporter är levererade eller försöks fortfarande.',
  restartAll: 'Skicka {n} igen till {name}',
  firstTried: 'sedan {time}',
  givenUp: 'Uppgiven',
  messagesTitle: 'Meddelanden till andra system',
  messagesIntro: 'Beställningar och svar via HL7 och webhooks som en mottagare inte tog emot.',
  messagesEmpty: 'Alla meddelanden har tagits emot.',
  messageKind: 'Meddelande',
  'message-hl7-order': 'Beställning via HL7',
  'message-hl7-result': 'Svar via HL7',
  'message-webhook': 'Webhook',
  restartMessages: 'Skicka {n} meddelanden igen till {name}',
};

/** Those words in each language. */
export const DELIVERY_WORDS: Readonly<Record<Language, DeliveryWords>> = { en: english, sv: swedish };
