/** Counts what the view model says of films whose view, turn and side are known. */
import type { Turning } from './film-draws.ts';
import { VIEWS, type ViewName } from './view-films.ts';

/** What a film shows and how it lies; a pattern counts in a row of its own and is right as other. */
interface Truth extends Turning {
  readonly view: ViewName | 'pattern';
}

/** The model's words; null where it is below its threshold. */
export interface ViewAnswer {
  readonly view: ViewName | null;
  readonly confidence: number;
  readonly turns: number | null;
  readonly mirrored: boolean;
}

/** Right answers of a kind. */
interface Share {
  readonly right: number;
  readonly of: number;
  readonly share: number;
}

/** Recall of each view, the confusion table (a row for each truth), and the turn and the mirror of those that have one. */
export interface TableFigures {
  readonly recall: Readonly<Record<string, Share>>;
  readonly confusion: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Films whose turn was told rightly, and those whose turn was told wrongly; the rest the model left open. */
  readonly turn: { readonly right: Share; readonly wrong: Share };
  /** Frontal chest films that the model calls mirrored. */
  readonly chestFrontalCalledMirrored: Share;
}

/** A table that answers are added to. */
export class AnswerTable {
  readonly #rows = new Map<string, Map<string, number>>();
  readonly #turn = { right: 0, wrong: 0, of: 0 };
  readonly #mirrored = { called: 0, of: 0 };

  /** Returns whether nothing was told wrongly; a turn that is left open is not wrong. */
  add(truth: Truth, answer: ViewAnswer): boolean {
    const row = this.#rows.get(truth.view) ?? new Map<string, number>();
    const said = answer.view ?? 'unsure';
    this.#rows.set(truth.view, row.set(said, (row.get(said) ?? 0) + 1));
    const isRightView = said === rightWord(truth.view);
    if (truth.view === 'other' || truth.view === 'pattern') return isRightView;
    const isRightTurn = answer.turns === truth.turns;
    this.#turn.of++;
    if (isRightTurn) this.#turn.right++;
    else if (answer.turns !== null) this.#turn.wrong++;
    const isRight = isRightView && (isRightTurn || answer.turns === null);
    if (truth.view !== 'chest-frontal') return isRight;
    this.#mirrored.of++;
    if (answer.mirrored) this.#mirrored.called++;
    return isRight && answer.mirrored === truth.mirrored;
  }

  /** What was counted so far. */
  figures(): TableFigures {
    const rows = [...this.#rows].map(([view, row]) => {
      const of = [...row.values()].reduce((sum, count) => sum + count, 0);
      const words = [...VIEWS, 'unsure'].map((word): [string, number] => [word, row.get(word) ?? 0]);
      return { view, recall: shareOf(row.get(rightWord(view)) ?? 0, of), words: Object.fromEntries(words) };
    });
    return {
      recall: Object.fromEntries(rows.map(({ view, recall }) => [view, recall])),
      confusion: Object.fromEntries(rows.map(({ view, words }) => [view, words])),
      turn: {
        right: shareOf(this.#turn.right, this.#turn.of),
        wrong: shareOf(this.#turn.wrong, this.#turn.of),
      },
      chestFrontalCalledMirrored: shareOf(this.#mirrored.called, this.#mirrored.of),
    };
  }
}

function rightWord(view: string): string {
  return view === 'pattern' ? 'other' : view;
}

function shareOf(right: number, of: number): Share {
  return { right, of, share: of === 0 ? 0 : Number((right / of).toFixed(4)) };
}
