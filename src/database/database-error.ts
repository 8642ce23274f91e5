import { type ErrorCode, TriageError } from '../errors.ts';

/** What is kept of a server's own error: its other fields quote the values of a row, and those name people. */
class StateError extends Error {
  readonly sqlState: string;

  constructor(sqlState: string, message: string) {
    super(message);
    this.name = 'StateError';
    this.sqlState = sqlState;
  }
}

/** Conditions of PostgreSQL (its manual, Appendix A) by code or class; what is not here is a failed statement. */
const CODE_OF: Readonly<Record<string, ErrorCode>> = {
  '08': 'database-unreachable',
  '57P01': 'database-unreachable',
  '57P02': 'database-unreachable',
  '57P03': 'database-unreachable',
  '57P05': 'database-unreachable',
  '25P03': 'database-unreachable',
  '53300': 'database-unreachable',
  '28': 'configuration-invalid',
  '3D': 'configuration-invalid',
  '42501': 'configuration-invalid',
};

/** Turns what a PostgreSQL client threw into an error that says nothing of a patient. */
export function asDatabaseError(thrown: unknown): TriageError {
  if (thrown instanceof TriageError) return thrown;
  const { code = '', message = '', constraint = '' } = thrown as Told;
  if (!/^[0-9A-Z]{5}$/.test(code)) {
    // No answer of the server: the network, a time limit of ours, or a connection that broke.
    return new TriageError('database-unreachable', `the database does not answer: ${code || message}`, {
      cause: thrown,
    });
  }
  const mapped = CODE_OF[code] ?? CODE_OF[code.slice(0, 2)] ?? 'database-failed';
  // Where a statement or the way in is wrong, the text names tables and users and no value.
  const isPlain = mapped !== 'database-failed' || code.startsWith('42') || code.startsWith('53');
  const detail = isPlain ? message : constraint === '' ? 'a statement failed' : `${constraint} was violated`;
  return new TriageError(mapped, `the database answered ${code}: ${detail}`, {
    cause: new StateError(code, detail),
  });
}

/** The SQLSTATE of a failure that a PostgreSQL server told. */
export function sqlStateOf(thrown: unknown): string | undefined {
  const cause = thrown instanceof TriageError ? thrown.cause : undefined;
  return cause instanceof StateError ? cause.sqlState : undefined;
}

interface Told {
  readonly code?: string;
  readonly message?: string;
  readonly constraint?: string;
}
