import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useCallback, useState } from 'react';
import type { ReactNode } from 'react';
import type { PersonView } from '../worklist/worklist-views.ts';
import type { ReferralActionName } from '../exam/referral-action.ts';
import type { ReferralAction, ReferralAnswer } from '../worklist/referral-views.ts';
import { DeedDialog } from './deed-dialog.tsx';
import { nameOf } from './display.ts';
import { useLanguage } from './language.tsx';
import { spokenFailure } from './page-parts.tsx';
import { DEED_FIELDS, deedOf } from './referral-deeds.ts';
import { actOnReferral } from './referral-queries.ts';
import { RequestFailed } from './requests.ts';
import { fillWords } from './words.ts';

/** The referral that something is done with, as it was seen. */
export interface DeedTarget {
  readonly referralId: string;
  readonly version: number;
  readonly person: PersonView;
}

/** Does things with referrals, and tells how they went. */
export interface Deeds {
  /** Does an action at once, or opens the dialog that it needs. */
  readonly begin: (name: ReferralActionName, target: DeedTarget) => void;
  /** Takes back what was done last, where that is safe still. */
  readonly undo: () => void;
  readonly isBusy: boolean;
  /** The dialog and the message; stands once on a page that does things. */
  readonly layer: ReactNode;
}

type Told =
  | { readonly name: ReferralActionName; readonly target: DeedTarget; readonly canUndo: boolean }
  | { readonly error: Error };

/** Actions on referrals with their dialogs, the message afterwards, and undo. */
export function useDeeds(): Deeds {
  const { words } = useLanguage();
  const client = useQueryClient();
  const [asked, setAsked] = useState<{ name: ReferralActionName; target: DeedTarget }>();
  const [told, setTold] = useState<Told>();
  const change = useMutation({
    mutationFn: ({ target, action }: { readonly target: DeedTarget; readonly action: ReferralAction }) =>
      actOnReferral(target.referralId, action),
    onSuccess: (answer, { target, action }) => {
      client.setQueryData<ReferralAnswer>(['referral', target.referralId], answer);
      const { version, actions } = answer.referral;
      setTold({
        name: action.action,
        target: { ...target, version },
        canUndo: action.action !== 'undo' && actions.includes('undo'),
      });
    },
    onError: (error) => setTold({ error }),
    onSettled: async (_answer, _error, { target }) => {
      setAsked(undefined);
      await Promise.all(
        [['referrals'], ['status'], ['referral', target.referralId]].map((queryKey) =>
          client.invalidateQueries({ queryKey }),
        ),
      );
    },
  });
  const { isPending, mutate } = change;
  // The same from drawing to drawing, so that the rows need not be drawn anew.
  const begin = useCallback(
    (name: ReferralActionName, target: DeedTarget): void => {
      if (isPending) return;
      if (DEED_FIELDS[name] !== undefined) setAsked({ name, target });
      else mutate({ target, action: deedOf(name, target.version, {}) });
    },
    [isPending, mutate],
  );
  const undo = (): void => {
    if (told !== undefined && 'name' in told && told.canUndo) begin('undo', told.target);
  };
  const layer = (
    <>
      {asked !== undefined && (
        <DeedDialog
          name={asked.name}
          personName={nameOf(asked.target.person, words)}
          version={asked.target.version}
          isBusy={isPending}
          act={(action) => mutate({ target: asked.target, action })}
          close={() => setAsked(undefined)}
        />
      )}
      <DeedMessage told={told} undo={undo} close={() => setTold(undefined)} />
    </>
  );
  return { begin, undo, isBusy: isPending, layer };
}

function DeedMessage(properties: {
  readonly told: Told | undefined;
  readonly undo: () => void;
  readonly close: () => void;
}) {
  const { words } = useLanguage();
  const { told, undo, close } = properties;
  const isFailed = told !== undefined && 'error' in told;
  return (
    <div className="deed-message">
      <div role="alert">{isFailed && <FailedDeed error={told.error} close={close} />}</div>
      <div role="status">
        {told !== undefined && !isFailed && (
          <p className="notice notice-good notice-line">
            <span>
              {fillWords(words.doneFor, {
                what: words[`done-${told.name}`],
                name: nameOf(told.target.person, words),
              })}
            </span>
            {told.canUndo && (
              <button type="button" className="button" onClick={undo}>
                {words['do-undo']}
              </button>
            )}
            <CloseButton close={close} />
          </p>
        )}
      </div>
    </div>
  );
}

function FailedDeed({ error, close }: { readonly error: Error; readonly close: () => void }) {
  const { language, words } = useLanguage();
  const isConflict = error instanceof RequestFailed && error.code === 'state-conflict';
  return (
    <p className="notice notice-warning notice-line">
      <span>
        {isConflict && <strong>{words.conflictTitle}. </strong>}
        {spokenFailure(error, language, words)}
      </span>
      <CloseButton close={close} />
    </p>
  );
}

function CloseButton({ close }: { readonly close: () => void }) {
  const { words } = useLanguage();
  return (
    <button type="button" className="button button-plain" onClick={close}>
      {words.close}
    </button>
  );
}
