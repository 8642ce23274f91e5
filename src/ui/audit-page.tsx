import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { SyntheticEvent } from 'react';
import type { AuditAnswer, AuditEntryView, SeenByRow } from '../audit/audit-views.ts';
import './admin.css';
import { actionChoices, spokenAction } from './audit-actions.ts';
import { AuditChain } from './audit-chain.tsx';
import { AUDIT_WORDS } from './audit-words.ts';
import { momentOf } from './display.ts';
import { useLanguage } from './language.tsx';
import { AwaitedNotice, usePageTitle } from './page-parts.tsx';
import { readJson } from './requests.ts';
import { SelectField } from './select-field.tsx';
import { TextField } from './text-field.tsx';
import { fillWords } from './words.ts';

interface Filters {
  readonly fromDay: string;
  readonly untilDay: string;
  readonly actor: string;
  readonly person: string;
  readonly action: string;
  readonly subject: string;
}

const NO_FILTERS: Filters = { fromDay: '', untilDay: '', actor: '', person: '', action: '', subject: '' };
const DAY_MS = 86_400_000;

/** Who did what, for auditors; each search is one look, which the service writes down. */
export function AuditPage() {
  const { language } = useLanguage();
  const words = AUDIT_WORDS[language];
  const [filters, setFilters] = useState(NO_FILTERS);
  usePageTitle(words.auditTitle);
  // Nothing is read anew by itself: what an auditor did not ask for must not stand in the trail as a look.
  const { data, error, hasNextPage, fetchNextPage, isFetching, refetch } = useInfiniteQuery({
    queryKey: ['audit', filters],
    queryFn: ({ pageParam, signal }) => readJson<AuditAnswer>(addressOf(filters, pageParam), signal),
    initialPageParam: null as string | null,
    getNextPageParam: ({ cursor }) => cursor,
    staleTime: Infinity,
    gcTime: 0,
    retry: false,
  });
  const search = (chosen: Filters): void => {
    if (JSON.stringify(chosen) === JSON.stringify(filters)) void refetch();
    else setFilters(chosen);
  };
  const [first] = data?.pages ?? [];
  const entries = data?.pages.flatMap((page) => page.entries) ?? [];
  return (
    <>
      <div className="page-head">
        <div>
          <h1>{words.auditTitle}</h1>
          <p className="intro">{words.auditIntro}</p>
        </div>
      </div>
      <AuditChain />
      <FilterForm search={search} />
      {first === undefined && <AwaitedNotice error={error} />}
      {first !== undefined && <PersonNotice answer={first} />}
      {first?.seenBy != null && first.seenBy.length > 0 && <SeenBy rows={first.seenBy} />}
      {first !== undefined && entries.length === 0 && <p className="empty">{words.nothingFound}</p>}
      {entries.length > 0 && <EntryTable entries={entries} />}
      {hasNextPage && (
        <p className="more">
          <button type="button" className="button" disabled={isFetching} onClick={() => void fetchNextPage()}>
            {words.more}
          </button>
        </p>
      )}
    </>
  );
}

function addressOf(filters: Filters, cursor: string | null): string {
  const { fromDay, untilDay, ...texts } = filters;
  const query = new URLSearchParams(Object.entries(texts).filter(([, text]) => text.trim() !== ''));
  // Days are the reader's own.
  if (fromDay !== '') query.set('fromMs', String(Date.parse(`${fromDay}T00:00`)));
  if (untilDay !== '') query.set('untilMs', String(Date.parse(`${untilDay}T00:00`) + DAY_MS));
  if (cursor !== null) query.set('cursor', cursor);
  return `/api/audit?${query.toString()}`;
}

function FilterForm({ search }: { readonly search: (filters: Filters) => void }) {
  const { language } = useLanguage();
  const words = AUDIT_WORDS[language];
  const [typed, setTyped] = useState(NO_FILTERS);
  const change = (name: keyof Filters) => (value: string) =>
    setTyped((before) => ({ ...before, [name]: value }));
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    search(typed);
  };
  return (
    <form
      className="card form-card filter-form"
      role="search"
      aria-label={words.auditFilters}
      onSubmit={submit}
    >
      <TextField label={words.fromDay} type="date" value={typed.fromDay} change={change('fromDay')} />
      <TextField label={words.untilDay} type="date" value={typed.untilDay} change={change('untilDay')} />
      <TextField
        label={words.aboutPerson}
        hint={words.aboutPersonHint}
        value={typed.person}
        change={change('person')}
        maxLength={100}
      />
      <TextField
        label={words.byWhom}
        hint={words.byWhomHint}
        value={typed.actor}
        change={change('actor')}
        maxLength={100}
      />
      <SelectField
        label={words.whatWasDone}
        value={typed.action}
        options={[{ value: '', text: words.anything }, ...actionChoices(language)]}
        change={change('action')}
      />
      <TextField
        label={words.subjectFilter}
        hint={words.subjectHint}
        value={typed.subject}
        change={change('subject')}
        maxLength={100}
      />
      <div className="form-buttons">
        <button type="submit" className="button button-main">
          {words.search}
        </button>
        <button
          type="button"
          className="button button-plain"
          onClick={() => {
            setTyped(NO_FILTERS);
            search(NO_FILTERS);
          }}
        >
          {words.clearFilters}
        </button>
      </div>
    </form>
  );
}

function PersonNotice({ answer: { persons } }: { readonly answer: AuditAnswer }) {
  const { language } = useLanguage();
  const words = AUDIT_WORDS[language];
  return (
    <div role="status">
      {persons === 0 && <p className="notice notice-warning">{words.nobodyFound}</p>}
      {persons !== null && persons > 1 && (
        <p className="notice notice-warning">{fillWords(words.severalFound, { n: persons })}</p>
      )}
    </div>
  );
}

function SeenBy({ rows }: { readonly rows: readonly SeenByRow[] }) {
  const { language } = useLanguage();
  const words = AUDIT_WORDS[language];
  return (
    <section className="part" aria-label={words.seenBy}>
      <h2>{words.seenBy}</h2>
      <div className="card">
        <table className="rows stacked">
          <thead>
            <tr>
              <th scope="col">{words.who}</th>
              <th scope="col">{words.act}</th>
              <th scope="col">{words.times}</th>
              <th scope="col">{words.firstTime}</th>
              <th scope="col">{words.lastTime}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={`${row.actor} ${row.action}`}>
                <th scope="row">
                  <Actor {...row} />
                </th>
                <td data-label={words.act}>
                  <Action action={row.action} />
                </td>
                <td data-label={words.times}>{row.times}</td>
                <td data-label={words.firstTime}>{momentOf(row.firstAt, language)}</td>
                <td data-label={words.lastTime}>{momentOf(row.lastAt, language)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function EntryTable({ entries }: { readonly entries: readonly AuditEntryView[] }) {
  const { language } = useLanguage();
  const words = AUDIT_WORDS[language];
  return (
    <div className="card part">
      <table className="rows stacked">
        <caption className="unseen">{words.auditTitle}</caption>
        <thead>
          <tr>
            <th scope="col">{words.when}</th>
            <th scope="col">{words.who}</th>
            <th scope="col">{words.act}</th>
            <th scope="col">{words.toWhat}</th>
            <th scope="col">{words.place}</th>
          </tr>
        </thead>
        <tbody>
          {entries.map((entry) => (
            <tr key={entry.auditId}>
              <th scope="row" className="nowrap">
                <time dateTime={entry.at}>{momentOf(entry.at, language)}</time>
              </th>
              <td data-label={words.who}>
                <Actor {...entry} />
              </td>
              <td data-label={words.act}>
                <Action action={entry.action} />
              </td>
              <td data-label={words.toWhat} className="break">
                <span className="code">{entry.subject}</span>
                <Detail detail={entry.detail} />
              </td>
              <td data-label={words.place}>
                {entry.number ?? <span className="faint">{words.waiting}</span>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Actor({ actor, actorName }: { readonly actor: string; readonly actorName: string | null }) {
  return actorName === null ? (
    <span className="code">{actor}</span>
  ) : (
    <span className="strong">{actorName}</span>
  );
}

function Action({ action }: { readonly action: string }) {
  const { language } = useLanguage();
  const spoken = spokenAction(action, language);
  return <span lang={spoken.language === language ? undefined : spoken.language}>{spoken.text}</span>;
}

function Detail({ detail }: { readonly detail: AuditEntryView['detail'] }) {
  const { language } = useLanguage();
  if (detail === null) return null;
  return (
    <details>
      <summary>{AUDIT_WORDS[language].details}</summary>
      <dl className="detail-list" lang="en">
        {Object.entries(detail).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{typeof value === 'string' ? value : JSON.stringify(value)}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
