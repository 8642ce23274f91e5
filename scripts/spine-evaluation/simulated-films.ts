import { join } from 'node:path';
import { plainFilm } from '../../src/imaging/prepare-image.ts';
import { PROJECT_FOLDER } from '../../src/project-folder.ts';
import { renderSpine } from '../phantom/spine/spine-phantom.ts';
import { compareFilm, type FilmComparison } from './film-comparison.ts';
import { type FindingFigures, summariseFilms } from './finding-figures.ts';
import { type GradingFigures, summariseGrading } from './grading-figures.ts';
import type { OverlayWriter } from './overlay-writer.ts';
import { drawEvaluationFilm, labelsOf, type SimulatedBody } from './simulated-truth.ts';
import { openSpineReader } from './spine-reader.ts';

/** Figures of simulated films whose looks and seeds training never used. */
export interface SimulatedFigures {
  readonly films: number;
  readonly finding: FindingFigures;
  readonly grading: GradingFigures;
  /** The same for each kind of film. */
  readonly byKind: Readonly<
    Record<
      'spine-lateral' | 'chest-lateral',
      { readonly finding: FindingFigures; readonly grading: GradingFigures }
    >
  >;
}

/** Renders the films one after the other, reads each with the shipped weights and lays it beside its truth. */
export async function evaluateSimulated(
  count: number,
  overlays: OverlayWriter | null,
  onFilm: (done: number) => void,
): Promise<SimulatedFigures> {
  const reader = await openSpineReader(join(PROJECT_FOLDER, 'models'));
  const films: { readonly kind: string; readonly film: FilmComparison<SimulatedBody> }[] = [];
  for (let index = 0; index < count; index += 1) {
    const options = drawEvaluationFilm(index);
    const { film, truth } = renderSpine(options);
    const file = `simulated-${options.seed}`;
    const picture = plainFilm(film.columns, film.rows, film.samples);
    const reading = await reader(picture, options.kind);
    await overlays?.(file, picture, options.kind, reading);
    films.push({ kind: options.kind, film: compareFilm(labelsOf(file, truth), reading.spine) });
    onFilm(index + 1);
  }
  const summarise = (kind: string | null) => {
    const some = films.flatMap((one) => (kind === null || one.kind === kind ? [one.film] : []));
    return { finding: summariseFilms(some), grading: summariseGrading(some) };
  };
  const byKind = {
    'spine-lateral': summarise('spine-lateral'),
    'chest-lateral': summarise('chest-lateral'),
  };
  return { films: films.length, ...summarise(null), byKind };
}
