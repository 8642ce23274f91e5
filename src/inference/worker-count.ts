/** How many workers a machine takes. Pure. */

/** A worker grows beyond its golden run while it has a large film: its pixels, their pictures and the next film. */
const GROWTH = 1.5;

/**
 * The number of workers, the first of which runs already: as many as were asked for, fewer where the memory that is left
 * does not hold them.
 */
export function chooseWorkerCount(wanted: number, spareBytes: number, workerBytes: number): number {
  const further = Math.floor(Math.max(0, spareBytes) / Math.max(1, workerBytes * GROWTH));
  return Math.max(1, Math.min(wanted, 1 + further));
}
