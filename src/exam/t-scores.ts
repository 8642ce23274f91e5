/** T-scores of one DXA; null where a region was not measured. */
export interface TScores {
  readonly lumbarSpine: number | null;
  readonly femoralNeck: number | null;
  readonly totalHip: number | null;
}
