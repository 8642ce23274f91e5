import { useMutation } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import type { ReferralActionName } from '../exam/referral-action.ts';
import type { ReferralView } from '../worklist/referral-views.ts';
import type { PersonView } from '../worklist/worklist-views.ts';
import { PageLink } from './address.tsx';
import type { Deeds } from './deeds.tsx';
import { ageAndSexOf, dateOf, durationOf, nameOf, shownNumber } from './display.ts';
import { FindingSummary } from './finding-figure.tsx';
import { useLanguage } from './language.tsx';
import { FailureText, ReferralBadge } from './page-parts.tsx';
import { DueLines, OwnerName } from './referral-parts.tsx';
import { changeJson } from './requests.ts';
import { useSession } from './session.tsx';
import { fillWords } from './words.ts';

/** Whose referral it is, what was found, where it stands, and the next step as one clear button. */
export function ReferralHead(properties: {
  readonly referral: ReferralView;
  readonly at: string;
  readonly deeds: Deeds;
}) {
  const { referral, at, deeds } = properties;
  return (
    <div className="card referral-head">
      <PersonHead referral={referral} />
      <div className="referral-finding">
        <FindingSummary referral={referral} />
      </div>
      <StandingLine referral={referral} at={at} />
      <Steps referral={referral} deeds={deeds} />
    </div>
  );
}

function PersonHead({ referral }: { readonly referral: ReferralView }) {
  const { words } = useLanguage();
  const { user } = useSession();
  const { person, personId, ageYears } = referral;
  const reveal = useMutation({
    mutationFn: () =>
      changeJson<{ readonly person: PersonView }>(
        'POST',
        `/api/persons/${encodeURIComponent(personId)}/reveal`,
      ),
  });
  const shown = reveal.data?.person ?? person;
  return (
    <div className="referral-person">
      <h1>{nameOf(shown, words)}</h1>
      <p className="intro">
        {shownNumber(shown) !== '' && <span className="code">{shownNumber(shown)} · </span>}
        {ageAndSexOf(shown, ageYears, words)}
        {shown.birthDate !== null && ` · * ${dateOf(shown.birthDate)}`} · {referral.site.name}
        {user.roles.includes('coordinator') && (
          <>
            {' · '}
            <PageLink to={`/persons/${personId}`}>{words.toPerson}</PageLink>
          </>
        )}
      </p>
      {person.isProtected === true && (
        <p className="protected">
          <span className="badge badge-protected">{words.protectedIdentity}</span>{' '}
          {reveal.data === undefined ? (
            <>
              <button
                type="button"
                className="button button-plain"
                disabled={reveal.isPending}
                onClick={() => reveal.mutate()}
              >
                {words.reveal}
              </button>{' '}
              <span className="faint">{words.revealHint}</span>
            </>
          ) : (
            <span className="faint">{words.revealed}</span>
          )}
        </p>
      )}
      {reveal.error !== null && <FailureText error={reveal.error} />}
    </div>
  );
}

function StandingLine({ referral, at }: { readonly referral: ReferralView; readonly at: string }) {
  const { language, words } = useLanguage();
  const { state, stateSince, owner, dismissalReason, outcome } = referral;
  return (
    <dl className="standing">
      <div>
        <dt>{words.state}</dt>
        <dd>
          <ReferralBadge state={state} />
          {dismissalReason !== null && <span className="block">{words[`reason-${dismissalReason}`]}</span>}
          {outcome !== null && <span className="block">{words[`outcome-${outcome}`]}</span>}
          <span className="faint block">
            {fillWords(words.ago, { time: durationOf(stateSince, at, language) })}
          </span>
        </dd>
      </div>
      <div>
        <dt>{words.owner}</dt>
        <dd>
          <OwnerName owner={owner} />
        </dd>
      </div>
      <div>
        <dt>{words.due}</dt>
        <dd>
          <DueLines referral={referral} at={at} />
        </dd>
      </div>
    </dl>
  );
}

/** The first action is the next step; the others wait behind a menu. */
function Steps({ referral, deeds }: { readonly referral: ReferralView; readonly deeds: Deeds }) {
  const { words } = useLanguage();
  const [next, ...others] = referral.actions;
  if (next === undefined) return <p className="faint steps">{words.noActions}</p>;
  return (
    <div className="steps">
      <p className="faint">{words.nextStep}</p>
      <div className="button-line">
        <button
          type="button"
          className="button button-main button-large"
          disabled={deeds.isBusy}
          onClick={() => deeds.begin(next, referral)}
        >
          {words[`do-${next}`]}
        </button>
        {others.length > 0 && <ActionMenu actions={others} referral={referral} deeds={deeds} />}
      </div>
    </div>
  );
}

function ActionMenu(properties: {
  readonly actions: readonly ReferralActionName[];
  readonly referral: ReferralView;
  readonly deeds: Deeds;
}) {
  const { words } = useLanguage();
  const { actions, referral, deeds } = properties;
  const menu = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const close = (event: Event): void => {
      const shown = menu.current;
      if (shown?.open !== true) return;
      const isEscape = event instanceof KeyboardEvent && event.key === 'Escape';
      if (isEscape) shown.querySelector('summary')?.focus();
      if (isEscape || (event.type === 'pointerdown' && !event.composedPath().includes(shown)))
        shown.open = false;
    };
    for (const kind of ['keydown', 'pointerdown']) addEventListener(kind, close);
    return () => {
      for (const kind of ['keydown', 'pointerdown']) removeEventListener(kind, close);
    };
  }, []);
  return (
    <details ref={menu} className="menu">
      <summary className="button button-plain">{words.moreActions}</summary>
      <ul>
        {actions.map((action) => (
          <li key={action}>
            <button
              type="button"
              disabled={deeds.isBusy}
              onClick={() => {
                if (menu.current !== null) menu.current.open = false;
                deeds.begin(action, referral);
              }}
            >
              {words[`do-${action}`]}
            </button>
          </li>
        ))}
      </ul>
    </details>
  );
}
