/** Whether a resource has what a search parameter asks for (FHIR R4, 3.1.1 Search). Pure. */
import { TriageError } from '../../errors.ts';
import type { FhirResource, FhirValue } from './fhir-values.ts';

/** Types of search parameters that are offered. */
export type ParameterType = 'token' | 'reference' | 'date';

/** A time span; both ends belong to it. */
export interface TimeSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

const PREFIXES = ['eq', 'gt', 'ge', 'lt', 'le'] as const;

/** Whether one of the values that are asked for is among those of the resource. */
export function matches(
  type: ParameterType,
  asked: readonly string[],
  present: readonly (FhirValue | undefined)[],
): boolean {
  const test = { token: matchesToken, reference: matchesReference, date: matchesDate }[type];
  return asked.some((text) => present.some((value) => value !== undefined && test(text, value)));
}

/** Values along a path of names through a resource, lists taken apart. */
export function valuesAt(resource: FhirResource, path: string): readonly FhirValue[] {
  let values: readonly FhirValue[] = [resource];
  for (const name of path.split('.')) {
    values = values.flatMap((value) => {
      const member = isElement(value) ? value[name] : undefined;
      if (member === undefined) return [];
      return Array.isArray(member) ? (member as readonly FhirValue[]) : [member];
    });
  }
  return values;
}

/** `Type/id` of a reference that is asked for: as such, as an identifier alone, or as an address. */
export function readReference(text: string): { readonly type: string | null; readonly id: string } {
  const parts = text.split('/');
  return { type: parts.at(-2) ?? null, id: parts.at(-1) ?? '' };
}

/** The span that a date means, and how a value must lie to it. Throws request-invalid. */
export function readDate(text: string): {
  readonly prefix: (typeof PREFIXES)[number];
  readonly span: TimeSpan;
} {
  const prefix = PREFIXES.find((one) => text.startsWith(one));
  const span = spanOf(prefix === undefined ? text : text.slice(2));
  if (span === undefined) {
    throw new TriageError(
      'request-invalid',
      'a date is written 2026-11-22 or 2026-11-22T10:00:00Z, with eq, gt, ge, lt or le before it where wanted',
    );
  }
  return { prefix: prefix ?? 'eq', span };
}

/** The code of a token and its system: undefined where none was named, empty where there must be none. */
export function readToken(text: string): { readonly system: string | undefined; readonly code: string } {
  const bar = text.indexOf('|');
  if (bar < 0) return { system: undefined, code: text };
  return { system: text.slice(0, bar), code: text.slice(bar + 1) };
}

function matchesToken(text: string, value: FhirValue): boolean {
  const asked = readToken(text);
  return tokensOf(value).some(
    ({ system, code }) =>
      (asked.code === '' || asked.code === code) &&
      (asked.system === undefined || asked.system === (system ?? '')),
  );
}

function tokensOf(value: FhirValue): readonly { readonly system?: string; readonly code: string }[] {
  if (typeof value === 'string') return [{ code: value }];
  if (!isElement(value)) return [];
  const { coding, system, code, value: identifier } = value;
  if (Array.isArray(coding)) return (coding as readonly FhirValue[]).flatMap(tokensOf);
  const name = code ?? identifier;
  if (typeof name !== 'string') return [];
  return [typeof system === 'string' ? { system, code: name } : { code: name }];
}

function matchesReference(text: string, value: FhirValue): boolean {
  const reference = isElement(value) ? value['reference'] : undefined;
  if (typeof reference !== 'string') return false;
  const asked = readReference(text);
  const own = readReference(reference);
  return asked.id === own.id && (asked.type === null || asked.type === own.type);
}

function matchesDate(text: string, value: FhirValue): boolean {
  const own = typeof value === 'string' ? spanOf(value) : undefined;
  if (own === undefined) return false;
  const { prefix, span } = readDate(text);
  switch (prefix) {
    case 'eq':
      return own.fromMs >= span.fromMs && own.toMs <= span.toMs;
    case 'gt':
      return own.toMs > span.toMs;
    case 'ge':
      return own.toMs >= span.fromMs;
    case 'lt':
      return own.fromMs < span.fromMs;
    case 'le':
      return own.fromMs <= span.toMs;
  }
}

/** A year, month, day or moment; what names no zone is in UTC. */
function spanOf(text: string): TimeSpan | undefined {
  const [, year, month, day, time] =
    /^(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T(\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[-+]\d{2}:\d{2})?))?)?)?$/.exec(
      text,
    ) ?? [];
  if (year === undefined) return undefined;
  if (time !== undefined) {
    const fromMs = Date.parse(/Z|[-+]\d{2}:\d{2}$/.test(time) ? text : `${text}Z`);
    const lengthMs = time.includes('.') ? 1 : /^\d{2}:\d{2}:\d{2}/.test(time) ? 1_000 : 60_000;
    return Number.isNaN(fromMs) ? undefined : { fromMs, toMs: fromMs + lengthMs - 1 };
  }
  const start = [Number(year), Number(month ?? 1) - 1, Number(day ?? 1)] as const;
  const fromMs = Date.UTC(...start);
  const endMs = Date.UTC(
    start[0] + (month === undefined ? 1 : 0),
    start[1] + (month !== undefined && day === undefined ? 1 : 0),
    start[2] + (day === undefined ? 0 : 1),
  );
  const isReal = new Date(fromMs).getUTCMonth() === start[1] && new Date(fromMs).getUTCDate() === start[2];
  return isReal ? { fromMs, toMs: endMs - 1 } : undefined;
}

function isElement(value: FhirValue): value is Readonly<Record<string, FhirValue | undefined>> {
  return typeof value === 'object' && !Array.isArray(value);
}
