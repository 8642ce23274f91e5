import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { FailureRow, FailuresAnswer, RetriedAnswer } from '../operations/admin-views.ts';
import { ERRORS } from '../errors.ts';
import { PageLink } from './address.tsx';
import { useAdminWords } from './admin-parts.tsx';
import { AwaitedNotice, ExamBadge, ReasonText, SinceLines } from './page-parts.tsx';
import { changeJson, useRead } from './requests.ts';
import { fillWords } from './words.ts';

/** Films that were given up, with why and what helps. They are named by our own identifiers only. */
export function AdminFailures() {
  const { admin } = useAdminWords();
  const { data, error } = useRead<FailuresAnswer>(['admin-failures'], '/api/admin/failures');
  const client = useQueryClient();
  const retry = useMutation({
    mutationFn: (examId: string) =>
      changeJson<RetriedAnswer>('POST', `/api/admin/failures/${encodeURIComponent(examId)}/retry`),
    onSettled: () => client.invalidateQueries({ queryKey: ['admin-failures'] }),
  });
  if (data === undefined) return <AwaitedNotice error={error} />;
  const { failures, deadDeliveries, deadMessages, at } = data;
  return (
    <section aria-label={admin['part-failures']}>
      <p className="intro">{admin.failuresIntro}</p>
      {deadDeliveries + deadMessages > 0 && (
        <p className="notice notice-action">
          <span>
            {fillWords(admin.deadElsewhere, { deliveries: deadDeliveries, messages: deadMessages })}
          </span>
          <PageLink to="/deliveries" className="button">
            {admin.toDeliveries}
          </PageLink>
        </p>
      )}
      <div role="status">{retry.isSuccess && <p className="notice notice-good">{admin.retried}</p>}</div>
      {retry.error !== null && <AwaitedNotice error={retry.error} />}
      {failures.length === 0 ? (
        <p className="empty">{admin.noFailures}</p>
      ) : (
        <FailureTable failures={failures} at={at} retry={(examId) => retry.mutate(examId)} />
      )}
    </section>
  );
}

function FailureTable(properties: {
  readonly failures: readonly FailureRow[];
  readonly at: string;
  readonly retry: (examId: string) => void;
}) {
  const { admin } = useAdminWords();
  return (
    <div className="card part">
      <table className="rows stacked">
        <caption className="unseen">{admin['part-failures']}</caption>
        <thead>
          <tr>
            <th scope="col">{admin.film}</th>
            <th scope="col">{admin.cause}</th>
            <th scope="col">{admin.whatToDo}</th>
            <th scope="col">{admin.attempts}</th>
            <th scope="col">{admin.received}</th>
            <th scope="col">
              <span className="unseen">{admin.retry}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {properties.failures.map((row) => (
            <Failure key={row.examId} row={row} at={properties.at} retry={properties.retry} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Failure(properties: {
  readonly row: FailureRow;
  readonly at: string;
  readonly retry: (examId: string) => void;
}) {
  const { admin } = useAdminWords();
  const { row, at } = properties;
  const code = row.lastError ?? row.reasons[0]?.code ?? '';
  return (
    <tr>
      <th scope="row" className="lines">
        <span className="code break">{row.examId}</span>
        <span className="faint">
          {[row.siteId, row.modality, row.viewName].filter((one) => one !== null).join(' · ')}
        </span>
        <ExamBadge state={row.state} />
      </th>
      <td data-label={admin.cause} className="lines">
        {row.reasons.map((reason) => (
          <ReasonText key={reason.code} reason={reason} />
        ))}
        {row.lastError !== null && <span className="code faint">{row.lastError}</span>}
      </td>
      <td data-label={admin.whatToDo} lang="en">
        {Object.hasOwn(ERRORS, code) ? ERRORS[code as keyof typeof ERRORS].action : '–'}
      </td>
      <td data-label={admin.attempts}>{row.attempts}</td>
      <td data-label={admin.received} className="lines">
        <SinceLines from={row.receivedAt} at={at} />
      </td>
      <td>
        <button
          type="button"
          className="button"
          aria-label={`${admin.retry}: ${row.examId}`}
          onClick={() => properties.retry(row.examId)}
        >
          {admin.retry}
        </button>
      </td>
    </tr>
  );
}
