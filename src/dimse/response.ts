import { isValidUid } from '../dicom/uids.ts';
import { asTriageError, ERRORS } from '../errors.ts';
import type { CommandSet } from './command-set.ts';
import { COMMAND } from './command-set.ts';
import type { CommandFields } from './message-sender.ts';
import type { NormalizedAnswer } from './services.ts';
import { STATUS } from './status.ts';

/** Longest Error Comment (PS3.7 Annex C, VR LO). */
const COMMENT_CHARACTERS_MAX = 64;

/** The command set that answers a request (PS3.7 9.3 and 10.3). */
export function responseTo(request: CommandSet, answer: Omit<NormalizedAnswer, 'dataset'>): CommandFields {
  const classUid = request.AffectedSOPClassUID ?? request.RequestedSOPClassUID;
  const instanceUid =
    answer.sopInstanceUid ?? request.AffectedSOPInstanceUID ?? request.RequestedSOPInstanceUID;
  return {
    ...(classUid === undefined ? {} : { AffectedSOPClassUID: classUid }),
    CommandField: request.CommandField | 0x8000,
    MessageIDBeingRespondedTo: request.MessageID ?? 0,
    Status: answer.status,
    ...(answer.comment === undefined
      ? {}
      : { ErrorComment: answer.comment.slice(0, COMMENT_CHARACTERS_MAX) }),
    ...(answer.errorId === undefined ? {} : { ErrorID: answer.errorId }),
    ...(instanceUid === undefined || !isValidUid(instanceUid) ? {} : { AffectedSOPInstanceUID: instanceUid }),
    ...(request.EventTypeID === undefined ? {} : { EventTypeID: request.EventTypeID }),
    ...(request.ActionTypeID === undefined ? {} : { ActionTypeID: request.ActionTypeID }),
  };
}

/** The answer to a request whose service threw. */
export function failureAnswer(request: CommandSet, thrown: unknown): NormalizedAnswer {
  const { code } = asTriageError(thrown);
  const status: number = ERRORS[code].dimse;
  const isNormalized = request.CommandField >= COMMAND.eventReportRequest;
  if (!isNormalized) return { status, comment: code };
  // A7xx and Cxxx are statuses of C-STORE and C-FIND; DIMSE-N has its own (PS3.7 Annex C).
  if (status === STATUS.outOfResources) return { status: STATUS.resourceLimitation, comment: code };
  return { status: status < 0xa000 ? status : STATUS.processingFailure, comment: code };
}
