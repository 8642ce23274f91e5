import { isValidUid } from '../dicom/uids.ts';
import { COMMAND, NO_DATA_SET } from './command-set.ts';
import type { CommandFields } from './message-sender.ts';
import type { ReceivedMessage } from './message-receiver.ts';
import type { NormalizedAnswer, NormalizedRequest } from './services.ts';
import { STATUS } from './status.ts';

/**
 * What a message asks of a normalized service, or the answer where it is wrong in itself (PS3.7 10.1). Throws
 * data-set-unreadable.
 */
export function normalizedRequest(message: ReceivedMessage): NormalizedRequest | NormalizedAnswer {
  const { command, context, data } = message;
  const sopClassUid = command.AffectedSOPClassUID ?? command.RequestedSOPClassUID;
  const sopInstanceUid = command.AffectedSOPInstanceUID ?? command.RequestedSOPInstanceUID ?? null;
  if (data.isTooLong) return { status: STATUS.resourceLimitation, comment: 'the data set is too long' };
  if (sopClassUid !== context.abstractSyntax) return { status: STATUS.noSuchSopClass };
  if (sopInstanceUid === null && command.CommandField !== COMMAND.createRequest) {
    return { status: STATUS.missingAttribute, comment: 'the SOP instance is missing' };
  }
  if (sopInstanceUid !== null && !isValidUid(sopInstanceUid)) return { status: STATUS.invalidSopInstance };
  const isEmpty = command.CommandDataSetType === NO_DATA_SET;
  return {
    sopClassUid,
    sopInstanceUid,
    typeId: command.ActionTypeID ?? command.EventTypeID ?? null,
    dataset: isEmpty ? {} : data.decode(context.transferSyntax),
  };
}

/** The command set of a request to a normalized service (PS3.7 10.3). */
export function normalizedCommand(commandField: number, request: NormalizedRequest): CommandFields {
  const { sopClassUid, sopInstanceUid, typeId } = request;
  // N-CREATE and N-EVENT-REPORT name their instance as Affected, N-SET and N-ACTION as Requested.
  const isAffected = commandField === COMMAND.createRequest || commandField === COMMAND.eventReportRequest;
  const type = commandField === COMMAND.actionRequest ? 'ActionTypeID' : 'EventTypeID';
  return {
    [isAffected ? 'AffectedSOPClassUID' : 'RequestedSOPClassUID']: sopClassUid,
    CommandField: commandField,
    ...(sopInstanceUid === null
      ? {}
      : { [isAffected ? 'AffectedSOPInstanceUID' : 'RequestedSOPInstanceUID']: sopInstanceUid }),
    ...(typeId === null ? {} : { [type]: typeId }),
  };
}
