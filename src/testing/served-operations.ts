import { systemClock } from '../clock.ts';
import { openHealth } from '../health.ts';
import type { OperationsParts } from '../http/operations-server.ts';
import { openMetrics } from '../metrics.ts';

/** What the addresses for operations answer from, with one check that is passed, or not. */
export function servedOperations(problem: string | null = null): OperationsParts {
  const ready = [{ name: 'workers', look: () => Promise.resolve(problem) }];
  return { health: openHealth(systemClock, { ready, vital: [] }), metrics: openMetrics(systemClock) };
}
