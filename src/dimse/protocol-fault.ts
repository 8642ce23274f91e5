import { TriageError } from '../errors.ts';

/** Reasons of an A-ABORT whose source is the service provider (PS3.8 Table 9-26). */
export const ABORT_REASON = {
  notSpecified: 0,
  unrecognizedPdu: 1,
  unexpectedPdu: 2,
  unrecognizedPduParameter: 4,
  unexpectedPduParameter: 5,
  invalidPduParameter: 6,
} as const;

/** A reason that an A-ABORT of the service provider can carry. */
export type AbortReason = (typeof ABORT_REASON)[keyof typeof ABORT_REASON];

/** The peer broke PS3.7 or PS3.8; says with which reason the association is aborted. */
export class ProtocolFault extends TriageError {
  readonly abortReason: AbortReason;

  constructor(abortReason: AbortReason, message: string) {
    super('protocol-error', message);
    this.name = 'ProtocolFault';
    this.abortReason = abortReason;
  }
}

/** A fault of a value that is out of its bounds, the most frequent kind. */
export function invalidParameter(message: string): ProtocolFault {
  return new ProtocolFault(ABORT_REASON.invalidPduParameter, message);
}
