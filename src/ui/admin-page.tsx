import { lazy, Suspense } from 'react';
import './admin.css';
import { PageLink } from './address.tsx';
import { useAdminWords } from './admin-parts.tsx';
import { AwaitedNotice, usePageTitle } from './page-parts.tsx';

const PARTS = {
  sites: lazy(async () => ({ default: (await import('./admin-sites.tsx')).AdminSites })),
  users: lazy(async () => ({ default: (await import('./admin-users.tsx')).AdminUsers })),
  models: lazy(async () => ({ default: (await import('./admin-models.tsx')).AdminModels })),
  failures: lazy(async () => ({ default: (await import('./admin-failures.tsx')).AdminFailures })),
  health: lazy(async () => ({ default: (await import('./admin-health.tsx')).AdminHealth })),
  settings: lazy(async () => ({ default: (await import('./admin-settings.tsx')).AdminSettings })),
  history: lazy(async () => ({ default: (await import('./admin-history.tsx')).AdminHistory })),
};

type PartName = keyof typeof PARTS;

/** Everything about the node that needs no command line; no part of it shows a patient. */
export function AdminPage({ part }: { readonly part: string | null }) {
  const { admin } = useAdminWords();
  const name = part ?? 'sites';
  const known = isPart(name) ? name : null;
  usePageTitle(known === null ? admin.admin : `${admin[`part-${known}`]} · ${admin.admin}`);
  const Part = known === null ? null : PARTS[known];
  return (
    <>
      <div className="page-head">
        <h1>{admin.admin}</h1>
      </div>
      <nav className="parts" aria-label={admin.adminParts}>
        {(Object.keys(PARTS) as PartName[]).map((one) => (
          <PageLink key={one} to={`/admin/${one}`} className="part-link" current={one === known}>
            {admin[`part-${one}`]}
          </PageLink>
        ))}
      </nav>
      <Suspense fallback={<AwaitedNotice error={null} />}>
        {Part === null ? <p className="empty">{admin.noPart}</p> : <Part />}
      </Suspense>
    </>
  );
}

function isPart(name: string): name is PartName {
  return Object.hasOwn(PARTS, name);
}
