import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { Refresher } from './refresher.ts';
import { useStatus } from './worklist-queries.ts';

/** The rows were asked for together with the first stream: what came in less than this is seen at the next reading. */
const SAME_MOMENT_MS = 3_000;

/** How the pages hear of what is new. */
export type Connection = 'connecting' | 'live' | 'lost';

/**
 * Listens to the service's events and reads anew what they touch. The browser reconnects by itself; where it has
 * given up, the next answer that arrives opens the stream again. A page in the background lets go of its stream,
 * because a browser holds only six connections to one server.
 */
export function useLiveEvents(): Connection {
  const client = useQueryClient();
  const status = useStatus();
  const [connection, setConnection] = useState<Connection>('connecting');
  const [attempt, setAttempt] = useState(0);
  const hasOpened = useRef(false);

  useEffect(() => {
    const refresher = new Refresher((key) => client.invalidateQueries({ queryKey: [key] }));
    const markAll = (): void =>
      refresher.mark('referrals', 'referral', 'exams', 'exam', 'refusals', 'status');
    let source: EventSource | undefined;
    const open = (): void => {
      if (document.hidden || (source !== undefined && source.readyState !== EventSource.CLOSED)) return;
      source = new EventSource('/api/events');
      const askedAtMs = Date.now();
      source.onopen = () => {
        setConnection('live');
        if (hasOpened.current || Date.now() - askedAtMs > SAME_MOMENT_MS) markAll();
        hasOpened.current = true;
      };
      source.onerror = () => setConnection('lost');
      source.addEventListener('exam', () => refresher.mark('exams', 'exam', 'status'));
      source.addEventListener('referral', () => refresher.mark('referrals', 'referral', 'status'));
    };
    const followVisibility = (): void => {
      if (document.hidden) source?.close();
      else open();
    };
    open();
    document.addEventListener('visibilitychange', followVisibility);
    return () => {
      document.removeEventListener('visibilitychange', followVisibility);
      source?.close();
    };
  }, [client, attempt]);

  useEffect(() => {
    if (connection === 'lost' && status.isSuccess) setAttempt((before) => before + 1);
    // Only a fresh answer is a reason to try again.
  }, [status.dataUpdatedAt]);

  return status.isError ? 'lost' : connection;
}
