import { useEffect, useRef } from 'react';
import type { ReactNode } from 'react';
import { PageLink, useAddress } from './address.tsx';
import { DeliveriesPage } from './deliveries-page.tsx';
import { ExamPage } from './exam-page.tsx';
import { FilmsPage } from './films-page.tsx';
import { useLanguage } from './language.tsx';
import { useLiveEvents } from './live-events.ts';
import type { Connection } from './live-events.ts';
import markUrl from './mark.svg';
import { WorklistPage } from './worklist-page.tsx';
import { useStatus } from './worklist-queries.ts';

/** The frame of every page and the choice of the page by its address. */
export function Pages() {
  const { pathname } = useAddress();
  const { words } = useLanguage();
  const connection = useLiveEvents();
  const main = useFocusOnArrival(pathname);
  return (
    <>
      <a className="skip" href="#content">
        {words.skipToContent}
      </a>
      <Header pathname={pathname} connection={connection} />
      <p className="disclaimer" role="note">
        {words.disclaimer}
      </p>
      <main id="content" ref={main} tabIndex={-1}>
        <ConnectionNotice connection={connection} />
        <PageAt pathname={pathname} />
      </main>
      <footer className="footer">
        <span>osteotriage</span>
        <span>{words.disclaimer}</span>
      </footer>
    </>
  );
}

function PageAt({ pathname }: { readonly pathname: string }) {
  const { words } = useLanguage();
  if (pathname === '/') return <WorklistPage />;
  if (pathname === '/films') return <FilmsPage />;
  if (pathname === '/deliveries') return <DeliveriesPage />;
  const examId = /^\/exams\/([^/]+)$/.exec(pathname)?.[1];
  if (examId !== undefined) return <ExamPage key={examId} examId={examId} />;
  return (
    <section className="empty">
      <h1>{words.notFoundTitle}</h1>
      <p>{words.notFoundText}</p>
      <PageLink to="/" className="button">
        {words.toTheWorklist}
      </PageLink>
    </section>
  );
}

function Header(properties: { readonly pathname: string; readonly connection: Connection }) {
  const { words } = useLanguage();
  const status = useStatus();
  const referrals = status.data?.counts.referrals;
  const dead = status.data?.counts.deliveriesDead ?? 0;
  const { pathname } = properties;
  return (
    <header className="header">
      <PageLink to="/" className="brand">
        <img src={markUrl} alt="" width="34" height="34" />
        <span>
          <strong>osteotriage</strong>
          <small>{words.brandLine}</small>
        </span>
      </PageLink>
      <nav aria-label={words.mainNavigation}>
        <NavigationLink to="/" current={pathname === '/'}>
          {words.worklist}
          {referrals !== undefined && <span className="count">{referrals}</span>}
        </NavigationLink>
        <NavigationLink to="/films" current={pathname === '/films'}>
          {words.films}
          {status.data !== undefined && <span className="count">{status.data.counts.received}</span>}
        </NavigationLink>
        <NavigationLink to="/deliveries" current={pathname === '/deliveries'}>
          {words.deliveries}
          {dead > 0 && <span className="count count-warning">{dead}</span>}
        </NavigationLink>
      </nav>
      <ConnectionLamp connection={properties.connection} />
      <LanguageSwitch />
    </header>
  );
}

function NavigationLink(properties: {
  readonly to: string;
  readonly current: boolean;
  readonly children: ReactNode;
}) {
  return (
    <PageLink to={properties.to} className="tab" current={properties.current}>
      {properties.children}
    </PageLink>
  );
}

function ConnectionLamp({ connection }: { readonly connection: Connection }) {
  const { words } = useLanguage();
  const texts = { live: words.live, connecting: words.connecting, lost: words.connectionLost };
  return (
    <span className={`lamp lamp-${connection}`} title={connection === 'live' ? words.liveHint : undefined}>
      {texts[connection]}
    </span>
  );
}

function ConnectionNotice({ connection }: { readonly connection: Connection }) {
  const { words } = useLanguage();
  // The region stands there from the start: a screen reader only tells what changes inside a region it knows.
  return (
    <div role="status" className="connection-notice">
      {connection === 'lost' && (
        <p className="notice notice-warning">
          <strong>{words.connectionLost}.</strong> {words.connectionLostHint}
        </p>
      )}
    </div>
  );
}

function LanguageSwitch() {
  const { language, words, choose } = useLanguage();
  return (
    <div className="switch" role="group" aria-label={words.chooseLanguage}>
      <button type="button" lang="en" aria-pressed={language === 'en'} onClick={() => choose('en')}>
        English
      </button>
      <button type="button" lang="sv" aria-pressed={language === 'sv'} onClick={() => choose('sv')}>
        Svenska
      </button>
    </div>
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
