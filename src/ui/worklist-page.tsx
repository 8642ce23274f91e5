import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { ReferralActionName } from '../exam/referral-action.ts';
import type { ReferralListAnswer, ReferralListRow } from '../worklist/referral-views.ts';
import { openAddress, PageLink, useAddress } from './address.tsx';
import { useDeeds } from './deeds.tsx';
import { numberOf } from './display.ts';
import { useLanguage } from './language.tsx';
import { NewcomerAnnouncement, useNewcomers } from './newcomers.tsx';
import { AwaitedNotice, usePageTitle } from './page-parts.tsx';
import { stepOnward } from './referral-deeds.ts';
import { useReferralList } from './referral-queries.ts';
import { changeFilters, countFilters, filtersAddress, parseFilters } from './referral-query.ts';
import type { FilterChanges, ReferralFilters } from './referral-query.ts';
import { useSession } from './session.tsx';
import { StatusTiles } from './status-tiles.tsx';
import { WorklistFilters, WorklistTabs } from './worklist-filters.tsx';
import { KeysDialog, useWorklistKeys } from './worklist-keys.tsx';
import { WorklistTable } from './worklist-table.tsx';
import { fillWords } from './words.ts';
import './worklist.css';

/** Who is new, who waits too long, what the film showed, what to do next. */
export function WorklistPage() {
  const { words } = useLanguage();
  const address = useAddress();
  const filters = useMemo(() => parseFilters(address.search), [address.search]);
  const [search, setSearch] = useState('');
  const pages = usePages(`${address.search} ${search}`);
  const { data, error, isPlaceholderData } = useReferralList(filters, search, pages.cursor);
  const newcomers = useNewcomers(data?.rows, data?.at);
  const searchField = useRef<HTMLInputElement>(null);
  const change = useCallback(
    (changes: FilterChanges) => openAddress(filtersAddress(changeFilters(filters, changes)), 'replace'),
    [filters],
  );
  usePageTitle(words.worklist);
  return (
    <>
      <h1 className="unseen">{words.worklistTitle}</h1>
      <WorklistTabs filters={filters} counts={data?.counts} />
      <WorklistFilters
        filters={filters}
        change={change}
        search={search}
        changeSearch={setSearch}
        searchField={searchField}
        sites={data?.sites ?? []}
      />
      <NewcomerAnnouncement rows={data?.rows ?? []} newcomers={newcomers} />
      {(data === undefined || error !== null) && <AwaitedNotice error={error} />}
      {data !== undefined && (
        <div aria-busy={isPlaceholderData}>
          <Rows answer={data} newcomers={newcomers} searchField={searchField} />
          {data.rows.length === 0 && <EmptyView filters={filters} isSearched={search !== ''} />}
          <Paging answer={data} pages={pages} />
        </div>
      )}
      <StatusTiles />
    </>
  );
}

/** The rows with their selection, their keys and what is done with them. */
function Rows(properties: {
  readonly answer: ReferralListAnswer;
  readonly newcomers: ReadonlySet<string>;
  readonly searchField: { readonly current: HTMLInputElement | null };
}) {
  const { words } = useLanguage();
  const { user } = useSession();
  const { answer, newcomers, searchField } = properties;
  const deeds = useDeeds();
  const selection = useSelection(answer.rows);
  const [isHelpOpen, setIsHelpOpen] = useState(false);
  const isCoordinator = user.roles.includes('coordinator');
  const open = (): void => {
    if (selection.row !== undefined) openAddress(`/referrals/${selection.row.referralId}`);
  };
  const act = (choose: (row: ReferralListRow) => ReferralActionName | undefined) => (): void => {
    const { row } = selection;
    if (!isCoordinator || row === undefined) return;
    const name = choose(row);
    if (name === undefined) open();
    else deeds.begin(name, row);
  };
  useWorklistKeys({
    move: selection.move,
    open,
    step: act((row) => stepOnward(row, user.roles)),
    dismiss: act(() => 'dismiss'),
    claim: act(() => 'claim'),
    undo: deeds.undo,
    search: () => searchField.current?.focus(),
    help: () => setIsHelpOpen(true),
  });
  return (
    <>
      <div className="list-line">
        <p>{matchingText(answer, words)}</p>
        <button type="button" className="button button-plain" onClick={() => setIsHelpOpen(true)}>
          {words.keysHelp} <kbd>?</kbd>
        </button>
      </div>
      {answer.rows.length > 0 && (
        <WorklistTable
          rows={answer.rows}
          at={answer.at}
          newcomers={newcomers}
          selectedId={selection.row?.referralId}
          select={selection.select}
          deeds={deeds}
        />
      )}
      {deeds.layer}
      {isHelpOpen && <KeysDialog close={() => setIsHelpOpen(false)} />}
    </>
  );
}

function matchingText(
  { matching }: ReferralListAnswer,
  words: ReturnType<typeof useLanguage>['words'],
): string {
  if (matching === null) return words.matchingMany;
  return matching === 1 ? words.matchingOne : fillWords(words.matchingRows, { n: matching });
}

function EmptyView({ filters, isSearched }: { filters: ReferralFilters; isSearched: boolean }) {
  const { words } = useLanguage();
  const isNarrowed = isSearched || countFilters(filters) > 0;
  const kind = isNarrowed ? 'filtered' : filters.tab;
  const { tab, sort } = filters;
  return (
    <section className="empty">
      <h2>{words[`empty-${kind}-title`]}</h2>
      <p>{words[`empty-${kind}-text`]}</p>
      {isNarrowed ? (
        <PageLink to={filtersAddress({ tab, sort })} className="button">
          {words.clearFilters}
        </PageLink>
      ) : (
        <PageLink to={tab === 'all' ? '/films' : '/?tab=all'} className="button">
          {tab === 'all' ? words.toTheFilms : words['tab-all']}
        </PageLink>
      )}
    </section>
  );
}

interface Pages {
  readonly number: number;
  readonly cursor: string | undefined;
  readonly forth: (cursor: string) => void;
  readonly back: () => void;
}

function Paging({ answer, pages }: { readonly answer: ReferralListAnswer; readonly pages: Pages }) {
  const { language, words } = useLanguage();
  const { nextCursor } = answer;
  if (pages.number === 1 && nextCursor === null) return null;
  return (
    <nav className="paging" aria-label={fillWords(words.pageNumber, { n: pages.number })}>
      <button type="button" className="button" disabled={pages.number === 1} onClick={pages.back}>
        {words.previousPage}
      </button>
      <span>{fillWords(words.pageNumber, { n: numberOf(pages.number, 0, language) })}</span>
      <button
        type="button"
        className="button"
        disabled={nextCursor === null}
        onClick={() => {
          if (nextCursor !== null) pages.forth(nextCursor);
        }}
      >
        {words.nextPage}
      </button>
    </nav>
  );
}

/** Which page of a view is shown; another view begins at its first page. */
function usePages(view: string): Pages {
  const [state, setState] = useState<{ readonly view: string; readonly cursors: readonly string[] }>({
    view,
    cursors: [],
  });
  const cursors = state.view === view ? state.cursors : [];
  const go = (next: readonly string[]): void => {
    setState({ view, cursors: next });
    scrollTo(0, 0);
  };
  return {
    number: cursors.length + 1,
    cursor: cursors.at(-1),
    forth: (cursor) => go([...cursors, cursor]),
    back: () => go(cursors.slice(0, -1)),
  };
}

/** The selected row stays selected when rows come and go; when it leaves, the one in its place takes over. */
function useSelection(rows: readonly ReferralListRow[]) {
  const [selectedId, setSelectedId] = useState<string>();
  const place = useRef(0);
  const found = rows.findIndex(({ referralId }) => referralId === selectedId);
  const index = found >= 0 ? found : Math.min(place.current, rows.length - 1);
  useEffect(() => {
    if (found >= 0) place.current = found;
  }, [found]);
  const row = selectedId === undefined ? undefined : rows[index];
  const move = (by: 1 | -1): void => {
    const next = rows[row === undefined ? 0 : Math.min(rows.length - 1, Math.max(0, index + by))];
    if (next === undefined) return;
    setSelectedId(next.referralId);
    focusRow(next.referralId);
  };
  return { row, select: setSelectedId, move };
}

/** The focus goes to the row's own link, so that a reader who hears the page is told whose row it is. */
function focusRow(referralId: string): void {
  const row = document.querySelector(`[data-referral="${CSS.escape(referralId)}"]`);
  row?.querySelector<HTMLElement>('.row-link')?.focus();
}
