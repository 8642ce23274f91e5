import { useQuery, useQueryClient } from '@tanstack/react-query';
import { createContext, use, useEffect } from 'react';
import type { ReactNode } from 'react';
import type { SessionAnswer } from '../access/session-views.ts';
import { keepCsrfToken, onSessionEnded, readJson, watchAttention } from './requests.ts';

/** Somebody who is signed in. */
export type SignedIn = SessionAnswer & { readonly user: NonNullable<SessionAnswer['user']> };

const SESSION_KEY = ['session'];
const REFRESH_MS = 60_000;

const SessionContext = createContext<SignedIn | undefined>(undefined);

/** Who is signed in; only inside the frame, which shows nothing else before somebody is. */
export function useSession(): SignedIn {
  const session = use(SessionContext);
  if (session === undefined) throw new Error('nobody is signed in');
  return session;
}

/** Gives the session to everything inside. */
export function SessionProvider(properties: { readonly session: SignedIn; readonly children: ReactNode }) {
  return <SessionContext value={properties.session}>{properties.children}</SessionContext>;
}

/** How the session is read. */
export const SESSION_QUERY = {
  queryKey: SESSION_KEY,
  queryFn: async ({ signal }: { readonly signal: AbortSignal }): Promise<SessionAnswer> => {
    const answer = await readJson<SessionAnswer>('/api/session', signal);
    keepCsrfToken(answer.csrfToken);
    return answer;
  },
  retry: 1,
  retryDelay: 500,
} as const;

/** Reads the session, and anew when an answer says that it ended. */
export function useSessionAnswer() {
  const client = useQueryClient();
  const query = useQuery({ ...SESSION_QUERY, refetchInterval: REFRESH_MS });
  useEffect(() => {
    onSessionEnded(() => void client.invalidateQueries({ queryKey: SESSION_KEY }));
    return watchAttention();
  }, [client]);
  return query;
}

/** After a sign-in or sign-out: what the one before saw is forgotten, and the session read anew. */
export function useSessionChange(): () => Promise<void> {
  const client = useQueryClient();
  return async () => {
    client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== SESSION_KEY[0] });
    await client.invalidateQueries({ queryKey: SESSION_KEY });
  };
}
