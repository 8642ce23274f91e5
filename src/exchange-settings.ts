/** The part of the sites file that says which other systems are told of referrals and results, and which may ask. */
import { z } from 'zod';
import { fingerprint, host, label, repeated, tcpPort } from './setting-fields.ts';

/** Groups of HL7 v2 messages that a receiver can get. */
export const HL7_MESSAGES = ['order', 'result'] as const;

/** What a webhook can be told of. */
export const WEBHOOK_EVENTS = ['referral', 'result'] as const;

// A hierarchic designator, written into MSH as it stands: the separators of HL7 are none of its letters.
const designator = z
  .string()
  .trim()
  .regex(/^[^|^~\\&\p{Cc}]{1,180}$/u, 'a name without the characters | ^ ~ \\ &');

const hl7ReceiverSchema = z.strictObject({
  name: label,
  host,
  port: tcpPort,
  /** TLS with this node's own certificate (TRIAGE_TLS_…). */
  tls: z.boolean().default(false),
  messages: z
    .array(z.enum(HL7_MESSAGES))
    .min(1)
    .default([...HL7_MESSAGES]),
  /** How a DXA is ordered: OMI carries the identifiers of imaging, ORM is what older systems know. */
  orderMessage: z.enum(['OMI^O23', 'ORM^O01']).default('OMI^O23'),
  sendingApplication: designator.default('OSTEOTRIAGE'),
  sendingFacility: designator.optional(),
  receivingApplication: designator.optional(),
  receivingFacility: designator.optional(),
  characterSet: z.enum(['UNICODE UTF-8', '8859/1']).default('UNICODE UTF-8'),
  /** Of what people read in a message. */
  language: z.enum(['sv', 'en']).default('sv'),
  /** How long its acknowledgement is waited for. */
  answerSecondsMax: z.number().int().min(1).max(300).default(30),
});

const webhookSchema = z.strictObject({
  name: label,
  url: z
    .string()
    .refine(isWebhookUrl, 'an https address without user and password; http on this machine only'),
  events: z
    .array(z.enum(WEBHOOK_EVENTS))
    .min(1)
    .default([...WEBHOOK_EVENTS]),
  /** File with the secret that each message is signed with. */
  secretFile: z.string().min(1),
});

const systemSchema = z.strictObject({
  name: label,
  /** SHA-256 of each of its keys; `osteotriage site api-key` makes one. */
  apiKeySha256: z.array(fingerprint).min(1),
  /** The sites whose films it may see, and what came of them; left out: every site's. */
  sites: z.array(label).min(1).optional(),
  rights: z.array(z.enum(['fhir'])).default(['fhir']),
});

/** What of the sites file is said of other systems. */
export const exchangeSchema = z
  .strictObject({
    hl7: z.array(hl7ReceiverSchema).default([]),
    webhooks: z.array(webhookSchema).default([]),
    systems: z.array(systemSchema).default([]),
  })
  .superRefine(({ hl7, webhooks, systems }, context) => {
    const say = (message: string): void => context.addIssue({ code: 'custom', message });
    // Messages name their receiver, whichever kind it is of.
    for (const twice of repeated([...hl7, ...webhooks].map(({ name }) => name)))
      say(`two receivers ${twice}`);
    for (const twice of repeated(systems.map(({ name }) => name))) say(`two systems ${twice}`);
  });

/** Other systems of the sites file. */
export type ExchangeSettings = z.output<typeof exchangeSchema>;

/** One that gets HL7 v2 messages. */
export type Hl7Receiver = z.output<typeof hl7ReceiverSchema>;

/** One that gets signed HTTP messages. */
export type WebhookReceiver = z.output<typeof webhookSchema>;

/** One that may ask this node. */
export type ExchangeSystem = z.output<typeof systemSchema>;

/** Where no sites file says anything of other systems. */
export const NO_EXCHANGE: ExchangeSettings = { hl7: [], webhooks: [], systems: [] };

function isWebhookUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== '' || password !== '') return false;
  return (
    protocol === 'https:' || (protocol === 'http:' && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname))
  );
}
