import { expect, it } from 'vitest';
import { inventAnalysis } from '../testing/scripted-worklist.ts';
import { thresholdReading } from './threshold-reading.ts';

it.each([
  [1.6, 2],
  [0.4, 3],
])('writes a PMI whose width has an error of %s pixels with %s decimals', (uncertaintyPx, decimals) => {
  const analysis = inventAnalysis();
  const { panoramic } = analysis;
  if (panoramic === null) throw new Error('the invented film is panoramic');
  const [right, left] = panoramic.sides;
  const reading = thresholdReading({
    ...analysis,
    reasons: [],
    panoramic: {
      ...panoramic,
      sides: [
        { ...right, uncertaintyPx },
        { ...left, uncertaintyPx },
      ],
    },
  });
  expect(reading).toMatchObject({ measure: 'pmi', decimals });
  expect(reading?.error?.toFixed(decimals)).not.toMatch(/^0\.0+$/);
});
