/** Answers that hold others: a page of a search as a Bundle, a failure as an OperationOutcome. Pure. */
import type { ErrorCode } from '../../errors.ts';
import type { SearchPage } from './fhir-reader.ts';
import { type FhirElement, type FhirResource, instantOf } from './fhir-values.ts';

/** Codes of an issue (FHIR value set issue-type) by ours; those that are not named are exceptions. */
const ISSUE_CODES: Partial<Readonly<Record<ErrorCode, string>>> = {
  'request-invalid': 'invalid',
  'not-found': 'not-found',
  unauthorised: 'login',
  forbidden: 'forbidden',
  'not-acceptable': 'not-supported',
  'too-many-requests': 'throttled',
  'server-busy': 'transient',
};

/** A page of a search. Only a whole answer has a total: to count costs as much as to read. */
export function searchBundle(
  { found, included, next }: SearchPage,
  about: {
    /** Address of the API, without a slash at its end. */
    readonly base: string;
    readonly self: string;
    readonly nextOf: (cursor: string) => string;
    readonly isFirstPage: boolean;
    readonly ignored: readonly string[];
    readonly atMs: number;
  },
): Omit<FhirResource, 'id'> {
  const entryOf =
    (mode: 'match' | 'include') =>
    ({ resource }: SearchPage['found'][number]): FhirElement => ({
      fullUrl: `${about.base}/${resource.resourceType}/${resource.id}`,
      resource,
      search: { mode },
    });
  const outcome = operationOutcome(
    'not-supported',
    `these parameters are not known here and were left out: ${about.ignored.join(', ')}`,
    'warning',
  );
  const entries = [
    ...found.map(entryOf('match')),
    ...included.map(entryOf('include')),
    ...(about.ignored.length === 0 ? [] : [{ resource: outcome, search: { mode: 'outcome' } }]),
  ];
  return {
    resourceType: 'Bundle',
    type: 'searchset',
    meta: { lastUpdated: instantOf(about.atMs) },
    total: about.isFirstPage && next === null ? found.length : undefined,
    link: [
      { relation: 'self', url: about.self },
      ...(next === null ? [] : [{ relation: 'next', url: about.nextOf(next) }]),
    ],
    entry: entries.length === 0 ? undefined : entries,
  };
}

/** A failure, in our words. */
export function failureOutcome(code: ErrorCode, message: string, action: string): FhirElement {
  return operationOutcome(ISSUE_CODES[code] ?? 'exception', `${message}. ${action}`, 'error');
}

function operationOutcome(code: string, diagnostics: string, severity: 'error' | 'warning'): FhirElement {
  return { resourceType: 'OperationOutcome', issue: [{ severity, code, diagnostics }] };
}
