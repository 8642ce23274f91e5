import type { Kysely } from 'kysely';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Database } from '../database/schema.ts';
import { type OwnIdentity, ownTlsFiles } from '../dimse/own-identity.ts';
import { TriageError } from '../errors.ts';
import type { ExchangeSettings, Hl7Receiver } from '../exchange-settings.ts';
import type { Meter } from '../meter.ts';
import type { SiteDirectory } from '../site-registry.ts';
import type { Log } from '../telemetry.ts';
import { ExchangeRunner } from './exchange-runner.ts';
import { verdictOf } from './hl7/acknowledgement.ts';
import { openMllp } from './hl7/mllp-client.ts';
import { encodeMessage } from './hl7/segment.ts';
import type { MessageLine, SendVerdict } from './message-sender.ts';
import { openWebhookLine } from './webhook-line.ts';
import { buildWebhookMessage } from './webhook-message.ts';

const CONNECT_MS_MAX = 10_000;
const DAY_MS = 86_400_000;

/** What telling other systems stands on. */
export interface ExchangeServiceParts {
  readonly database: Kysely<Database>;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter?: Meter;
  readonly sites: Pick<SiteDirectory, 'exchange'>;
  readonly config: Omit<OwnIdentity, 'aeTitle'> & Pick<Config, 'deliveryDaysMax'>;
  readonly onReferral: (referralId: string) => void;
}

/** Starts to tell other systems, and goes on. */
export function startExchange(parts: ExchangeServiceParts): ExchangeRunner {
  const { sites, config } = parts;
  const runner = new ExchangeRunner({
    ...parts,
    exchange: () => sites.exchange(),
    openLine: (receiver) => openLine(sites.exchange(), receiver, parts),
    buildWebhook: buildWebhookMessage,
    giveUpAfterMs: config.deliveryDaysMax * DAY_MS,
  });
  runner.start();
  return runner;
}

async function openLine(
  { hl7, webhooks }: ExchangeSettings,
  name: string,
  parts: ExchangeServiceParts,
): Promise<MessageLine> {
  const receiver = hl7.find((each) => each.name === name);
  if (receiver !== undefined) return openHl7Line(receiver, parts);
  const webhook = webhooks.find((each) => each.name === name);
  if (webhook !== undefined) return openWebhookLine(webhook, parts.clock);
  throw new TriageError('not-found', `no receiver ${name} is configured`);
}

async function openHl7Line(
  receiver: Hl7Receiver,
  { clock, config }: Pick<ExchangeServiceParts, 'clock' | 'config'>,
): Promise<MessageLine> {
  const { host, port, tls, characterSet, answerSecondsMax } = receiver;
  const open = () =>
    openMllp({
      ...{ host, port, clock, connectMsMax: CONNECT_MS_MAX, answerMsMax: answerSecondsMax * 1000 },
      ...(tls ? { tls: ownTlsFiles(config) } : {}),
    });
  let connection = await open();
  let isUsed = false;
  const send = async (message: Buffer, messageId: string): Promise<SendVerdict> => {
    isUsed = true;
    return verdictOf(await connection.send(message, messageId));
  };
  return {
    send: async ({ payload, messageId }) => {
      const message = encodeMessage(payload, characterSet);
      const wasUsed = isUsed;
      try {
        return await send(message, messageId);
      } catch (thrown) {
        // A receiver may hang up after every answer, also while the next message is on its way.
        if (!wasUsed || !connection.wasHungUp) throw thrown;
        connection = await open();
        return send(message, messageId);
      }
    },
    close: () => connection.close(),
  };
}
