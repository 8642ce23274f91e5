import { useInfiniteQuery } from '@tanstack/react-query';
import type { HistoryAnswer } from '../operations/admin-views.ts';
import { differencesOf } from '../operations/setting-difference.ts';
import { DifferenceList, useAdminWords } from './admin-parts.tsx';
import type { AdminWords } from './admin-words.ts';
import { momentOf } from './display.ts';
import { AwaitedNotice } from './page-parts.tsx';
import { readJson } from './requests.ts';
import { fillWords } from './words.ts';

/** Who changed what of the node, the newest first. */
export function AdminHistory() {
  const { admin } = useAdminWords();
  const { data, error, hasNextPage, fetchNextPage, isFetching } = useInfiniteQuery({
    queryKey: ['admin-history'],
    queryFn: ({ pageParam, signal }) =>
      readJson<HistoryAnswer>(
        `/api/admin/history${pageParam === null ? '' : `?before=${pageParam}`}`,
        signal,
      ),
    initialPageParam: null as number | null,
    getNextPageParam: ({ cursor }) => cursor,
  });
  if (data === undefined) return <AwaitedNotice error={error} />;
  const changes = data.pages.flatMap((page) => page.changes);
  return (
    <section aria-label={admin['part-history']}>
      <p className="intro">{admin.historyIntro}</p>
      {changes.length === 0 && <p className="empty">{admin.noHistory}</p>}
      <ol className="history">
        {changes.map((change) => (
          <Change key={change.changeId} change={change} />
        ))}
      </ol>
      {hasNextPage && (
        <p className="more">
          <button type="button" className="button" disabled={isFetching} onClick={() => void fetchNextPage()}>
            {admin.earlier}
          </button>
        </p>
      )}
    </section>
  );
}

function Change({ change }: { readonly change: HistoryAnswer['changes'][number] }) {
  const { admin, language } = useAdminWords();
  const at = new Date(change.atMs).toISOString();
  return (
    <li className="card history-change">
      <h2>{subjectInWords(change.subject, admin)}</h2>
      <p className="faint">
        <time dateTime={at}>{momentOf(at, language)}</time> · {change.actorName}
      </p>
      {change.note !== null && <p>{change.note}</p>}
      <DifferenceList differences={differencesOf(change.before, change.after)} />
    </li>
  );
}

function subjectInWords(subject: string, admin: AdminWords): string {
  if (subject === 'sites') return admin['subject-sites'];
  return subject.startsWith('model ')
    ? fillWords(admin['subject-model'], { name: subject.slice('model '.length) })
    : subject;
}
