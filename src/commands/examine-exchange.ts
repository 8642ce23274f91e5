import { systemClock } from '../clock.ts';
import type { Config } from '../config.ts';
import { ownTlsFiles } from '../dimse/own-identity.ts';
import { TriageError } from '../errors.ts';
import { openMllp } from '../exchange/hl7/mllp-client.ts';
import type { ExchangeSettings } from '../exchange-settings.ts';
import { isReadableByEveryone, readSecretFile } from '../secret-file.ts';

const CONNECT_MS_MAX = 5_000;

/** One thing to try: what it is, and what says how it went or throws what is wrong. */
export interface Trial {
  readonly what: string;
  readonly step: () => Promise<string>;
}

/** What `doctor` tries of the other systems that are told of referrals. Nothing is sent to them. */
export function exchangeTrials(config: Config, { hl7, webhooks }: ExchangeSettings): readonly Trial[] {
  return [
    ...hl7.map(({ name, host, port, tls }) => ({
      what: `HL7 receiver ${name} at ${host}:${port}${tls ? ' over TLS' : ''}`,
      step: async () => {
        const connection = await openMllp({
          ...{ host, port, clock: systemClock, connectMsMax: CONNECT_MS_MAX, answerMsMax: CONNECT_MS_MAX },
          ...(tls ? { tls: ownTlsFiles(config) } : {}),
        });
        connection.close();
        return 'answers';
      },
    })),
    ...webhooks.map(({ name, secretFile }) => ({
      what: `secret of webhook ${name}`,
      step: () => Promise.resolve().then(() => describeSecret(secretFile)),
    })),
  ];
}

function describeSecret(path: string): string {
  readSecretFile(path);
  if (!isReadableByEveryone(path)) return 'can be used';
  throw new TriageError('configuration-invalid', `everyone on this machine can read ${path}: chmod 600 it`);
}
