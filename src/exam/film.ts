/**
 * One film as the middle of the pipeline sees it: bone is bright, samples are linear in the stored (or
 * rescaled) value, row by row from the top left. Pixel centres lie on whole numbers; [0, 0] is the centre of
 * the top-left pixel.
 */
export interface Film {
  readonly columns: number;
  readonly rows: number;
  /** columns x rows samples. */
  readonly samples: Float32Array;
}

/** A place on a film: [column, row] in pixels. */
export type PointPx = readonly [number, number];
