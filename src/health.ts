import type { Clock } from './clock.ts';
import { asTriageError } from './errors.ts';

/** A check that takes longer counts as failed. */
const CHECK_MS_MAX = 2_000;

/** One thing that must be right before this process may be given work. */
export interface HealthCheck {
  readonly name: string;
  /** Whether it is only told: work can be given all the same. */
  readonly isRemark?: boolean;
  /** Resolves with what is wrong, or null; a rejection is what is wrong, too. */
  look(): Promise<string | null>;
}

/** What /readyz and /healthz say. */
export interface HealthReport {
  readonly ok: boolean;
  /** By the name of the check: what is wrong, or null. Nothing here names a patient. */
  readonly checks: Readonly<Record<string, string | null>>;
}

/** What can be asked about this process. */
export interface Health {
  /** Whether it can do its work now. */
  readiness(): Promise<HealthReport>;
  /** Whether it will ever do it again without a restart. */
  liveness(): Promise<HealthReport>;
}

/** Gathers checks: those of `vital` fail only where nothing but a restart helps. */
export function openHealth(
  clock: Clock,
  checks: { readonly ready: readonly HealthCheck[]; readonly vital: readonly HealthCheck[] },
): Health {
  return {
    readiness: () => lookAtAll(clock, [...checks.vital, ...checks.ready]),
    liveness: () => lookAtAll(clock, checks.vital),
  };
}

async function lookAtAll(clock: Clock, checks: readonly HealthCheck[]): Promise<HealthReport> {
  const found = await Promise.all(
    checks.map(async (check) => ({ check, wrong: await lookAt(clock, check) })),
  );
  return {
    ok: found.every(({ check, wrong }) => check.isRemark === true || wrong === null),
    checks: Object.fromEntries(found.map(({ check, wrong }) => [check.name, wrong])),
  };
}

async function lookAt(clock: Clock, check: HealthCheck): Promise<string | null> {
  const answered = new AbortController();
  const late = clock.sleep(CHECK_MS_MAX, answered.signal).then(
    () => 'no answer in time',
    () => null,
  );
  try {
    return await Promise.race([check.look(), late]);
  } catch (thrown) {
    return asTriageError(thrown).message;
  } finally {
    answered.abort();
  }
}
