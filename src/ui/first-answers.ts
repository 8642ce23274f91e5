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
    client.query(rowsQuery(parseFilters(''), '', undefined)).catch(leaveToPage);
  }
  await client.query(SESSION_QUERY).catch(leaveToPage);
}

/** What could not be read is read again, and told, by the page that shows it. */
function leaveToPage(): void {
  return undefined;
}
