import type { ReactNode } from 'react';
import type { HealthReport } from '../health.ts';
import type { AdminHealthAnswer } from '../operations/admin-views.ts';
import { useAdminWords } from './admin-parts.tsx';
import { momentOf, numberOf } from './display.ts';
import { AwaitedNotice } from './page-parts.tsx';
import { useRead } from './requests.ts';
import { fillWords } from './words.ts';

const GIB = 1024 ** 3;
const QUEUE_STATES = ['waiting', 'leased', 'dead'] as const;

/** How this process is, and what waits. */
export function AdminHealth() {
  const { admin } = useAdminWords();
  const { data, error } = useRead<AdminHealthAnswer>(['admin-health'], '/api/admin/health');
  if (data === undefined) return <AwaitedNotice error={error} />;
  return (
    <section aria-label={admin['part-health']}>
      <p className="intro">{admin.healthIntro}</p>
      <div className="columns">
        <Checks title={admin.ready} wrong={admin.notReady} report={data.ready} />
        <Program health={data} />
      </div>
      {!data.live.ok && <Checks title={admin.alive} wrong={admin.restartNeeded} report={data.live} />}
      <Receivers health={data} />
      <Duties health={data} />
    </section>
  );
}

function Checks(properties: {
  readonly title: string;
  readonly wrong: string;
  readonly report: HealthReport;
}) {
  const { admin } = useAdminWords();
  const { title, wrong, report } = properties;
  return (
    <section className="card form-card" aria-label={title}>
      <h2>
        {title}:{' '}
        <span className={`badge ${report.ok ? 'badge-negative' : 'badge-failed'}`}>
          {report.ok ? admin.fine : wrong}
        </span>
      </h2>
      <dl className="details">
        {Object.entries(report.checks).map(([name, what]) => (
          <div key={name}>
            <dt className="code">{name}</dt>
            <dd lang={what === null ? undefined : 'en'}>{what ?? admin.fine}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Line({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Program({ health }: { readonly health: AdminHealthAnswer }) {
  const { admin, language } = useAdminWords();
  const { disk, queue, audit } = health;
  const waiting = queue.oldestAtMs === null ? null : new Date(queue.oldestAtMs).toISOString();
  const counts = QUEUE_STATES.map((state) => `${queue.counts[state] ?? 0} ${admin[`queue-${state}`]}`);
  return (
    <dl className="card details">
      <Line name={admin.queue}>
        {counts.join(', ')}
        {waiting !== null && `; ${fillWords(admin.oldest, { time: momentOf(waiting, language) })}`}
      </Line>
      <Line name={admin.disk}>
        {fillWords(admin.diskFree, {
          free: numberOf(disk.freeBytes / GIB, 1, language),
          total: numberOf(disk.totalBytes / GIB, 1, language),
          percent: numberOf((100 * disk.freeBytes) / disk.totalBytes, 0, language),
        })}
      </Line>
      <Line name={admin.program}>
        osteotriage {health.version}, Node {health.nodeVersion}
      </Line>
      <Line name={admin.mode}>{health.mode}</Line>
      <Line name={admin.rolesHere}>{health.roles.join(', ')}</Line>
      <Line name={admin.upSince}>{momentOf(health.upSince, language)}</Line>
      <Line name={admin.schema}>{health.schema}</Line>
      <Line name={admin.chainHead}>{audit.head?.number ?? 0}</Line>
    </dl>
  );
}

function Receivers({ health: { receivers } }: { readonly health: AdminHealthAnswer }) {
  const { admin } = useAdminWords();
  return (
    <section className="part" aria-label={admin.receivers}>
      <h2>{admin.receivers}</h2>
      {receivers.length === 0 ? (
        <p className="faint">{admin.noReceivers}</p>
      ) : (
        <div className="card">
          <table className="rows">
            <thead>
              <tr>
                <th scope="col">{admin.receiver}</th>
                <th scope="col">{admin.kind}</th>
                <th scope="col">{admin.pending}</th>
                <th scope="col">{admin.dead}</th>
              </tr>
            </thead>
            <tbody>
              {receivers.map(({ name, kind, pending, dead }) => (
                <tr key={`${kind} ${name}`}>
                  <th scope="row">{name}</th>
                  <td>{admin[`kind-${kind}`]}</td>
                  <td>{pending}</td>
                  <td>{dead > 0 ? <span className="count count-warning">{dead}</span> : 0}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Duties({ health: { duties } }: { readonly health: AdminHealthAnswer }) {
  const { admin } = useAdminWords();
  return (
    <section className="part" aria-label={admin.duties}>
      <h2>{admin.duties}</h2>
      {duties.length === 0 ? (
        <p className="faint">{admin.dutiesAlone}</p>
      ) : (
        <dl className="card details">
          {duties.map(({ name, holder, isHeld }) => (
            <Line key={name} name={name}>
              {isHeld ? holder : admin.notHeld}
            </Line>
          ))}
        </dl>
      )}
    </section>
  );
}
