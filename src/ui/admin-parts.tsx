import type { Language } from '../decide/reason-texts.ts';
import type { Difference } from '../operations/setting-difference.ts';
import { ADMIN_WORDS } from './admin-words.ts';
import type { AdminWords } from './admin-words.ts';
import { useLanguage } from './language.tsx';

/** The words of the administration in the reader's language. */
export function useAdminWords(): { readonly language: Language; readonly admin: AdminWords } {
  const { language } = useLanguage();
  return { language, admin: ADMIN_WORDS[language] };
}

/** What differs, line by line: the sign, the word for it and the place tell it, not the colour alone. */
export function DifferenceList({ differences }: { readonly differences: readonly Difference[] }) {
  const { admin } = useAdminWords();
  return (
    <dl className="difference">
      {differences.map(({ path, before, after }) => (
        <div key={path}>
          <dt className="code break">{path}</dt>
          {before !== undefined && (
            <dd className="difference-before">
              <span className="faint">− {admin.was}</span> <Value value={before} />
            </dd>
          )}
          {after !== undefined && (
            <dd className="difference-after">
              <span className="faint">+ {admin.becomes}</span> <Value value={after} />
            </dd>
          )}
        </div>
      ))}
    </dl>
  );
}

function Value({ value }: { readonly value: unknown }) {
  return <code className="break">{typeof value === 'string' ? value : JSON.stringify(value)}</code>;
}

/** A box to tick with its words. */
export function CheckField(properties: {
  readonly label: string;
  readonly checked: boolean;
  readonly change: (checked: boolean) => void;
}) {
  return (
    <label className="check-field">
      <input
        type="checkbox"
        checked={properties.checked}
        onChange={({ target }) => properties.change(target.checked)}
      />
      {properties.label}
    </label>
  );
}
