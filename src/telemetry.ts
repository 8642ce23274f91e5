import { pino } from 'pino';

/** What the service says about its own work: to standard error, never anything that identifies a patient. */
export interface Log {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

/** Fields of a log line. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Keys that are replaced wherever they stand in a log line, to a depth of three. */
export const REDACTED_KEYS = [
  'patientName',
  'patientId',
  'issuerOfPatientId',
  'patientBirthDate',
  'patientAddress',
  'accessionNumber',
  'referringPhysicianName',
  'name',
  'birthDate',
  'header',
  'person',
] as const;

/** Opens the log. Level: trace, debug, info, warn, error, silent. */
export function openLog(level: string, destination: { write(line: string): unknown } = process.stderr): Log {
  const paths = REDACTED_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]);
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths, censor: '[redacted]' },
      serializers: { err: describeError, error: describeError },
    },
    { write: (line: string) => void destination.write(line) },
  );
}

/** A log that says nothing, for tests and one-off commands. */
export const silentLog: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };

function nothing(): void {
  // Deliberately silent.
}

// Messages of foreign errors can quote what they choked on, and that can be a patient's data: only our own
// messages, which must never hold any, go out whole.
function describeError(thrown: unknown): Record<string, unknown> {
  if (!(thrown instanceof Error)) return { type: typeof thrown };
  const code = (thrown as { code?: unknown }).code;
  const frame = (thrown.stack ?? '').split('\n').find((line) => line.trimStart().startsWith('at '));
  return {
    type: thrown.name,
    ...(typeof code === 'string' ? { code } : {}),
    ...(thrown.name === 'TriageError' ? { message: thrown.message } : {}),
    ...(frame === undefined ? {} : { frame: frame.trim() }),
  };
}
