import { useMutation } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { ReactNode } from 'react';
import type { SignOutAnswer } from '../access/session-views.ts';
import { openAddress, PageLink } from './address.tsx';
import { useLanguage } from './language.tsx';
import type { Connection } from './live-events.ts';
import markUrl from './mark.svg';
import { ChoiceRow } from './page-parts.tsx';
import { MAIN_PAGES, mainPageOf, mayOpen } from './page-routes.ts';
import type { PageName } from './page-routes.ts';
import { changeJson } from './requests.ts';
import { useSession, useSessionChange } from './session.tsx';
import { THEMES, useTheme } from './theme.ts';
import type { Theme } from './theme.ts';
import { fillWords } from './words.ts';
import { useStatus } from './worklist-queries.ts';

const IDLE_WARNING_MS = 120_000;
const IDLE_LOOK_MS = 10_000;

/** What stands round every page, signed in or not. */
export function PageFrame(properties: { readonly header: ReactNode; readonly children: ReactNode }) {
  const { words } = useLanguage();
  return (
    <>
      <a className="skip" href="#content">
        {words.skipToContent}
      </a>
      <header>
        <div className="header">
          <PageLink to="/" className="brand">
            <img src={markUrl} alt="" width="34" height="34" />
            <span>
              <strong>osteotriage</strong>
              <small>{words.brandLine}</small>
            </span>
          </PageLink>
          {properties.header}
          <LanguageSwitch />
        </div>
        <p className="disclaimer" role="note">
          {words.disclaimer}
        </p>
      </header>
      {properties.children}
      <footer className="footer">
        <span>osteotriage</span>
        <ThemeSwitch />
      </footer>
    </>
  );
}

/** The navigation by roles, whether the pages are live, and who is signed in. */
export function SignedInHeader(properties: {
  readonly page: PageName | undefined;
  readonly connection: Connection;
}) {
  const { words } = useLanguage();
  const { user } = useSession();
  const pages = MAIN_PAGES.filter(({ page }) => mayOpen(page, user.roles));
  const current = properties.page === undefined ? undefined : mainPageOf(properties.page);
  return (
    <>
      <nav aria-label={words.mainNavigation}>
        {pages.map(({ page, to }) => (
          <PageLink key={page} to={to} className="tab" current={page === current}>
            {words[page]}
            {page === 'deliveries' && <DeadCount />}
          </PageLink>
        ))}
      </nav>
      <ConnectionLamp connection={properties.connection} />
      <Account isCurrent={properties.page === 'account'} />
    </>
  );
}

function DeadCount() {
  const dead = useStatus().data?.counts?.deliveriesDead ?? 0;
  return dead > 0 ? <span className="count count-warning">{dead}</span> : null;
}

function Account({ isCurrent }: { readonly isCurrent: boolean }) {
  const { words } = useLanguage();
  const { user, way } = useSession();
  const changeSession = useSessionChange();
  const signOut = useMutation({
    mutationFn: () => changeJson<SignOutAnswer>('DELETE', '/api/session'),
    onSuccess: async ({ signOutUrl }) => {
      if (signOutUrl !== null) {
        location.assign(signOutUrl);
        return;
      }
      openAddress('/', 'replace');
      await changeSession();
    },
  });
  return (
    <div className="account">
      <PageLink
        to="/account"
        current={isCurrent}
        label={`${fillWords(words.signedInAs, { name: user.name })}. ${words.account}`}
      >
        {user.name}
      </PageLink>
      {way !== 'off' && (
        <button type="button" className="button button-plain" onClick={() => signOut.mutate()}>
          {words.signOut}
        </button>
      )}
    </div>
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

/** Says when the service cannot be heard. */
export function ConnectionNotice({ connection }: { readonly connection: Connection }) {
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

/** Warns two minutes before the session ends for want of work; any answer to a person's deed moves the end. */
export function IdleNotice({ stay }: { readonly stay: () => void }) {
  const { words } = useLanguage();
  const { idleEndsAt } = useSession();
  const [isNear, setIsNear] = useState(false);
  useEffect(() => {
    const look = (): void =>
      setIsNear(idleEndsAt !== null && Date.parse(idleEndsAt) - Date.now() < IDLE_WARNING_MS);
    look();
    const timer = setInterval(look, IDLE_LOOK_MS);
    return () => clearInterval(timer);
  }, [idleEndsAt]);
  return (
    <div role="alert">
      {isNear && (
        <p className="notice notice-action">
          <span>
            <strong>{words.idleTitle}.</strong> {words.idleText}
          </span>
          <button type="button" className="button" onClick={stay}>
            {words.stayIn}
          </button>
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

function ThemeSwitch() {
  const { words } = useLanguage();
  const { theme, choose } = useTheme();
  return (
    <ChoiceRow<Theme>
      label={words.chooseTheme}
      options={THEMES.map((value) => ({ value, text: words[`theme-${value}`] }))}
      chosen={theme}
      choose={choose}
    />
  );
}
