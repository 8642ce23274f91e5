/** How urgent a film is: what a person waits for, the day's work, and old films that are read afterwards. */
export type JobPriority = 'urgent' | 'routine' | 'backfill';

/** Every priority, the most urgent first. */
export const JOB_PRIORITIES = ['urgent', 'routine', 'backfill'] as const satisfies readonly JobPriority[];

/**
 * What a priority adds to the time of arrival, milliseconds: an urgent film goes before every routine one of the hour
 * before it, and a film of a backfill before all that came a day later. So nothing waits for ever.
 */
const DELAYS_MS: Readonly<Record<JobPriority, number>> = {
  urgent: 0,
  routine: 3_600_000,
  backfill: 86_400_000,
};

/** Where a job stands among those that are due: the lowest first. */
export function rankMs(priority: JobPriority, arrivedAtMs: number): number {
  return arrivedAtMs + DELAYS_MS[priority];
}
