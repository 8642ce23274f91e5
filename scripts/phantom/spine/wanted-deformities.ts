import type { SeededRandom } from '../seeded-random.ts';
import { pickOne } from '../seeded-random.ts';
import { LEVEL_SIZES, LEVELS } from './level-sizes.ts';
import type { WantedDeformity } from './spine-shape.ts';

/** Share of films with a deformity. */
const DEFORMED_SHARE = 0.35;

/** Draws a film's deformities: none on most films, else one to three at levels as often as VerSe found them there. */
export function drawDeformities(random: SeededRandom): WantedDeformity[] {
  if (random.next() >= DEFORMED_SHARE) return [];
  const count = pickOne(random, [1, 1, 2, 3]);
  const total = LEVELS.reduce((sum, level) => sum + LEVEL_SIZES[level].deformedWeight, 0);
  const wanted: WantedDeformity[] = [];
  for (let draw = 0; draw < count; draw += 1) {
    let left = random.next() * total;
    const level = LEVELS.find((one) => (left -= LEVEL_SIZES[one].deformedWeight) < 0) ?? 'L1';
    const deformity = pickOne(random, ['wedge', 'wedge', 'biconcave', 'biconcave', 'crush'] as const);
    const lossPercent = random.between(5, deformity === 'crush' ? 50 : 60);
    if (!wanted.some((one) => one.level === level)) wanted.push({ level, deformity, lossPercent });
  }
  return wanted;
}
