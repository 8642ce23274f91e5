import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPduFixture } from '../testing/scripted-peer.ts';
import { COMMAND, decodeCommandSet, encodeCommandSet, NO_DATA_SET } from './command-set.ts';
import { ProtocolFault } from './protocol-fault.ts';

const number = fc.nat({ max: 0xffff });
const text = fc.stringMatching(/^[A-Za-z0-9._-]{1,32}$/);
const uid = fc.stringMatching(/^[0-9.]{1,64}$/);
const command = fc.record(
  {
    AffectedSOPClassUID: uid,
    CommandField: number,
    MessageID: number,
    MessageIDBeingRespondedTo: number,
    Priority: number,
    CommandDataSetType: number,
    Status: number,
    ErrorComment: text,
    AffectedSOPInstanceUID: uid,
    MoveOriginatorApplicationEntityTitle: text,
    MoveOriginatorMessageID: number,
  },
  { requiredKeys: ['CommandField', 'CommandDataSetType'] },
);

describe('command sets', () => {
  it('gives back a command set as it was written, of even length', () => {
    fc.assert(
      fc.property(command, (value) => {
        const bytes = encodeCommandSet(value);
        expect(bytes.length % 2).toBe(0);
        expect(bytes.readUInt32LE(8)).toBe(bytes.length - 12);
        expect(decodeCommandSet(bytes)).toEqual(value);
      }),
    );
  });

  it('meets any spoilt command set with a ProtocolFault and nothing worse', () => {
    const good = encodeCommandSet({ CommandField: 1, CommandDataSetType: 0, AffectedSOPClassUID: '1.2.3' });
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat({ max: good.length - 1 }), fc.nat({ max: 255 }))), (changes) => {
        const bytes = Buffer.from(good);
        for (const [place, value] of changes) bytes[place] = value;
        try {
          decodeCommandSet(bytes);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(ProtocolFault);
        }
      }),
    );
  });

  it('reads the C-ECHO-RQ of the fixtures', () => {
    expect(decodeCommandSet(readPduFixture('good-echo-rq.hex').subarray(12))).toEqual({
      AffectedSOPClassUID: '1.2.840.10008.1.1',
      CommandField: COMMAND.echoRequest,
      MessageID: 7,
      CommandDataSetType: NO_DATA_SET,
    });
  });

  it('skips elements it does not know but insists on their order', () => {
    const bytes = encodeCommandSet({ CommandField: 1, CommandDataSetType: 0 });
    const unknown = Buffer.from('0000990002000000abcd', 'hex');
    const withUnknown = Buffer.concat([bytes.subarray(0, 12), unknown, bytes.subarray(12)]);
    withUnknown.writeUInt32LE(withUnknown.length - 12, 8);
    expect(decodeCommandSet(withUnknown)).toEqual({ CommandField: 1, CommandDataSetType: 0 });
    const outOfOrder = Buffer.concat([bytes, unknown]);
    outOfOrder.writeUInt32LE(outOfOrder.length - 12, 8);
    expect(() => decodeCommandSet(outOfOrder)).toThrow('ascending order');
  });

  it.each([
    ['no group length', '00000001020000003000'],
    ['a lying group length', '0000000004000000ff000000' + '00000001020000003000'],
    ['no command data set type', '00000000040000000a000000' + '00000001020000003000'],
    ['a number of four bytes', '00000000040000000c000000' + '000000010400000030000000'],
  ])('refuses %s', (_, hex) => {
    expect(() => decodeCommandSet(Buffer.from(hex, 'hex'))).toThrow(ProtocolFault);
  });
});
