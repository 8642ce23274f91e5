import { invalidParameter } from './protocol-fault.ts';

/** Types of protocol data unit by the number on the wire (PS3.8 9.3). */
export const PDU_TYPE = {
  associateRequest: 0x01,
  associateAccept: 0x02,
  associateReject: 0x03,
  data: 0x04,
  releaseRequest: 0x05,
  releaseReply: 0x06,
  abort: 0x07,
} as const;

/** Length of the header of every PDU: type, reserved, four bytes of length. */
export const PDU_HEADER_BYTES = 6;
/** Length of the header of a presentation data value: four bytes of length, context, control (PS3.8 9.3.5.1). */
export const PDV_HEADER_BYTES = 6;

/** An A-ASSOCIATE-RJ in its numbers (PS3.8 Table 9-21). */
export interface AssociateReject {
  /** 1 permanent, 2 transient. */
  readonly result: number;
  /** 1 service user, 2 service provider (ACSE), 3 service provider (presentation). */
  readonly source: number;
  readonly reason: number;
}

/** An A-ABORT in its numbers (PS3.8 Table 9-26). */
export interface Abort {
  /** 0 service user, 2 service provider. */
  readonly source: number;
  readonly reason: number;
}

const REJECT_REASONS: Readonly<Record<number, Readonly<Record<number, string>>>> = {
  1: {
    1: 'no reason given',
    2: 'application context name not supported',
    3: 'calling AE title not recognized',
    7: 'called AE title not recognized',
  },
  2: { 1: 'no reason given', 2: 'protocol version not supported' },
  3: { 0: 'no reason given', 1: 'temporary congestion', 2: 'local limit exceeded' },
};

const ABORT_REASONS: Readonly<Record<number, string>> = {
  0: 'reason not specified',
  1: 'unrecognized PDU',
  2: 'unexpected PDU',
  4: 'unrecognized PDU parameter',
  5: 'unexpected PDU parameter',
  6: 'invalid PDU parameter value',
};

/** Writes a PDU whose content is given whole. */
export function encodePdu(type: number, content: Buffer): Buffer {
  const pdu = Buffer.alloc(PDU_HEADER_BYTES + content.length);
  pdu.writeUInt8(type, 0);
  pdu.writeUInt32BE(content.length, 2);
  content.copy(pdu, PDU_HEADER_BYTES);
  return pdu;
}

/** Writes an A-ASSOCIATE-RJ (PS3.8 9.3.4). */
export function encodeReject(reject: AssociateReject): Buffer {
  return encodePdu(PDU_TYPE.associateReject, Buffer.from([0, reject.result, reject.source, reject.reason]));
}

/** Writes an A-RELEASE-RQ (PS3.8 9.3.6). */
export function encodeReleaseRequest(): Buffer {
  return encodePdu(PDU_TYPE.releaseRequest, Buffer.alloc(4));
}

/** Writes an A-RELEASE-RP (PS3.8 9.3.7). */
export function encodeReleaseReply(): Buffer {
  return encodePdu(PDU_TYPE.releaseReply, Buffer.alloc(4));
}

/** Writes an A-ABORT (PS3.8 9.3.8). */
export function encodeAbort(abort: Abort): Buffer {
  return encodePdu(PDU_TYPE.abort, Buffer.from([0, 0, abort.source, abort.reason]));
}

/** Reads the content of an A-ASSOCIATE-RJ. */
export function decodeReject(content: Buffer): AssociateReject {
  requireFourBytes(content, 'A-ASSOCIATE-RJ');
  return { result: content.readUInt8(1), source: content.readUInt8(2), reason: content.readUInt8(3) };
}

/** Reads the content of an A-ABORT. */
export function decodeAbort(content: Buffer): Abort {
  requireFourBytes(content, 'A-ABORT');
  return { source: content.readUInt8(2), reason: content.readUInt8(3) };
}

/** A rejection in words, for the operator. */
export function describeReject(reject: AssociateReject): string {
  const words = REJECT_REASONS[reject.source]?.[reject.reason] ?? `reason ${reject.reason}`;
  return `${reject.result === 2 ? 'for now' : 'permanently'}: ${words}`;
}

/** An abort in words, for the operator. */
export function describeAbort(abort: Abort): string {
  // The reason means something only when the provider aborts (PS3.8 Table 9-26).
  if (abort.source !== 2) return 'by its user';
  return `by its provider: ${ABORT_REASONS[abort.reason] ?? `reason ${abort.reason}`}`;
}

/** A fragment of a message before it is written into a P-DATA-TF. */
export interface PdvHeader {
  readonly contextId: number;
  readonly isCommand: boolean;
  readonly isLast: boolean;
  readonly dataBytes: number;
}

/** Writes the twelve bytes in front of the data of a P-DATA-TF that holds one PDV (PS3.8 9.3.5, Annex E). */
export function encodeDataHeader(pdv: PdvHeader): Buffer {
  const header = Buffer.alloc(PDU_HEADER_BYTES + PDV_HEADER_BYTES);
  header.writeUInt8(PDU_TYPE.data, 0);
  header.writeUInt32BE(pdv.dataBytes + PDV_HEADER_BYTES, 2);
  header.writeUInt32BE(pdv.dataBytes + 2, 6);
  header.writeUInt8(pdv.contextId, 10);
  header.writeUInt8((pdv.isCommand ? 1 : 0) | (pdv.isLast ? 2 : 0), 11);
  return header;
}

function requireFourBytes(content: Buffer, name: string): void {
  if (content.length !== 4) throw invalidParameter(`${name} is ${content.length} bytes long instead of 4`);
}
