import { useEffect, useRef, useState } from 'react';
import type { KeyboardEvent, ReactNode, RefObject } from 'react';
import type { DisplayHead } from '../../exam/display-head.ts';
import { RequestFailed } from '../requests.ts';
import { fillWords } from '../words.ts';
import { fetchFilmSamples } from './film-samples.ts';
import { FilmStage } from './film-stage.ts';
import type { PlaneOfFilm } from './point-handles.tsx';
import { useViewerWords } from './viewer-language.ts';

/** A film that is drawn. */
export interface OpenFilm {
  readonly stage: FilmStage;
  readonly head: DisplayHead;
}

/** One film, drawn by the graphics of the browser, with lines and handles over it. */
export function FilmPane(properties: {
  readonly examId: string;
  /** What is seen on it, for those who do not see it. */
  readonly description: string;
  readonly answerKey: (event: KeyboardEvent) => void;
  readonly onOpen: (film: OpenFilm | null) => void;
  readonly onFailure: (thrown: unknown) => void;
  readonly onChange: () => void;
  /** Lines and handles, drawn anew whenever the film moves. */
  readonly over: (plane: PlaneOfFilm, film: OpenFilm) => ReactNode;
}) {
  const { said } = useViewerWords();
  const { examId, description, answerKey, over } = properties;
  const element = useRef<HTMLDivElement>(null);
  const { film, failure } = useFilm(examId, element, properties);
  const failed =
    failure === null
      ? null
      : fillWords(said.filmFailed, { text: failure instanceof RequestFailed ? failure.message : '' });
  return (
    <div
      className="pane"
      role="region"
      aria-label={fillWords(said.stageLabel, { text: description })}
      tabIndex={0}
      data-open={film !== null}
      onKeyDown={answerKey}
    >
      {/* The drawing library puts its own elements in here. */}
      <div ref={element} className="pane-stage" onContextMenu={(event) => event.preventDefault()} />
      {film !== null && <svg className="pane-over">{over(film.stage, film)}</svg>}
      {film === null && <p className="pane-note">{failed ?? said.viewerLoading}</p>}
      {film !== null && film.head.reduction > 1 && (
        <p className="pane-foot">{fillWords(said.filmReduced, { n: film.head.reduction })}</p>
      )}
    </div>
  );
}

interface Listeners {
  readonly onOpen: (film: OpenFilm | null) => void;
  readonly onFailure: (thrown: unknown) => void;
  readonly onChange: () => void;
}

/** Fetches and draws a film as long as the pane is shown. */
function useFilm(examId: string, element: RefObject<HTMLDivElement | null>, listeners: Listeners) {
  const [film, setFilm] = useState<OpenFilm | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const [, setTurn] = useState(0);
  const told = useRef(listeners);
  useEffect(() => {
    told.current = listeners;
  });
  useEffect(() => {
    const abort = new AbortController();
    let stage: FilmStage | null = null;
    // Asked anew each time: the pane may be gone after every wait.
    const isOver = (): boolean => abort.signal.aborted;
    const open = async (): Promise<void> => {
      const samples = await fetchFilmSamples(examId, abort.signal);
      if (isOver() || element.current === null) return;
      stage = await FilmStage.open(element.current, samples);
      if (isOver()) {
        stage.close();
        return;
      }
      stage.onChange(() => {
        setTurn((turn) => turn + 1);
        told.current.onChange();
      });
      setFilm({ stage, head: samples.head });
      told.current.onOpen({ stage, head: samples.head });
    };
    open().catch((thrown: unknown) => {
      if (abort.signal.aborted) return;
      setFailure(thrown);
      told.current.onFailure(thrown);
    });
    return () => {
      abort.abort();
      setFilm(null);
      setFailure(null);
      told.current.onOpen(null);
      stage?.close();
    };
  }, [examId, element]);
  return { film, failure };
}
