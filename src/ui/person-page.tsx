import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { IdentityAnswer, PersonAnswer, PersonDetails, RevealAnswer } from '../worklist/person-views.ts';
import type { PersonView } from '../worklist/worklist-views.ts';
import { openAddress, PageLink } from './address.tsx';
import { ageAndSexOf, dateOf, nameOf, shownNumber } from './display.ts';
import { useLanguage } from './language.tsx';
import { AwaitedNotice, FailureText, usePageTitle } from './page-parts.tsx';
import { CorrectDialog, MergeDialog } from './person-dialogs.tsx';
import {
  PersonAccesses,
  PersonChanges,
  PersonFilms,
  PersonIdentities,
  PersonReferrals,
} from './person-lists.tsx';
import { usePersonWords } from './person-words.ts';
import './person.css';
import { changeJson, readJson } from './requests.ts';
import { fillWords } from './words.ts';

/** One person: films, referrals, identities and who has looked at them; corrections, merges and protection. */
export function PersonPage({ personId }: { readonly personId: string }) {
  const own = usePersonWords();
  const path = `/api/persons/${encodeURIComponent(personId)}`;
  // It is not refreshed by itself: each look is logged.
  const { data, error } = useQuery<PersonAnswer>({
    queryKey: ['person', personId],
    queryFn: ({ signal }) => readJson<PersonAnswer>(path, signal),
    retry: false,
    refetchOnWindowFocus: false,
  });
  usePageTitle(own.title);
  return (
    <>
      <p className="back">
        <PageLink to="/persons">← {own.back}</PageLink>
      </p>
      {data === undefined ? <AwaitedNotice error={error} /> : <Person person={data.person} at={data.at} />}
    </>
  );
}

function Person({ person, at }: { readonly person: PersonDetails; readonly at: string }) {
  const { words } = useLanguage();
  const own = usePersonWords();
  const [outcome, setOutcome] = useState('');
  const reveal = useMutation({
    mutationFn: () => changeJson<RevealAnswer>('POST', `/api/persons/${person.personId}/reveal`),
  });
  const shown = person.person.isProtected === true ? (reveal.data?.person ?? person.person) : person.person;
  return (
    <>
      <div className="page-head">
        <div>
          <h1>{nameOf(shown, words)}</h1>
          <p className="intro">
            {shownNumber(shown) !== '' && <span className="code">{shownNumber(shown)} · </span>}
            {ageAndSexOf(shown, person.ageYears, words)}
          </p>
        </div>
        {person.person.isProtected === true && reveal.data === undefined && (
          <p>
            <button
              type="button"
              className="button"
              disabled={reveal.isPending}
              onClick={() => reveal.mutate()}
            >
              {own.reveal}
            </button>{' '}
            <span className="faint">{own.revealHint}</span>
          </p>
        )}
      </div>
      {reveal.error !== null && <FailureText error={reveal.error} />}
      <p role="status" className={outcome === '' ? 'unseen' : 'person-outcome'}>
        {outcome}
      </p>
      <Facts person={person} shown={shown} />
      <div className="person-columns">
        <div>
          <PersonReferrals person={person} />
          <PersonFilms person={person} at={at} />
          <PersonAccesses person={person} />
        </div>
        <div className="person-side">
          <IdentityPart person={person} shown={shown} tell={setOutcome} />
          <ProtectionPart person={person} />
        </div>
      </div>
    </>
  );
}

function Facts({ person, shown }: { readonly person: PersonDetails; readonly shown: PersonView }) {
  const own = usePersonWords();
  const kind = shown.number?.kind ?? 'other';
  return (
    <dl className="card details person-facts">
      <div>
        <dt>{own.number}</dt>
        <dd>
          {shownNumber(shown) === '' ? (
            '–'
          ) : (
            <>
              <span className="code">{shownNumber(shown)}</span>{' '}
              <span className={kind === 'invalid' ? 'badge badge-failed' : 'faint'}>
                {own[`kind-${kind}`]}
              </span>
              {kind === 'invalid' && <span className="block">{own.invalidHint}</span>}
            </>
          )}
        </dd>
      </div>
      {person.issuer !== null && (
        <div>
          <dt>{own.issuer}</dt>
          <dd>{person.issuer}</dd>
        </div>
      )}
      <div>
        <dt>{own.birthDate}</dt>
        <dd>{shown.birthDate === null ? '–' : dateOf(shown.birthDate)}</dd>
      </div>
      <div>
        <dt>{own.riskFactors}</dt>
        <dd>{person.hasRiskFactors ? own.riskPresent : own.riskAbsent}</dd>
      </div>
    </dl>
  );
}

function IdentityPart(properties: {
  readonly person: PersonDetails;
  readonly shown: PersonView;
  readonly tell: (outcome: string) => void;
}) {
  const own = usePersonWords();
  const { person, shown, tell } = properties;
  const [open, setOpen] = useState<'correct' | 'merge'>();
  const close = (): void => setOpen(undefined);
  const done = (answer: IdentityAnswer): void => {
    const template = open === 'merge' ? own.doneMerge : own.doneCorrect;
    const told = fillWords(template, { moved: answer.examsMoved, n: answer.examsRevised });
    const rest =
      answer.examsNotRevised > 0 ? ` ${fillWords(own.notRevised, { n: answer.examsNotRevised })}` : '';
    close();
    tell(told + rest);
    if (answer.personId !== person.personId) openAddress(`/persons/${answer.personId}`, 'replace');
  };
  return (
    <section className="part" aria-labelledby="identities">
      <h2 id="identities">{own.identities}</h2>
      <p className="intro">{own.identitiesIntro}</p>
      <PersonIdentities person={person} />
      <p className="person-buttons">
        <button type="button" className="button" onClick={() => setOpen('correct')}>
          {own.correct}
        </button>
        <button type="button" className="button" onClick={() => setOpen('merge')}>
          {own.merge}
        </button>
      </p>
      <PersonChanges person={person} />
      {open === 'correct' && <CorrectDialog person={person} shown={shown} close={close} done={done} />}
      {open === 'merge' && <MergeDialog person={person} shown={shown} close={close} done={done} />}
    </section>
  );
}

function ProtectionPart({ person }: { readonly person: PersonDetails }) {
  const own = usePersonWords();
  const client = useQueryClient();
  const isProtected = person.person.isProtected === true;
  const change = useMutation({
    mutationFn: () =>
      changeJson('PUT', `/api/persons/${person.personId}/protection`, { isProtected: !isProtected }),
    onSuccess: () => client.invalidateQueries(),
  });
  return (
    <section className="part" aria-labelledby="protection">
      <h2 id="protection">{own.protection}</h2>
      <p className="intro">{isProtected ? own.unprotectText : own.protectText}</p>
      <button type="button" className="button" disabled={change.isPending} onClick={() => change.mutate()}>
        {isProtected ? own.unprotect : own.protect}
      </button>
      {change.error !== null && <FailureText error={change.error} />}
    </section>
  );
}
