import { z } from 'zod';
import type { Clock } from '../clock.ts';
import { TriageError } from '../errors.ts';
import type { ExamState } from '../exam/exam-state.ts';
import type { ExamRow, ExamView, RefusalRow, StatusCounts } from './worklist-views.ts';
import type { WorklistReader } from './worklist-views.ts';

/** What the server hands to a route: path parameters and query, both still unchecked. */
export interface RouteInput {
  readonly params: unknown;
  readonly query: unknown;
  /** The sites whose films the person may see; null: all. */
  readonly siteIds: readonly string[] | null;
}

/** One address that answers JSON. It knows nothing of the server that carries it. */
export interface WorklistRoute {
  readonly path: string;
  answer(input: RouteInput): Promise<unknown>;
}

/** `at` is the server's clock: pages count the time since arrival from it, not from the reader's computer. */
interface Dated {
  readonly at: string;
}

/** GET /api/exams. */
export interface ExamsAnswer extends Dated {
  readonly exams: readonly ExamRow[];
}

/** GET /api/exams/:examId. */
export interface ExamAnswer extends Dated {
  readonly exam: ExamView;
}

/** GET /api/refusals. */
export interface RefusalsAnswer extends Dated {
  readonly refusals: readonly RefusalRow[];
}

/** GET /api/status. */
export interface StatusAnswer extends Dated {
  /** null for a site user: they count the films of every site. */
  readonly counts: StatusCounts | null;
}

const ROWS_DEFAULT = 200;
const ROWS_MAX = 500;

// A record, so that it fails to compile when the table of states grows and this list does not.
const examStates: Readonly<Record<ExamState, ExamState>> = {
  pending: 'pending',
  positive: 'positive',
  negative: 'negative',
  'not-assessable': 'not-assessable',
  'not-eligible': 'not-eligible',
  failed: 'failed',
};

const limitSchema = z.coerce.number().int().min(1).max(ROWS_MAX).default(ROWS_DEFAULT);
const listQuery = z.strictObject({ limit: limitSchema });
const examsQuery = z.strictObject({ state: z.enum(examStates).optional(), limit: limitSchema });
const noQuery = z.strictObject({});
const examParams = z.object({ examId: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'is no exam identifier') });

/** Checks the path parameter of every address below /api/exams/:examId. */
export function parseExamId(params: unknown): string {
  return parseInput(examParams, params).examId;
}

/** Describes every JSON address of the worklist over a reader. */
export function describeWorklistRoutes(reader: WorklistReader, clock: Clock): readonly WorklistRoute[] {
  const at = (): string => new Date(clock.nowMs()).toISOString();
  return [
    {
      path: '/api/exams',
      async answer({ query, siteIds }): Promise<ExamsAnswer> {
        const { state, limit } = parseInput(examsQuery, query);
        const exams = await reader.listExams({ ...(state === undefined ? {} : { state }), limit, siteIds });
        return { at: at(), exams };
      },
    },
    {
      path: '/api/exams/:examId',
      async answer({ params, query }): Promise<ExamAnswer> {
        parseInput(noQuery, query);
        const exam = await reader.readExam(parseExamId(params));
        if (exam === undefined) throw new TriageError('not-found', 'no such exam');
        return { at: at(), exam };
      },
    },
    {
      path: '/api/refusals',
      async answer({ query }): Promise<RefusalsAnswer> {
        const { limit } = parseInput(listQuery, query);
        return { at: at(), refusals: await reader.listRefusals(limit) };
      },
    },
    {
      path: '/api/status',
      async answer({ query, siteIds }): Promise<StatusAnswer> {
        parseInput(noQuery, query);
        return { at: at(), counts: siteIds === null ? await reader.countStatus() : null };
      },
    },
  ];
}

/** Checks what a request carries; throws request-invalid naming what is wrong. */
export function parseInput<T>(schema: z.ZodType<T>, input: unknown): T {
  const parsed = schema.safeParse(input ?? {});
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const name = issue?.path.join('.') ?? '';
  throw new TriageError(
    'request-invalid',
    `${name === '' ? 'the query' : name}: ${issue?.message ?? 'invalid'}`,
  );
}
