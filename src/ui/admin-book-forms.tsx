import { DEFAULT_REFERRAL_DAYS } from '../exam/referral-life.ts';
import type { ReferralDays } from '../exam/referral-life.ts';
import { CheckField, useAdminWords } from './admin-parts.tsx';
import { replaced, typedNumber, withValue } from './site-book.ts';
import type { Book, BookDestination } from './site-book.ts';
import { TextField } from './text-field.tsx';

/** The PACS that reports are sent to. */
export function DestinationForms(properties: { readonly book: Book; readonly change: (book: Book) => void }) {
  const { admin } = useAdminWords();
  const { book, change } = properties;
  const destinations = book.destinations ?? [];
  return (
    <section className="card form-card part" aria-label={admin.destinations}>
      <h2>{admin.destinations}</h2>
      {destinations.map((destination, index) => (
        <DestinationForm
          key={index}
          destination={destination}
          change={(changed) => change({ ...book, destinations: replaced(destinations, index, changed) })}
        />
      ))}
      <button
        type="button"
        className="button"
        onClick={() =>
          change({ ...book, destinations: [...destinations, { name: '', aeTitle: '', host: '', port: 104 }] })
        }
      >
        {admin.addDestination}
      </button>
    </section>
  );
}

function DestinationForm(properties: {
  readonly destination: BookDestination;
  readonly change: (destination: BookDestination | undefined) => void;
}) {
  const { admin } = useAdminWords();
  const { destination, change } = properties;
  const { name = '', aeTitle = '', host = '', port = 0, tls = false, commitment = false } = destination;
  return (
    <div className="sub-form">
      <div className="form-grid">
        <TextField
          label={admin.name}
          value={name}
          change={(text) => change({ ...destination, name: text })}
        />
        <TextField
          label={admin.aeTitle}
          value={aeTitle}
          change={(text) => change({ ...destination, aeTitle: text })}
          maxLength={16}
        />
        <TextField
          label={admin.host}
          value={host}
          change={(text) => change({ ...destination, host: text })}
        />
        <TextField
          label={admin.port}
          inputMode="numeric"
          value={port === 0 ? '' : String(port)}
          change={(text) => {
            const number = typedNumber(text);
            if (number !== undefined) change({ ...destination, port: number ?? 0 });
          }}
        />
      </div>
      <div className="check-row">
        <CheckField
          label={admin.tls}
          checked={tls}
          change={(isChecked) => change({ ...destination, tls: isChecked })}
        />
        <CheckField
          label={admin.commitment}
          checked={commitment}
          change={(isChecked) => change({ ...destination, commitment: isChecked })}
        />
      </div>
      <button type="button" className="button button-plain" onClick={() => change(undefined)}>
        {admin.remove}: {name}
      </button>
    </div>
  );
}

/** How long a referral may stay where it is. */
export function ReferralDaysForm(properties: { readonly book: Book; readonly change: (book: Book) => void }) {
  const { admin } = useAdminWords();
  const { book, change } = properties;
  const days = book.worklist?.days ?? {};
  const states = Object.keys(DEFAULT_REFERRAL_DAYS) as (keyof ReferralDays)[];
  const set = (state: keyof ReferralDays, value: number | null): void => {
    change({ ...book, worklist: { ...book.worklist, days: withValue(days, state, value) } });
  };
  return (
    <section className="card form-card part" aria-label={admin.days}>
      <h2>{admin.days}</h2>
      <p className="faint">{admin.rulesHint}</p>
      <div className="form-grid">
        {states.map((state) => (
          <TextField
            key={state}
            label={admin[`day-${state}`]}
            inputMode="numeric"
            hint={String(DEFAULT_REFERRAL_DAYS[state])}
            value={days[state] === undefined ? '' : String(days[state])}
            change={(text) => {
              const number = typedNumber(text);
              if (number !== undefined) set(state, number);
            }}
          />
        ))}
      </div>
    </section>
  );
}
