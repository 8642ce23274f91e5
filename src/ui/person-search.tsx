import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { ReactNode, SyntheticEvent } from 'react';
import type { PersonsAnswer } from '../worklist/person-views.ts';
import type { PersonEntry } from '../worklist/referral-views.ts';
import { useLanguage } from './language.tsx';
import { AwaitedNotice, PersonLines } from './page-parts.tsx';
import { usePersonWords } from './person-words.ts';
import { readJson } from './requests.ts';
import { TextField } from './text-field.tsx';
import { fillWords } from './words.ts';

/**
 * Searches the register of people when it is sent, not at every letter: each search is logged. What is searched for
 * stays out of the address bar, and with it out of the browser's history.
 */
export function PersonSearch(properties: {
  readonly isFirst?: boolean;
  readonly offer: (entry: PersonEntry) => ReactNode;
}) {
  const own = usePersonWords();
  const [text, setText] = useState('');
  const [asked, setAsked] = useState('');
  const { data, error, isFetching } = useQuery<PersonsAnswer>({
    queryKey: ['persons', asked],
    queryFn: ({ signal }) =>
      readJson<PersonsAnswer>(`/api/persons?${new URLSearchParams({ search: asked }).toString()}`, signal),
    enabled: asked !== '',
    staleTime: Infinity,
    retry: false,
    refetchOnWindowFocus: false,
  });
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    setAsked(text.trim());
  };
  return (
    <>
      <form className="person-search" role="search" onSubmit={submit}>
        <TextField
          label={own.searchLabel}
          hint={own.searchHint}
          type="search"
          maxLength={100}
          value={text}
          change={setText}
          autoFocus={properties.isFirst === true}
        />
        <button type="submit" className="button button-main" disabled={text.trim() === ''}>
          {own.search}
        </button>
      </form>
      <div aria-live="polite" aria-busy={isFetching}>
        {asked === '' && <Hint title={own.startTitle} text={own.startText} />}
        {asked !== '' && data === undefined && <AwaitedNotice error={error} />}
        {data?.persons.length === 0 && <Hint title={own.nobodyTitle} text={own.nobodyText} />}
        {data !== undefined && data.persons.length > 0 && (
          <FoundPersons persons={data.persons} offer={properties.offer} />
        )}
        {data?.isCut === true && <p className="faint">{fillWords(own.cut, { n: data.persons.length })}</p>}
      </div>
    </>
  );
}

function FoundPersons(properties: {
  readonly persons: readonly PersonEntry[];
  readonly offer: (entry: PersonEntry) => ReactNode;
}) {
  const own = usePersonWords();
  const { words } = useLanguage();
  const { persons, offer } = properties;
  return (
    <div className="card">
      <table className="rows stacked">
        <caption className="unseen">{own.found}</caption>
        <thead>
          <tr>
            <th scope="col">{words.person}</th>
            <th scope="col">{own.number}</th>
            <th scope="col">
              <span className="unseen">{own.open}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {persons.map((entry) => (
            <tr key={entry.personId}>
              <th scope="row" className="lines">
                <PersonLines person={entry.person} ageYears={entry.ageYears}>
                  {entry.person.isProtected === true && (
                    <span className="badge badge-protected">{own.protection}</span>
                  )}
                </PersonLines>
              </th>
              <td>
                <NumberKindText entry={entry} />
              </td>
              <td className="links">{offer(entry)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function NumberKindText({ entry }: { readonly entry: PersonEntry }) {
  const own = usePersonWords();
  const kind = entry.person.number?.kind;
  if (kind === undefined || entry.person.patientId === '') return <span className="faint">–</span>;
  if (kind === 'invalid') return <span className="badge badge-failed">{own['kind-invalid']}</span>;
  return <span className="faint">{own[`kind-${kind}`]}</span>;
}

function Hint({ title, text }: { readonly title: string; readonly text: string }) {
  return (
    <section className="empty">
      <h2>{title}</h2>
      <p>{text}</p>
    </section>
  );
}
