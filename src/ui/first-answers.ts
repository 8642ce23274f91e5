import type { QueryClient } from '@tanstack/react-query';
import { rowsQuery } from './referral-queries.ts';
import { parseFilters } from './referral-query.ts';
import { SESSION_QUERY } from './session.tsx';

/**
 * Takes what the document asked for ahead before anything is drawn: the first view is then drawn once, and not first
 * without a person and then without rows. The rows alone are not waited for.
 */
export async function takeFirstAnswers(client: QueryClient): Promise<void> {
  if (location.pathname === '/' && location.search === '') {
    void client.prefetchQuery(rowsQuery(parseFilters(''), '', undefined));
  }
  await client.prefetchQuery(SESSION_QUERY);
}
