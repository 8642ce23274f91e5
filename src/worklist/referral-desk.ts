/** Where people read a referral and act on it. Every change is one transaction, and of two at once one is told. */
import type { Kysely } from 'kysely';
import type { Clock } from '../clock.ts';
import { AuditSights } from '../database/audit-sights.ts';
import { recordAudit } from '../database/audit-trail.ts';
import type { Connection } from '../database/exam-records.ts';
import { insertRiskFactors } from '../database/measurement-records.ts';
import { type ReferralActor, requireReferral } from '../database/referral-events.ts';
import type { Database } from '../database/schema.ts';
import { transact } from '../database/transact.ts';
import { TriageError } from '../errors.ts';
import { EVENT_WORDS, type ReferralEventName } from '../exam/referral-action.ts';
import { referralConflict } from '../exam/referral-conflict.ts';
import type { RiskFactors } from '../exam/risk-factors.ts';
import { actorOf, type Role, type Staff } from '../exam/staff.ts';
import type { SiteDirectory } from '../site-registry.ts';
import { localDay, localTime } from './appointment.ts';
import { mayAct } from './offered-actions.ts';
import { performAction } from './referral-actions.ts';
import { siteNames } from './referral-list.ts';
import { readReferral } from './referral-reader.ts';
import type { ReferralAction, ReferralView } from './referral-views.ts';
import type { WorklistEvent } from './worklist-views.ts';

/** A colleague that a referral can be given to. */
export interface Colleague {
  readonly userId: string;
  readonly name: string;
}

/** What the referral's page asks for. */
export interface ReferralDesk {
  /** Throws not-found. That somebody looked is written down. */
  read(referralId: string, staff: Staff): Promise<ReferralView>;
  /** Throws state-conflict where somebody was quicker or the state does not allow it, forbidden, request-invalid. */
  act(referralId: string, action: ReferralAction, staff: Staff): Promise<ReferralView>;
  saveRiskFactors(referralId: string, factors: RiskFactors, staff: Staff): Promise<ReferralView>;
  colleagues(): Promise<readonly Colleague[]>;
}

/** What the desk stands on. */
export interface ReferralDeskParts {
  readonly database: Kysely<Database>;
  readonly clock: Clock;
  readonly sites: Pick<SiteDirectory, 'book' | 'referralDays'>;
  readonly events: { publish(event: WorklistEvent): void };
}

const COLLEAGUES_MAX = 500;
const LEADING_ROLE: Role = 'coordinator';
/** What stands in the history and made nobody's sight of the referral old. */
const TOLD_BESIDE: readonly ReferralEventName[] = ['order-sent', 'order-refused'];

/** Opens the desk over the record. */
export function openReferralDesk(parts: ReferralDeskParts): ReferralDesk {
  const { database, clock, sites, events } = parts;
  const actorNow = (staff: Staff): ReferralActor => ({
    ...{ actor: actorOf(staff), actorName: staff.name, nowMs: clock.nowMs(), days: sites.referralDays() },
  });
  const view = (referralId: string, staff: Staff): Promise<ReferralView> =>
    readReferral(database, referralId, { staff, nameSite: siteNames(sites), nowMs: clock.nowMs() });
  const sights = new AuditSights(database, clock);
  return {
    async read(referralId, staff) {
      const referral = await view(referralId, staff);
      await sights.note({
        ...{ actor: actorOf(staff), action: 'referral seen', subject: referralId },
        personId: referral.personId,
      });
      return referral;
    },
    async act(referralId, action, staff) {
      if (!mayAct(staff.roles, action.action)) {
        throw new TriageError(
          'forbidden',
          'a referral is led by a coordinator; a radiologist may write a note',
        );
      }
      const by = actorNow(staff);
      await transact(database, async (transaction) => {
        const referral = await requireReferral(transaction, referralId);
        if (referral.version !== action.version) throw await conflict(transaction, referralId, by.nowMs);
        await performAction({ database: transaction, referral, staff, by }, action);
      });
      events.publish({ type: 'referral', referralId });
      return view(referralId, staff);
    },
    async saveRiskFactors(referralId, factors, staff) {
      const by = actorNow(staff);
      await transact(database, async (transaction) => {
        const { person_id: personId } = await requireReferral(transaction, referralId);
        await insertRiskFactors(transaction, personId, factors, by);
        await recordAudit(transaction, {
          ...{ atMs: by.nowMs, actor: by.actor, action: 'risk factors saved', subject: referralId, personId },
        });
      });
      events.publish({ type: 'referral', referralId });
      return view(referralId, staff);
    },
    colleagues: () => listColleagues(database),
  };
}

/** Who was quicker, and with what. */
async function conflict(database: Connection, referralId: string, nowMs: number): Promise<TriageError> {
  const last = await database
    .selectFrom('referral_events')
    .select(['actor_name', 'action', 'at_ms'])
    .where('referral_id', '=', referralId)
    .where('action', 'not in', TOLD_BESIDE)
    .orderBy('event_id', 'desc')
    .executeTakeFirst();
  if (last === undefined) return new TriageError('state-conflict', 'this referral has changed; reload');
  const time = localTime(last.at_ms).replace(/^(..)(..).*$/, '$1:$2');
  const day = localDay(last.at_ms).replace(/^(....)(..)(..)$/, '$1-$2-$3');
  const when = localDay(last.at_ms) === localDay(nowMs) ? `at ${time}` : `on ${day} at ${time}`;
  const event = last.action as ReferralEventName;
  const actor = last.actor_name;
  return referralConflict(`${actor} ${EVENT_WORDS[event]} ${when}; reload`, {
    ...{ conflict: 'changed', event, actor, at: new Date(last.at_ms).toISOString() },
  });
}

async function listColleagues(database: Connection): Promise<readonly Colleague[]> {
  const rows = await database
    .selectFrom('users')
    .select(['user_id', 'name', 'roles_json'])
    .where('is_disabled', '=', 0)
    .orderBy('name')
    .limit(COLLEAGUES_MAX)
    .execute();
  return rows
    .filter(({ roles_json }) => (JSON.parse(roles_json) as readonly Role[]).includes(LEADING_ROLE))
    .map(({ user_id: userId, name }) => ({ userId, name }));
}
