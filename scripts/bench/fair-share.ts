/** A film of a burst: when its last byte had been sent, and when its result could be seen. Milliseconds of one clock. */
export interface BurstFilm {
  readonly sentAtMs: number;
  readonly seenAtMs: number;
}

/**
 * When each film is due if the service is fair: films go in the order in which they came, each takes its share of the
 * steady state, and none begins before it has come.
 */
export function fairShareMs(sentAtMs: readonly number[], msPerFilm: number): readonly number[] {
  let freeAtMs = Number.NEGATIVE_INFINITY;
  return sentAtMs.map((atMs) => (freeAtMs = Math.max(freeAtMs, atMs) + msPerFilm));
}

/**
 * By how much the worst film of a burst came later than its fair share, one batch and a tolerance, a part of the time
 * that the burst had been going on; negative where all came in time.
 */
export function worstDelayMs(
  films: readonly BurstFilm[],
  limits: { readonly msPerFilm: number; readonly batchMs: number; readonly tolerance: number },
): number {
  const inOrder = [...films].sort((a, b) => a.sentAtMs - b.sentAtMs);
  const sent = inOrder.map((film) => film.sentAtMs);
  const due = fairShareMs(sent, limits.msPerFilm);
  return Math.max(
    ...inOrder.map((film, index) => {
      const dueMs = due[index] ?? Number.NaN;
      const slackMs = limits.batchMs + limits.tolerance * (dueMs - (sent[0] ?? Number.NaN));
      return film.seenAtMs - dueMs - slackMs;
    }),
  );
}

/** Films a second between the first and the last of the times at which films were finished. */
export function finishRate(finishedAtMs: readonly number[]): number {
  const seconds = (Math.max(...finishedAtMs) - Math.min(...finishedAtMs)) / 1000;
  return (finishedAtMs.length - 1) / seconds;
}
