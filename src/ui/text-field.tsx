import { useId } from 'react';
import type { ReactNode, RefObject } from 'react';

/** A labelled input of one line; hint and error belong to it for whoever hears the page. */
export function TextField(properties: {
  readonly label: string;
  readonly value: string;
  readonly change: (value: string) => void;
  readonly name?: string;
  readonly type?: 'text' | 'password' | 'date' | 'time' | 'search';
  readonly inputMode?: 'decimal' | 'numeric' | undefined;
  readonly autoComplete?: string;
  readonly required?: boolean;
  readonly autoFocus?: boolean;
  readonly maxLength?: number;
  readonly hint?: ReactNode;
  readonly error?: string | undefined;
  readonly describedBy?: string | undefined;
  readonly field?: RefObject<HTMLInputElement | null>;
}) {
  const { label, value, change, hint, error, describedBy, field, ...given } = properties;
  const id = useId();
  const notes = [
    ...(hint === undefined ? [] : [`${id}-hint`]),
    ...(error === undefined ? [] : [`${id}-error`]),
    ...(describedBy === undefined ? [] : [describedBy]),
  ];
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        ref={field}
        type="text"
        value={value}
        onChange={({ target }) => change(target.value)}
        aria-describedby={notes.length === 0 ? undefined : notes.join(' ')}
        aria-invalid={error === undefined ? undefined : true}
        autoComplete="off"
        {...given}
      />
      {hint !== undefined && (
        <p id={`${id}-hint`} className="faint">
          {hint}
        </p>
      )}
      {error !== undefined && (
        <p id={`${id}-error`} className="field-error">
          {error}
        </p>
      )}
    </div>
  );
}
