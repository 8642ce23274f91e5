/** Films for the viewer, decoded in processes of their own, a few at a time: what is heavy or hostile never meets the service. */
import { execFile } from 'node:child_process';
import type { Clock } from '../clock.ts';
import { ERRORS, type ErrorCode, TriageError } from '../errors.ts';

/** More samples than any screen shows; larger films are reduced. */
const DISPLAY_PIXELS_MAX = 16_000_000;
/** 16 million samples of two bytes that nothing can be compressed of, and their head. */
const ANSWER_BYTES_MAX = 40 * 1024 * 1024;
const DECODE_MS_MAX = 60_000;
const AT_ONCE_MAX = 2;
const WAITING_MAX = 20;

/** Decodes films for the viewer. */
export interface DisplayReader {
  /** The film at a path as gzip of head and samples (workers/film-samples.ts). Throws what decoding throws, server-busy, worker-deadline. */
  read(path: string): Promise<Buffer>;
}

/** What a reader needs. */
export interface DisplayParts {
  readonly clock: Clock;
  /** Largest rows x columns that are decoded. */
  readonly filmPixelsMax: number;
  /** The program that decodes one film: workers/film-samples.ts. */
  readonly entryPath: string;
}

/** A reader with room for a few films at once; others wait in line. */
export function openDisplayReader(parts: DisplayParts): DisplayReader {
  let running = 0;
  const waiting: (() => void)[] = [];
  const takeTurn = async (): Promise<void> => {
    if (running >= AT_ONCE_MAX) {
      if (waiting.length >= WAITING_MAX) throw new TriageError('server-busy', 'too many films are asked for');
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
    running += 1;
  };
  return {
    async read(path) {
      await takeTurn();
      try {
        return await decode(path, parts);
      } finally {
        running -= 1;
        waiting.shift()?.();
      }
    },
  };
}

function decode(path: string, { clock, filmPixelsMax, entryPath }: DisplayParts): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  let isLate = false;
  const child = execFile(
    process.execPath,
    [entryPath, path, String(filmPixelsMax), String(DISPLAY_PIXELS_MAX)],
    { encoding: 'buffer', env: {}, maxBuffer: ANSWER_BYTES_MAX, killSignal: 'SIGKILL' },
    (error, stdout, stderr) => {
      cancelDeadline();
      if (error === null) resolve(stdout);
      else if (isLate) reject(new TriageError('worker-deadline', 'the film took too long to decode'));
      else reject(failureOf(stderr.toString('latin1'), error));
    },
  );
  const cancelDeadline = clock.schedule(DECODE_MS_MAX, () => {
    isLate = true;
    child.kill('SIGKILL');
  });
  return promise;
}

/** Only a code of the table goes on: other text could quote what it choked on. */
function failureOf(said: string, cause: unknown): TriageError {
  if (isErrorCode(said)) return new TriageError(said, 'the film cannot be shown');
  return new TriageError('worker-crashed', 'the process that decodes a film ended', { cause });
}

function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERRORS, text);
}
