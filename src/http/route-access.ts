/** Who may ask for what: every route of the worklist's server stands here, or the server does not start. */
import type { Role } from '../exam/staff.ts';

/**
 * `public` needs no sign-in; `signed-in` any role; `system` the key of another system (sites file, `exchange.systems`);
 * a list names the roles of which one is needed.
 */
export type Access = 'public' | 'signed-in' | 'system' | readonly Role[];

const CARE: readonly Role[] = ['coordinator', 'radiologist'];
const COORDINATOR: readonly Role[] = ['coordinator'];
const FILMS: readonly Role[] = ['coordinator', 'radiologist', 'site-user'];
const ADMINISTRATOR: readonly Role[] = ['administrator'];
const KEEPERS: readonly Role[] = ['coordinator', 'administrator'];
const AUDITOR: readonly Role[] = ['auditor'];

/** Access by method and pattern of the route. */
export const ROUTE_ACCESS: Readonly<Record<string, Access>> = {
  // Health, metrics, pages: nothing in them names a person; every page asks the routes below for what it shows.
  'GET /healthz': 'public',
  'GET /readyz': 'public',
  'GET /metrics': 'public',
  'GET /assets/*': 'public',
  'GET /': 'public',
  'GET /referrals/:referralId': 'public',
  'GET /films': 'public',
  'GET /exams/:examId': 'public',
  'GET /persons': 'public',
  'GET /persons/:personId': 'public',
  'GET /deliveries': 'public',
  'GET /audit': 'public',
  'GET /admin': 'public',
  'GET /admin/:part': 'public',
  'GET /account': 'public',

  // Sign-in.
  'GET /api/session': 'public',
  'POST /api/session': 'public',
  'DELETE /api/session': 'signed-in',
  'POST /api/session/password': 'signed-in',
  'GET /sign-in/oidc': 'public',
  'GET /sign-in/oidc/callback': 'public',
  'GET /api/users': ADMINISTRATOR,
  'POST /api/users': ADMINISTRATOR,
  'PATCH /api/users/:userId': ADMINISTRATOR,
  'POST /api/users/:userId/password-reset': ADMINISTRATOR,
  'POST /api/users/:userId/sign-out': ADMINISTRATOR,

  // Referrals.
  'GET /api/referrals': CARE,
  'GET /api/referrals.csv': COORDINATOR,
  'GET /api/referrals/:referralId': CARE,
  'POST /api/referrals/:referralId/actions': CARE,
  'PUT /api/referrals/:referralId/risk-factors': COORDINATOR,
  'GET /api/referrals/:referralId/letter.pdf': CARE,
  'GET /api/colleagues': CARE,

  // Films.
  'GET /api/status': 'signed-in',
  'GET /api/events': 'signed-in',
  'GET /api/exams': FILMS,
  'GET /api/exams/:examId': FILMS,
  'GET /api/exams/:examId/preview.png': FILMS,
  'GET /api/exams/:examId/overlay.png': FILMS,
  'GET /api/exams/:examId/film': FILMS,
  'GET /api/exams/:examId/corrections': FILMS,
  'POST /api/exams/:examId/corrections': CARE,
  'GET /api/refusals': KEEPERS,

  // People.
  'GET /api/persons': COORDINATOR,
  'GET /api/persons/:personId': COORDINATOR,
  'POST /api/persons/:personId/reveal': CARE,
  'POST /api/persons/:personId/correct': COORDINATOR,
  'POST /api/persons/merge': COORDINATOR,
  'PUT /api/persons/:personId/protection': COORDINATOR,

  // What leaves the node.
  'GET /api/deliveries': KEEPERS,
  'POST /api/deliveries/restart': KEEPERS,
  'GET /api/messages': KEEPERS,
  'POST /api/messages/restart': KEEPERS,

  // Audit.
  'GET /api/audit': AUDITOR,
  'GET /api/audit/export': AUDITOR,
  'GET /api/audit/verification': AUDITOR,
  'POST /api/audit/verification': AUDITOR,

  // Administration.
  'GET /api/admin/sites': ADMINISTRATOR,
  'PUT /api/admin/sites': ADMINISTRATOR,
  'GET /api/admin/history': ADMINISTRATOR,
  'GET /api/admin/models': ADMINISTRATOR,
  'POST /api/admin/models/:name': ADMINISTRATOR,
  'GET /api/admin/failures': ADMINISTRATOR,
  'POST /api/admin/failures/:examId/retry': ADMINISTRATOR,
  'GET /api/admin/health': ADMINISTRATOR,
  'GET /api/admin/settings': ADMINISTRATOR,

  // FHIR R4 for other systems.
  'GET /fhir/metadata': 'public',
  'GET /fhir/:type': 'system',
  'POST /fhir/:type/_search': 'system',
  'GET /fhir/:type/:id': 'system',
};
