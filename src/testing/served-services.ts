import { expect } from 'vitest';
import { systemClock } from '../clock.ts';
import { encodeDataSet } from '../dicom/dimse-data-set.ts';
import type { DicomDataset } from '../dicom/write-part10.ts';
import type { Acceptor, AcceptorOptions } from '../dimse/acceptor.ts';
import { startAcceptor } from '../dimse/acceptor.ts';
import { decodeAssociateAccept, encodeAssociateRequest } from '../dimse/associate-pdu.ts';
import { type CommandSet, decodeCommandSet, encodeCommandSet } from '../dimse/command-set.ts';
import { DEFAULT_DIMSE_LIMITS } from '../dimse/limits.ts';
import { encodeDataHeader } from '../dimse/pdu.ts';
import type { Association } from '../dimse/requested-association.ts';
import { type AssociationOptions, openAssociation } from '../dimse/requestor.ts';
import type { DimseService } from '../dimse/services.ts';
import { silentLog } from '../telemetry.ts';
import { acceptEveryone } from './accept-everyone.ts';
import { MemorySink } from './memory-sink.ts';
import { ScriptedPeer } from './scripted-peer.ts';

const SECONDARY_CAPTURE = '1.2.840.10008.5.1.4.1.1.7';
const EXPLICIT_LITTLE = '1.2.840.10008.1.2.1';
const IMPLICIT_LITTLE = '1.2.840.10008.1.2';

/** A listener on a free port that serves services to everyone. */
export function startServices(
  services: readonly DimseService[],
  options: Partial<AcceptorOptions> = {},
): Promise<Acceptor> {
  return startAcceptor({
    ...{ aeTitle: 'OSTEOTRIAGE', host: '127.0.0.1', port: 0, limits: DEFAULT_DIMSE_LIMITS, services },
    ...{ log: silentLog, clock: systemClock, acceptAssociation: acceptEveryone, storage: new MemorySink() },
    supportedStorage: new Set([SECONDARY_CAPTURE]),
    transferSyntaxes: [EXPLICIT_LITTLE],
    ...options,
  });
}

/** An association of one context with a listener of `startServices`. */
export function openFor(
  port: number,
  abstractSyntax: string,
  options: Partial<AssociationOptions> & {
    readonly transferSyntax?: string;
    readonly isProvider?: boolean;
  } = {},
): Promise<Association> {
  const { transferSyntax = IMPLICIT_LITTLE, isProvider = false, ...others } = options;
  return openAssociation({
    ...{ host: '127.0.0.1', port, callingAeTitle: 'SCANNER', calledAeTitle: 'OSTEOTRIAGE' },
    contexts: [{ abstractSyntax, transferSyntaxes: [transferSyntax], isProvider }],
    ...{ limits: DEFAULT_DIMSE_LIMITS, clock: systemClock, connectMsMax: 2000 },
    ...others,
  });
}

/** All matches of a query. */
export async function gather(matches: AsyncIterable<DicomDataset>): Promise<DicomDataset[]> {
  const gathered: DicomDataset[] = [];
  for await (const match of matches) gathered.push(match);
  return gathered;
}

/** A message of one context in as few PDUs as possible. */
export function rawMessage(command: Omit<CommandSet, 'CommandDataSetType'>, dataset?: DicomDataset): Buffer {
  const set = encodeCommandSet({ ...command, CommandDataSetType: dataset === undefined ? 0x0101 : 0 });
  const head = { contextId: 1, isLast: true };
  const parts = [encodeDataHeader({ ...head, isCommand: true, dataBytes: set.length }), set];
  if (dataset !== undefined) {
    const data = encodeDataSet(dataset, IMPLICIT_LITTLE);
    parts.push(encodeDataHeader({ ...head, isCommand: false, dataBytes: data.length }), data);
  }
  return Buffer.concat(parts);
}

/** Opens an association that a test writes byte for byte. */
export async function associateFor(
  port: number,
  abstractSyntax: string,
  transferSyntax = IMPLICIT_LITTLE,
): Promise<ScriptedPeer> {
  const peer = await ScriptedPeer.connect(port);
  peer.send(
    encodeAssociateRequest({
      ...{ protocolVersion: 1, calledAeTitle: 'OSTEOTRIAGE', callingAeTitle: 'SCRIPTED' },
      applicationContextName: '1.2.840.10008.3.1.1.1',
      presentationContexts: [{ contextId: 1, abstractSyntax, transferSyntaxes: [transferSyntax] }],
      userInformation: { pduBytesMax: 16384, implementationClassUid: '1.2.3' },
    }),
  );
  const accept = decodeAssociateAccept(await peer.expectPdu(0x02));
  expect(accept.presentationContexts[0]?.result).toBe(0);
  return peer;
}

/** The next command set; data sets in between are passed over. */
export async function hearCommand(peer: ScriptedPeer): Promise<CommandSet> {
  for (;;) {
    const pdv = await peer.expectPdu(0x04);
    if ((pdv[5]! & 1) === 1) return decodeCommandSet(pdv.subarray(6));
  }
}
