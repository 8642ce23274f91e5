import type { UseQueryResult } from '@tanstack/react-query';
import type { ExamState } from '../exam/exam-state.ts';
import type { MessagesAnswer, MessagesRestartAnswer } from '../exchange/message-views.ts';
import type { DeliveriesAnswer, RestartAnswer } from '../worklist/delivery-desk.ts';
import type { ExamAnswer, ExamsAnswer, RefusalsAnswer, StatusAnswer } from '../worklist/worklist-routes.ts';
import { changeJson, useRead } from './requests.ts';

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
  return changeJson<RestartAnswer>('POST', '/api/deliveries/restart', { destination });
}

/** Messages to other systems that were given up. */
export function useDeadMessages(): UseQueryResult<MessagesAnswer> {
  return useRead<MessagesAnswer>(['messages'], '/api/messages?state=dead');
}

/** Starts what was given up for a receiver again. */
export function restartMessages(receiver: string): Promise<MessagesRestartAnswer> {
  return changeJson<MessagesRestartAnswer>('POST', '/api/messages/restart', { receiver });
}
