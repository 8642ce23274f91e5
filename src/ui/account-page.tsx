import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { SyntheticEvent } from 'react';
import { useLanguage } from './language.tsx';
import { spokenFailure, usePageTitle } from './page-parts.tsx';
import { changeJson } from './requests.ts';
import { useSession, useSessionChange } from './session.tsx';
import { TextField } from './text-field.tsx';

const PASSWORD_LENGTH_MIN = 12;

/** Who the reader is here, and the own password. */
export function AccountPage() {
  const { words } = useLanguage();
  const { user, way } = useSession();
  usePageTitle(words.account);
  return (
    <>
      <div className="page-head">
        <h1>{words.account}</h1>
      </div>
      <div className="columns">
        <dl className="card details">
          <div>
            <dt>{words.login}</dt>
            <dd>
              {user.name} <span className="faint">({user.login})</span>
            </dd>
          </div>
          <div>
            <dt>{words.roles}</dt>
            <dd>{user.roles.map((role) => words[`role-${role}`]).join(', ')}</dd>
          </div>
          <div>
            <dt>{words.sitesSeen}</dt>
            <dd>{user.siteIds === null ? words.everySite : user.siteIds.join(', ')}</dd>
          </div>
        </dl>
        <section className="card form-card">
          <h2>{words.changePassword}</h2>
          {way === 'local' ? <PasswordForm /> : <p className="faint">{words.passwordElsewhere}</p>}
        </section>
      </div>
    </>
  );
}

/** What a person sees who was given a password: nothing else opens before it is changed. */
export function ForcedPasswordPage() {
  const { words } = useLanguage();
  usePageTitle(words.changePassword);
  return (
    <section className="sign-in card">
      <h1>{words.mustChangeTitle}</h1>
      <p className="intro">{words.mustChangeText}</p>
      <PasswordForm />
    </section>
  );
}

function PasswordForm() {
  const { language, words } = useLanguage();
  const [passwordNow, setPasswordNow] = useState('');
  const [fresh, setFresh] = useState('');
  const [again, setAgain] = useState('');
  const [problem, setProblem] = useState<string>();
  const changeSession = useSessionChange();
  const change = useMutation({
    mutationFn: () =>
      changeJson('POST', '/api/session/password', { password: passwordNow, newPassword: fresh }),
    onSuccess: async () => {
      for (const empty of [setPasswordNow, setFresh, setAgain]) empty('');
      await changeSession();
    },
  });
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    const found = problemOf(fresh, again);
    setProblem(found === undefined ? undefined : words[found]);
    if (found === undefined) change.mutate();
  };
  return (
    <form className="form" onSubmit={submit}>
      <div role="status">
        {change.isSuccess && <p className="notice notice-good">{words.passwordChanged}</p>}
      </div>
      {change.error !== null && (
        <p className="notice notice-warning" role="alert">
          {spokenFailure(change.error, language, words)}
        </p>
      )}
      <TextField
        label={words.passwordNow}
        type="password"
        autoComplete="current-password"
        value={passwordNow}
        change={setPasswordNow}
        required
      />
      <TextField
        label={words.passwordNew}
        type="password"
        autoComplete="new-password"
        hint={words.passwordRule}
        error={problem}
        value={fresh}
        change={setFresh}
        required
      />
      <TextField
        label={words.passwordAgain}
        type="password"
        autoComplete="new-password"
        value={again}
        change={setAgain}
        required
      />
      <button type="submit" className="button button-main" disabled={change.isPending}>
        {words.changePassword}
      </button>
    </form>
  );
}

function problemOf(fresh: string, again: string): 'passwordTooShort' | 'passwordsDiffer' | undefined {
  if (fresh.length < PASSWORD_LENGTH_MIN) return 'passwordTooShort';
  return fresh === again ? undefined : 'passwordsDiffer';
}
