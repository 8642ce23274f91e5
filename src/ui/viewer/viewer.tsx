import { useEffect, useState } from 'react';
import type { KeyboardEvent } from 'react';
import type { CorrectionsAnswer } from '../../worklist/film-views.ts';
import type { AnalysisResult } from '../../exam/analysis.ts';
import type { PointPx } from '../../exam/film.ts';
import type { ExamView } from '../../worklist/worklist-views.ts';
import { useRead } from '../requests.ts';
import { useSession } from '../session.tsx';
import { useExam } from '../worklist-queries.ts';
import { BesideChoice } from './beside-choice.tsx';
import { CorrectionEnd, CorrectionPanel } from './correction-panel.tsx';
import { FilmPane, type OpenFilm } from './film-pane.tsx';
import { changeGreys, move, zoom } from './film-tools.ts';
import { FilmLayers, type Ruler, rulerAcross } from './film-layers.tsx';
import { arrowOf } from './point-handles.tsx';
import { filmText } from './film-text.ts';
import { ToolBar, ToolButton, type ViewerSwitches } from './tool-bar.tsx';
import { type Correction, useCorrection } from './use-correction.ts';
import { useViewerWords } from './viewer-language.ts';
import './viewer.css';

const AT_FIRST: ViewerSwitches = { drag: 'window', isInverted: false, showsOverlay: true, showsRuler: false };
/** A point is set at this size at least, so that its neighbours are told apart. */
const POINT_SCALE_MIN = 2;
/** Who may set points. */
const CORRECTORS: readonly string[] = ['coordinator', 'radiologist'];

/** The film of an exam in a viewer, another film of the same person beside it, and points that can be corrected. */
export function Viewer(properties: {
  readonly examId: string;
  /** Called where the film cannot be drawn here. */
  readonly onFailure: () => void;
}) {
  const { examId, onFailure } = properties;
  const exam = useExam(examId).data?.exam;
  const notes = useRead<CorrectionsAnswer>(
    ['exam', examId, 'corrections'],
    `/api/exams/${examId}/corrections`,
  ).data;
  const [beside, setBeside] = useState<string | null>(null);
  const [acting, setActing] = useState<'main' | 'beside'>('main');
  const correction = useCorrection(exam, notes);
  const { user } = useSession();
  const { said } = useViewerWords();
  const canCorrect = user.roles.some((role) => CORRECTORS.includes(role)) && correction.isPossible;
  return (
    <div className="film-viewer">
      <div className={beside === null ? 'panes' : 'panes panes-two'}>
        <ViewedFilm
          key={examId}
          exam={exam}
          examId={examId}
          name={said['pane-main']}
          isActing={beside === null || acting === 'main'}
          correction={correction}
          onFailure={onFailure}
          act={() => setActing('main')}
        />
        {beside !== null && (
          <BesideFilm
            key={beside}
            examId={beside}
            isActing={acting === 'beside'}
            act={() => setActing('beside')}
          />
        )}
      </div>
      <div className="viewer-rows">
        <BesideChoice
          films={notes?.otherFilms ?? []}
          chosen={beside}
          choose={(chosen) => {
            setBeside(chosen);
            setActing('main');
          }}
        />
        {canCorrect && correction.draft === null && (
          <ToolButton text={said.correctPoints} act={correction.begin} />
        )}
      </div>
      <OpenCorrection correction={correction} analysis={exam?.analysis ?? null} />
      {correction.message !== null && (
        <p className="notice" role="status">
          {correction.message}
        </p>
      )}
      <p className="viewer-keys">{said.viewerKeys}</p>
    </div>
  );
}

function OpenCorrection(properties: {
  readonly correction: Correction;
  readonly analysis: AnalysisResult | null;
}) {
  const { correction, analysis } = properties;
  const { draft, canSave, isSaving, save, restore, leave } = correction;
  if (draft === null || analysis === null) return null;
  return (
    <>
      <CorrectionPanel {...correction.panel(analysis, draft)} />
      <CorrectionEnd {...{ canSave, isSaving, save, restore, leave }} />
    </>
  );
}

function BesideFilm(properties: {
  readonly examId: string;
  readonly isActing: boolean;
  readonly act: () => void;
}) {
  const { examId, isActing, act } = properties;
  const exam = useExam(examId).data?.exam;
  const { said } = useViewerWords();
  return (
    <ViewedFilm
      exam={exam}
      examId={examId}
      name={said['pane-beside']}
      isActing={isActing}
      correction={null}
      onFailure={() => undefined}
      act={act}
    />
  );
}

interface ViewedFilmParts {
  readonly exam: ExamView | undefined;
  readonly examId: string;
  readonly name: string;
  /** Whether its tools are shown: those of one film at a time. */
  readonly isActing: boolean;
  readonly correction: Correction | null;
  readonly onFailure: () => void;
  readonly act: () => void;
}

/** One film with its tools. */
function ViewedFilm({ exam, examId, name, isActing, correction, onFailure, act }: ViewedFilmParts) {
  const { language, said } = useViewerWords();
  const [film, setFilm] = useState<OpenFilm | null>(null);
  const [switches, setSwitches] = useState(AT_FIRST);
  const [ruler, setRuler] = useState<Ruler | null>(null);
  const [, setTurn] = useState(0);
  const analysis = exam?.analysis ?? null;
  const sought = correction?.sought ?? null;
  useEffect(() => {
    if (sought !== null && film !== null)
      film.stage.setPlace(sought, Math.max(POINT_SCALE_MIN, film.stage.place().scale));
  }, [sought, film]);
  const change = (changes: Partial<ViewerSwitches>): void => {
    setSwitches({ ...switches, ...changes });
    if (changes.drag !== undefined) film?.stage.setDragTool(changes.drag);
    if (changes.isInverted !== undefined) film?.stage.setInverted(changes.isInverted);
    if (changes.showsRuler === true && film !== null) setRuler(ruler ?? rulerAcross(film));
  };
  const reset = (): void => {
    if (film === null) return;
    film.stage.setWindow(film.head.window);
    film.stage.setInverted(false);
    film.stage.setDragTool(AT_FIRST.drag);
    film.stage.fit();
    setRuler(null);
    setSwitches(AT_FIRST);
  };
  const answerKey = (event: KeyboardEvent): void => {
    if (film === null || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!actOnKey(event.key, film, switches, change)) return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <section className="viewed" aria-label={name} onFocus={act} onPointerDown={act}>
      {isActing && film !== null && <ToolBar film={film} switches={switches} change={change} reset={reset} />}
      <FilmPane
        examId={examId}
        description={filmText(analysis, language, said)}
        answerKey={answerKey}
        onOpen={setFilm}
        onFailure={onFailure}
        onChange={() => setTurn((turn) => turn + 1)}
        over={(plane, open) => (
          <FilmLayers
            plane={plane}
            film={open}
            analysis={analysis}
            showsOverlay={switches.showsOverlay}
            ruler={switches.showsRuler ? ruler : null}
            changeRuler={setRuler}
            correction={correction}
          />
        )}
      />
    </section>
  );
}

const FINE_STAGE_PX = 480;

/** Does what a key stands for; false where it stands for nothing. */
function actOnKey(
  key: string,
  film: OpenFilm,
  { isInverted, showsOverlay, showsRuler }: ViewerSwitches,
  change: (changes: Partial<ViewerSwitches>) => void,
): boolean {
  const arrow: PointPx | null = arrowOf(key);
  const acts: Readonly<Record<string, () => void>> = {
    '+': () => zoom(film, 1),
    '=': () => zoom(film, 1),
    '-': () => zoom(film, -1),
    '0': () => film.stage.fit(),
    i: () => change({ isInverted: !isInverted }),
    o: () => change({ showsOverlay: !showsOverlay }),
    r: () => change({ showsRuler: !showsRuler }),
    '[': () => changeGreys(film, 'contrast', -1),
    ']': () => changeGreys(film, 'contrast', 1),
    ',': () => changeGreys(film, 'brightness', -1),
    '.': () => changeGreys(film, 'brightness', 1),
  };
  const act = arrow === null ? acts[key.toLowerCase()] : () => move(film, arrow, FINE_STAGE_PX);
  act?.();
  return act !== undefined;
}
