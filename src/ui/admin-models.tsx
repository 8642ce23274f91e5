import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type {
  ModelChange,
  ModelChoiceReport,
  ModelsAnswer,
  ModelVersionView,
  ModelView,
} from '../operations/admin-views.ts';
import { useAdminWords } from './admin-parts.tsx';
import type { AdminWords } from './admin-words.ts';
import { Dialog } from './deed-dialog.tsx';
import { AwaitedNotice } from './page-parts.tsx';
import { changeJson, useRead } from './requests.ts';
import { fillWords } from './words.ts';

const DIGEST_LETTERS = 12;

/** The models with their versions: what works, what worked, what runs in shadow. */
export function AdminModels() {
  const { admin } = useAdminWords();
  const { data, error } = useRead<ModelsAnswer>(['admin-models'], '/api/admin/models');
  if (data === undefined) return <AwaitedNotice error={error} />;
  return (
    <section aria-label={admin['part-models']}>
      <p className="intro">{admin.modelsIntro}</p>
      {data.models.length === 0 && <p className="empty">{admin.noModels}</p>}
      {data.models.map((model) => (
        <Model key={model.name} model={model} />
      ))}
    </section>
  );
}

function Model({ model }: { readonly model: ModelView }) {
  const { admin } = useAdminWords();
  const client = useQueryClient();
  const [asked, setAsked] = useState<string>();
  const change = useMutation({
    mutationFn: (wanted: ModelChange) =>
      changeJson<ModelChoiceReport>('POST', `/api/admin/models/${encodeURIComponent(model.name)}`, wanted),
    onSettled: () => client.invalidateQueries({ queryKey: ['admin-models'] }),
  });
  const { name } = model;
  return (
    <section className="part" aria-label={name}>
      <ModelHead model={model} isBusy={change.isPending} change={(wanted) => change.mutate(wanted)} />
      <div role="status">
        {change.isPending && <p className="notice">{admin.checking}</p>}
        {change.isSuccess && (
          <p className="notice notice-good">
            {fillWords(admin.modelNow, { name, version: change.data.active })}
          </p>
        )}
      </div>
      {change.error !== null && <AwaitedNotice error={change.error} />}
      <VersionTable
        model={model}
        isBusy={change.isPending}
        use={setAsked}
        shadow={(version) => change.mutate({ shadow: version })}
      />
      {asked !== undefined && (
        <UseDialog
          name={name}
          version={asked}
          use={() => {
            change.mutate({ use: asked });
            setAsked(undefined);
          }}
          close={() => setAsked(undefined)}
        />
      )}
    </section>
  );
}

function ModelHead(properties: {
  readonly model: ModelView;
  readonly isBusy: boolean;
  readonly change: (change: ModelChange) => void;
}) {
  const { admin } = useAdminWords();
  const { model, isBusy, change } = properties;
  const { previous, agreement } = model;
  return (
    <>
      <div className="page-head">
        <div>
          <h2>{model.name}</h2>
          {model.purpose.length > 0 && (
            <p className="faint">
              {admin.purpose} {model.purpose.join(', ')}
            </p>
          )}
        </div>
        <div className="form-buttons">
          {previous !== null && (
            <button
              type="button"
              className="button"
              disabled={isBusy}
              onClick={() => change({ rollBack: true })}
            >
              {fillWords(admin.rollBack, { version: previous })}
            </button>
          )}
          {model.chosen !== null && (
            <button
              type="button"
              className="button"
              disabled={isBusy}
              onClick={() => change({ use: 'newest' })}
            >
              {admin.useNewest}
            </button>
          )}
        </div>
      </div>
      {model.leftOut !== null && (
        <p className="notice notice-warning" lang="en">
          {model.leftOut}
        </p>
      )}
      {model.active === null && <p className="notice notice-warning">{admin.chosenGone}</p>}
      {agreement !== null && (
        <p className="faint">
          {fillWords(admin.agreement, { same: agreement.sameOutcome, films: agreement.films })}
        </p>
      )}
    </>
  );
}

/** Whoever chooses says so twice: the version reads every film from then on. */
function UseDialog(properties: {
  readonly name: string;
  readonly version: string;
  readonly use: () => void;
  readonly close: () => void;
}) {
  const { admin } = useAdminWords();
  const { name, version, use, close } = properties;
  return (
    <Dialog title={admin.useVersion} close={close}>
      <p>{fillWords(admin.sureUse, { name, version })}</p>
      <div className="dialog-buttons">
        <button type="button" className="button button-main" onClick={use}>
          {admin.useVersion}
        </button>
        <button type="button" className="button button-plain" onClick={close}>
          {admin.cancel}
        </button>
      </div>
    </Dialog>
  );
}

interface VersionTableProperties {
  readonly model: ModelView;
  readonly isBusy: boolean;
  readonly use: (version: string) => void;
  readonly shadow: (version: string | null) => void;
}

function VersionTable({ model, isBusy, use, shadow }: VersionTableProperties) {
  const { admin } = useAdminWords();
  return (
    <div className="card">
      <table className="rows stacked">
        <caption className="unseen">{model.name}</caption>
        <thead>
          <tr>
            <th scope="col">{admin.version}</th>
            <th scope="col">{admin.standing}</th>
            <th scope="col">{admin.digest}</th>
            <th scope="col">
              <span className="unseen">{admin.edit}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {model.versions.map((version) => (
            <tr key={version.version}>
              <th scope="row" className="code">
                {version.version}
              </th>
              <td data-label={admin.standing}>
                <Standing model={model} version={version} admin={admin} />
              </td>
              <td data-label={admin.digest} className="code">
                {version.sha256?.slice(0, DIGEST_LETTERS) ?? '–'}
              </td>
              <td>
                <div className="form-buttons">
                  {version.version !== model.active && (
                    <button
                      type="button"
                      className="button"
                      disabled={isBusy || version.fault !== null}
                      aria-label={`${admin.useVersion}: ${model.name} ${version.version}`}
                      onClick={() => use(version.version)}
                    >
                      {admin.useVersion}
                    </button>
                  )}
                  {version.version !== model.active && (
                    <ShadowButton {...{ model, version, isBusy, shadow, admin }} />
                  )}
                </div>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function ShadowButton(properties: {
  readonly model: ModelView;
  readonly version: ModelVersionView;
  readonly isBusy: boolean;
  readonly shadow: (version: string | null) => void;
  readonly admin: AdminWords;
}) {
  const { model, version, isBusy, shadow, admin } = properties;
  const isShadow = version.version === model.shadow;
  const text = isShadow ? admin.shadowOff : admin.shadowOn;
  return (
    <button
      type="button"
      className="button button-plain"
      disabled={isBusy || (version.fault !== null && !isShadow)}
      aria-label={`${text}: ${model.name} ${version.version}`}
      onClick={() => shadow(isShadow ? null : version.version)}
    >
      {text}
    </button>
  );
}

function Standing(properties: {
  readonly model: ModelView;
  readonly version: ModelVersionView;
  readonly admin: AdminWords;
}) {
  const { model, version, admin } = properties;
  const wrong = version.fault ?? version.failure;
  const isActive = version.version === model.active;
  return (
    <>
      {isActive && (
        <span className="badge badge-negative">
          {model.chosen === null ? admin.worksNewest : admin.works}
        </span>
      )}
      {version.version === model.shadow && <span className="badge badge-pending">{admin.inShadow}</span>}
      {version.version === model.previous && !isActive && <span className="badge">{admin.workedBefore}</span>}
      {wrong !== null && (
        <>
          <span className="badge badge-failed">{admin.notUsable}</span> <span lang="en">{wrong}</span>
        </>
      )}
    </>
  );
}
