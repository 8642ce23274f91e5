import type { FastifyInstance } from 'fastify';
import type { AccessGate, SignedIn } from '../access/access-gate.ts';
import type { SessionAnswer } from '../access/session-views.ts';
import { TriageError } from '../errors.ts';
import { dueStanding } from '../exam/due-standing.ts';
import { actionsIn, stateAfter } from '../exam/referral-action.ts';
import { referralConflict } from '../exam/referral-conflict.ts';
import { DEFAULT_REFERRAL_DAYS, dueAtMs } from '../exam/referral-life.ts';
import type { ReferralState } from '../exam/referral-life.ts';
import type { RiskFactors } from '../exam/risk-factors.ts';
import type { Role } from '../exam/staff.ts';
import { REFERRAL_TABS } from '../worklist/referral-views.ts';
import type {
  ReferralAction,
  ReferralEventView,
  ReferralListAnswer,
  ReferralListRow,
  ReferralTab,
  ReferralView,
} from '../worklist/referral-views.ts';
import { inventReferral } from './scripted-worklist.ts';
import type { ScriptedWorklist } from './scripted-worklist.ts';

const DAY_MS = 86_400_000;
/** Who reads the pages. */
const KARIN = { userId: 'u1', name: 'Karin Koordinator' };
const SITES = [
  { siteId: 'clinic-7', name: 'Folktandvården Ekbacken' },
  { siteId: 'clinic-9', name: 'Röntgen Norr' },
];

/** Who may be in which tab; `mine` is for whoever asks. */
const TAB_STATES: Readonly<
  Record<Exclude<ReferralTab, 'mine' | 'overdue' | 'all'>, readonly ReferralState[]>
> = {
  new: ['flagged'],
  'awaiting-dxa': ['dxa-ordered', 'dxa-booked'],
  'awaiting-answer': ['dxa-done', 'treatment-assessment'],
  closed: ['closed', 'dismissed'],
};

/** A referral as the scripted service holds it. */
export type ScriptedReferral = Omit<ReferralView, 'actions' | 'films'>;

/** Referrals in memory that obey the table of steps, and one person who signs in with the password `right`. */
export class ScriptedReferrals {
  readonly referrals: ScriptedReferral[] = [];
  /** What was asked of /api/referrals, the latest last. */
  readonly asked: string[] = [];
  /** Changes that came without the token that every change carries. */
  unproven = 0;
  roles: readonly Role[] = ['coordinator'];
  way: SessionAnswer['way'] = 'off';
  isSignedIn = true;
  mustChangePassword = false;
  idleEndsAt: string | null = null;
  readonly #worklist: ScriptedWorklist;
  readonly #nowMs: () => number;
  #events = 1;

  constructor(worklist: ScriptedWorklist, nowMs: () => number) {
    this.#worklist = worklist;
    this.#nowMs = nowMs;
  }

  /** The gate that lets the one person in. */
  gate(): AccessGate {
    return {
      way: this.way,
      identify: () => Promise.resolve(this.isSignedIn ? this.#signedIn() : null),
      findSystem: () => undefined,
      sitesOfFilm: () => Promise.resolve([]),
    };
  }

  /** A referral; `changes` replaces any part of it. */
  invent(changes: Partial<ScriptedReferral> & Pick<ScriptedReferral, 'referralId'>): ScriptedReferral {
    const row = inventReferral(changes);
    const state = changes.state ?? 'flagged';
    const since = Date.parse(changes.stateSince ?? row.createdAt);
    const due = dueAtMs(state, since, DEFAULT_REFERRAL_DAYS);
    const referral: ScriptedReferral = {
      ...row,
      ...{ version: 1, personId: `p-${changes.referralId}`, owner: null, urgency: 480 },
      ...{ stateSince: row.createdAt, site: SITES[0]!, step: null, dxa: null, riskFactors: null },
      ...{ dismissalReason: null, outcome: null, otherReferrals: [], asks: row.assessments },
      dueAt: due === null ? null : new Date(due).toISOString(),
      dueStanding: dueStanding(due, this.#nowMs()),
      riskIndices: [
        { index: 'OST', score: null, level: null },
        { index: 'ORAI', score: 11, level: 'high' },
        { index: 'OSIRIS', score: null, level: null },
      ],
      events: [this.#event('flagged', null, state, row.createdAt, 'service')],
      ...changes,
    };
    this.referrals.push(referral);
    return referral;
  }

  /** Serves what the pages ask for. */
  serve(app: FastifyInstance): void {
    app.get('/api/session', () => this.#session());
    app.post('/api/session', (request) => {
      const { password } = request.body as { readonly password: string };
      if (password !== 'right') throw new TriageError('unauthorised', 'wrong');
      this.isSignedIn = true;
      return this.#session();
    });
    app.post('/api/session/password', () => {
      this.mustChangePassword = false;
      return this.#session();
    });
    app.delete('/api/session', () => {
      this.isSignedIn = false;
      return { signOutUrl: null };
    });
    app.get('/api/referrals', (request) => this.#list(new URL(request.url, 'http://localhost')));
    app.get('/api/referrals/:referralId', (request) => this.#answer(idOf(request.params)));
    app.post('/api/referrals/:referralId/actions', (request) => {
      if (this.way !== 'off' && request.headers['x-csrf-token'] !== 'proof') this.unproven += 1;
      return this.act(idOf(request.params), request.body as ReferralAction);
    });
    app.put('/api/referrals/:referralId/risk-factors', (request) => {
      this.#change(idOf(request.params), { riskFactors: request.body as RiskFactors });
      return this.#answer(idOf(request.params));
    });
    app.get('/api/colleagues', () => ({
      colleagues: [KARIN, { userId: 'u2', name: 'Per Kollega' }],
    }));
    app.post('/api/persons/:personId/reveal', () => ({
      person: {
        name: 'Dold, Person',
        patientId: '191212121212',
        birthDate: null,
        sex: 'F',
        isProtected: true,
      },
    }));
    app.get('/api/messages', () => ({ at: this.#at(), messages: [] }));
  }

  /** Does an action, as the page or a colleague asks. */
  act(referralId: string, action: ReferralAction, by = KARIN) {
    const before = this.#find(referralId);
    const [last] = before.events;
    if (action.version !== before.version && last !== undefined) {
      const { action: event, actor, at } = last;
      throw referralConflict('changed meanwhile', { conflict: 'changed', event, actor, at });
    }
    const to =
      action.action === 'undo' ? before.events.at(0)?.fromState : stateAfter(action.action, before.state);
    const state = to ?? before.state;
    const due = dueAtMs(state, this.#nowMs(), DEFAULT_REFERRAL_DAYS);
    const event = this.#event(action.action, before.state, state, this.#at(), by.name, action);
    this.#change(referralId, {
      ...{ state, stateSince: this.#at(), events: [event, ...before.events] },
      ...{ dueAt: due === null ? null : new Date(due).toISOString() },
      dueStanding: dueStanding(due, this.#nowMs()),
      ...(action.action === 'claim' ? { owner: by } : {}),
      ...(action.action === 'dismiss' ? { dismissalReason: action.reason } : {}),
      ...(action.action === 'close' ? { outcome: action.outcome } : {}),
      ...(action.action === 'record-dxa' ? { dxa: dxaOf(action) } : {}),
    });
    this.#worklist.tell({ type: 'referral', referralId });
    return this.#answer(referralId);
  }

  #signedIn(): SignedIn {
    return {
      staff: { ...KARIN, roles: this.roles, siteIds: null },
      login: 'karin',
      mustChangePassword: this.mustChangePassword,
      csrfToken: 'proof',
      idleEndsAtMs: null,
    };
  }

  #session(): SessionAnswer {
    const { staff, login, mustChangePassword } = this.#signedIn();
    return {
      user: this.isSignedIn ? { ...staff, login, mustChangePassword } : null,
      way: this.way,
      csrfToken: this.isSignedIn ? 'proof' : null,
      idleEndsAt: this.idleEndsAt,
    };
  }

  #list({ search, searchParams }: URL): ReferralListAnswer {
    if (this.#worklist.failure !== undefined) throw this.#worklist.failure;
    this.asked.push(search);
    const text = (searchParams.get('search') ?? '').toLowerCase();
    const kind = searchParams.get('kind');
    const tab = searchParams.get('tab') as ReferralTab;
    const found = this.referrals
      .filter((row) => this.#isIn(tab, row))
      .filter((row) => kind === null || row.kind === kind)
      .filter(({ person }) => `${person.name} ${person.patientId}`.toLowerCase().includes(text))
      .toSorted(SORTS[searchParams.get('sort') as keyof typeof SORTS]);
    const from = Number(searchParams.get('cursor') ?? 0);
    const to = from + Number(searchParams.get('limit'));
    const counts = REFERRAL_TABS.map((name) => [
      name,
      this.referrals.filter((row) => this.#isIn(name, row)).length,
    ]);
    return {
      at: this.#at(),
      rows: found.slice(from, to).map(rowOf),
      nextCursor: to < found.length ? String(to) : null,
      counts: Object.fromEntries(counts) as ReferralListAnswer['counts'],
      matching: found.length,
      sites: SITES,
    };
  }

  #isIn(tab: ReferralTab, row: ScriptedReferral): boolean {
    if (tab === 'all') return true;
    if (tab === 'mine') return row.owner?.userId === 'u1' && row.dueAt !== null;
    if (tab === 'overdue') return row.dueStanding === 'overdue' || row.dueStanding === 'escalated';
    return TAB_STATES[tab].includes(row.state);
  }

  #answer(referralId: string) {
    const referral = this.#find(referralId);
    const films = this.#worklist.exams
      .filter(({ person }) => person.patientId === referral.person.patientId)
      .map((exam) => ({ ...exam, isOnReferral: referral.examIds.includes(exam.examId) }));
    const wasChanged = referral.events.length > 1 && referral.events[0]?.action !== 'undo';
    const actions = this.roles.includes('coordinator')
      ? [...actionsIn(referral.state), ...(wasChanged ? (['undo'] as const) : [])]
      : [];
    return { at: this.#at(), referral: { ...referral, films, actions } satisfies ReferralView };
  }

  #change(referralId: string, changes: Partial<ScriptedReferral>): void {
    const before = this.#find(referralId);
    this.referrals[this.referrals.indexOf(before)] = { ...before, version: before.version + 1, ...changes };
  }

  #find(referralId: string): ScriptedReferral {
    const found = this.referrals.find((row) => row.referralId === referralId);
    if (found === undefined) throw new TriageError('not-found', 'no such referral');
    return found;
  }

  #event(
    action: ReferralEventView['action'],
    fromState: ReferralState | null,
    toState: ReferralState,
    at: string,
    actor: string,
    { version: _version, action: _action, ...details }: Partial<ReferralAction> = {},
  ): ReferralEventView {
    return { eventId: this.#events++, at, actor, action, fromState, toState, details, isUndone: false };
  }

  #at(): string {
    return new Date(this.#nowMs()).toISOString();
  }
}

/** How long ago or ahead, for dates of invented referrals. */
export function daysFrom(nowMs: number, days: number): string {
  return new Date(nowMs + days * DAY_MS).toISOString();
}

/** The row without what only the page of one referral has. */
function rowOf(referral: ScriptedReferral): ReferralListRow {
  const { events: _e, step: _s, dxa: _d, riskFactors: _f, riskIndices: _i, ...rest } = referral;
  const { dismissalReason: _r, outcome: _o, otherReferrals: _p, asks: _a, ...row } = rest;
  return row;
}

const SORTS = {
  urgency: (a: ReferralListRow, b: ReferralListRow) => b.urgency - a.urgency,
  due: (a: ReferralListRow, b: ReferralListRow) => (a.dueAt ?? '9').localeCompare(b.dueAt ?? '9'),
  newest: (a: ReferralListRow, b: ReferralListRow) => b.createdAt.localeCompare(a.createdAt),
};

function dxaOf(action: Extract<ReferralAction, { readonly action: 'record-dxa' }>): ScriptedReferral['dxa'] {
  const { measuredOn, tScores } = action;
  return { measuredOn, tScores, densityClass: 'osteopenia', enteredBy: KARIN.name };
}

function idOf(params: unknown): string {
  return (params as { readonly referralId: string }).referralId;
}
