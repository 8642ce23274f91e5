import { TriageError } from '../errors.ts';
import { parseExamId } from '../worklist/worklist-routes.ts';
import type { ExamPictures } from '../worklist/worklist-views.ts';

/** One address that answers a PNG. */
export interface ImageRoute {
  readonly path: string;
  answer(params: unknown): Promise<Buffer>;
}

/** Describes the two pictures of an exam: the film as received, and with what was found drawn on it. */
export function describeImageRoutes(pictures: ExamPictures): readonly ImageRoute[] {
  return [
    {
      path: '/api/exams/:examId/preview.png',
      answer: async (params) => requirePicture(await pictures.preview(parseExamId(params))),
    },
    {
      path: '/api/exams/:examId/overlay.png',
      answer: async (params) => requirePicture(await pictures.overlay(parseExamId(params))),
    },
  ];
}

function requirePicture(png: Buffer | undefined): Buffer {
  if (png === undefined) throw new TriageError('not-found', 'there is no such picture of this exam');
  return png;
}
