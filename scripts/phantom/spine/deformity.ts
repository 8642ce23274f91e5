/** How a vertebral body has lost height. */
export type Deformity = 'none' | 'wedge' | 'biconcave' | 'crush';

/** Heights of a body in mm, along the three pairs of points. */
export interface Heights {
  readonly anterior: number;
  readonly middle: number;
  readonly posterior: number;
}

/** Losses in percent of the height that should be there. */
export interface Losses {
  readonly wedge: number;
  readonly biconcave: number;
  readonly crush: number;
}

/** The grade of Genant by the largest loss: below 20 % 0, from 20 to 25 1, above 25 to 40 2, above 40 3. */
export function gradeLoss(lossPercent: number): 0 | 1 | 2 | 3 {
  if (lossPercent < 20) return 0;
  if (lossPercent <= 25) return 1;
  return lossPercent <= 40 ? 2 : 3;
}

/** The losses of all bodies, from the top; a body that is fractured is nobody's reference. */
export function measureLosses(heights: readonly Heights[], fractured: readonly boolean[]): Losses[] {
  return heights.map((own, index) => {
    const reference = findReference(heights, fractured, index);
    return {
      wedge: 100 * (1 - own.anterior / own.posterior),
      biconcave: 100 * (1 - own.middle / own.posterior),
      crush: reference === undefined ? 0 : 100 * (1 - own.posterior / reference.posterior),
    };
  });
}

/** The nearest body without a fracture; of two that are as near the upper one. */
export function findReference(
  heights: readonly Heights[],
  fractured: readonly boolean[],
  index: number,
): Heights | undefined {
  for (let distance = 1; distance < heights.length; distance += 1) {
    for (const candidate of [index - distance, index + distance]) {
      if (fractured[candidate] === false) return heights[candidate];
    }
  }
  return undefined;
}

/** The type of the largest loss and its grade. */
export function gradeBody(losses: Losses): { genantGrade: 0 | 1 | 2 | 3; deformity: Deformity } {
  const largest = Math.max(losses.wedge, losses.biconcave, losses.crush);
  const genantGrade = gradeLoss(largest);
  if (genantGrade === 0) return { genantGrade, deformity: 'none' };
  if (losses.wedge === largest) return { genantGrade, deformity: 'wedge' };
  return { genantGrade, deformity: losses.biconcave === largest ? 'biconcave' : 'crush' };
}
