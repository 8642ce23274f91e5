import { useEffect, useState } from 'react';
import type { RefObject } from 'react';
import type { FindingKind } from '../exam/finding-kind.ts';
import { REFERRAL_STATES } from '../exam/referral-life.ts';
import type { ReferralState } from '../exam/referral-life.ts';
import { REFERRAL_TABS } from '../worklist/referral-views.ts';
import type { ReferralListAnswer } from '../worklist/referral-views.ts';
import { PageLink } from './address.tsx';
import { useLanguage } from './language.tsx';
import {
  changeFilters,
  countFilters,
  csvPath,
  filtersAddress,
  parseAge,
  REFERRAL_KINDS,
  REFERRAL_SORTS,
} from './referral-query.ts';
import type { FilterChanges, ReferralFilters, ReferralSort } from './referral-query.ts';
import { SelectField } from './select-field.tsx';
import { useSession } from './session.tsx';
import { TextField } from './text-field.tsx';
import { fillWords } from './words.ts';

const TYPING_MS = 250;

/** The tabs with how many rows each has; they are links, so each view can be kept as a bookmark. */
export function WorklistTabs(properties: {
  readonly filters: ReferralFilters;
  readonly counts: ReferralListAnswer['counts'] | undefined;
}) {
  const { words } = useLanguage();
  const { filters, counts } = properties;
  return (
    <nav className="views" aria-label={words.worklistViews}>
      {REFERRAL_TABS.map((tab) => {
        const count = counts?.[tab];
        const warns = tab === 'overdue' && count !== undefined && count > 0;
        return (
          <PageLink
            key={tab}
            to={filtersAddress(changeFilters(filters, { tab }))}
            className="view"
            current={tab === filters.tab}
          >
            {words[`tab-${tab}`]}{' '}
            <span className={warns ? 'count count-warning' : 'count'}>{count ?? '…'}</span>
          </PageLink>
        );
      })}
    </nav>
  );
}

/** Free text, sorting and filters. */
export function WorklistFilters(properties: {
  readonly filters: ReferralFilters;
  readonly change: (changes: FilterChanges) => void;
  readonly search: string;
  readonly changeSearch: (text: string) => void;
  readonly searchField: RefObject<HTMLInputElement | null>;
  readonly sites: ReferralListAnswer['sites'];
}) {
  const { words } = useLanguage();
  const { filters, change } = properties;
  const used = countFilters(filters);
  const [isOpen, setIsOpen] = useState(used > 0);
  return (
    <div className="filters">
      <div className="filter-line">
        <SearchField {...properties} />
        <SelectField<ReferralSort>
          label={words.sortBy}
          value={filters.sort}
          options={REFERRAL_SORTS.map((sort) => ({ value: sort, text: words[`sort-${sort}`] }))}
          change={(sort) => change({ sort })}
        />
        <button
          type="button"
          className="button button-plain"
          aria-expanded={isOpen}
          aria-controls="filter-fields"
          onClick={() => setIsOpen(!isOpen)}
        >
          {used === 0 ? words.filters : fillWords(words.filtersCount, { n: used })}
        </button>
        <CsvLink filters={filters} />
      </div>
      <div id="filter-fields" className="filter-fields" hidden={!isOpen}>
        <FilterFields filters={filters} change={change} sites={properties.sites} />
      </div>
    </div>
  );
}

function SearchField(properties: {
  readonly search: string;
  readonly changeSearch: (text: string) => void;
  readonly searchField: RefObject<HTMLInputElement | null>;
}) {
  const { words } = useLanguage();
  const { search, changeSearch, searchField } = properties;
  const [text, setText] = useState(search);
  useEffect(() => setText(search), [search]);
  useEffect(() => {
    if (text === search) return undefined;
    const timer = setTimeout(() => changeSearch(text), TYPING_MS);
    return () => clearTimeout(timer);
  }, [text, search, changeSearch]);
  return (
    <search
      onKeyDown={({ key }) => {
        if (key === 'Escape') searchField.current?.blur();
      }}
    >
      <TextField
        label={words.searchLabel}
        hint={words.searchHint}
        type="search"
        maxLength={100}
        value={text}
        change={setText}
        field={searchField}
      />
    </search>
  );
}

function CsvLink({ filters }: { readonly filters: ReferralFilters }) {
  const { language, words } = useLanguage();
  const { user } = useSession();
  if (!user.roles.includes('coordinator')) return null;
  return (
    <a className="button button-plain" href={csvPath(filters, language)} download title={words.exportCsvHint}>
      {words.exportCsv}
    </a>
  );
}

function FilterFields(properties: {
  readonly filters: ReferralFilters;
  readonly change: (changes: FilterChanges) => void;
  readonly sites: ReferralListAnswer['sites'];
}) {
  const { words } = useLanguage();
  const { filters, change, sites } = properties;
  const any = { value: '', text: words.any } as const;
  return (
    <>
      <SelectField
        label={words.filterSite}
        value={filters.siteId ?? ''}
        options={[any, ...sites.map(({ siteId, name }) => ({ value: siteId, text: name }))]}
        change={(siteId) => change({ siteId: siteId === '' ? undefined : siteId })}
      />
      <SelectField<FindingKind | ''>
        label={words.filterKind}
        value={filters.kind ?? ''}
        options={[any, ...REFERRAL_KINDS.map((kind) => ({ value: kind, text: words[`kind-${kind}`] }))]}
        change={(kind) => change({ kind: kind === '' ? undefined : kind })}
      />
      <SelectField<'' | '1' | '2' | '3'>
        label={words.filterGrade}
        value={filters.gradeMin === undefined ? '' : (`${filters.gradeMin}` as const)}
        options={[any, ...(['1', '2', '3'] as const).map((grade) => ({ value: grade, text: grade }))]}
        change={(grade) => change({ gradeMin: grade === '' ? undefined : (Number(grade) as 1 | 2 | 3) })}
      />
      <SelectField<ReferralState | ''>
        label={words.state}
        value={filters.state ?? ''}
        options={[
          any,
          ...REFERRAL_STATES.map((state) => ({ value: state, text: words[`referral-${state}`] })),
        ]}
        change={(state) => change({ state: state === '' ? undefined : state })}
      />
      <AgeField label={words.ageFrom} age={filters.ageMin} change={(ageMin) => change({ ageMin })} />
      <AgeField label={words.ageTo} age={filters.ageMax} change={(ageMax) => change({ ageMax })} />
      <button
        type="button"
        className="button button-plain"
        onClick={() =>
          change({
            ...{ siteId: undefined, kind: undefined, gradeMin: undefined },
            ...{ state: undefined, ageMin: undefined, ageMax: undefined },
          })
        }
      >
        {words.clearFilters}
      </button>
    </>
  );
}

function AgeField(properties: {
  readonly label: string;
  readonly age: number | undefined;
  readonly change: (age: number | undefined) => void;
}) {
  const { label, age, change } = properties;
  const [text, setText] = useState(String(age ?? ''));
  useEffect(() => setText(String(age ?? '')), [age]);
  const answer = (written: string): void => {
    setText(written);
    const parsed = parseAge(written);
    if (parsed !== undefined || written.trim() === '') change(parsed);
  };
  return (
    <div className="age-field">
      <TextField label={label} inputMode="numeric" maxLength={3} value={text} change={answer} />
    </div>
  );
}
