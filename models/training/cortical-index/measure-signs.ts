// Measures the signs of Klemetti's classes on the traced films and on drawn cortices, for fit.py; one JSON array.
//   node models/training/cortical-index/measure-signs.ts /work/shared/data/panoramic > models/training/cortical-index/build/signs.json
// Borders come from the fold's models that never saw the film, foramina from the reader, margins from the rule of residues.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PIXELS_MAX } from '../../../scripts/panoramic-evaluation/real-readings.ts';
import { readTracings, type Tracing } from '../../../scripts/panoramic-evaluation/tracings.ts';
import { drawCortexStrip } from '../../../scripts/phantom/cortex-strip.ts';
import type { Film, PointPx } from '../../../src/exam/film.ts';
import { letterbox } from '../../../src/imaging/prepare-image.ts';
import { readPicture } from '../../../src/imaging/read-picture.ts';
import { letterboxOf } from '../../../src/inference/model-manifest.ts';
import { findModel } from '../../../src/inference/model-registry.ts';
import { findFootPoint, layBorderPath } from '../../../src/measure/border-path.ts';
import { measureSignsAt } from '../../../src/measure/cortical-index.ts';
import { measureCorticalWidth } from '../../../src/measure/cortical-width.ts';
import { refineInferiorBorder } from '../../../src/measure/inferior-border.ts';
import { findLevels } from '../../../src/measure/strip-levels.ts';
import { cutSiteStrip, meanProfile, SITE_REACH, STEP_MM } from '../../../src/measure/site-strip.ts';
import { coarseBorder } from '../../../workers/find-foramina.ts';
import { openSession } from '../../../workers/onnx-session.ts';

/** Up to 999 phantoms are kept for tests and evaluation. */
const PHANTOM_SEEDS = { from: 1000, to: 1079 };
/** The columns about the foot that the level outside the bone is taken from. */
const HALF_STRIP = 21;
const PX_PER_MM = 1 / STEP_MM;
const CONTOUR = join(import.meta.dirname, '../mandible-contour');
const folder = process.argv[2] ?? '/work/shared/data/panoramic';

const { folds } = JSON.parse(await readFile(join(CONTOUR, 'folds.json'), 'utf8')) as { folds: number[][] };
const tracings = await readTracings(join(CONTOUR, 'labels/cortical-tracings.csv'));
const rows: object[] = [...measureDrawn()];
for (const [fold, films] of folds.entries()) {
  const session = await openSession(
    await findModel(join(CONTOUR, `folds/fold${fold}`), 'mandible-contour'),
    [],
  );
  for (const film of films) {
    const path = join(folder, 'images', `${film}.png`);
    const sites = tracings.filter((site) => site.film === String(film) && site.mci !== null);
    if (sites.length === 0) continue;
    const { film: picture } = await readPicture(await readFile(path), PIXELS_MAX);
    const border = await findBorder(session, picture);
    for (const site of sites) {
      const { side, reading, mci } = site;
      rows.push({ film, fold, side, reading, mci, ...measureSite(picture, border, site) });
    }
  }
}
process.stdout.write(`${JSON.stringify(rows)}\n`);

async function findBorder(
  session: Awaited<ReturnType<typeof openSession>>,
  film: Film,
): Promise<readonly PointPx[]> {
  const input = letterbox(film, letterboxOf(session.model.manifest));
  const [outputs] = await session.run([input.tensor]);
  return refineInferiorBorder(film, coarseBorder(outputs ?? {}, input)).points;
}

function* measureDrawn(): Generator<object> {
  for (let phantom = PHANTOM_SEEDS.from; phantom <= PHANTOM_SEEDS.to; phantom += 1) {
    for (const mci of ['C1', 'C2', 'C3'] as const) {
      yield { phantom, mci, signs: measureSignsAt(drawCortexStrip(phantom, mci)) };
    }
  }
}

/** The site's strip, cut where the service measures when it is given the reader's foramen. */
function measureSite(film: Film, border: readonly PointPx[], { side, foramenPx }: Tracing): object {
  const foramen = { xPx: foramenPx[0], yPx: foramenPx[1], confidence: 1 };
  const { outerPx, widthPx } = measureCorticalWidth({ film, border, foramen, side, mmPerPx: STEP_MM });
  const near = border.filter(([x]) => Math.abs(x - foramenPx[0]) <= 40 * PX_PER_MM);
  const path = layBorderPath(near, 1, PX_PER_MM);
  const foot = path && findFootPoint(path, foramenPx, PX_PER_MM);
  if (path === null || foot === null || outerPx === null || widthPx === null) return { signs: null };
  const [dx, dy] = [outerPx[0] - foot.point[0], outerPx[1] - foot.point[1]];
  const place = {
    path,
    side,
    pxPerMm: PX_PER_MM,
    at: foot.at,
    offset: dx * foot.normal[0] + dy * foot.normal[1],
  };
  const strip = cutSiteStrip(film, place, SITE_REACH);
  const levels = findLevels(meanProfile(strip, -HALF_STRIP, HALF_STRIP), strip.depthFrom);
  return { signs: levels && measureSignsAt({ strip, widthSteps: widthPx, outside: levels.outside }) };
}
