import { useEffect, useId, useRef, useState } from 'react';
import type { ReactNode, SyntheticEvent } from 'react';
import type { ReferralActionName } from '../exam/referral-action.ts';
import type { ReferralAction } from '../worklist/referral-views.ts';
import { useLanguage } from './language.tsx';
import { DEED_FIELDS, deedOf, findProblems } from './referral-deeds.ts';
import type { DeedField, DeedProblems, DeedValues } from './referral-deeds.ts';
import { useColleagues } from './referral-queries.ts';
import { TextField } from './text-field.tsx';
import type { WordKey } from './words.ts';

/** A dialog that holds the focus until it is closed; Escape and the button close it. */
export function Dialog(properties: {
  readonly title: string;
  readonly close: () => void;
  readonly children: ReactNode;
}) {
  const { title, close, children } = properties;
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => shown?.close();
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby={id} className="dialog" onClose={close}>
      <h2 id={id}>{title}</h2>
      {children}
    </dialog>
  );
}

/** Asks for what an action needs before it is done. */
export function DeedDialog(properties: {
  readonly name: ReferralActionName;
  readonly personName: string;
  readonly version: number;
  readonly isBusy: boolean;
  readonly act: (action: ReferralAction) => void;
  readonly close: () => void;
}) {
  const { words } = useLanguage();
  const { name, version, act } = properties;
  const [values, setValues] = useState<DeedValues>({});
  const [problems, setProblems] = useState<DeedProblems>({});
  const form = useRef<HTMLFormElement>(null);
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    const found = findProblems(name, values);
    setProblems(found);
    const [first] = Object.keys(found);
    if (first === undefined) act(deedOf(name, version, values));
    else form.current?.querySelector<HTMLElement>(`[name="${first}"]`)?.focus();
  };
  const title = words[`do-${name}`].replace(/ …$/, '');
  return (
    <Dialog title={title} close={properties.close}>
      <p className="faint">{properties.personName}</p>
      <form ref={form} className="form" noValidate onSubmit={submit}>
        {(DEED_FIELDS[name] ?? []).map((field) => (
          <Field
            key={field.name}
            field={field}
            value={values[field.name] ?? ''}
            problem={problems[field.name]}
            change={(value) => setValues((before) => ({ ...before, [field.name]: value }))}
          />
        ))}
        <div className="dialog-buttons">
          <button type="submit" className="button button-main" disabled={properties.isBusy}>
            {title}
          </button>
          <button type="button" className="button button-plain" onClick={properties.close}>
            {words.cancel}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

interface FieldProperties {
  readonly field: DeedField;
  readonly value: string;
  readonly problem: WordKey | undefined;
  readonly change: (value: string) => void;
}

function Field({ field, value, problem, change }: FieldProperties) {
  const { words } = useLanguage();
  const error = problem === undefined ? undefined : words[problem];
  switch (field.kind) {
    case 'choice':
      return <ChoiceField field={field} value={value} error={error} change={change} />;
    case 'colleague':
      return <ColleagueField field={field} value={value} error={error} change={change} />;
    case 'lines':
      return <LinesField field={field} value={value} error={error} change={change} />;
    default:
      return (
        <TextField
          label={words[field.label]}
          name={field.name}
          type={field.kind === 'date' || field.kind === 'time' ? field.kind : 'text'}
          inputMode={field.kind === 'score' ? 'decimal' : undefined}
          required={field.required}
          {...(field.hint === undefined ? {} : { hint: words[field.hint] })}
          value={value}
          change={change}
          error={error}
        />
      );
  }
}

interface OwnFieldProperties extends Omit<FieldProperties, 'problem'> {
  readonly error: string | undefined;
}

function ChoiceField({ field, value, error, change }: OwnFieldProperties) {
  const { words } = useLanguage();
  const id = useId();
  return (
    <fieldset className="choices" aria-describedby={error === undefined ? undefined : id}>
      <legend>{words[field.label]}</legend>
      {(field.values ?? []).map((option) => (
        <label key={option}>
          <input
            type="radio"
            name={field.name}
            value={option}
            checked={value === option}
            onChange={() => change(option)}
          />
          {words[`${field.prefix ?? ''}${option}` as WordKey]}
        </label>
      ))}
      {error !== undefined && (
        <p id={id} className="field-error" role="alert">
          {error}
        </p>
      )}
    </fieldset>
  );
}

function ColleagueField({ field, value, error, change }: OwnFieldProperties) {
  const { words } = useLanguage();
  const { data } = useColleagues();
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{words[field.label]}</label>
      <select
        id={id}
        name={field.name}
        value={value}
        onChange={({ target }) => change(target.value)}
        aria-invalid={error === undefined ? undefined : true}
        aria-describedby={error === undefined ? undefined : `${id}-error`}
      >
        <option value="">–</option>
        {data?.colleagues.map(({ userId, name }) => (
          <option key={userId} value={userId}>
            {name}
          </option>
        ))}
      </select>
      {error !== undefined && (
        <p id={`${id}-error`} className="field-error">
          {error}
        </p>
      )}
    </div>
  );
}

function LinesField({ field, value, error, change }: OwnFieldProperties) {
  const { words } = useLanguage();
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{words[field.label]}</label>
      <textarea
        id={id}
        name={field.name}
        rows={3}
        maxLength={1000}
        value={value}
        onChange={({ target }) => change(target.value)}
        aria-describedby={`${id}-note`}
        aria-invalid={error === undefined ? undefined : true}
      />
      <p id={`${id}-note`} className={error === undefined ? 'faint' : 'field-error'}>
        {error ?? (field.hint === undefined ? '' : words[field.hint])}
      </p>
    </div>
  );
}
