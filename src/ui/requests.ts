import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ErrorDetails } from '../errors.ts';

/** Events tell at once what is new; this only keeps the ages fresh and finds out that the service is gone. */
const REFRESH_MS = 15_000;
/** A page that nobody touched for this long reads on by itself, and says so: it must not keep a session alive. */
const UNATTENDED_MS = 30_000;

let csrfToken: string | null = null;
let touchedAtMs = Date.now();
let tellSessionEnded: () => void = () => undefined;

/** An answer of the service that is not a success, in its own words. */
export class RequestFailed extends Error {
  readonly code: string;
  readonly action: string;
  /** What the message is made of, where the service says so: a page can word it in the reader's language. */
  readonly details: ErrorDetails | undefined;

  constructor(code: string, message: string, action: string, details?: ErrorDetails) {
    super(message);
    this.name = 'RequestFailed';
    this.code = code;
    this.action = action;
    this.details = details;
  }
}

/** Keeps what every change must carry, so that another site cannot make it in the reader's name. */
export function keepCsrfToken(token: string | null): void {
  csrfToken = token;
}

/** Whom to tell when an answer says that nobody is signed in any more. */
export function onSessionEnded(listener: () => void): void {
  tellSessionEnded = listener;
}

/** Watches for signs of a person, until the returned function is called. */
export function watchAttention(): () => void {
  const touch = (): void => {
    touchedAtMs = Date.now();
  };
  const kinds = ['keydown', 'pointerdown', 'wheel'] as const;
  for (const kind of kinds) addEventListener(kind, touch, { passive: true });
  return () => {
    for (const kind of kinds) removeEventListener(kind, touch);
  };
}

/** An address and the key that its answer is kept under. */
export type ReadPlace = readonly [queryKey: readonly string[], path: string];

/** How an address is read. */
export function readQuery<Answer>(...[queryKey, path]: ReadPlace) {
  return {
    queryKey,
    queryFn: ({ signal }: { readonly signal: AbortSignal }): Promise<Answer> => readJson(path, signal),
  };
}

/** Reads an address as long as the component is shown; live events mark its first key as stale. */
export function useRead<Answer>(
  queryKey: readonly string[],
  path: string,
  options: { readonly keepsPrevious?: boolean } = {},
): UseQueryResult<Answer> {
  return useQuery<Answer>({
    ...readQuery<Answer>(queryKey, path),
    refetchInterval: REFRESH_MS,
    retry: (failures, error) => !(error instanceof RequestFailed) && failures < 1,
    retryDelay: 500,
    ...(options.keepsPrevious === true ? { placeholderData: keepPreviousData } : {}),
  });
}

/** Reads one answer; throws RequestFailed. */
export function readJson<Answer>(path: string, signal?: AbortSignal): Promise<Answer> {
  const isUnattended = Date.now() - touchedAtMs > UNATTENDED_MS;
  return askJson<Answer>(path, {
    // No header of its own while somebody is there, so that what the document preloaded is taken.
    ...(isUnattended ? { headers: { 'x-unattended': '1' } } : {}),
    ...(signal === undefined ? {} : { signal }),
  });
}

/** Asks for a change; throws RequestFailed. */
export function changeJson<Answer>(
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  body: unknown = {},
): Promise<Answer> {
  return askJson<Answer>(path, {
    method,
    headers: {
      accept: 'application/json',
      'content-type': 'application/json',
      ...(csrfToken === null ? {} : { 'x-csrf-token': csrfToken }),
    },
    body: JSON.stringify(body),
  });
}

async function askJson<Answer>(path: string, request: RequestInit): Promise<Answer> {
  const response = await fetch(path, request);
  const text = await response.text();
  const body: unknown = text === '' ? null : JSON.parse(text);
  if (!response.ok) {
    const told = (body ?? {}) as Partial<
      Record<'code' | 'message' | 'action', string> & { readonly details: ErrorDetails }
    >;
    if (response.status === 401 && !path.startsWith('/api/session')) tellSessionEnded();
    const { code = 'unexpected', message = '', action = '', details } = told;
    throw new RequestFailed(code, message, action, details);
  }
  // The answer's shape is typed by the service's own routes, which are built from the same commit.
  return body as Answer;
}
