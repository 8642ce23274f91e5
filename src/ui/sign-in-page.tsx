import { useMutation } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import type { SyntheticEvent } from 'react';
import type { SessionAnswer } from '../access/session-views.ts';
import { useLanguage } from './language.tsx';
import { spokenFailure, usePageTitle } from './page-parts.tsx';
import { changeJson, RequestFailed } from './requests.ts';
import { useSessionChange } from './session.tsx';
import { TextField } from './text-field.tsx';

/** Where a person says who asks. The address stays, so that the page that was meant comes afterwards. */
export function SignInPage(properties: {
  readonly way: SessionAnswer['way'];
  readonly wasSignedIn: boolean;
}) {
  const { words } = useLanguage();
  usePageTitle(words.signInTitle);
  const failedOutside = new URLSearchParams(location.search).has('sign-in-failed');
  return (
    <section className="sign-in card">
      <h1>{words.signInTitle}</h1>
      <p className="intro">{properties.wasSignedIn ? words.sessionEnded : words.signInIntro}</p>
      {failedOutside && (
        <p className="notice notice-warning" role="alert">
          {words.signInOidcFailed}
        </p>
      )}
      {properties.way === 'oidc' ? <OidcLink /> : <SignInForm />}
    </section>
  );
}

function OidcLink() {
  const { words } = useLanguage();
  const back = encodeURIComponent(location.pathname);
  return (
    <a className="button button-main" href={`/sign-in/oidc?returnTo=${back}`}>
      {words.signInWithOidc}
    </a>
  );
}

function SignInForm() {
  const { language, words } = useLanguage();
  const [login, setLogin] = useState('');
  const [password, setPassword] = useState('');
  const passwordField = useRef<HTMLInputElement>(null);
  const changeSession = useSessionChange();
  const signIn = useMutation({
    mutationFn: () => changeJson('POST', '/api/session', { login, password }),
    onSuccess: changeSession,
    onError: () => {
      setPassword('');
      passwordField.current?.focus();
    },
  });
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    signIn.mutate();
  };
  return (
    <form className="form" onSubmit={submit}>
      {signIn.error !== null && (
        <p className="notice notice-warning" role="alert" id="sign-in-error">
          {signIn.error instanceof RequestFailed && signIn.error.code === 'unauthorised'
            ? words.signInFailed
            : spokenFailure(signIn.error, language, words)}
        </p>
      )}
      <TextField
        label={words.login}
        name="username"
        autoComplete="username"
        value={login}
        change={setLogin}
        required
        autoFocus
      />
      <TextField
        label={words.password}
        name="password"
        type="password"
        autoComplete="current-password"
        value={password}
        change={setPassword}
        field={passwordField}
        describedBy={signIn.error === null ? undefined : 'sign-in-error'}
        required
      />
      <button type="submit" className="button button-main" disabled={signIn.isPending}>
        {words.signIn}
      </button>
    </form>
  );
}
