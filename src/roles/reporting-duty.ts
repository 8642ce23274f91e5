import type { DimseLimits } from '../dimse/limits.ts';
import type { DutyWork } from '../duty.ts';
import { startExchange } from '../exchange/exchange-service.ts';
import type { Commitments } from '../intake/commitment-answers.ts';
import { type RunningPart, stopAll } from '../lifecycle.ts';
import { startRetention } from '../operations/retention.ts';
import { PRODUCT_VERSION } from '../project-folder.ts';
import { startDeliveries } from '../report/delivery-service.ts';
import { OutTrayRunner } from '../report/out-tray-runner.ts';
import { ResultDesk } from '../report/result-desk.ts';
import { startReminders } from '../worklist/reminders.ts';
import type { Foundation } from './foundation.ts';

const DAY_MS = 86_400_000;

/** What telling others of results stands on. */
export interface ReportingParts extends Foundation {
  readonly limits: DimseLimits;
  readonly commitments: Commitments;
}

/**
 * What one listener does for all: sends reports to PACS, asks for their commitment and answers those who ask for ours,
 * tells clinics of results and other systems of referrals, reminds of what is due, and removes films whose time is up.
 */
export async function holdReporting(foundation: ReportingParts, parts: RunningPart[]): Promise<void> {
  const duty = await foundation.duties.hold('reporting', () => beginReporting(foundation));
  parts.push({ name: 'reporting', stop: () => duty.close() });
}

async function beginReporting(base: ReportingParts): Promise<DutyWork> {
  const { config, events, clock, log } = base;
  const parts: RunningPart[] = [];
  const answers = base.commitments.answerForAll();
  parts.push({ name: 'answers about commitment', stop: () => answers.close() });
  const deliveries = startDeliveries(base);
  parts.push({ name: 'deliveries', stop: () => deliveries.close() });
  const exchange = startExchange({
    ...base,
    onReferral: (referralId) => events.publish({ type: 'referral', referralId }),
  });
  parts.push({ name: 'messages to other systems', stop: () => exchange.close() });
  const retention = startRetention({
    ...base,
    dataFolder: config.data,
    rules: { keepDays: config.retentionDays, diskPercentMax: config.retentionDiskPercent },
  });
  parts.push({ name: 'retention', stop: () => retention.stop() });
  const reminders = startReminders(base);
  parts.push({ name: 'reminders', stop: () => reminders.close() });
  const trays = new OutTrayRunner({ ...base, giveUpAfterMs: config.deliveryDaysMax * DAY_MS });
  parts.push({ name: 'out-trays', stop: () => trays.close() });
  const desk = new ResultDesk({
    ...base,
    softwareVersion: PRODUCT_VERSION,
    servesLoopback: config.dicomwebPort !== null,
    onDeliveries: () => trays.ring(),
  });
  parts.push({ name: 'results for clinics', stop: () => desk.close() });
  const unsubscribe = events.subscribe(({ type }) => {
    if (type === 'deliveries') deliveries.ring();
    exchange.ring();
  });
  parts.push({ name: 'news', stop: () => Promise.resolve().then(unsubscribe) });
  await trays.retireUnknown();
  trays.ring();
  desk.start();
  return {
    close: async () => {
      await stopAll(parts, clock, log);
    },
  };
}
