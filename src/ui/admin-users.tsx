import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { OneTimePasswordAnswer, UserAnswer, UserRow, UsersAnswer } from '../access/session-views.ts';
import { useAdminWords } from './admin-parts.tsx';
import { UserDialog } from './admin-user-dialog.tsx';
import { Dialog } from './deed-dialog.tsx';
import { momentOf } from './display.ts';
import { useLanguage } from './language.tsx';
import { AwaitedNotice } from './page-parts.tsx';
import { changeJson, useRead } from './requests.ts';
import { fillWords } from './words.ts';

type Deed = 'disable' | 'enable' | 'unlock' | 'resetPassword' | 'signOutUser';

/** Who may sign in. */
export function AdminUsers() {
  const { admin } = useAdminWords();
  const { data, error } = useRead<UsersAnswer>(['admin-users'], '/api/users');
  const [edited, setEdited] = useState<UserRow | 'new'>();
  const [told, setTold] = useState<OneTimePasswordAnswer>();
  const [done, setDone] = useState<string>();
  const client = useQueryClient();
  const finish = (answer: UserAnswer | OneTimePasswordAnswer): void => {
    setEdited(undefined);
    setDone(answer.user.name);
    if ('oneTimePassword' in answer) setTold(answer);
    void client.invalidateQueries({ queryKey: ['admin-users'] });
  };
  const deed = useMutation({
    mutationFn: ({ user, deed }: { readonly user: UserRow; readonly deed: Deed }) => act(user.userId, deed),
    onSuccess: finish,
  });
  if (data === undefined) return <AwaitedNotice error={error} />;
  return (
    <section aria-label={admin['part-users']}>
      <div className="page-head">
        <p className="intro">{admin.usersIntro}</p>
        <button type="button" className="button button-main" onClick={() => setEdited('new')}>
          {admin.addUser}
        </button>
      </div>
      <div role="status">
        {done !== undefined && (
          <p className="notice notice-good">{fillWords(admin.userDone, { name: done })}</p>
        )}
      </div>
      {deed.error !== null && <AwaitedNotice error={deed.error} />}
      <UserTable
        users={data.users}
        edit={setEdited}
        act={(user, name) => {
          setDone(undefined);
          deed.mutate({ user, deed: name });
        }}
      />
      {edited !== undefined && (
        <UserDialog
          user={edited === 'new' ? null : edited}
          finish={finish}
          close={() => setEdited(undefined)}
        />
      )}
      {told !== undefined && <OneTimePassword answer={told} close={() => setTold(undefined)} />}
    </section>
  );
}

function act(userId: string, deed: Deed): Promise<UserAnswer | OneTimePasswordAnswer> {
  const path = `/api/users/${encodeURIComponent(userId)}`;
  switch (deed) {
    case 'disable':
      return changeJson('PATCH', path, { isDisabled: true });
    case 'enable':
      return changeJson('PATCH', path, { isDisabled: false });
    case 'unlock':
      return changeJson('PATCH', path, { unlock: true });
    case 'resetPassword':
      return changeJson('POST', `${path}/password-reset`);
    case 'signOutUser':
      return changeJson('POST', `${path}/sign-out`);
  }
}

function OneTimePassword(properties: { readonly answer: OneTimePasswordAnswer; readonly close: () => void }) {
  const { admin } = useAdminWords();
  const { user, oneTimePassword } = properties.answer;
  return (
    <Dialog title={fillWords(admin.oneTimeTitle, { name: user.name })} close={properties.close}>
      <p>
        {admin.login}: <strong className="code">{user.login}</strong>
      </p>
      <p className="one-time-password">
        <code>{oneTimePassword}</code>
      </p>
      <p>{admin.oneTimeText}</p>
      <div className="dialog-buttons">
        <button type="button" className="button button-main" onClick={properties.close}>
          {admin.close}
        </button>
      </div>
    </Dialog>
  );
}

function UserTable(properties: {
  readonly users: readonly UserRow[];
  readonly edit: (user: UserRow) => void;
  readonly act: (user: UserRow, deed: Deed) => void;
}) {
  const { admin } = useAdminWords();
  return (
    <div className="card part">
      <table className="rows stacked">
        <caption className="unseen">{admin['part-users']}</caption>
        <thead>
          <tr>
            <th scope="col">{admin.name}</th>
            <th scope="col">{admin.roles}</th>
            <th scope="col">{admin.sites}</th>
            <th scope="col">{admin.state}</th>
            <th scope="col">{admin.lastSignIn}</th>
            <th scope="col">
              <span className="unseen">{admin.edit}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {properties.users.map((user) => (
            <User key={user.userId} user={user} edit={properties.edit} act={properties.act} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function User(properties: {
  readonly user: UserRow;
  readonly edit: (user: UserRow) => void;
  readonly act: (user: UserRow, deed: Deed) => void;
}) {
  const { words } = useLanguage();
  const { admin, language } = useAdminWords();
  const { user } = properties;
  return (
    <tr>
      <th scope="row" className="lines">
        <span className="strong">{user.name}</span>
        <span className="faint code">{user.login}</span>
      </th>
      <td data-label={admin.roles}>{user.roles.map((role) => words[`role-${role}`]).join(', ')}</td>
      <td data-label={admin.sites}>{user.siteIds?.join(', ') ?? admin.allSites}</td>
      <td data-label={admin.state} className="lines">
        <Standing user={user} />
      </td>
      <td data-label={admin.lastSignIn}>
        {user.lastSignInAt === null ? admin.never : momentOf(user.lastSignInAt, language)}
      </td>
      <td>
        <UserButtons {...properties} />
      </td>
    </tr>
  );
}

function Standing({ user }: { readonly user: UserRow }) {
  const { admin, language } = useAdminWords();
  return (
    <>
      <span className={`badge ${user.isDisabled ? 'badge-failed' : 'badge-negative'}`}>
        {user.isDisabled ? admin.disabled : admin.active}
      </span>
      {user.lockedUntil !== null && (
        <span>{fillWords(admin.locked, { time: momentOf(user.lockedUntil, language) })}</span>
      )}
      {user.mustChangePassword && <span className="faint">{admin.mustChange}</span>}
      {user.way === 'oidc' && <span className="faint">{admin.fromProvider}</span>}
    </>
  );
}

/** The rarer deeds behind one button, so that a row stays a row. */
function UserButtons(properties: {
  readonly user: UserRow;
  readonly edit: (user: UserRow) => void;
  readonly act: (user: UserRow, deed: Deed) => void;
}) {
  const { admin } = useAdminWords();
  const { user, edit } = properties;
  const deeds: readonly Deed[] = [
    ...(user.lockedUntil === null ? [] : (['unlock'] as const)),
    ...(user.way === 'local' ? (['resetPassword'] as const) : []),
    'signOutUser',
    user.isDisabled ? 'enable' : 'disable',
  ];
  return (
    <details className="deeds-of-user">
      <summary className="button" aria-label={fillWords(admin.actionsFor, { name: user.name })}>
        {admin.edit} …
      </summary>
      <div className="form-buttons">
        {user.way === 'local' && (
          <button type="button" className="button" onClick={() => edit(user)}>
            {fillWords(admin.editUser, { name: user.name })}
          </button>
        )}
        {deeds.map((deed) => (
          <button
            key={deed}
            type="button"
            className="button button-plain"
            onClick={() => properties.act(user, deed)}
          >
            {admin[deed]}
          </button>
        ))}
      </div>
    </details>
  );
}
