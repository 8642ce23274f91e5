import type { DimseLimits } from './limits.ts';
import { PDU_HEADER_BYTES, PDU_TYPE, PDV_HEADER_BYTES } from './pdu.ts';
import { ABORT_REASON, invalidParameter, ProtocolFault } from './protocol-fault.ts';

/**
 * What a stream of bytes says, piece by piece. `fragment.data` is a view of the bytes as they came from the
 * socket, never a copy, and good until the next event is pulled; one PDV gives as many fragments as the chunks it was cut into.
 */
export type PduEvent =
  | { readonly kind: 'pdu'; readonly type: number; readonly content: Buffer }
  | { readonly kind: 'p-data' }
  | {
      readonly kind: 'pdv';
      readonly contextId: number;
      readonly isCommand: boolean;
      readonly isLast: boolean;
    }
  | { readonly kind: 'fragment'; readonly data: Buffer }
  | { readonly kind: 'pdv-end' };

type ReaderLimits = Pick<DimseLimits, 'pduBytesMax' | 'pdvsPerPduMax' | 'associateRequestBytesMax'>;

type Phase = 'pdu-header' | 'content' | 'pdv-header' | 'fragment' | 'pdv-end';

const NOTHING = Buffer.alloc(0);
const ASSOCIATE_BYTES_MIN = 68;

/**
 * Reads PDUs out of chunks of any size (PS3.8 9.3). A chunk is pushed, then events are pulled until there is
 * none; no byte is looked at twice and nothing but headers and association PDUs is ever gathered.
 *
 * `pdu-header` leads to `content` (all but P-DATA-TF) or to `pdv-header`; a `pdv-header` to `fragment`, then
 * `pdv-end`, which leads to the next `pdv-header` of the same PDU or back to `pdu-header`.
 */
export class PduReader {
  readonly #limits: ReaderLimits;
  readonly #header = Buffer.alloc(PDU_HEADER_BYTES);
  #phase: Phase = 'pdu-header';
  #chunk: Buffer = NOTHING;
  #offset = 0;
  /** Where bytes are gathered, and how many of them are there. */
  #target: Buffer = this.#header;
  #gathered = 0;
  #type = 0;
  #pduBytesLeft = 0;
  #pdvBytesLeft = 0;
  #pdvs = 0;

  constructor(limits: ReaderLimits) {
    this.#limits = limits;
  }

  /** Whether every byte pushed so far belongs to a PDU that is complete. */
  get atRest(): boolean {
    return this.#phase === 'pdu-header' && this.#gathered === 0 && this.#offset === this.#chunk.length;
  }

  /** Takes the next chunk; the one before must have been read to its end. */
  push(chunk: Buffer): void {
    if (this.#offset !== this.#chunk.length) throw new RangeError('the chunk before is not read yet');
    this.#chunk = chunk;
    this.#offset = 0;
  }

  /** The next event, or undefined when more bytes are needed; throws a ProtocolFault on a broken PDU. */
  next(): PduEvent | undefined {
    for (;;) {
      if (this.#phase === 'pdv-end') return this.#endPdv();
      if (this.#phase === 'fragment') return this.#takeFragment();
      if (!this.#gather()) return undefined;
      const event = this.#readGathered();
      if (event !== undefined) return event;
    }
  }

  #readGathered(): PduEvent | undefined {
    if (this.#phase === 'pdu-header') return this.#readPduHeader();
    if (this.#phase === 'pdv-header') return this.#readPdvHeader();
    const event = { kind: 'pdu', type: this.#type, content: this.#target } as const;
    this.#expect('pdu-header', this.#header);
    return event;
  }

  #readPduHeader(): PduEvent | undefined {
    this.#type = this.#header.readUInt8(0);
    const lengthBytes = this.#header.readUInt32BE(2);
    this.#checkLength(lengthBytes);
    if (this.#type !== PDU_TYPE.data) {
      this.#expect('content', Buffer.alloc(lengthBytes));
      return undefined;
    }
    this.#pduBytesLeft = lengthBytes;
    this.#pdvs = 0;
    this.#expect('pdv-header', this.#header);
    return { kind: 'p-data' };
  }

  #checkLength(lengthBytes: number): void {
    const type = this.#type;
    if (type < PDU_TYPE.associateRequest || type > PDU_TYPE.abort) {
      throw new ProtocolFault(ABORT_REASON.unrecognizedPdu, `PDU type ${type} does not exist`);
    }
    const [min, max] =
      type === PDU_TYPE.data
        ? [PDV_HEADER_BYTES, this.#limits.pduBytesMax]
        : type === PDU_TYPE.associateRequest || type === PDU_TYPE.associateAccept
          ? [ASSOCIATE_BYTES_MIN, this.#limits.associateRequestBytesMax]
          : [4, 4];
    if (lengthBytes < min || lengthBytes > max) {
      throw invalidParameter(
        `a PDU of type ${type} claims ${lengthBytes} bytes, allowed are ${min} to ${max}`,
      );
    }
  }

  #readPdvHeader(): PduEvent {
    const lengthBytes = this.#header.readUInt32BE(0);
    if (lengthBytes < 2)
      throw invalidParameter(`a PDV claims ${lengthBytes} bytes, less than its own header`);
    if (lengthBytes + 4 > this.#pduBytesLeft) {
      throw invalidParameter(`a PDV claims ${lengthBytes} bytes, more than its PDU holds`);
    }
    this.#pdvs += 1;
    if (this.#pdvs > this.#limits.pdvsPerPduMax) throw invalidParameter('a PDU holds too many PDVs');
    this.#pduBytesLeft -= lengthBytes + 4;
    this.#pdvBytesLeft = lengthBytes - 2;
    this.#phase = this.#pdvBytesLeft === 0 ? 'pdv-end' : 'fragment';
    const control = this.#header.readUInt8(5);
    return {
      kind: 'pdv',
      contextId: this.#header.readUInt8(4),
      // Bits 2 to 7 are never checked by the receiver (PS3.8 E.2).
      isCommand: (control & 1) !== 0,
      isLast: (control & 2) !== 0,
    };
  }

  #takeFragment(): PduEvent | undefined {
    const available = this.#chunk.length - this.#offset;
    if (available === 0) return undefined;
    const taken = Math.min(available, this.#pdvBytesLeft);
    const data = this.#chunk.subarray(this.#offset, this.#offset + taken);
    this.#offset += taken;
    this.#pdvBytesLeft -= taken;
    if (this.#pdvBytesLeft === 0) this.#phase = 'pdv-end';
    return { kind: 'fragment', data };
  }

  #endPdv(): PduEvent {
    if (this.#pduBytesLeft > 0 && this.#pduBytesLeft < PDV_HEADER_BYTES) {
      throw invalidParameter(`${this.#pduBytesLeft} bytes are left in a PDU, too few for a PDV`);
    }
    this.#expect(this.#pduBytesLeft === 0 ? 'pdu-header' : 'pdv-header', this.#header);
    return { kind: 'pdv-end' };
  }

  #expect(phase: Phase, target: Buffer): void {
    this.#phase = phase;
    this.#target = target;
    this.#gathered = 0;
  }

  #gather(): boolean {
    const end = Math.min(this.#chunk.length, this.#offset + this.#target.length - this.#gathered);
    this.#chunk.copy(this.#target, this.#gathered, this.#offset, end);
    this.#gathered += end - this.#offset;
    this.#offset = end;
    return this.#gathered === this.#target.length;
  }
}
