import type { FilmTemplate } from '../fault-plan/invented-film.ts';
import { encodeDataSet, LAYOUTS, wrapPart10 } from '../phantom/dicom-file.ts';
import { describeFilm, identifyFilm, SOP_CLASSES } from '../phantom/film-dataset.ts';
import type { Film } from '../phantom/film-finish.ts';
import { enlarge } from '../phantom/noise-field.ts';
import { encodePixels } from '../phantom/pixel-encoding.ts';
import { renderSpine } from '../phantom/spine/spine-phantom.ts';
import type { WantedDeformity } from '../phantom/spine/spine-shape.ts';
import { templateOf } from './panoramic-films.ts';

const COLUMNS = 2500;
const ROWS = 3000;
const BITS = 12;
/** Films are rendered at a fourth of their size and enlarged: a render of full size takes half a minute. */
const ENLARGED = 4;
/** Never trained on. */
const SEED_FIRST = 199_900;
const DEFORMITIES: readonly (readonly WantedDeformity[])[] = [
  [{ level: 'L2', deformity: 'wedge', lossPercent: 48 }],
  [],
];

let films: Promise<readonly FilmTemplate[]> | undefined;

/** Uncompressed lateral films of a spine in the size of a modern detector: a fracture and none. Rendered once a run. */
export function drawLateralFilms(): Promise<readonly FilmTemplate[]> {
  films ??= Promise.all(DEFORMITIES.map((vertebrae, index) => drawFilm(SEED_FIRST + index, vertebrae)));
  return films;
}

/** A simulated lateral film of 2500 x 3000 pixels. */
export function renderLargeFilm(
  seed: number,
  vertebrae: readonly WantedDeformity[],
): { readonly film: Film; readonly mmPerPx: number } {
  const size = { columns: COLUMNS / ENLARGED, rows: ROWS / ENLARGED };
  const { film, truth } = renderSpine({
    ...{ seed, kind: 'spine-lateral', look: 'training', vertebrae, bits: BITS },
    ...size,
  });
  const values = enlarge(
    Float32Array.from(film.samples),
    ...([size.columns, ENLARGED, ENLARGED, COLUMNS, ROWS] as const),
  );
  return {
    film: { columns: COLUMNS, rows: ROWS, samples: Uint16Array.from(values, Math.round) },
    mmPerPx: truth.mmPerPx / ENLARGED,
  };
}

async function drawFilm(seed: number, vertebrae: readonly WantedDeformity[]): Promise<FilmTemplate> {
  const { film, mmPerPx } = renderLargeFilm(seed, vertebrae);
  const description = {
    ...{ key: `bench-${seed}`, seed, sopClassUid: SOP_CLASSES.digitalXRay, modality: 'DX' },
    person: { id: `FANTOM-${seed}`, name: 'Mätfilm^Ragnar', birthDate: '19500101', sex: 'M' as const },
    ...{ studyDate: '20251103', studyDescription: 'Ländrygg', bodyPart: 'LSPINE', viewPosition: 'LL' },
    photometric: 'MONOCHROME2' as const,
    ...{ columns: COLUMNS, rows: ROWS, bits: BITS },
    spacing: { imagerMmPerPx: mmPerPx },
  };
  const pixels = await encodePixels(film, BITS, LAYOUTS.explicit);
  const dataSet = encodeDataSet(describeFilm(description, pixels, LAYOUTS.explicit), LAYOUTS.explicit);
  const { instance } = identifyFilm(description);
  const bytes = wrapPart10(dataSet, description.sopClassUid, instance, LAYOUTS.explicit.uid);
  const expected =
    vertebrae.length > 0
      ? { outcome: 'positive' as const, reason: 'vertebra-wedge-severe', view: 'spine-lateral' as const }
      : { outcome: 'negative' as const, reason: 'no-vertebral-deformity', view: 'spine-lateral' as const };
  return templateOf(`${description.key}.dcm`, bytes, expected);
}
