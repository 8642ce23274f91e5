import type { DisplayHead } from '../../exam/display-head.ts';
import { RequestFailed } from '../requests.ts';

/** A film for the screen: bone is bright. */
export interface FilmSamples {
  readonly head: DisplayHead;
  readonly samples: Uint16Array;
}

const LENGTH_BYTES = 4;

/** Fetches the samples of a film; throws RequestFailed. */
export async function fetchFilmSamples(examId: string, signal: AbortSignal): Promise<FilmSamples> {
  const response = await fetch(`/api/exams/${encodeURIComponent(examId)}/film`, { signal });
  if (!response.ok) {
    const told = (await response.json().catch(() => ({}))) as Partial<Record<string, string>>;
    throw new RequestFailed(told['code'] ?? 'unexpected', told['message'] ?? '', told['action'] ?? '');
  }
  return readFilmSamples(await response.arrayBuffer());
}

/** Reads an answer: 4 bytes (length of the head, little endian), the head as JSON, the samples. */
export function readFilmSamples(answer: ArrayBuffer): FilmSamples {
  const headBytes = new DataView(answer).getUint32(0, true);
  const text = new TextDecoder().decode(new Uint8Array(answer, LENGTH_BYTES, headBytes));
  // The answer's shape is typed by the service, which is built from the same commit.
  const head = JSON.parse(text) as DisplayHead;
  const samples = new Uint16Array(answer, LENGTH_BYTES + headBytes, head.columns * head.rows);
  return { head, samples };
}
