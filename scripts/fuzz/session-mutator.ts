import { pickOne, type SeededRandom } from '../phantom/seeded-random.ts';
import { mutateBytes } from './mutator.ts';

const HEAD_BYTES = 6;
const PDV_HEAD_BYTES = 6;
const DATA_TRANSFER = 0x04;

/** The PDUs of what a peer says, each with its head; what is left at the end stands last as it is. */
export function splitPdus(session: Buffer): Buffer[] {
  const pdus: Buffer[] = [];
  let at = 0;
  while (at + HEAD_BYTES <= session.length) {
    const end = at + HEAD_BYTES + session.readUInt32BE(at + 2);
    if (end > session.length) break;
    pdus.push(session.subarray(at, end));
    at = end;
  }
  return at < session.length ? [...pdus, session.subarray(at)] : pdus;
}

/** The bytes of PDUs one after the other. */
export function joinPdus(pdus: readonly Buffer[]): Buffer {
  return Buffer.concat(pdus);
}

/**
 * A session with changes: within one PDU, whose length is then mostly put right so that the change is read at all,
 * or in the order of the PDUs, or anywhere in its bytes.
 */
export function mutateSession(session: Buffer, random: SeededRandom, others: readonly Buffer[]): Buffer {
  const draw = random.next();
  if (draw < 0.1) return mutateBytes(session, random, others);
  const pdus = splitPdus(session);
  // The proposal is spared mostly: behind a broken one nothing is read.
  const first = pdus.length > 1 && random.next() < 0.85 ? 1 : 0;
  const index = first + Math.floor(random.next() * (pdus.length - first));
  const chosen = pdus[index] ?? Buffer.alloc(0);
  if (draw < 0.8) return joinPdus(pdus.with(index, mutatePdu(chosen, random, others)));
  const foreign = pickOne(random, splitPdus(pickOne(random, others)));
  const orders: readonly (() => Buffer[])[] = [
    () => pdus.toSpliced(index, 1),
    () => pdus.toSpliced(index, 0, chosen),
    () => pdus.toSpliced(index, 0, foreign),
    () => pdus.with(index, foreign),
    () => [...pdus.slice(0, index), ...pdus.slice(first).reverse()],
  ];
  return joinPdus(pickOne(random, orders)());
}

function mutatePdu(pdu: Buffer, random: SeededRandom, others: readonly Buffer[]): Buffer {
  const isData = pdu[0] === DATA_TRANSFER && pdu.length > HEAD_BYTES + PDV_HEAD_BYTES;
  const spared = HEAD_BYTES + (isData && random.next() < 0.8 ? PDV_HEAD_BYTES : 0);
  const body = mutateBytes(pdu.subarray(spared), random, others);
  const mutated = Buffer.concat([pdu.subarray(0, spared), body]);
  if (mutated.length < HEAD_BYTES || random.next() < 0.1) return mutated;
  mutated.writeUInt32BE(mutated.length - HEAD_BYTES, 2);
  if (spared > HEAD_BYTES) mutated.writeUInt32BE(mutated.length - HEAD_BYTES - 4, HEAD_BYTES);
  return mutated;
}
