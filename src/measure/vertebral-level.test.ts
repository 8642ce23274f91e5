import { describe, expect, it } from 'vitest';
import type { ViewName } from '../exam/analysis.ts';
import type { FoundSpine } from './found-spine.ts';
import { foundColumn, foundSpine } from '../testing/vertebra-shapes.ts';
import { LEVELS, nameLevels } from './vertebral-level.ts';

const EVEN = Array.from({ length: 5 }, () => ({}));
/** The upper endplate of S1 below a column of this many bodies. */
const sacrumBelow = (bodies: number): FoundSpine['sacrum'] => ({
  point: [100, 40 + 38 * (bodies - 1) + 22],
  confidence: 0.9,
});

function namesOf(spine: FoundSpine, view: ViewName) {
  const { places, topIndex, confidence } = nameLevels(spine, view);
  return { names: places.map((place) => (topIndex === null ? null : LEVELS[topIndex + place])), confidence };
}

describe('the names of the levels', () => {
  it('are counted from the sacrum, and never surer than one person of ten is built otherwise', () => {
    const found = foundSpine(foundColumn(EVEN), { sacrum: sacrumBelow(5) });
    const { names, confidence } = namesOf(found, 'spine-lateral');
    expect(names).toEqual(['L1', 'L2', 'L3', 'L4', 'L5']);
    expect(confidence).toBeGreaterThan(0.8);
    expect(confidence).toBeLessThanOrEqual(0.9);
  });

  it('know by the distance that L5 was missed above the sacrum', () => {
    const ribs = (index: number) => ({ thoracic: index === 0 ? 0.9 : 0.1 });
    const found = foundSpine(foundColumn(EVEN, ribs), { sacrum: sacrumBelow(6) });
    expect(namesOf(found, 'spine-lateral').names).toEqual(['T12', 'L1', 'L2', 'L3', 'L4']);
  });

  it('leave out the name of a body that was missed in the middle', () => {
    const bodies = foundColumn(Array.from({ length: 6 }, () => ({}))).filter((_, index) => index !== 3);
    const found = foundSpine(bodies, { sacrum: sacrumBelow(6) });
    expect(namesOf(found, 'spine-lateral').names).toEqual(['T12', 'L1', 'L2', 'L4', 'L5']);
  });

  it('are told by the last rib where the sacrum is not seen', () => {
    const bodies = foundColumn(
      Array.from({ length: 7 }, () => ({})),
      (index) => ({
        thoracic: index < 5 ? 0.95 : 0.04,
      }),
    );
    const { names, confidence } = namesOf(foundSpine(bodies), 'chest-lateral');
    expect(names).toEqual(['T8', 'T9', 'T10', 'T11', 'T12', 'L1', 'L2']);
    expect(confidence).toBeGreaterThan(0.5);
  });

  it('follow sacrum and ribs together on a thoracolumbar film', () => {
    const bodies = foundColumn(
      Array.from({ length: 8 }, () => ({})),
      (index) => ({
        thoracic: index < 3 ? 0.9 : 0.1,
      }),
    );
    const { names, confidence } = namesOf(foundSpine(bodies, { sacrum: sacrumBelow(8) }), 'spine-lateral');
    expect(names).toEqual(['T10', 'T11', 'T12', 'L1', 'L2', 'L3', 'L4', 'L5']);
    expect(confidence).toBeGreaterThan(0.85);
  });

  it('are only relative where nothing tells one level from the next', () => {
    const bodies = foundColumn(
      Array.from({ length: 5 }, () => ({})),
      () => ({ thoracic: 0.95 }),
    );
    expect(namesOf(foundSpine(bodies), 'chest-lateral')).toEqual({
      names: [null, null, null, null, null],
      confidence: null,
    });
  });

  it('never go above T1', () => {
    const bodies = foundColumn(Array.from({ length: 17 }, () => ({})));
    expect(namesOf(foundSpine(bodies), 'spine-lateral').names).toEqual([...LEVELS]);
  });
});
