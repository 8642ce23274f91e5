import { atLeast, atMost, type JudgedFigure } from '../evaluation/judged-figure.ts';
import type { PanoramicFigures } from './panoramic-figures.ts';

/** Four of 89; five are 0.056. */
const REFUSED_SHARE_MAX = 0.045;

/** Lays the figures beside what they were to reach; parts that did not run have no figure. */
export function judgePanoramic(figures: PanoramicFigures): readonly JudgedFigure[] {
  const { border, width, foramen, looks, phantoms, speed } = figures;
  const bias = phantoms?.all.biasMm.value;
  return [
    atMost('border: error of the median film, mm', border?.medianMm.value, 0.15),
    atMost('border: error in nine of ten films, mm', border?.percentile90Mm.value, 0.45),
    atMost('border: share of films refused', border?.refusedFilms.value, REFUSED_SHARE_MAX),
    atMost('width: mean absolute error against the tracings, mm', width?.all.meanAbsoluteErrorMm.value, 0.3),
    atLeast('width: correlation with the tracings', width?.all.correlation.value, 0.85),
    atLeast('foramen: share within 3 mm where it is plain or faint', foramen?.seen.within3Mm.value, 0.9),
    atMost('looks: worst loss of the median border error, mm', looks?.worstBorderLossMm, 0.1),
    atMost('looks: worst median change of the width, mm', looks?.worstWidthChangeMm, 0.1),
    atMost('looks: gross errors (over 1 mm) that are not called not assessable', looks?.grossErrors, 0),
    atMost('phantoms: mean absolute error of the width, mm', phantoms?.all.meanAbsoluteErrorMm.value, 0.1),
    atMost('phantoms: bias of the width, mm', bias == null ? bias : Math.abs(bias), 0.03),
    atMost('speed: a film of 2900 x 1250 from file to numbers, one thread, ms', speed?.filmMs, 250),
  ];
}
