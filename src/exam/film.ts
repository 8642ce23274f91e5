/**
 * One film as the middle of the pipeline sees it: bone is bright, row by row from the top left. The pixels stay the
 * words that the file holds, and a table says what each word is worth, so that no copy of a film is ever made. Pixel
 * centres lie on whole numbers; [0, 0] is the centre of the top-left pixel.
 */
export interface Film {
  readonly columns: number;
  readonly rows: number;
  /** columns x rows words as they are stored. */
  readonly samples: Uint16Array;
  /** Value of every word, linear in the stored (or rescaled) value: the value of a pixel is values[samples[i]]. */
  readonly values: Float32Array;
}

/** A place on a film: [column, row] in pixels. */
export type PointPx = readonly [number, number];
