import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPduFixture } from '../testing/scripted-peer.ts';
import {
  decodeAssociateAccept,
  decodeAssociateRequest,
  encodeAssociateAccept,
  encodeAssociateRequest,
} from './associate-pdu.ts';
import {
  decodeAbort,
  decodeReject,
  describeAbort,
  describeReject,
  encodeAbort,
  encodeReject,
} from './pdu.ts';
import { DEFAULT_DIMSE_LIMITS } from './limits.ts';
import { PduReader } from './pdu-reader.ts';
import { ProtocolFault } from './protocol-fault.ts';

const uid = fc
  .array(fc.nat({ max: 99999 }), { minLength: 1, maxLength: 8 })
  .map((components) => components.join('.'));
const aeTitle = fc.stringMatching(/^[A-Z0-9_]{1,16}$/);
const window = fc.record({ invoked: fc.nat({ max: 65535 }), performed: fc.nat({ max: 65535 }) });
const head = {
  protocolVersion: fc.nat({ max: 65535 }),
  calledAeTitle: aeTitle,
  callingAeTitle: aeTitle,
  applicationContextName: uid,
  userInformation: fc.record(
    {
      pduBytesMax: fc.nat({ max: 0x7fffffff }),
      implementationClassUid: uid,
      implementationVersionName: fc.stringMatching(/^[A-Z0-9_]{1,16}$/),
      asynchronousOperations: window,
      roles: fc.array(fc.record({ sopClassUid: uid, isUser: fc.boolean(), isProvider: fc.boolean() }), {
        minLength: 1,
      }),
    },
    { requiredKeys: ['pduBytesMax', 'implementationClassUid'] },
  ),
};
const contextIds = fc.uniqueArray(
  fc.nat({ max: 127 }).map((n) => n * 2 + 1),
  { minLength: 1, maxLength: 20 },
);
const request = contextIds.chain((ids) =>
  fc.record({
    ...head,
    presentationContexts: fc.tuple(
      ...ids.map((contextId) =>
        fc.record({
          contextId: fc.constant(contextId),
          abstractSyntax: uid,
          transferSyntaxes: fc.array(uid, { minLength: 1, maxLength: 4 }),
        }),
      ),
    ),
  }),
);
const accept = contextIds.chain((ids) =>
  fc.record({
    ...head,
    presentationContexts: fc.tuple(
      ...ids.map((contextId) =>
        fc.record({
          contextId: fc.constant(contextId),
          result: fc.nat({ max: 4 }),
          transferSyntax: uid,
        }),
      ),
    ),
  }),
);

describe('association PDUs', () => {
  it('gives back an A-ASSOCIATE-RQ as it was written', () => {
    fc.assert(
      fc.property(request, (value) => {
        expect(decodeAssociateRequest(encodeAssociateRequest(value).subarray(6), 128)).toEqual(value);
      }),
    );
  });

  it('gives back an A-ASSOCIATE-AC as it was written', () => {
    fc.assert(
      fc.property(accept, (value) => {
        expect(decodeAssociateAccept(encodeAssociateAccept(value).subarray(6))).toEqual(value);
      }),
    );
  });

  it('meets any spoilt proposal with a ProtocolFault and nothing worse', () => {
    const good = readPduFixture('good-associate-rq.hex').subarray(6);
    const spoilt = fc.tuple(
      fc.array(fc.tuple(fc.nat({ max: good.length - 1 }), fc.nat({ max: 255 }))),
      fc.nat(),
    );
    fc.assert(
      fc.property(spoilt, ([changes, length]) => {
        const bytes = Buffer.from(good);
        for (const [place, value] of changes) bytes[place] = value;
        try {
          decodeAssociateRequest(bytes.subarray(0, length % 2 ? length % good.length : good.length), 128);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(ProtocolFault);
        }
      }),
    );
  });

  it('counts presentation contexts against the limit', () => {
    const content = readPduFixture('good-associate-rq.hex').subarray(6);
    expect(decodeAssociateRequest(content, 2).presentationContexts).toHaveLength(2);
    expect(() => decodeAssociateRequest(content, 1)).toThrow('2 presentation contexts are proposed');
  });

  it('gives back rejections and aborts and says them in words', () => {
    const reject = { result: 2, source: 3, reason: 2 };
    expect(decodeReject(encodeReject(reject).subarray(6))).toEqual(reject);
    expect(describeReject(reject)).toBe('for now: local limit exceeded');
    expect(describeReject({ result: 1, source: 1, reason: 9 })).toBe('permanently: reason 9');
    const abort = { source: 2, reason: 6 };
    expect(decodeAbort(encodeAbort(abort).subarray(6))).toEqual(abort);
    expect(describeAbort(abort)).toBe('by its provider: invalid PDU parameter value');
    expect(describeAbort({ source: 0, reason: 0 })).toBe('by its user');
    expect(() => decodeAbort(Buffer.alloc(5))).toThrow(ProtocolFault);
  });
});

describe('the longest proposal', () => {
  it('is taken: 128 contexts, each with every transfer syntax there is', () => {
    const transferSyntaxes = Array.from({ length: 60 }, (_, index) => `1.2.840.10008.1.2.4.${100 + index}`);
    const presentationContexts = Array.from({ length: 128 }, (_, index) => ({
      contextId: index * 2 + 1,
      abstractSyntax: `1.2.840.10008.5.1.4.1.1.481.${index}`,
      transferSyntaxes,
    }));
    const proposal = encodeAssociateRequest({
      protocolVersion: 1,
      calledAeTitle: 'OSTEOTRIAGE',
      callingAeTitle: 'SENDER',
      applicationContextName: '1.2.840.10008.3.1.1.1',
      presentationContexts,
      userInformation: { pduBytesMax: 16_384, implementationClassUid: '1.2.3.4' },
    });
    const reader = new PduReader(DEFAULT_DIMSE_LIMITS);
    reader.push(proposal);
    const event = reader.next();
    if (event?.kind !== 'pdu') throw new Error('no PDU was read');
    const read = decodeAssociateRequest(event.content, DEFAULT_DIMSE_LIMITS.presentationContextsMax);
    expect(read.presentationContexts).toEqual(presentationContexts);
  });
});
