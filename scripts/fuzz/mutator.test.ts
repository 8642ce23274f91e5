import { describe, expect, it } from 'vitest';
import { createSeededRandom } from '../phantom/seeded-random.ts';
import { mutateBytes } from './mutator.ts';
import { joinPdus, mutateSession, splitPdus } from './session-mutator.ts';

const bytes = Buffer.from(Array.from({ length: 200 }, (_, index) => index));
const pdu = (type: number, content: Buffer): Buffer => {
  const head = Buffer.from([type, 0, 0, 0, 0, 0]);
  head.writeUInt32BE(content.length, 2);
  return Buffer.concat([head, content]);
};

describe('the mutator', () => {
  it('makes the same changes from the same seed and leaves its input alone', () => {
    const before = Buffer.from(bytes);
    for (let seed = 0; seed < 300; seed += 1) {
      const first = mutateBytes(bytes, createSeededRandom(seed), [bytes]);
      expect(mutateBytes(bytes, createSeededRandom(seed), [bytes])).toEqual(first);
    }
    expect(bytes).toEqual(before);
  });

  it('nearly always changes something, in length or in content', () => {
    const random = createSeededRandom(1);
    const same = Array.from({ length: 1000 }, () => mutateBytes(bytes, random, [bytes])).filter((mutated) =>
      mutated.equals(bytes),
    );
    expect(same.length).toBeLessThan(60);
  });

  it('survives an empty input', () => {
    const empty = Buffer.alloc(0);
    for (let seed = 0; seed < 100; seed += 1) {
      expect(mutateBytes(empty, createSeededRandom(seed), [empty])).toEqual(empty);
    }
  });
});

describe('the mutator of sessions', () => {
  const session = Buffer.concat([
    pdu(1, bytes),
    pdu(4, Buffer.concat([Buffer.from([0, 0, 0, 52, 1, 3]), bytes.subarray(0, 50)])),
    pdu(5, Buffer.alloc(4)),
  ]);

  it('parts a session into its PDUs and puts it together again', () => {
    expect(splitPdus(session).map((part) => part[0])).toEqual([1, 4, 5]);
    expect(joinPdus(splitPdus(session))).toEqual(session);
    expect(joinPdus(splitPdus(session.subarray(0, 300)))).toEqual(session.subarray(0, 300));
  });

  it('keeps the association request whole in most sessions, so that what lies behind it is reached', () => {
    const mutated = Array.from({ length: 500 }, (_, seed) =>
      mutateSession(session, createSeededRandom(seed), [session]),
    );
    const whole = mutated.filter((other) => other.subarray(0, 206).equals(session.subarray(0, 206)));
    expect(whole.length).toBeGreaterThan(250);
    expect(whole.length).toBeLessThan(480);
  });
});
