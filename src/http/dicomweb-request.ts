/** What DICOMweb requests have in common: addresses of objects, media types, pages. Pure. */
import { parseMediaType, splitOutsideQuotes } from '../intake/multipart.ts';
import { isValidUid } from '../dicom/uids.ts';
import { TriageError } from '../errors.ts';

/** Data sets as JSON (PS3.18 Annex F). */
export const DICOM_JSON = 'application/dicom+json';

const PAGE_DEFAULT = 100;
const PAGE_MAX = 1000;

/** One range of an Accept header. */
export interface AcceptedType {
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** The ranges of an Accept header, or of the `accept` parameter of an address, in their order; nothing is everything. */
export function acceptedTypes(header: string | undefined): readonly AcceptedType[] {
  const ranges = splitOutsideQuotes(header ?? '', ',').map((piece) => parseMediaType(piece));
  const named = ranges.filter(({ type, parameters }) => type !== '' && parameters['q'] !== '0');
  return named.length === 0 ? [{ type: '*/*', parameters: {} }] : named;
}

/** The first of our types that the caller takes. Throws not-acceptable naming them all. */
export function chooseType<Type extends string>(
  accepted: readonly AcceptedType[],
  ours: readonly Type[],
): Type {
  for (const { type } of accepted) {
    const found = ours.find(
      (own) => type === own || type === '*/*' || type === `${own.split('/')[0] ?? ''}/*`,
    );
    if (found !== undefined) return found;
  }
  throw new TriageError('not-acceptable', `this is answered as ${ours.join(' or ')} only`);
}

/** The UIDs in the address of a request. Throws request-invalid where one is none. */
export function uidsOf(params: unknown): {
  readonly study: string;
  readonly series?: string;
  readonly instance?: string;
} {
  const { study = '', series, instance } = params as Readonly<Record<string, string | undefined>>;
  for (const uid of [study, series, instance]) {
    if (uid !== undefined && !isValidUid(uid))
      throw new TriageError('request-invalid', 'the address holds no valid UID');
  }
  return {
    study,
    ...(series === undefined ? {} : { series }),
    ...(instance === undefined ? {} : { instance }),
  };
}

/** Which part of a list is asked for: `limit` (100, at most 1000) and `offset`. */
export function pageOf(query: Readonly<Record<string, string>>): {
  readonly limit: number;
  readonly offset: number;
} {
  return {
    limit: Math.min(wholeNumber(query, 'limit') ?? PAGE_DEFAULT, PAGE_MAX),
    offset: wholeNumber(query, 'offset') ?? 0,
  };
}

/** The parameters of an address, the first of each name; a name that came twice is joined by commas. */
export function queryOf(query: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(query as Readonly<Record<string, string | readonly string[]>>).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : value.join(','),
    ]),
  );
}

function wholeNumber(query: Readonly<Record<string, string>>, name: string): number | undefined {
  const text = query[name];
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw new TriageError('request-invalid', `${name} must be a whole number`);
  return Number(text);
}
