import type { PersonDetails } from '../worklist/person-views.ts';
import { PageLink } from './address.tsx';
import { spokenAction } from './audit-actions.ts';
import { dateOf, momentOf, nameOf, shownNumber } from './display.ts';
import { useLanguage } from './language.tsx';
import { ExamBadge, FilmLink, ReasonText, ReferralBadge, SinceLines } from './page-parts.tsx';
import { usePersonWords } from './person-words.ts';
import { fillWords } from './words.ts';

interface PartProperties {
  readonly person: PersonDetails;
}

/** The referrals of a person, the newest first. */
export function PersonReferrals({ person }: PartProperties) {
  const own = usePersonWords();
  return (
    <section className="part" aria-labelledby="referrals">
      <h2 id="referrals">{own.referrals}</h2>
      {person.referrals.length === 0 ? (
        <p className="faint">{own.noReferrals}</p>
      ) : (
        <ul className="card person-list">
          {person.referrals.map(({ referralId, state, createdAt }) => (
            <li key={referralId}>
              <ReferralBadge state={state} />
              <span className="faint">{dateOf(createdAt)}</span>
              <PageLink
                to={`/referrals/${referralId}`}
                className="button"
                label={fillWords(own.openReferral, { date: dateOf(createdAt) })}
              >
                {own.open}
              </PageLink>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** The films of a person, the newest first. */
export function PersonFilms({ person, at }: PartProperties & { readonly at: string }) {
  const { words } = useLanguage();
  const own = usePersonWords();
  if (person.films.length === 0) return <p className="faint part">{own.noFilms}</p>;
  return (
    <section className="part" aria-labelledby="films">
      <h2 id="films">{own.films}</h2>
      <div className="card">
        <table className="rows stacked">
          <caption className="unseen">{own.films}</caption>
          <thead>
            <tr>
              <th scope="col">{words.outcome}</th>
              <th scope="col">{words.reason}</th>
              <th scope="col">{words.arrived}</th>
              <th scope="col">{words.film}</th>
            </tr>
          </thead>
          <tbody>
            {person.films.map((film) => (
              <tr key={film.examId}>
                <td className="lines">
                  <ExamBadge state={film.state} />
                  <span className="faint">{film.view === null ? film.modality : words[film.view]}</span>
                </td>
                <td className="reason">
                  {film.reasons[0] !== undefined && <ReasonText reason={film.reasons[0]} />}
                </td>
                <td className="lines">
                  <SinceLines from={film.receivedAt} at={at} />
                </td>
                <td className="links">
                  <FilmLink examId={film.examId} person={film.person} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** Under which other identities films of a person arrived. */
export function PersonIdentities({ person }: PartProperties) {
  const { words } = useLanguage();
  const own = usePersonWords();
  if (person.identities.length === 0) return <p className="faint">{own.noIdentities}</p>;
  return (
    <ul className="card person-list">
      {person.identities.map((identity) => (
        <li key={identity.personId}>
          <div>
            <span className="strong">{nameOf(identity.person, words)}</span>
            <span className="faint code">
              {[shownNumber(identity.person), identity.issuer ?? '']
                .filter((part) => part !== '')
                .join(' · ')}
            </span>
          </div>
        </li>
      ))}
    </ul>
  );
}

/** What was changed of who the films are of. */
export function PersonChanges({ person }: PartProperties) {
  const { language } = useLanguage();
  const own = usePersonWords();
  if (person.changes.length === 0) return null;
  return (
    <>
      <h3>{own.changes}</h3>
      <ul className="card person-list">
        {person.changes.map(({ changeId, at, kind, by }) => (
          <li key={changeId}>
            <span>
              {own[`change-${kind}`]} {fillWords(own.by, { name: by })}
            </span>
            <time className="faint" dateTime={at}>
              {momentOf(at, language)}
            </time>
          </li>
        ))}
      </ul>
    </>
  );
}

/** Who looked at a person's data lately. */
export function PersonAccesses({ person }: PartProperties) {
  const { language } = useLanguage();
  const own = usePersonWords();
  return (
    <section className="part" aria-labelledby="accesses">
      <h2 id="accesses">{own.accesses}</h2>
      <p className="intro">{own.accessesIntro}</p>
      {person.accesses.length === 0 ? (
        <p className="faint">{own.noAccesses}</p>
      ) : (
        <div className="card">
          <table className="rows stacked">
            <caption className="unseen">{own.accesses}</caption>
            <thead>
              <tr>
                <th scope="col">{own.time}</th>
                <th scope="col">{own.who}</th>
                <th scope="col">{own.what}</th>
              </tr>
            </thead>
            <tbody>
              {person.accesses.map(({ accessId, at, by, action }) => {
                const spoken = spokenAction(action, language);
                return (
                  <tr key={accessId}>
                    <td className="nowrap">{momentOf(at, language)}</td>
                    <td>{by}</td>
                    <td lang={spoken.language === language ? undefined : spoken.language}>{spoken.text}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
