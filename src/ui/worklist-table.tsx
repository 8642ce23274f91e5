import { memo, useDeferredValue } from 'react';
import type { ReactNode } from 'react';
import type { ReferralListRow } from '../worklist/referral-views.ts';
import { PageLink } from './address.tsx';
import type { Deeds } from './deeds.tsx';
import { ageAndSexOf, nameOf, shownNumber } from './display.ts';
import { FindingSummary } from './finding-figure.tsx';
import { useLanguage } from './language.tsx';
import { ReferralBadge, SinceLines } from './page-parts.tsx';
import { stepOfRow } from './referral-deeds.ts';
import { DueLines, OwnerName, UrgencyWord } from './referral-parts.tsx';
import { useSession } from './session.tsx';
import { fillWords } from './words.ts';

/** What a screen shows: they stand there at once, the others follow without keeping a key waiting. */
const FIRST_ROWS = 12;
const COLUMNS = ['person', 'finding', 'urgency', 'due', 'owner', 'state', 'nextStep'] as const;

/** The rows of one page. On a narrow screen each row is a card, so the roles of a table are said in so many words. */
export function WorklistTable(properties: {
  readonly rows: readonly ReferralListRow[];
  readonly at: string;
  readonly newcomers: ReadonlySet<string>;
  readonly selectedId: string | undefined;
  readonly select: (referralId: string) => void;
  readonly deeds: Deeds;
}) {
  const { words } = useLanguage();
  const { rows, at, newcomers, selectedId, select, deeds } = properties;
  const isWhole = useDeferredValue(true, false);
  return (
    <div className="card">
      <table className="rows worklist" role="table">
        <caption className="unseen">{words.worklistTitle}</caption>
        <thead role="rowgroup">
          <tr role="row">
            {COLUMNS.map((column) => (
              <th key={column} scope="col" role="columnheader">
                {words[column]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {(isWhole ? rows : rows.slice(0, FIRST_ROWS)).map((row) => (
            <Row
              key={row.referralId}
              row={row}
              at={at}
              isNew={newcomers.has(row.referralId)}
              isSelected={row.referralId === selectedId}
              select={select}
              begin={deeds.begin}
              isBusy={deeds.isBusy}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Drawn anew only when it changes itself: a key that moves the selection draws two rows, not fifty. */
const Row = memo(function Row(properties: {
  readonly row: ReferralListRow;
  readonly at: string;
  readonly isNew: boolean;
  readonly isSelected: boolean;
  readonly select: (referralId: string) => void;
  readonly begin: Deeds['begin'];
  readonly isBusy: boolean;
}) {
  const { words } = useLanguage();
  const { row, at, isNew, isSelected, begin, isBusy } = properties;
  const select = (): void => properties.select(row.referralId);
  const classes = [...(isNew ? ['row-new'] : []), ...(isSelected ? ['row-selected'] : [])];
  return (
    <tr
      role="row"
      className={classes.join(' ')}
      aria-current={isSelected ? 'true' : undefined}
      data-referral={row.referralId}
      onFocus={select}
      onClick={select}
    >
      <th scope="row" role="rowheader" className="lines">
        <PersonCell row={row} at={at} isNew={isNew} />
      </th>
      <td role="cell" className="finding-cell">
        <FindingSummary referral={row} />
      </td>
      <Cell label={words.urgency}>
        <UrgencyWord urgency={row.urgency} />
      </Cell>
      <Cell label={words.due}>
        <DueLines referral={row} at={at} />
      </Cell>
      <Cell label={words.owner}>
        <OwnerName owner={row.owner} />
      </Cell>
      <Cell label={words.state}>
        <ReferralBadge state={row.state} />
        <span className="faint block">
          <SinceLines from={row.stateSince} at={at} />
        </span>
      </Cell>
      <td role="cell" className="links">
        <StepButton row={row} begin={begin} isBusy={isBusy} />
      </td>
    </tr>
  );
});

/** On a narrow screen the heading of the column stands in the card. */
function Cell({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <td role="cell" className="labelled">
      <span className="cell-label faint" aria-hidden="true">
        {label}
      </span>
      <div>{children}</div>
    </td>
  );
}

function PersonCell({ row, at, isNew }: { row: ReferralListRow; at: string; isNew: boolean }) {
  const { words } = useLanguage();
  const { person, ageYears, site } = row;
  return (
    <>
      <span className="strong">
        <PageLink to={`/referrals/${row.referralId}`} className="row-link">
          {nameOf(person, words)}
        </PageLink>{' '}
        {isNew && <span className="badge badge-new">{words.isNew}</span>}
        {person.isProtected === true && (
          <span className="badge badge-protected">{words.protectedIdentity}</span>
        )}
      </span>
      <span className="faint">
        {shownNumber(person) !== '' && <span className="code">{shownNumber(person)} · </span>}
        {ageAndSexOf(person, ageYears, words)}
      </span>
      <span className="faint">
        {site.name} · <SinceLines from={row.arrivedAt} at={at} />
      </span>
    </>
  );
}

function StepButton(
  properties: Pick<Deeds, 'begin' | 'isBusy'> & {
    readonly row: ReferralListRow;
  },
) {
  const { row, begin, isBusy } = properties;
  const { words } = useLanguage();
  const { user } = useSession();
  const name = nameOf(row.person, words);
  const step = stepOfRow(row, user.roles);
  if (step === undefined) {
    return (
      <PageLink
        to={`/referrals/${row.referralId}`}
        className="button"
        label={fillWords(words.openReferralOf, { name })}
      >
        {words.openReferral}
      </PageLink>
    );
  }
  const text = words[`do-${step}`];
  return (
    <button
      type="button"
      className="button"
      disabled={isBusy}
      aria-label={fillWords(words.stepOf, { step: text, name })}
      onClick={() => begin(step, row)}
    >
      {text}
    </button>
  );
}
