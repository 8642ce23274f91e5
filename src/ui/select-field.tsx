import { useId } from 'react';

/** A labelled choice of one value. */
export function SelectField<Value extends string>(properties: {
  readonly label: string;
  readonly value: Value;
  readonly options: readonly { readonly value: Value; readonly text: string }[];
  readonly change: (value: Value) => void;
}) {
  const { label, value, options, change } = properties;
  const id = useId();
  const pick = (chosen: string): void => {
    const option = options.find((one) => one.value === chosen);
    if (option !== undefined) change(option.value);
  };
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select id={id} value={value} onChange={({ target }) => pick(target.value)}>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.text}
          </option>
        ))}
      </select>
    </div>
  );
}
