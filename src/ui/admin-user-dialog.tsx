import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { SyntheticEvent } from 'react';
import type { NewUser, OneTimePasswordAnswer, UserAnswer, UserRow } from '../access/session-views.ts';
import { ROLES } from '../exam/staff.ts';
import type { Role } from '../exam/staff.ts';
import type { SitesAnswer } from '../operations/admin-views.ts';
import { CheckField, useAdminWords } from './admin-parts.tsx';
import { Dialog } from './deed-dialog.tsx';
import { useLanguage } from './language.tsx';
import { AwaitedNotice } from './page-parts.tsx';
import { changeJson, useRead } from './requests.ts';
import { readBook } from './site-book.ts';
import { TextField } from './text-field.tsx';
import { fillWords } from './words.ts';

/** A new user, or another name, other roles or sites of one. */
export function UserDialog(properties: {
  /** null: a new one. */
  readonly user: UserRow | null;
  readonly finish: (answer: UserAnswer | OneTimePasswordAnswer) => void;
  readonly close: () => void;
}) {
  const { admin } = useAdminWords();
  const { user, finish, close } = properties;
  const [login, setLogin] = useState('');
  const [name, setName] = useState(user?.name ?? '');
  const [roles, setRoles] = useState<readonly Role[]>(user?.roles ?? ['coordinator']);
  const [siteIds, setSiteIds] = useState<readonly string[]>(user?.siteIds ?? []);
  const [problem, setProblem] = useState<string>();
  const isSiteUser = roles.includes('site-user');
  const save = useMutation({
    mutationFn: () => {
      const wanted: Omit<NewUser, 'login'> = { name, roles, siteIds: isSiteUser ? siteIds : null };
      return user === null
        ? changeJson<OneTimePasswordAnswer>('POST', '/api/users', { login, ...wanted })
        : changeJson<UserAnswer>('PATCH', `/api/users/${encodeURIComponent(user.userId)}`, wanted);
    },
    onSuccess: finish,
  });
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    const found =
      roles.length === 0
        ? admin.chooseRole
        : isSiteUser && siteIds.length === 0
          ? admin.chooseSite
          : isSiteUser && roles.some((role) => role === 'coordinator' || role === 'radiologist')
            ? admin.siteUserAlone
            : undefined;
    setProblem(found);
    if (found === undefined) save.mutate();
  };
  return (
    <Dialog
      title={user === null ? admin.addUser : fillWords(admin.editUser, { name: user.name })}
      close={close}
    >
      <form className="form" onSubmit={submit}>
        {save.error !== null && <AwaitedNotice error={save.error} />}
        {user === null && (
          <TextField label={admin.login} value={login} change={setLogin} maxLength={64} required />
        )}
        <TextField label={admin.name} value={name} change={setName} maxLength={200} required />
        <RoleBoxes roles={roles} change={setRoles} />
        {isSiteUser && <SiteBoxes siteIds={siteIds} change={setSiteIds} />}
        <div role="alert">{problem !== undefined && <p className="field-error">{problem}</p>}</div>
        <div className="dialog-buttons">
          <button type="submit" className="button button-main" disabled={save.isPending}>
            {user === null ? admin.addUser : admin.save}
          </button>
          <button type="button" className="button button-plain" onClick={close}>
            {admin.cancel}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function RoleBoxes(properties: {
  readonly roles: readonly Role[];
  readonly change: (roles: readonly Role[]) => void;
}) {
  const { words } = useLanguage();
  const { admin } = useAdminWords();
  const { roles, change } = properties;
  return (
    <fieldset>
      <legend>{admin.roles}</legend>
      {ROLES.map((role) => (
        <CheckField
          key={role}
          label={words[`role-${role}`]}
          checked={roles.includes(role)}
          change={(isChecked) =>
            change(ROLES.filter((one) => (one === role ? isChecked : roles.includes(one))))
          }
        />
      ))}
    </fieldset>
  );
}

function SiteBoxes(properties: {
  readonly siteIds: readonly string[];
  readonly change: (siteIds: readonly string[]) => void;
}) {
  const { admin } = useAdminWords();
  const { data, error } = useRead<SitesAnswer>(['admin-sites'], '/api/admin/sites');
  const { siteIds, change } = properties;
  if (data === undefined) return <AwaitedNotice error={error} />;
  const known = (readBook(data.text ?? '{}')?.sites ?? []).map(({ id = '', name = '' }) => ({ id, name }));
  const gone = siteIds.filter((id) => known.every((site) => site.id !== id)).map((id) => ({ id, name: id }));
  return (
    <fieldset>
      <legend>{admin.sitesOfUser}</legend>
      {[...known, ...gone].map(({ id, name }) => (
        <CheckField
          key={id}
          label={name === id ? id : `${name} (${id})`}
          checked={siteIds.includes(id)}
          change={(isChecked) => change(isChecked ? [...siteIds, id] : siteIds.filter((one) => one !== id))}
        />
      ))}
    </fieldset>
  );
}
