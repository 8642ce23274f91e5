/** The only importer of cornerstone3D: one film on one element, with its window, its place and what a drag does. */
import {
  cache,
  Enums,
  imageLoader,
  metaData,
  init as startRendering,
  RenderingEngine,
  Settings,
  type Types,
} from '@cornerstonejs/core';
import {
  addTool,
  Enums as ToolEnums,
  init as startTools,
  PanTool,
  ToolGroupManager,
  WindowLevelTool,
  ZoomTool,
} from '@cornerstonejs/tools';
import type { DisplayWindow } from '../../exam/display-head.ts';
import type { PointPx } from '../../exam/film.ts';
import type { FilmSamples } from './film-samples.ts';

/** What dragging with the main button does. */
export type DragTool = 'window' | 'pan' | 'zoom';

/** Zooms with one finger as with the mouse; the library's own tool waits for two, and moves the film with one. */
class DragZoomTool extends ZoomTool {
  static override toolName = 'DragZoom';

  constructor(properties: ConstructorParameters<typeof ZoomTool>[0] = {}) {
    super({ ...properties, configuration: { pinchToZoom: false, pan: false } });
  }
}

const PINCH_TOOL = ZoomTool.toolName as string;
const TOOL_NAMES: Readonly<Record<DragTool, string>> = {
  window: WindowLevelTool.toolName as string,
  pan: PanTool.toolName as string,
  zoom: DragZoomTool.toolName,
};
const SCHEME = 'osteotriage:';
/** All that the library asks of a film besides its samples: how they are scaled, which ours are not. */
const SERIES = { modality: 'DX' };
const SCALE_MIN = 0.02;
const SCALE_MAX = 24;

let engine: RenderingEngine | null = null;
let stages = 0;

function engineOfPage(): RenderingEngine {
  if (engine !== null) return engine;
  // One drawing context serves all films of the page: browsers have few, and software drawing is slow to make one.
  startRendering({ debug: {}, rendering: { webGlContextCount: 1 } });
  // They are pictures made of text at run time, which the content security policy forbids.
  Settings.getRuntimeSettings().set('useCursors', false);
  metaData.addProvider((kind: string, imageId: string) =>
    kind === 'generalSeriesModule' && imageId.startsWith(SCHEME) ? SERIES : undefined,
  );
  startTools();
  for (const tool of [WindowLevelTool, PanTool, DragZoomTool, ZoomTool]) addTool(tool);
  engine = new RenderingEngine('films');
  return engine;
}

/** What is seen: the point of the film in the middle, and pixels of the element for one of the film. */
interface FilmPlace {
  readonly center: PointPx;
  readonly scale: number;
}

/** A film on an element. Open until close(); every place is in pixels of the film, or of the element. */
export class FilmStage {
  readonly #element: HTMLDivElement;
  readonly #film: FilmSamples;
  readonly #id: string;
  readonly #viewport: Types.IStackViewport;
  readonly #cleanUp: (() => void)[] = [];
  /** What was seen last, for when the element changes its size. */
  #seen: FilmPlace = { center: [0, 0], scale: 1 };
  #fitScale = 0;
  /** Of the element when it was drawn last. */
  #heightPx: number;

  private constructor(
    element: HTMLDivElement,
    film: FilmSamples,
    id: string,
    viewport: Types.IStackViewport,
  ) {
    this.#element = element;
    this.#heightPx = element.clientHeight;
    this.#film = film;
    this.#id = id;
    this.#viewport = viewport;
  }

  /** Draws a film. Throws where it cannot be drawn here; whoever asked falls back to the picture. */
  static async open(element: HTMLDivElement, film: FilmSamples): Promise<FilmStage> {
    const rendering = engineOfPage();
    stages += 1;
    const id = `film-${stages}`;
    rendering.enableElement({ viewportId: id, element, type: Enums.ViewportType.STACK });
    const viewport = rendering.getViewport<Types.IStackViewport>(id);
    const stage = new FilmStage(element, film, id, viewport);
    const { columns, rows, window } = film.head;
    imageLoader.createAndCacheLocalImage(stage.#imageId, {
      scalarData: film.samples,
      dimensions: [columns, rows],
      spacing: [1, 1],
      targetBuffer: { type: 'Uint16Array' },
      // Without a window the first table of greys would run backwards, and stay so.
      onCacheAdd: (image) => Object.assign(image, { windowCenter: window.center, windowWidth: window.width }),
    });
    const tools = ToolGroupManager.createToolGroup(id);
    for (const name of [...Object.values(TOOL_NAMES), PINCH_TOOL]) tools?.addTool(name);
    tools?.addViewport(id, rendering.id);
    try {
      await viewport.setStack([stage.#imageId]);
    } catch (thrown) {
      stage.close();
      throw thrown;
    }
    stage.setWindow(window);
    tools?.setToolActive(PINCH_TOOL, {
      bindings: [{ mouseButton: ToolEnums.MouseBindings.Wheel }, { numTouchPoints: 2 }],
    });
    stage.setDragTool('window');
    stage.fit();
    stage.onChange(() => (stage.#seen = stage.place()));
    const resize = new ResizeObserver(() => stage.#resize());
    resize.observe(element);
    stage.#cleanUp.push(() => resize.disconnect());
    return stage;
  }

  /** Calls a listener whenever the film has moved, grown or been drawn in other greys. */
  onChange(listener: () => void): void {
    const kinds = [Enums.Events.CAMERA_MODIFIED, Enums.Events.VOI_MODIFIED, Enums.Events.IMAGE_RENDERED];
    for (const kind of kinds) this.#element.addEventListener(kind, listener);
    this.#cleanUp.push(() => {
      for (const kind of kinds) this.#element.removeEventListener(kind, listener);
    });
  }

  /** What a drag does with the main button or one finger; the wheel and two fingers always zoom, the middle button moves. */
  setDragTool(tool: DragTool | null): void {
    const tools = ToolGroupManager.getToolGroup(this.#id);
    const { Primary, Auxiliary, Secondary } = ToolEnums.MouseBindings;
    const bindings: Readonly<Record<DragTool, object[]>> = {
      window: [{ mouseButton: Secondary }],
      pan: [{ mouseButton: Auxiliary }],
      zoom: [],
    };
    for (const [name, toolName] of Object.entries(TOOL_NAMES)) {
      const own = bindings[name as DragTool];
      tools?.setToolPassive(toolName, { removeAllBindings: true });
      tools?.setToolActive(toolName, { bindings: name === tool ? [{ mouseButton: Primary }, ...own] : own });
    }
  }

  window(): DisplayWindow {
    const { voiRange } = this.#viewport.getProperties();
    if (voiRange == null) return this.#film.head.window;
    return { center: (voiRange.lower + voiRange.upper) / 2, width: voiRange.upper - voiRange.lower };
  }

  setWindow({ center, width }: DisplayWindow): void {
    const half = Math.max(1, width) / 2;
    this.#viewport.setProperties({ voiRange: { lower: center - half, upper: center + half } });
    this.#viewport.render();
  }

  setInverted(isInverted: boolean): void {
    this.#viewport.setProperties({ invert: isInverted });
    this.#viewport.render();
  }

  /** The place of a point of the film on the element. */
  toElement([x, y]: PointPx): PointPx {
    const { reduction } = this.#film.head;
    const shift = (reduction - 1) / 2;
    const [column, row] = this.#viewport.worldToCanvas([(x - shift) / reduction, (y - shift) / reduction, 0]);
    return [column, row];
  }

  /** The point of the film at a place of the element. */
  toFilm([column, row]: PointPx): PointPx {
    const { reduction } = this.#film.head;
    const [x, y] = this.#viewport.canvasToWorld([column, row]);
    const shift = (reduction - 1) / 2;
    return [x * reduction + shift, y * reduction + shift];
  }

  /** The point of the film in the middle, and pixels of the element for one of the film. */
  place(): FilmPlace {
    const { reduction } = this.#film.head;
    const shift = (reduction - 1) / 2;
    const { focalPoint: [x, y] = [0, 0], parallelScale = 1 } = this.#viewport.getCamera();
    return {
      center: [x * reduction + shift, y * reduction + shift],
      scale: this.#heightPx / (2 * parallelScale * reduction),
    };
  }

  /** Brings a point to the middle at a scale. */
  setPlace(center: PointPx, scale: number): void {
    const wanted = Math.min(SCALE_MAX, Math.max(SCALE_MIN, scale));
    const { reduction } = this.#film.head;
    const shift = (reduction - 1) / 2;
    const [x, y] = [(center[0] - shift) / reduction, (center[1] - shift) / reduction];
    const { focalPoint = [0, 0, 0], position = [0, 0, -1] } = this.#viewport.getCamera();
    this.#viewport.setCamera({
      focalPoint: [x, y, focalPoint[2]],
      position: [x, y, position[2]],
      // Half of the height that is seen, in samples.
      parallelScale: this.#heightPx / (2 * wanted * reduction),
    });
    this.#viewport.render();
  }

  /** All of the film, as large as the element lets it be. */
  fit(): void {
    this.#viewport.resetCamera();
    this.#viewport.render();
    this.#fitScale = this.place().scale;
  }

  /** A film that was seen whole still is; else its middle stays in the middle. */
  #resize(): void {
    const { center, scale } = this.#seen;
    const wasWhole = Math.abs(scale / this.#fitScale - 1) < 0.01;
    this.#heightPx = this.#element.clientHeight;
    engine?.resize(true, true);
    if (wasWhole) this.fit();
    else this.setPlace(center, scale);
  }

  close(): void {
    for (const undo of this.#cleanUp) undo();
    ToolGroupManager.destroyToolGroup(this.#id);
    engine?.disableElement(this.#id);
    if (cache.getImageLoadObject(this.#imageId) !== undefined) cache.removeImageLoadObject(this.#imageId);
  }

  get #imageId(): string {
    return `${SCHEME}${this.#id}`;
  }
}
