import { Component, lazy, Suspense, useEffect, useRef, useState } from 'react';
import type { KeyboardEvent, MouseEvent, ReactNode, RefObject } from 'react';
import { useLanguage } from './language.tsx';
import { ChoiceRow } from './page-parts.tsx';
import { useViewerWords } from './viewer/viewer-language.ts';

type Picture = 'overlay' | 'original';
type Zoom = 'fit' | 'full';

/** A place on the picture, as a share of its width and height. */
interface Place {
  readonly x: number;
  readonly y: number;
}

const MIDDLE: Place = { x: 0.5, y: 0.5 };

const Viewer = lazy(async () => ({ default: (await import('./viewer/viewer.tsx')).Viewer }));

interface FilmParts {
  readonly examId: string;
  /** Columns of the original image: what 100 % means whatever size the picture was made in. */
  readonly columns: number | null;
}

/**
 * The film. The picture is there at once; the viewer, which is large, is fetched after it was painted and only where a
 * browser can draw it and the film is looked at. Where that fails the picture stays.
 */
export function FilmViewer({ examId, columns }: FilmParts) {
  const { said } = useViewerWords();
  const [way, setWay] = useState<'picture' | 'waiting' | 'viewer' | 'failed' | 'undrawable'>('waiting');
  const place = useRef<HTMLDivElement>(null);
  useWhenSeen(place, way === 'waiting', () => setWay(canDraw() ? 'viewer' : 'undrawable'));
  const picture = <FilmPicture examId={examId} columns={columns} />;
  return (
    <div ref={place}>
      {way !== 'waiting' && (
        <div className="viewer-switch">
          {way === 'failed' && <p className="faint">{said.viewerFailed}</p>}
          {way === 'undrawable' && <p className="faint">{said.viewerUndrawable}</p>}
          {(way === 'viewer' || way === 'picture') && (
            <button
              type="button"
              className="button button-plain"
              onClick={() => setWay(way === 'viewer' ? 'picture' : 'viewer')}
            >
              {way === 'viewer' ? said.simplePicture : said.openViewer}
            </button>
          )}
        </div>
      )}
      {way === 'viewer' ? (
        <FailureWatch onFailure={() => setWay('failed')}>
          <Suspense fallback={picture}>
            <Viewer examId={examId} onFailure={() => setWay('failed')} />
          </Suspense>
        </FailureWatch>
      ) : (
        picture
      )}
    </div>
  );
}

/** Calls back once, when the element is seen and what is on the page has been painted. */
function useWhenSeen(place: RefObject<HTMLElement | null>, isAwaited: boolean, act: () => void): void {
  const told = useRef(act);
  useEffect(() => {
    told.current = act;
  });
  useEffect(() => {
    const element = place.current;
    if (!isAwaited || element === null) return;
    const watch = new IntersectionObserver((entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      watch.disconnect();
      requestAnimationFrame(() => setTimeout(() => told.current()));
    });
    watch.observe(element);
    return () => watch.disconnect();
  }, [place, isAwaited]);
}

/** Whether this browser has the graphics that the viewer draws with. */
function canDraw(): boolean {
  return document.createElement('canvas').getContext('webgl2') !== null;
}

/** The viewer's file may not arrive, and its library may fail: then the picture stands. */
class FailureWatch extends Component<{ readonly onFailure: () => void; readonly children: ReactNode }> {
  override state = { isBroken: false };

  static getDerivedStateFromError() {
    return { isBroken: true };
  }

  override componentDidCatch(): void {
    this.props.onFailure();
  }

  override render(): ReactNode {
    return this.state.isBroken ? null : this.props.children;
  }
}

/** The picture, with or without the measurement, fitted to the page or pixel by pixel. */
function FilmPicture(properties: FilmParts) {
  const { words } = useLanguage();
  const { examId, columns } = properties;
  const [picture, setPicture] = useState<Picture>('overlay');
  const [missing, setMissing] = useState<ReadonlySet<Picture>>(new Set());
  const [widthsPx, setWidthsPx] = useState<Partial<Record<Picture, number>>>({});
  const { zoom, changeZoom, frame } = useZoom();
  const shown = missing.has('overlay') ? 'original' : picture;
  const toggle = (): void => setPicture(picture === 'overlay' ? 'original' : 'overlay');
  const answerKey = (event: KeyboardEvent): void => {
    if (event.metaKey || event.ctrlKey || event.altKey) return;
    const key = event.key.toLowerCase();
    if (key === 'z' || key === 'enter') changeZoom(zoom === 'fit' ? 'full' : 'fit', MIDDLE);
    else if (key === 'o') toggle();
    else if (key === 'escape') changeZoom('fit', MIDDLE);
    else return;
    event.preventDefault();
  };
  const answerClick = (event: MouseEvent<HTMLImageElement>): void => {
    const box = event.currentTarget.getBoundingClientRect();
    const place = { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height };
    changeZoom(zoom === 'fit' ? 'full' : 'fit', place);
  };
  return (
    <section className="viewer" aria-label={words.pictureTitle}>
      <div className="viewer-tools">
        <PictureChoice picture={shown} choose={setPicture} />
        <ZoomChoice zoom={zoom} choose={(chosen) => changeZoom(chosen, MIDDLE)} />
        {!missing.has('original') && (
          <p className="viewer-hint">{missing.has('overlay') ? words.overlayMissing : words.pictureHint}</p>
        )}
      </div>
      <div
        ref={frame}
        className={`viewer-frame viewer-${zoom}`}
        role="region"
        aria-label={words.viewerLabel}
        // Scrolled by the arrow keys, so it must take the focus.
        tabIndex={0}
        onKeyDown={answerKey}
      >
        {missing.has('original') && shown === 'original' && <p>{words.pictureMissing}</p>}
        {(['overlay', 'original'] as const).map((name) => (
          // Both stay in the page, so that the change between them is at once and keeps the place.
          <img
            key={name}
            hidden={name !== shown || missing.has(name)}
            src={`/api/exams/${examId}/${name === 'overlay' ? 'overlay' : 'preview'}.png`}
            alt={name === 'overlay' ? words.overlayAlt : words.originalAlt}
            style={
              zoom === 'full' && columns !== null
                ? { width: `${fullWidthPx(name, columns, widthsPx)}px` }
                : undefined
            }
            onLoad={({ currentTarget }) =>
              setWidthsPx((before) => ({ ...before, [name]: currentTarget.naturalWidth }))
            }
            onClick={answerClick}
            onError={() => setMissing((before) => new Set([...before, name]))}
          />
        ))}
      </div>
    </section>
  );
}

/** The picture with the measurement may have words at its side, which the film's columns do not count. */
function fullWidthPx(picture: Picture, columns: number, widthsPx: Partial<Record<Picture, number>>): number {
  const { original } = widthsPx;
  const own = widthsPx[picture];
  return original === undefined || own === undefined ? columns : (columns * own) / original;
}

function PictureChoice(properties: {
  readonly picture: Picture;
  readonly choose: (picture: Picture) => void;
}) {
  const { words } = useLanguage();
  return (
    <ChoiceRow<Picture>
      label={words.pictureChoice}
      options={[
        { value: 'overlay', text: words.showOverlay },
        { value: 'original', text: words.showOriginal },
      ]}
      chosen={properties.picture}
      choose={properties.choose}
    />
  );
}

function ZoomChoice(properties: { readonly zoom: Zoom; readonly choose: (zoom: Zoom) => void }) {
  const { words } = useLanguage();
  return (
    <ChoiceRow<Zoom>
      label={words.zoomChoice}
      options={[
        { value: 'fit', text: words.zoomFit },
        { value: 'full', text: words.zoomFull },
      ]}
      chosen={properties.zoom}
      choose={properties.choose}
    />
  );
}

/** Keeps the chosen size, and brings the place that was clicked to the middle when the film grows. */
function useZoom() {
  const frame = useRef<HTMLDivElement>(null);
  const [view, setView] = useState<{ readonly zoom: Zoom; readonly place: Place }>({
    zoom: 'fit',
    place: MIDDLE,
  });
  useEffect(() => {
    const box = frame.current;
    if (box === null || view.zoom === 'fit') return;
    box.scrollTo(
      view.place.x * box.scrollWidth - box.clientWidth / 2,
      view.place.y * box.scrollHeight - box.clientHeight / 2,
    );
  }, [view]);
  const changeZoom = (zoom: Zoom, place: Place): void => setView({ zoom, place });
  return { zoom: view.zoom, changeZoom, frame };
}
