import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { SyntheticEvent } from 'react';
import { describeNumber } from '../exam/personal-number.ts';
import type { IdentityAnswer, PersonDetails } from '../worklist/person-views.ts';
import type { PersonEntry } from '../worklist/referral-views.ts';
import type { PersonView } from '../worklist/worklist-views.ts';
import { Dialog } from './deed-dialog.tsx';
import { nameOf, shownNumber } from './display.ts';
import { useLanguage } from './language.tsx';
import { FailureText } from './page-parts.tsx';
import { PersonSearch } from './person-search.tsx';
import { usePersonWords } from './person-words.ts';
import { changeJson } from './requests.ts';
import { TextField } from './text-field.tsx';
import { fillWords } from './words.ts';

interface DialogProperties {
  readonly person: PersonDetails;
  /** As the reader sees the person: with the name where it was revealed. */
  readonly shown: PersonView;
  readonly close: () => void;
  readonly done: (answer: IdentityAnswer) => void;
}

/** Writes what is right of an identity; what will happen is told before it does. */
export function CorrectDialog({ person, shown, close, done }: DialogProperties) {
  const own = usePersonWords();
  const [family = '', given = ''] = shown.name.split(', ');
  const [number, setNumber] = useState(shownNumber(shown));
  const [familyName, setFamilyName] = useState(family);
  const [givenName, setGivenName] = useState(given);
  const [issuer, setIssuer] = useState(person.issuer ?? '');
  const [isAsked, setIsAsked] = useState(false);
  const [isUnchanged, setIsUnchanged] = useState(false);
  const isNumberNew = number.trim() !== '' && number.trim() !== shownNumber(shown);
  const isNameNew = familyName.trim() !== '' && (familyName.trim() !== family || givenName.trim() !== given);
  const isIssuerNew = issuer.trim() !== '' && issuer.trim() !== (person.issuer ?? '');
  const right = {
    ...(isNumberNew ? { patientId: number.trim() } : {}),
    ...(isNameNew ? { name: [familyName.trim(), givenName.trim()].filter(Boolean).join('^') } : {}),
    ...(isIssuerNew ? { issuer: issuer.trim() } : {}),
  };
  const today = new Date().toISOString().slice(0, 10).replaceAll('-', '');
  const isInvalid = isNumberNew && describeNumber(number, today).kind === 'invalid';
  const goOn = (event: SyntheticEvent): void => {
    event.preventDefault();
    const isNew = Object.keys(right).length > 0;
    setIsUnchanged(!isNew);
    setIsAsked(isNew);
  };
  if (isAsked) {
    const path = `/api/persons/${encodeURIComponent(person.personId)}/correct`;
    return (
      <Confirmation
        lines={[
          ...(isNumberNew ? [fillWords(own.correctNumber, { number: number.trim() })] : []),
          ...(isNameNew ? [fillWords(own.correctName, { name: [familyName, givenName].join(', ') })] : []),
          fillWords(own.correctReports, { n: person.films.length }),
          ...(isNumberNew || isIssuerNew ? [own.correctJoins, own.correctLater] : []),
        ]}
        act={() => changeJson<IdentityAnswer>('POST', path, right)}
        close={close}
        done={done}
      />
    );
  }
  return (
    <Dialog title={own.correctTitle} close={close}>
      <p className="faint">{own.correctIntro}</p>
      <form className="form" onSubmit={goOn}>
        <TextField
          label={own.number}
          value={number}
          change={setNumber}
          maxLength={64}
          error={isInvalid ? own.numberInvalid : undefined}
        />
        <TextField label={own.familyName} value={familyName} change={setFamilyName} maxLength={60} />
        <TextField label={own.givenName} value={givenName} change={setGivenName} maxLength={60} />
        <TextField label={own.issuer} value={issuer} change={setIssuer} maxLength={64} />
        <p role="status" className="field-error">
          {isUnchanged ? own.nothingChanged : ''}
        </p>
        <div className="dialog-buttons">
          <button type="submit" className="button button-main">
            {own.next}
          </button>
          <button type="button" className="button button-plain" onClick={close}>
            {own.cancel}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** Looks for the other identity of a person; what will happen is told before it does. */
export function MergeDialog({ person, shown, close, done }: DialogProperties) {
  const own = usePersonWords();
  const { words } = useLanguage();
  const [other, setOther] = useState<PersonEntry>();
  const called = (view: PersonView): string =>
    [nameOf(view, words), shownNumber(view)].filter((part) => part !== '').join(' · ');
  if (other !== undefined) {
    const [from, into] = [called(other.person), called(shown)];
    const body = { fromPersonId: other.personId, intoPersonId: person.personId };
    return (
      <Confirmation
        lines={[
          fillWords(own.mergeFilms, { from, into }),
          own.mergeReferral,
          fillWords(own.mergeReports, { from }),
          own.mergeUndo,
        ]}
        act={() => changeJson<IdentityAnswer>('POST', '/api/persons/merge', body)}
        close={close}
        done={done}
      />
    );
  }
  return (
    <Dialog title={own.mergeTitle} close={close}>
      <p className="faint">{own.mergeIntro}</p>
      <PersonSearch
        offer={(entry) =>
          entry.personId !== person.personId && (
            <button
              type="button"
              className="button"
              aria-label={fillWords(own.chooseOf, { name: called(entry.person) })}
              onClick={() => setOther(entry)}
            >
              {own.choose}
            </button>
          )
        }
      />
      <div className="dialog-buttons">
        <button type="button" className="button button-plain" onClick={close}>
          {own.cancel}
        </button>
      </div>
    </Dialog>
  );
}

function Confirmation(properties: {
  readonly lines: readonly string[];
  readonly act: () => Promise<IdentityAnswer>;
  readonly close: () => void;
  readonly done: (answer: IdentityAnswer) => void;
}) {
  const own = usePersonWords();
  const client = useQueryClient();
  const change = useMutation({
    mutationFn: properties.act,
    onSuccess: async (answer) => {
      await client.invalidateQueries();
      properties.done(answer);
    },
  });
  return (
    <Dialog title={own.confirmTitle} close={properties.close}>
      <ul className="will-happen">
        {properties.lines.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
      {change.error !== null && <FailureText error={change.error} />}
      <div className="dialog-buttons">
        <button
          type="button"
          className="button button-main"
          disabled={change.isPending}
          onClick={() => change.mutate()}
        >
          {own.confirm}
        </button>
        <button type="button" className="button button-plain" onClick={properties.close}>
          {own.cancel}
        </button>
      </div>
    </Dialog>
  );
}
