import { lazy, Suspense, useEffect, useRef } from 'react';
import { AccountPage, ForcedPasswordPage } from './account-page.tsx';
import { openAddress, PageLink, useAddress } from './address.tsx';
import { useLanguage } from './language.tsx';
import { useLiveEvents } from './live-events.ts';
import { ConnectionNotice, IdleNotice, PageFrame, SignedInHeader } from './page-frame.tsx';
import { AwaitedNotice, usePageTitle } from './page-parts.tsx';
import { firstAddress, mayOpen, routeOf } from './page-routes.ts';
import type { PageRoute } from './page-routes.ts';
import { SessionProvider, useSession, useSessionAnswer } from './session.tsx';
import type { SignedIn } from './session.tsx';
import { SignInPage } from './sign-in-page.tsx';
import { fillWords } from './words.ts';
import { WorklistPage } from './worklist-page.tsx';

// The first view is the worklist; every other page is fetched when it is opened.
const ReferralPage = lazy(async () => ({ default: (await import('./referral-page.tsx')).ReferralPage }));
const FilmsPage = lazy(async () => ({ default: (await import('./films-page.tsx')).FilmsPage }));
const ExamPage = lazy(async () => ({ default: (await import('./exam-page.tsx')).ExamPage }));
const DeliveriesPage = lazy(async () => ({
  default: (await import('./deliveries-page.tsx')).DeliveriesPage,
}));
const PersonsPage = lazy(async () => ({ default: (await import('./persons-page.tsx')).PersonsPage }));
const PersonPage = lazy(async () => ({ default: (await import('./person-page.tsx')).PersonPage }));
const AuditPage = lazy(async () => ({ default: (await import('./audit-page.tsx')).AuditPage }));
const AdminPage = lazy(async () => ({ default: (await import('./admin-page.tsx')).AdminPage }));

/** The frame of every page: first who asks, then the page of the address. */
export function Pages() {
  const { data: session, error, refetch } = useSessionAnswer();
  const wasSignedIn = useRef(false);
  useEffect(() => {
    if (session !== undefined) wasSignedIn.current = session.user !== null;
  }, [session]);
  const user = session?.user ?? null;
  if (session !== undefined && user !== null && !user.mustChangePassword) {
    return (
      <SessionProvider session={{ ...session, user }}>
        <SignedInPages stay={() => void refetch()} />
      </SessionProvider>
    );
  }
  return (
    <PageFrame header={<span className="header-space" />}>
      <main id="content" tabIndex={-1}>
        {session === undefined && <AwaitedNotice error={error} />}
        {session !== undefined && user === null && (
          <SignInPage way={session.way} wasSignedIn={wasSignedIn.current} />
        )}
        {user?.mustChangePassword === true && <ForcedPasswordPage />}
      </main>
    </PageFrame>
  );
}

function SignedInPages({ stay }: { readonly stay: () => void }) {
  const { pathname } = useAddress();
  const connection = useLiveEvents();
  const main = useFocusOnArrival(pathname);
  const route = routeOf(pathname);
  return (
    <PageFrame header={<SignedInHeader page={route?.page} connection={connection} />}>
      <main id="content" ref={main} tabIndex={-1}>
        <ConnectionNotice connection={connection} />
        <IdleNotice stay={stay} />
        <PageOfRoute route={route} />
      </main>
    </PageFrame>
  );
}

function PageOfRoute({ route }: { readonly route: PageRoute | undefined }) {
  const { user } = useSession();
  if (route === undefined) return <NothingHere />;
  if (!mayOpen(route.page, user.roles)) {
    return route.page === 'worklist' ? <FirstPage user={user} /> : <NotForYou user={user} />;
  }
  return (
    <Suspense fallback={<AwaitedNotice error={null} />}>
      <OpenPage route={route} />
    </Suspense>
  );
}

function OpenPage({ route }: { readonly route: PageRoute }) {
  switch (route.page) {
    case 'worklist':
      return <WorklistPage />;
    case 'referral':
      return <ReferralPage key={route.id} referralId={route.id} />;
    case 'films':
      return <FilmsPage />;
    case 'exam':
      return <ExamPage key={route.id} examId={route.id} />;
    case 'persons':
      return <PersonsPage />;
    case 'person':
      return <PersonPage key={route.id} personId={route.id} />;
    case 'deliveries':
      return <DeliveriesPage />;
    case 'audit':
      return <AuditPage />;
    case 'admin':
      return <AdminPage part={route.part} />;
    case 'account':
      return <AccountPage />;
  }
}

/** The address without a path is everybody's start: who does not keep the worklist is led to the own first page. */
function FirstPage({ user }: Pick<SignedIn, 'user'>) {
  useEffect(() => openAddress(firstAddress(user.roles), 'replace'), [user.roles]);
  return <AwaitedNotice error={null} />;
}

function NotForYou({ user }: Pick<SignedIn, 'user'>) {
  const { words } = useLanguage();
  usePageTitle(words.notForYouTitle);
  const role = user.roles.map((name) => words[`role-${name}`]).join(', ');
  return (
    <section className="empty">
      <h1>{words.notForYouTitle}</h1>
      <p>{fillWords(words.notForYouText, { role })}</p>
      <PageLink to={firstAddress(user.roles)} className="button">
        {words.toTheStart}
      </PageLink>
    </section>
  );
}

function NothingHere() {
  const { words } = useLanguage();
  usePageTitle(words.notFoundTitle);
  return (
    <section className="empty">
      <h1>{words.notFoundTitle}</h1>
      <p>{words.notFoundText}</p>
      <PageLink to="/" className="button">
        {words.toTheStart}
      </PageLink>
    </section>
  );
}

/** Moves the focus to the new page's content, as a full page load would, but not on the first page. */
function useFocusOnArrival(pathname: string) {
  const main = useRef<HTMLElement>(null);
  const before = useRef(pathname);
  useEffect(() => {
    if (before.current !== pathname) main.current?.focus({ preventScroll: true });
    before.current = pathname;
  }, [pathname]);
  return main;
}
