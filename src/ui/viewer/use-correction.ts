import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { AnalysisResult } from '../../exam/analysis.ts';
import { isWithdrawn, type PointsCorrection } from '../../exam/correction.ts';
import type { PointPx } from '../../exam/film.ts';
import type { CorrectedAnswer, CorrectionsAnswer } from '../../worklist/film-views.ts';
import type { ExamView } from '../../worklist/worklist-views.ts';
import { useLanguage } from '../language.tsx';
import { spokenFailure } from '../page-parts.tsx';
import { changeJson } from '../requests.ts';
import { fillWords } from '../words.ts';
import {
  changesOf,
  type CorrectionDraft,
  draftOf,
  movePoint,
  type PointName,
  pointsOf,
} from './correction-draft.ts';
import type { CorrectionPanelParts } from './correction-panel.tsx';
import { useViewerWords } from './viewer-language.ts';

/** A correction under way, or none. */
export interface Correction {
  /** Whether there is anything on the film that can be corrected now. */
  readonly isPossible: boolean;
  /** null: points are not being moved. */
  readonly draft: CorrectionDraft | null;
  readonly body: number;
  readonly chosen: PointName | null;
  /** The place of a point that was chosen from the list, to be brought into sight. */
  readonly sought: PointPx | null;
  readonly canSave: boolean;
  readonly isSaving: boolean;
  readonly message: string | null;
  readonly begin: () => void;
  readonly leave: () => void;
  readonly restore: () => void;
  readonly choose: (name: PointName) => void;
  readonly moveTo: (name: PointName, to: PointPx) => void;
  readonly save: (note: string) => void;
  readonly panel: (analysis: AnalysisResult, draft: CorrectionDraft) => CorrectionPanelParts;
}

/** Holds the points of a film while a person moves them, and saves them. */
export function useCorrection(exam: ExamView | undefined, notes: CorrectionsAnswer | undefined): Correction {
  const { language, words } = useLanguage();
  const { said } = useViewerWords();
  const client = useQueryClient();
  const [draft, setDraft] = useState<CorrectionDraft | null>(null);
  const [body, setBody] = useState(0);
  const [chosen, setChosen] = useState<PointName | null>(null);
  const [sought, setSought] = useState<PointPx | null>(null);
  const [isSaving, setSaving] = useState(false);
  const [message, setMessage] = useState<string | null>(null);
  const analysis = exam?.analysis ?? null;
  const image = analysis?.image ?? null;
  const saved = savedPoints(notes);
  const moveTo = (name: PointName, to: PointPx): void => {
    if (image !== null) setDraft((before) => before && movePoint(before, name, to, image));
  };
  const save = async (note: string): Promise<void> => {
    if (exam === undefined || analysis === null || draft === null || notes === undefined) return;
    setSaving(true);
    try {
      const order = {
        revision: notes.revision,
        note: note === '' ? null : note,
        points: changesOf(analysis, draft),
      };
      await changeJson<CorrectedAnswer>('POST', `/api/exams/${exam.examId}/corrections`, order);
      setDraft(null);
      setMessage(said.correctionSaved);
      await client.invalidateQueries({ queryKey: ['exam', exam.examId] });
    } catch (thrown) {
      const text = thrown instanceof Error ? spokenFailure(thrown, language, words) : '';
      setMessage(fillWords(said.correctionFailed, { text }));
    } finally {
      setSaving(false);
    }
  };
  return {
    isPossible: isCorrectable(exam) && notes !== undefined,
    ...{ draft, body, chosen, sought, isSaving, message, moveTo },
    canSave: analysis !== null && draft !== null && isOther(changesOf(analysis, draft), saved),
    begin: () => {
      if (analysis === null) return;
      setMessage(null);
      setDraft(draftOf(analysis, saved));
    },
    leave: () => {
      setDraft(null);
      setChosen(null);
    },
    restore: () => setDraft(analysis && draftOf(analysis, undefined)),
    choose: setChosen,
    save: (note) => void save(note),
    panel: (measured, points) => ({
      ...{ analysis: measured, draft: points, change: setDraft, body, chosen },
      chooseBody: (at) => {
        setBody(at);
        setChosen(null);
      },
      choose: (name) => {
        setChosen(name);
        setSought(placeOf(points, name, body));
      },
      nudge: ([dx, dy]) => {
        const at = chosen === null ? null : placeOf(points, chosen, body);
        if (chosen !== null && at !== null) moveTo(chosen, [at[0] + dx, at[1] + dy]);
      },
    }),
  };
}

function isCorrectable(exam: ExamView | undefined): boolean {
  if (exam === undefined || exam.state === 'pending' || exam.analysis === null) return false;
  const { panoramic, spine } = exam.analysis;
  return panoramic !== null || (spine?.vertebrae.length ?? 0) > 0;
}

/** What a person saved last; undefined where nobody did, or it was taken back. */
function savedPoints(notes: CorrectionsAnswer | undefined): PointsCorrection | undefined {
  const points = notes?.corrections[0]?.points;
  return points === undefined || isWithdrawn(points) ? undefined : points;
}

function isOther(changes: PointsCorrection, saved: PointsCorrection | undefined): boolean {
  return JSON.stringify(changes) !== JSON.stringify(saved ?? { sides: [], vertebrae: [] });
}

/** Where a point of the draft is; null where it is none of the body that is shown. */
function placeOf(draft: CorrectionDraft, name: PointName, body: number): PointPx | null {
  const of = 'body' in name ? name.body : body;
  return pointsOf(draft, of).find((each) => isSame(each.name, name))?.at ?? null;
}

function isSame(one: PointName, other: PointName | null): boolean {
  if (other?.point !== one.point) return false;
  return 'side' in one
    ? 'side' in other && one.side === other.side
    : 'body' in other && one.body === other.body;
}
