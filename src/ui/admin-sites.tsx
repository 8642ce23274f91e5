import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useId, useState } from 'react';
import type { SitesAnswer, SitesChange } from '../operations/admin-views.ts';
import { differencesOf } from '../operations/setting-difference.ts';
import { DifferenceList, useAdminWords } from './admin-parts.tsx';
import { DestinationForms, ReferralDaysForm } from './admin-book-forms.tsx';
import { SiteForms } from './admin-site-form.tsx';
import { AwaitedNotice } from './page-parts.tsx';
import { changeJson, RequestFailed, useRead } from './requests.ts';
import { printBook, readBook } from './site-book.ts';
import { TextField } from './text-field.tsx';

const KEY = ['admin-sites'];
const ADDRESS = '/api/admin/sites';
const EMPTY_BOOK = printBook({ destinations: [], sites: [] });

/** The sites file: forms for what is changed often, the text for the rest, and what will change before it does. */
export function AdminSites() {
  const { admin } = useAdminWords();
  const { data, error } = useRead<SitesAnswer>(KEY, ADDRESS);
  if (data === undefined) return <AwaitedNotice error={error} />;
  return (
    <section aria-label={admin['part-sites']}>
      <p className="intro">{admin.sitesIntro}</p>
      {data.path !== null && (
        <p className="faint">
          {admin.sitesFile}: <span className="code break">{data.path}</span>
        </p>
      )}
      {data.heldBy !== null && <p className="notice notice-warning">{admin[`held-${data.heldBy}`]}</p>}
      {data.fault !== null && (
        <div className="notice notice-warning">
          <p>{admin.sitesFault}</p>
          <p lang="en">{data.fault}</p>
        </div>
      )}
      {data.text === null && data.heldBy === null && <p className="notice">{admin.sitesNoFile}</p>}
      {(data.text !== null || data.heldBy === null) && <SitesEditor answer={data} />}
    </section>
  );
}

function SitesEditor({ answer }: { readonly answer: SitesAnswer }) {
  const { admin } = useAdminWords();
  const client = useQueryClient();
  // What was read when the editing began: what comes by itself meanwhile must not wipe out what was typed.
  const [seen, setSeen] = useState(answer);
  const [text, setText] = useState(answer.text ?? EMPTY_BOOK);
  const [note, setNote] = useState('');
  const begin = (fresh: SitesAnswer): void => {
    setSeen(fresh);
    setText(fresh.text ?? EMPTY_BOOK);
    setNote('');
  };
  const isChanged = text !== (seen.text ?? EMPTY_BOOK);
  if (!isChanged && seen !== answer) begin(answer);
  const save = useMutation({
    mutationFn: () =>
      changeJson<SitesAnswer>('PUT', ADDRESS, {
        ...{ text, version: seen.version, note: note.trim() === '' ? null : note.trim() },
      } satisfies SitesChange),
    onSuccess: (fresh) => {
      client.setQueryData(KEY, fresh);
      begin(fresh);
    },
  });
  const book = readBook(text);
  const change = (changed: string): void => {
    save.reset();
    setText(changed);
  };
  return (
    <fieldset className="bare" disabled={answer.heldBy !== null}>
      {book === undefined ? (
        <p className="notice notice-warning">{admin.textNotJson}</p>
      ) : (
        <>
          <SiteForms book={book} defaults={seen.defaults} change={(next) => change(printBook(next))} />
          <DestinationForms book={book} change={(next) => change(printBook(next))} />
          <ReferralDaysForm book={book} change={(next) => change(printBook(next))} />
        </>
      )}
      <WholeText text={text} change={change} />
      <Preview before={seen.text} after={isChanged ? text : seen.text} />
      {save.error !== null && <SaveProblem error={save.error} />}
      <div role="status">{save.isSuccess && <p className="notice notice-good">{admin.saved}</p>}</div>
      <div className="save-bar">
        <TextField label={admin.note} value={note} change={setNote} maxLength={500} />
        <div className="form-buttons">
          <button
            type="button"
            className="button button-main"
            disabled={!isChanged || save.isPending}
            onClick={() => save.mutate()}
          >
            {admin.save}
          </button>
          <button
            type="button"
            className="button button-plain"
            disabled={!isChanged}
            onClick={() => {
              save.reset();
              begin(answer);
            }}
          >
            {admin.discard}
          </button>
        </div>
      </div>
    </fieldset>
  );
}

function WholeText({ text, change }: { readonly text: string; readonly change: (text: string) => void }) {
  const { admin } = useAdminWords();
  const id = useId();
  return (
    <details className="card form-card part">
      <summary>{admin.wholeFile}</summary>
      <label htmlFor={id} className="faint">
        {admin.wholeFileHint}
      </label>
      <textarea
        id={id}
        className="whole-text"
        lang="en"
        rows={24}
        spellCheck={false}
        value={text}
        onChange={({ target }) => change(target.value)}
      />
    </details>
  );
}

function Preview({ before, after }: { readonly before: string | null; readonly after: string | null }) {
  const { admin } = useAdminWords();
  const differences = differencesOf(before, after);
  return (
    <section className="card form-card part" aria-label={admin.difference}>
      <h2>{admin.difference}</h2>
      {differences.length === 0 ? (
        <p className="faint">{admin.noDifference}</p>
      ) : (
        <DifferenceList differences={differences} />
      )}
      {differences.some(({ path }) => `${path}.`.includes('.rules.')) && (
        <p className="notice notice-action">{admin.thresholdNote}</p>
      )}
    </section>
  );
}

function SaveProblem({ error }: { readonly error: Error }) {
  const { admin } = useAdminWords();
  if (error instanceof RequestFailed && error.code === 'request-invalid') {
    return (
      <p className="notice notice-warning" role="alert" lang="en">
        {error.message}
      </p>
    );
  }
  if (error instanceof RequestFailed && error.code === 'state-conflict') {
    return (
      <p className="notice notice-warning" role="alert">
        {admin.newerSites}
      </p>
    );
  }
  return <AwaitedNotice error={error} />;
}
