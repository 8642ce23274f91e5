import type { Spacing } from '../../exam/analysis.ts';
import { RequestFailed } from '../requests.ts';

/** Which samples become black and white. */
export interface SampleWindow {
  readonly center: number;
  readonly width: number;
}

/** What the service says of the samples (src/imaging/display-film.ts). */
export interface SamplesHead {
  readonly columns: number;
  readonly rows: number;
  /** Pixels of the film for one of the samples, along each axis. */
  readonly reduction: number;
  readonly filmColumns: number;
  readonly filmRows: number;
  readonly lowest: number;
  readonly highest: number;
  readonly window: SampleWindow;
  readonly fileWindow: SampleWindow | null;
  readonly spacing: Spacing;
}

/** A film for the screen: bone is bright. */
export interface FilmSamples {
  readonly head: SamplesHead;
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
  const head = JSON.parse(text) as SamplesHead;
  const samples = new Uint16Array(answer, LENGTH_BYTES + headBytes, head.columns * head.rows);
  return { head, samples };
}
