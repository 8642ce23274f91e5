import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPduFixture } from '../testing/scripted-peer.ts';
import { DEFAULT_DIMSE_LIMITS } from './limits.ts';
import { encodeDataHeader, encodeReleaseRequest } from './pdu.ts';
import type { PduEvent } from './pdu-reader.ts';
import { PduReader } from './pdu-reader.ts';
import { ProtocolFault } from './protocol-fault.ts';

interface Reading {
  /** Events with the fragments of each PDV joined, so that readings of other chunks compare equal. */
  readonly events: unknown[];
  readonly fault: string | undefined;
  readonly atRest: boolean;
}

function readChunks(chunks: readonly Buffer[]): Reading {
  const reader = new PduReader(DEFAULT_DIMSE_LIMITS);
  const events: (PduEvent | { kind: 'joined'; hex: string })[] = [];
  try {
    for (const chunk of chunks) {
      reader.push(chunk);
      for (let event = reader.next(); event !== undefined; event = reader.next()) {
        const before = events.at(-1);
        if (event.kind !== 'fragment') events.push(event);
        else if (before?.kind === 'joined') before.hex += event.data.toString('hex');
        else events.push({ kind: 'joined', hex: event.data.toString('hex') });
      }
    }
    return { events, fault: undefined, atRest: reader.atRest };
  } catch (thrown) {
    if (!(thrown instanceof ProtocolFault)) throw thrown;
    return { events, fault: thrown.message, atRest: false };
  }
}

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const edges = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...edges].map((start, index) => bytes.subarray(start, edges[index] ?? bytes.length));
}

const pdv = fc.record({
  contextId: fc.integer({ min: 0, max: 255 }),
  isCommand: fc.boolean(),
  isLast: fc.boolean(),
  data: fc.uint8Array({ maxLength: 40 }),
});

/** A P-DATA-TF that holds several PDVs. */
function encodeData(pdvs: readonly (typeof pdv extends fc.Arbitrary<infer T> ? T : never)[]): Buffer {
  const parts = pdvs.map((value) =>
    Buffer.concat([
      encodeDataHeader({ ...value, dataBytes: value.data.length }).subarray(6),
      Buffer.from(value.data),
    ]),
  );
  const content = Buffer.concat(parts);
  const header = Buffer.from([4, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(content.length, 2);
  return Buffer.concat([header, content]);
}

const stream = fc
  .array(
    fc.oneof(
      fc.array(pdv, { minLength: 1, maxLength: 4 }).map(encodeData),
      fc.constantFrom(readPduFixture('good-associate-rq.hex'), encodeReleaseRequest()),
    ),
    { maxLength: 6 },
  )
  .map((pdus) => Buffer.concat(pdus));

describe('the PDU reader', () => {
  it('reads the same events however a stream is cut into chunks', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(), { maxLength: 30 }), (bytes, places) => {
        const whole = readChunks([bytes]);
        expect(whole.fault).toBeUndefined();
        expect(whole.atRest).toBe(true);
        expect(readChunks(cut(bytes, places))).toEqual(whole);
      }),
    );
  });

  it('reads the same events and meets the same fault when rubbish is cut into chunks', () => {
    const rubbish = fc.tuple(stream, fc.uint8Array({ maxLength: 60 }));
    fc.assert(
      fc.property(rubbish, fc.array(fc.nat(), { maxLength: 30 }), ([good, bad], places) => {
        const bytes = Buffer.concat([good, Buffer.from(bad)]);
        expect(readChunks(cut(bytes, places))).toEqual(readChunks([bytes]));
      }),
    );
  });

  it('hands out every PDV of a PDU with its own flags and data', () => {
    const bytes = encodeData([
      { contextId: 1, isCommand: true, isLast: true, data: new Uint8Array([1, 2]) },
      { contextId: 3, isCommand: false, isLast: false, data: new Uint8Array([]) },
      { contextId: 3, isCommand: false, isLast: true, data: new Uint8Array([9]) },
    ]);
    expect(readChunks([bytes]).events).toEqual([
      { kind: 'p-data' },
      { kind: 'pdv', contextId: 1, isCommand: true, isLast: true },
      { kind: 'joined', hex: '0102' },
      { kind: 'pdv-end' },
      { kind: 'pdv', contextId: 3, isCommand: false, isLast: false },
      { kind: 'pdv-end' },
      { kind: 'pdv', contextId: 3, isCommand: false, isLast: true },
      { kind: 'joined', hex: '09' },
      { kind: 'pdv-end' },
    ]);
  });

  it('gives views of the chunk and copies no data', () => {
    const bytes = encodeData([
      { contextId: 1, isCommand: false, isLast: true, data: new Uint8Array([7, 8, 9]) },
    ]);
    const reader = new PduReader(DEFAULT_DIMSE_LIMITS);
    reader.push(bytes);
    let event = reader.next();
    while (event?.kind !== 'fragment') event = reader.next();
    expect(event.data.buffer).toBe(bytes.buffer);
  });

  it('counts the PDVs of a PDU against the limit', () => {
    const empty = { contextId: 1, isCommand: false, isLast: false, data: new Uint8Array([]) };
    const bytes = encodeData(Array.from({ length: DEFAULT_DIMSE_LIMITS.pdvsPerPduMax + 1 }, () => empty));
    expect(readChunks([bytes]).fault).toBe('a PDU holds too many PDVs');
  });

  it('refuses a length as soon as the header is there, before any of the content', () => {
    expect(readChunks([Buffer.from('0400' + '7fffffff', 'hex')]).fault).toContain('claims 2147483647 bytes');
    expect(readChunks([Buffer.from('0100' + '00ffffff', 'hex')]).fault).toContain('claims 16777215 bytes');
  });
});
