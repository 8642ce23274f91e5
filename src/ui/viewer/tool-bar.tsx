import { ChoiceRow } from '../page-parts.tsx';
import type { OpenFilm } from './film-pane.tsx';
import type { DragTool } from './film-stage.ts';
import { changeGreys, GREYS, type Greys, greysOf, move, showFullSize, windowOf, zoom } from './film-tools.ts';
import { useViewerWords } from './viewer-language.ts';

/** What is switched on. */
export interface ViewerSwitches {
  readonly drag: DragTool;
  readonly isInverted: boolean;
  readonly showsOverlay: boolean;
  readonly showsRuler: boolean;
}

const DRAG_TOOLS = ['window', 'pan', 'zoom'] as const;
const STAGE_PX = 480;

/** Every tool as a button: what a drag or a key does can be done here, too. */
export function ToolBar(properties: {
  readonly film: OpenFilm;
  readonly switches: ViewerSwitches;
  readonly change: (changes: Partial<ViewerSwitches>) => void;
  readonly reset: () => void;
}) {
  const { said } = useViewerWords();
  const { film, switches, change, reset } = properties;
  const { drag, isInverted, showsOverlay, showsRuler } = switches;
  return (
    <div className="tools" role="toolbar" aria-label={said.viewerTools}>
      <ChoiceRow<DragTool>
        label={said.dragDoes}
        options={DRAG_TOOLS.map((value) => ({ value, text: said[`drag-${value}`] }))}
        chosen={drag}
        choose={(chosen) => change({ drag: chosen })}
      />
      <div className="tool-group">
        <ToolButton label={said.zoomOut} text="−" act={() => zoom(film, -1)} />
        <ToolButton label={said.zoomIn} text="+" act={() => zoom(film, 1)} />
        <ToolButton text={said.fitFilm} act={() => film.stage.fit()} />
        <ToolButton text={said.fullSize} act={() => showFullSize(film)} />
      </div>
      <div className="tool-group">
        <ToolButton label={said.moveLeft} text="←" act={() => move(film, [-1, 0], STAGE_PX)} />
        <ToolButton label={said.moveUp} text="↑" act={() => move(film, [0, -1], STAGE_PX)} />
        <ToolButton label={said.moveDown} text="↓" act={() => move(film, [0, 1], STAGE_PX)} />
        <ToolButton label={said.moveRight} text="→" act={() => move(film, [1, 0], STAGE_PX)} />
      </div>
      <GreysTools film={film} />
      <div className="tool-group">
        <ToolButton text={said.invert} isOn={isInverted} act={() => change({ isInverted: !isInverted })} />
        <ToolButton
          text={said.overlayOn}
          isOn={showsOverlay}
          act={() => change({ showsOverlay: !showsOverlay })}
        />
        <ToolButton text={said.ruler} isOn={showsRuler} act={() => change({ showsRuler: !showsRuler })} />
        <ToolButton text={said.resetViewer} act={reset} />
      </div>
    </div>
  );
}

/** Named greys, and brightness and contrast step by step. */
function GreysTools({ film }: { readonly film: OpenFilm }) {
  const { said } = useViewerWords();
  const shown = greysOf(film.stage.window(), film.head);
  const choose = (greys: string): void => {
    const window = greys === 'own' ? null : windowOf(greys as Greys, film.head);
    if (window !== null) film.stage.setWindow(window);
  };
  return (
    <div className="tool-group">
      <label className="tool-select">
        <span>{said.greys}</span>
        <select value={shown ?? 'own'} onChange={({ target }) => choose(target.value)}>
          {GREYS.filter((greys) => windowOf(greys, film.head) !== null).map((greys) => (
            <option key={greys} value={greys}>
              {said[`greys-${greys}`]}
            </option>
          ))}
          {shown === null && <option value="own">{said['greys-own']}</option>}
        </select>
      </label>
      {(['brightness', 'contrast'] as const).map((what) => (
        <span key={what} className="tool-pair">
          <ToolButton label={`${said[what]} −`} text="−" act={() => changeGreys(film, what, -1)} />
          <span>{said[what]}</span>
          <ToolButton label={`${said[what]} +`} text="+" act={() => changeGreys(film, what, 1)} />
        </span>
      ))}
    </div>
  );
}

/** A button that does something at once, or switches something on and off. */
export function ToolButton(properties: {
  readonly text: string;
  readonly label?: string;
  readonly isOn?: boolean;
  readonly isDisabled?: boolean;
  readonly act: () => void;
}) {
  const { text, label, isOn, isDisabled = false, act } = properties;
  return (
    <button
      type="button"
      className="tool"
      aria-label={label}
      title={label}
      aria-pressed={isOn}
      disabled={isDisabled}
      onClick={act}
    >
      {text}
    </button>
  );
}
