/** Whose request it is: the API key of a site, and how often it may ask. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Clock } from '../clock.ts';
import { TriageError } from '../errors.ts';
import type { SiteDirectory } from '../site-registry.ts';
import { LOOPBACK_SITE_ID } from '../sites.ts';

/** More callers than this are not told apart: the count begins anew. */
const CALLERS_MAX = 10_000;

/**
 * The site of a request's key. Throws unauthorised where the key is missing or not known. Without a sites file
 * there is no key to ask for: the server then listens on loopback only.
 */
export function siteIdOf(
  headers: IncomingHttpHeaders,
  sites: Pick<SiteDirectory, 'book' | 'siteOfApiKey'>,
): string {
  if (sites.book() === null) return LOOPBACK_SITE_ID;
  const key = keyOf(headers);
  if (key === undefined) throw new TriageError('unauthorised', 'the request carries no API key');
  const site = sites.siteOfApiKey(key);
  if (site === undefined) throw new TriageError('unauthorised', 'the API key is not known');
  return site.id;
}

/** Requests that a caller has left: a bucket that refills evenly. */
export class RequestBudget {
  readonly #clock: Clock;
  readonly #limits: { readonly atOnceMax: number; readonly perSecondMax: number };
  readonly #spent = new Map<string, { tokens: number; atMs: number }>();

  constructor(clock: Clock, limits: { readonly atOnceMax: number; readonly perSecondMax: number }) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Takes one request of the caller's. Throws too-many-requests where none is left. */
  spend(caller: string): void {
    const { atOnceMax, perSecondMax } = this.#limits;
    const nowMs = this.#clock.monotonicMs();
    const known = this.#spent.get(caller) ?? { tokens: atOnceMax, atMs: nowMs };
    const tokens = Math.min(atOnceMax, known.tokens + ((nowMs - known.atMs) / 1000) * perSecondMax);
    if (this.#spent.size >= CALLERS_MAX) this.#spent.clear();
    this.#spent.set(caller, { tokens: Math.max(0, tokens - 1), atMs: nowMs });
    if (tokens < 1)
      throw new TriageError('too-many-requests', 'more requests than are answered in this time');
  }
}

function keyOf(headers: IncomingHttpHeaders): string | undefined {
  const bearer = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  const plain = headers['x-api-key'];
  return bearer ?? (typeof plain === 'string' && plain !== '' ? plain : undefined);
}
