import { describe, expect, it } from 'vitest';
import { DEFAULT_FRACTURE_POLICY } from '../src/decide/fracture-policy.ts';
import { VERTEBRA_POINTS } from '../src/exam/analysis.ts';
import type { Film, PointPx } from '../src/exam/film.ts';
import { plainFilm } from '../src/imaging/prepare-image.ts';
import type { ModelManifest } from '../src/inference/model-manifest.ts';
import { distancePx } from '../src/measure/body-frame.ts';
import { bodyPoints, finderGrid, type BodyShape } from '../src/testing/vertebra-shapes.ts';
import { findVertebrae } from './find-vertebrae.ts';
import type { ModelOutputs, ModelSession } from './onnx-session.ts';
import { readSpine } from './read-spine.ts';

const COLUMNS = 384;
const ROWS = 448;
const HEIGHT_PX = 30;

/** Five even bodies of 40 by 30 pixels, one below the other. */
const COLUMN: readonly BodyShape[] = [0, 1, 2, 3, 4].map((index) => ({ centre: [190, 110 + 40 * index] }));

/** White bodies on black; the letterbox of the finder takes a film of this size as it is. */
function filmOf(shapes: readonly BodyShape[]): Film {
  const words = new Uint8Array(COLUMNS * ROWS);
  for (const { centre = [0, 0], anterior = HEIGHT_PX, posterior = HEIGHT_PX } of shapes) {
    for (let column = -20; column < 20; column++) {
      const half = (anterior + ((posterior - anterior) * (column + 20.5)) / 40) / 2;
      for (let row = Math.round(-half); row < Math.round(half); row++)
        words[(centre[1] + row) * COLUMNS + centre[0] + column] = 200;
    }
  }
  return plainFilm(COLUMNS, ROWS, words);
}

function sessionOf(
  manifest: Pick<ModelManifest, 'name' | 'outputs' | 'preparation' | 'thresholds' | 'batchSizeMax'>,
  answer: (input: Float32Array) => ModelOutputs,
): ModelSession & { readonly batchSizes: number[] } {
  const identity = { name: manifest.name, version: '1.0.0', sha256: '0'.repeat(64) };
  const batchSizes: number[] = [];
  return {
    model: { identity, manifest: manifest as ModelManifest, bytes: new Uint8Array(0) },
    executionProvider: 'cpu',
    device: 'cpu',
    warnings: [],
    batchSizes,
    run: (inputs) => {
      batchSizes.push(inputs.length);
      return Promise.resolve(inputs.map(answer));
    },
  };
}

/** Sees what it is told, a few pixels beside the truth; on a black film nothing. */
function finderOf(shapes: readonly BodyShape[], offPx: PointPx = [3, -4]) {
  const bodies = shapes.map(({ centre = [0, 0], ...shape }) => ({
    points: bodyPoints({ ...shape, centre: [centre[0] + offPx[0], centre[1] + offPx[1]], widthPx: 44 }),
  }));
  const cells = [null, 1, 112, 96];
  return sessionOf(
    {
      name: 'vertebra-finder',
      outputs: ['centre', 'corners', 'sacrum'].map((name) => ({ name, shape: cells })),
      preparation: {
        kind: 'letterbox-area-average',
        columns: COLUMNS,
        rows: ROWS,
        percentileLow: 1,
        percentileHigh: 99.5,
      },
      thresholds: { centre: 0.3, sacrum: 0.3 },
      batchSizeMax: 2,
    },
    (input) => {
      const { centre, corners, sacrum } = finderGrid(input.some((value) => value > 0) ? bodies : []);
      return { centre, corners, sacrum };
    },
  );
}

/** Measures the white body in the middle of a crop, as a points model without a fault would. */
function pointsOf(bodyOf: (call: number) => number = () => 0.95) {
  let calls = 0;
  return sessionOf(
    {
      name: 'vertebra-points',
      outputs: [],
      preparation: {
        kind: 'vertebra-crop',
        columns: 128,
        rows: 112,
        bodyWidthPx: 56,
        centreColumn: 63.5,
        centreRow: 55.5,
        percentileLow: 1,
        percentileHigh: 99,
      },
      thresholds: { body: 0.5 },
      batchSizeMax: 4,
    },
    (crop) => {
      const value = (column: number, row: number) => crop[row * 128 + column] ?? 0;
      const edge = (start: PointPx, step: PointPx): PointPx => {
        let [column, row] = start;
        while (column > 0 && row > 0 && column < 127 && row < 111 && value(column, row) > 0.5)
          [column, row] = [column + step[0], row + step[1]];
        return [column - step[0] / 2, row - step[1] / 2];
      };
      const [front, back] = [edge([63, 56], [-1, 0])[0], edge([63, 56], [1, 0])[0]];
      const heightAt = (column: number): readonly [number, number] => {
        const at = Math.round(column);
        return [edge([at, 56], [0, -1])[1], edge([at, 56], [0, 1])[1]];
      };
      const columns = [front + 1, (front + back) / 2, back - 1];
      const points = [0, 1].flatMap((end) =>
        columns.flatMap((column) => [column, heightAt(column)[end] ?? NaN]),
      );
      return {
        points: Float32Array.from(points),
        spread: new Float32Array(6).fill(0.3),
        pointConfidence: new Float32Array(6).fill(0.9),
        body: Float32Array.of(bodyOf(calls++) * (value(63, 56) > 0.5 ? 1 : 0)),
        thoracic: Float32Array.of(0.1),
      };
    },
  );
}

const RULES = { view: 'spine-lateral', policy: DEFAULT_FRACTURE_POLICY, reduction: 1 } as const;

describe('finding vertebrae', () => {
  it('gives six points of every body to a pixel, though the finder is off by several', async () => {
    const film = filmOf(COLUMN);
    const [found] = await findVertebrae([{ film }], { finder: finderOf(COLUMN), points: pointsOf() });
    expect(found?.bodies).toHaveLength(5);
    found?.bodies.forEach(({ pointsPx, isClear }, index) => {
      const truth = bodyPoints({ ...COLUMN[index], centre: [189.5, 109.5 + 40 * index] });
      for (const point of VERTEBRA_POINTS)
        expect(distancePx(pointsPx[point], truth[point])).toBeLessThan(1.5);
      expect(isClear).toBe(true);
    });
  });

  it('runs both models over all films in batches that they can take, and says null of a film without a spine', async () => {
    const [film, empty] = [filmOf(COLUMN), filmOf([])];
    const [finder, points] = [finderOf(COLUMN), pointsOf()];
    const spines = await findVertebrae([{ film }, { film: empty }, { film }], { finder, points });
    expect(spines.map((spine) => spine?.bodies.length ?? null)).toEqual([5, null, 5]);
    expect(finder.batchSizes).toEqual([2, 1]);
    // Ten bodies, looked at three times, and then the four ends and the places beyond them in vain.
    expect(points.batchSizes).toEqual([4, 4, 2, 4, 4, 2, 4, 4, 2, 4, 4, 4, 4, 4, 4]);
    expect(spines[0]).toEqual(spines[2]);
  });

  it('drops a body that is none at the end of the chain and keeps one in the middle as unclear', async () => {
    const film = filmOf(COLUMN);
    const bodies = [0.95, 0.2, 0.95, 0.95, 0.1];
    const points = pointsOf((call) => (call < 10 ? (bodies[call % 5] ?? 0) : 0.1));
    const [found = null] = await findVertebrae([{ film }], { finder: finderOf(COLUMN), points });
    expect(found?.bodies.map(({ isClear }) => isClear)).toEqual([true, false, true, true]);
    const { spine, reasons } = readSpine(film, found, RULES);
    expect(spine?.vertebrae.map(({ reason }) => reason)).toEqual([
      null,
      'body-unclear',
      null,
      'level-not-graded',
    ]);
    expect(reasons.map(({ code }) => code)).toContain('body-unclear');
  });

  it('walks from the bodies that the finder saw to their neighbours and ends where there is none', async () => {
    const film = filmOf(COLUMN);
    const [found] = await findVertebrae([{ film }], {
      finder: finderOf(COLUMN.slice(1, 4)),
      points: pointsOf(),
    });
    expect(found?.bodies.map(({ pointsPx }) => Math.round(pointsPx.superiorMiddle[1]))).toEqual(
      COLUMN.map((_, index) => expect.closeTo(95 + 40 * index, -1) as number),
    );
  });

  it('merges two finds that end on one body', async () => {
    const film = filmOf(COLUMN);
    // The finder takes the last body for two of half its height.
    const halves = [261, 279].map((row) => ({ centre: [190, row], posterior: 15 }) as const);
    const seen = [...COLUMN.slice(0, 4), ...halves];
    const points = pointsOf();
    const [found] = await findVertebrae([{ film }], { finder: finderOf(seen, [0, 0]), points });
    expect(points.batchSizes).toEqual([4, 2, 4, 2, 4, 2, 2, 2, 2, 2, 2, 2]);
    expect(found?.bodies).toHaveLength(5);
  });
});

describe('reading a spine', () => {
  it('grades a wedged body, names it, and tells places in pixels of the original', async () => {
    const wedged = COLUMN.map((shape, index) => (index === 2 ? { ...shape, anterior: 16 } : shape));
    const film = filmOf(wedged);
    const [found = null] = await findVertebrae([{ film }], { finder: finderOf(wedged), points: pointsOf() });
    const { outcome, reasons, spine } = readSpine(film, found, { ...RULES, reduction: 2 });
    expect(outcome).toBe('positive');
    expect(reasons[0]?.text).toMatch(/^L3 is wedged: 4\d % loss of anterior height/);
    const vertebra = spine?.vertebrae[2];
    expect(vertebra).toMatchObject({ level: 'L3', genantGrade: 3, deformity: 'wedge' });
    expect(vertebra?.heightsPx?.posterior).toBeGreaterThan(56);
    expect(spine?.worstGrade).toBe(3);
  });

  it('says that no spine was found', () => {
    const { outcome, reasons, spine } = readSpine(filmOf([]), null, RULES);
    expect([outcome, reasons[0]?.code, spine]).toEqual(['not-assessable', 'no-vertebrae-found', null]);
  });
});
