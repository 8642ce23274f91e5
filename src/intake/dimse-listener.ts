import type { Clock } from '../clock.ts';
import { IMAGE_SOP_CLASS_UIDS, isValidUid, TRANSFER_SYNTAXES } from '../dicom/uids.ts';
import { type Acceptor, startAcceptor } from '../dimse/acceptor.ts';
import type { DimseLimits } from '../dimse/limits.ts';
import { STATUS } from '../dimse/status.ts';
import type { IncomingObject, StorageSink, StoreOutcome } from '../dimse/storage-sink.ts';
import { ERRORS, type ErrorCode, TriageError } from '../errors.ts';
import { LOOPBACK_SITE_ID } from '../sites.ts';
import type { Log } from '../telemetry.ts';
import type { InstanceReceiver, Reception } from './receive-instance.ts';

/** What the DICOM node is started with. */
export interface DimseListenerOptions {
  readonly aeTitle: string;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly limits: DimseLimits;
  readonly receiver: InstanceReceiver;
  readonly clock: Clock;
  readonly log: Log;
}

/** Starts the DICOM node: C-ECHO, and C-STORE of radiographs in every transfer syntax that we hold. */
export function startDimseListener(options: DimseListenerOptions): Promise<Acceptor> {
  return startAcceptor({
    aeTitle: options.aeTitle,
    host: options.host,
    port: options.port,
    limits: options.limits,
    supportedStorage: new Set(IMAGE_SOP_CLASS_UIDS),
    transferSyntaxes: TRANSFER_SYNTAXES.map((syntax) => syntax.uid),
    storage: storageSink(options.receiver),
    acceptAssociation: () => ({ accepted: true, siteId: LOOPBACK_SITE_ID, abstractSyntaxes: null }),
    clock: options.clock,
    log: options.log,
  });
}

function storageSink(receiver: InstanceReceiver): StorageSink {
  return {
    async begin(incoming): Promise<IncomingObject> {
      const reception = await receiver.begin(incoming);
      return {
        write: (chunk) => reception.write(chunk),
        finish: async () => answer(await reception.finish()),
        abort: () => reception.abort(),
      };
    },
    async refused(incoming, outcome): Promise<void> {
      const { sopInstanceUid, callingAeTitle } = incoming;
      // A UID of the wrong form may hold anything, so it is not written down.
      const named = isValidUid(sopInstanceUid) ? sopInstanceUid : '';
      const code = codeOf(outcome);
      await receiver.refuse(
        { sopInstanceUid: named, callingAeTitle },
        new TriageError(code, ERRORS[code].action),
      );
    },
  };
}

function answer(reception: Reception): StoreOutcome {
  if (reception.kind !== 'refused') return { status: STATUS.success };
  const { code } = reception.error;
  return { status: ERRORS[code].dimse, comment: code };
}

/** The DIMSE layer puts our code into the comment where it had one; else the status says enough. */
function codeOf(outcome: StoreOutcome): ErrorCode {
  const { status, comment } = outcome;
  if (comment !== undefined && Object.hasOwn(ERRORS, comment)) return comment as ErrorCode;
  if (status === STATUS.sopClassNotSupported) return 'sop-class-not-supported';
  if (status === STATUS.dataSetDoesNotMatchSopClass) return 'sop-class-mismatch';
  if (status === STATUS.invalidSopInstance || status === STATUS.missingAttribute)
    return 'identifiers-missing';
  return 'unexpected';
}
