import { expect, it } from 'vitest';
import { ManualClock } from '../testing/manual-clock.ts';
import { openTestRecord } from '../testing/test-record.ts';
import { openCalibrations } from './calibration-records.ts';

const model = { name: 'mandible-contour', version: '1.0.0', sha256: 'a'.repeat(64) };
const timings = [{ items: 1, runMs: 21 }];

it('remembers a batch size for one model on one device, the newest measurement', async () => {
  const calibrations = openCalibrations(await openTestRecord(), new ManualClock());
  expect(await calibrations.find(model, 'cuda')).toBeUndefined();
  await calibrations.save(model, 'cuda', 4, timings);
  await calibrations.save(model, 'cuda', 8, timings);
  expect(await calibrations.find(model, 'cuda')).toBe(8);
  expect(await calibrations.find(model, 'cpu')).toBeUndefined();
  expect(await calibrations.find({ ...model, sha256: 'b'.repeat(64) }, 'cuda')).toBeUndefined();
});
