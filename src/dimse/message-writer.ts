import type { Connection } from './connection.ts';
import type { DimseLimits } from './limits.ts';
import { encodeDataHeader, PDV_HEADER_BYTES } from './pdu.ts';
import { invalidParameter } from './protocol-fault.ts';

/** The part of a message that is written: its command set or its data set. */
export interface MessagePart {
  readonly contextId: number;
  readonly isCommand: boolean;
  /** Longest P-DATA-TF the peer receives. */
  readonly peerPduBytesMax: number;
}

const NOTHING = Buffer.alloc(0);
/** A peer that takes less than this cannot take part in any exchange; PS3.8 names no minimum. */
const PEER_PDU_BYTES_MIN = 64;

/** The longest P-DATA-TF we may send to a peer: what it said (0 is no limit), never more than our own limit. */
export function settlePduBytesMax(said: number, limits: Pick<DimseLimits, 'pduBytesMax'>): number {
  if (said !== 0 && said < PEER_PDU_BYTES_MIN) throw invalidParameter(`the peer receives only ${said} bytes`);
  return said === 0 ? limits.pduBytesMax : Math.min(said, limits.pduBytesMax);
}

/**
 * Writes one part of a message as P-DATA-TFs of one fragment each, the last one marked (PS3.8 Annex E), and
 * waits whenever the peer reads too slowly. Chunks must not be changed after they are handed over.
 */
export async function sendPart(
  connection: Connection,
  part: MessagePart,
  chunks: AsyncIterable<Buffer> | Iterable<Buffer>,
): Promise<void> {
  const { contextId, isCommand } = part;
  const dataBytesMax = (part.peerPduBytesMax - PDV_HEADER_BYTES) & ~1;
  const send = (data: Buffer, isLast: boolean): Promise<void> | undefined => {
    const header = encodeDataHeader({ contextId, isCommand, isLast, dataBytes: data.length });
    return connection.sendData(header, data);
  };
  // Which fragment is the last is known only when nothing follows: one is always held back.
  let held: Buffer | undefined;
  for await (const chunk of chunks) {
    for (let offset = 0; offset < chunk.length; offset += dataBytesMax) {
      if (held !== undefined) await send(held, false);
      held = chunk.subarray(offset, offset + dataBytesMax);
    }
  }
  await send(held ?? NOTHING, true);
}
