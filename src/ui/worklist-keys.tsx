import { useEffect, useRef } from 'react';
import { Dialog } from './deed-dialog.tsx';
import { useLanguage } from './language.tsx';
import type { WordKey } from './words.ts';

/** What the keys of the worklist do. */
export interface WorklistKeys {
  readonly move: (by: 1 | -1) => void;
  readonly open: () => void;
  readonly step: () => void;
  readonly dismiss: () => void;
  readonly claim: () => void;
  readonly undo: () => void;
  readonly search: () => void;
  readonly help: () => void;
}

type KeyName = Exclude<keyof WorklistKeys, 'move'>;

const KEYS: Readonly<Record<string, KeyName>> = {
  Enter: 'open',
  a: 'step',
  d: 'dismiss',
  c: 'claim',
  u: 'undo',
  '/': 'search',
  '?': 'help',
};

const HELP: readonly (readonly [string, WordKey])[] = [
  ['j, k', 'keys-move'],
  ['Enter', 'keys-open'],
  ['a', 'keys-step'],
  ['d', 'keys-dismiss'],
  ['c', 'keys-claim'],
  ['u', 'keys-undo'],
  ['/', 'keys-search'],
  ['?', 'keys-help'],
  ['Esc', 'keys-escape'],
];

/** Listens to the keys of the page; none does anything while somebody writes, in a dialog, or with Ctrl, Alt or Meta. */
export function useWorklistKeys(keys: WorklistKeys): void {
  const latest = useRef(keys);
  useEffect(() => {
    latest.current = keys;
  });
  useEffect(() => {
    const answer = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (isTaken(event)) return;
      const { move } = latest.current;
      if (event.key === 'j') move(1);
      else if (event.key === 'k') move(-1);
      else {
        const name = KEYS[event.key];
        if (name === undefined) return;
        latest.current[name]();
      }
      event.preventDefault();
    };
    addEventListener('keydown', answer);
    return () => removeEventListener('keydown', answer);
  }, []);
}

/** The list of keys. */
export function KeysDialog({ close }: { readonly close: () => void }) {
  const { words } = useLanguage();
  return (
    <Dialog title={words.keysTitle} close={close}>
      <p className="faint">{words.keysIntro}</p>
      <dl className="keys">
        {HELP.map(([key, text]) => (
          <div key={key}>
            <dt>
              {key.split(', ').map((one) => (
                <kbd key={one}>{one}</kbd>
              ))}
            </dt>
            <dd>{words[text]}</dd>
          </div>
        ))}
      </dl>
      <div className="dialog-buttons">
        <button type="button" className="button button-main" onClick={close}>
          {words.close}
        </button>
      </div>
    </Dialog>
  );
}

/** Whether the key belongs to what has the focus: a field, a dialog, or a button or link that Enter works. */
function isTaken(event: KeyboardEvent): boolean {
  const target = event.target instanceof Element ? event.target : null;
  if (target === null) return false;
  if (target.closest('input, select, textarea, dialog, [contenteditable]') !== null) return true;
  return event.key === 'Enter' && target.closest('a, button, summary') !== null;
}
