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
};

/** Those words in each language. */
export const DELIVERY_WORDS: Readonly<Record<Language, DeliveryWords>> = { en: english, sv: swedish };
