import type { FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { AuditEntry } from '../database/audit-trail.ts';
import { FINDING_KINDS } from '../exam/finding-kind.ts';
import { REFERRAL_STATES } from '../exam/referral-life.ts';
import { actorOf, type Staff } from '../exam/staff.ts';
import { exportHeading, exportLines } from '../worklist/referral-export.ts';
import { EXPORTED_ROWS_MAX, type ReferralList } from '../worklist/referral-list.ts';
import {
  REFERRAL_TABS,
  type ReferralListAnswer,
  type ReferralListQuery,
} from '../worklist/referral-views.ts';
import { parseInput } from '../worklist/worklist-routes.ts';
import { staffOf } from './caller.ts';
import type { RouteGroup } from './server.ts';

const ROWS_DEFAULT = 50;
const ROWS_MAX = 200;
const AGE_YEARS_MAX = 130;

const age = z.coerce.number().int().min(0).max(AGE_YEARS_MAX);
const filterFields = {
  tab: z.enum(REFERRAL_TABS).default('all'),
  sort: z.enum(['urgency', 'due', 'newest']).default('urgency'),
  siteId: z.string().min(1).max(40).optional(),
  kind: z.enum(FINDING_KINDS).optional(),
  gradeMin: z.coerce
    .number()
    .pipe(z.literal([1, 2, 3]))
    .optional(),
  ageMin: age.optional(),
  ageMax: age.optional(),
  state: z.enum(REFERRAL_STATES).optional(),
  search: z.string().trim().max(100).optional(),
};
const listQuery = z.strictObject({
  ...filterFields,
  cursor: z.string().min(1).max(400).optional(),
  limit: z.coerce.number().int().min(1).max(ROWS_MAX).default(ROWS_DEFAULT),
});
const exportQuery = z.strictObject({ ...filterFields, language: z.enum(['en', 'sv']).default('sv') });

/** What the routes of the list stand on. */
export interface ReferralListRoutesParts {
  readonly list: ReferralList;
  /** Writes down searches and exports. */
  readonly record: (entry: AuditEntry) => Promise<void>;
  readonly clock: Clock;
}

/** Serves the list of referrals and its export. */
export function serveReferralList({ list, record, clock }: ReferralListRoutesParts): RouteGroup {
  const audit = (staff: Staff, action: string, query: Partial<ReferralListQuery>): Promise<void> =>
    record({
      atMs: clock.nowMs(),
      actor: actorOf(staff),
      action,
      subject: 'referrals',
      detail: query,
    });
  return (app) => {
    app.get('/api/referrals', async (request): Promise<ReferralListAnswer> => {
      const staff = staffOf(request);
      const query = given(parseInput(listQuery, request.query));
      if (isSearch(request, query)) {
        const { cursor: _cursor, limit: _limit, ...asked } = query;
        await audit(staff, 'referral list searched', asked);
      }
      return list.list(query, staff);
    });
    app.get('/api/referrals.csv', async (request, reply) => {
      const staff = staffOf(request);
      const { language, ...asked } = parseInput(exportQuery, request.query);
      const query = given({ ...asked, limit: EXPORTED_ROWS_MAX });
      await audit(staff, 'referral list exported', given(asked));
      const day = new Date(clock.nowMs()).toISOString().slice(0, 10);
      const pages = list.pages(query, staff);
      async function* lines(): AsyncGenerator<string> {
        yield exportHeading(language);
        for await (const rows of pages) yield exportLines(rows, language);
      }
      return reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', `attachment; filename="referrals-${day}.csv"`)
        .send(Readable.from(lines()));
    });
  };
}

/** A page that refreshes by itself is not searched anew, and the next page belongs to the same search. */
function isSearch({ headers }: FastifyRequest, { search = '', cursor }: ReferralListQuery): boolean {
  return search !== '' && cursor === undefined && headers['x-unattended'] === undefined;
}

/** Without the fields that nobody gave. */
function given<Asked extends object>(
  asked: Asked,
): { [Field in keyof Asked]: Exclude<Asked[Field], undefined> } {
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined)) as {
    [Field in keyof Asked]: Exclude<Asked[Field], undefined>;
  };
}
