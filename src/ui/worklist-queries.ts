import { useQuery } from '@tanstack/react-query';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ExamState } from '../exam/exam-state.ts';
import type { DeliveriesAnswer, RestartAnswer } from '../worklist/delivery-desk.ts';
import type {
  ExamAnswer,
  ExamsAnswer,
  ReferralsAnswer,
  RefusalsAnswer,
  StatusAnswer,
} from '../worklist/worklist-routes.ts';

/** Events tell at once what is new; this only keeps the ages fresh and finds out that the service is gone. */
const REFRESH_MS = 15_000;

/** An answer of the service that is not a success, in its own words. */
export class RequestFailed extends Error {
  readonly code: string;
  readonly action: string;

  constructor(code: string, message: string, action: string) {
    super(message);
    this.name = 'RequestFailed';
    this.code = code;
    this.action = action;
  }
}

/** The rows of the worklist. */
export function useReferrals(): UseQueryResult<ReferralsAnswer> {
  return useRead<ReferralsAnswer>(['referrals'], '/api/referrals');
}

/** All exams, or those of one state. */
export function useExams(state: ExamState | undefined): UseQueryResult<ExamsAnswer> {
  return useRead<ExamsAnswer>(
    ['exams', state ?? 'all'],
    state === undefined ? '/api/exams' : `/api/exams?state=${state}`,
  );
}

/** One exam. */
export function useExam(examId: string): UseQueryResult<ExamAnswer> {
  return useRead<ExamAnswer>(['exam', examId], `/api/exams/${encodeURIComponent(examId)}`);
}

/** What was refused on arrival. */
export function useRefusals(): UseQueryResult<RefusalsAnswer> {
  return useRead<RefusalsAnswer>(['refusals'], '/api/refusals');
}

/** Counts by state. */
export function useStatus(): UseQueryResult<StatusAnswer> {
  return useRead<StatusAnswer>(['status'], '/api/status');
}

/** Reports whose sending was given up. */
export function useDeadDeliveries(): UseQueryResult<DeliveriesAnswer> {
  return useRead<DeliveriesAnswer>(['deliveries'], '/api/deliveries?state=dead');
}

/** Starts what was given up at a destination again. */
export function restartDeliveries(destination: string): Promise<RestartAnswer> {
  return askJson<RestartAnswer>('/api/deliveries/restart', {
    method: 'POST',
    headers: { accept: 'application/json', 'content-type': 'application/json' },
    body: JSON.stringify({ destination }),
  });
}

function useRead<Answer>(queryKey: readonly string[], path: string): UseQueryResult<Answer> {
  return useQuery<Answer>({
    queryKey,
    queryFn: ({ signal }) => askJson<Answer>(path, { signal, headers: { accept: 'application/json' } }),
    refetchInterval: REFRESH_MS,
    retry: (failures, error) => !(error instanceof RequestFailed) && failures < 1,
    retryDelay: 500,
  });
}

async function askJson<Answer>(path: string, request: RequestInit): Promise<Answer> {
  const response = await fetch(path, request);
  const body: unknown = await response.json();
  if (!response.ok) {
    const told = body as Partial<Record<'code' | 'message' | 'action', string>>;
    throw new RequestFailed(told.code ?? 'unexpected', told.message ?? '', told.action ?? '');
  }
  // The answer's shape is typed by the service's own routes, which are built from the same commit.
  return body as Answer;
}
