import { describe, expect, it } from 'vitest';
import { isPart10, part10Prefix, splitPart10 } from './part10.ts';
import { TRANSFER_SYNTAX_UIDS } from './uids.ts';

const FIELDS = {
  sopClassUid: '1.2.840.10008.5.1.4.1.1.1.1',
  sopInstanceUid: '1.2.3.4.567',
  transferSyntaxUid: TRANSFER_SYNTAX_UIDS.jpegLosslessFirstOrder,
};

describe('part10', () => {
  it('writes a prefix that splits back, with the data set right behind it', () => {
    const prefix = part10Prefix({ ...FIELDS, sourceAeTitle: 'OPG1' });
    const { datasetOffset, ...rest } = splitPart10(
      Buffer.concat([prefix, Buffer.from('0800050043530000', 'hex')]),
    );
    expect(rest).toEqual(FIELDS);
    expect(datasetOffset).toBe(prefix.length);
    expect(prefix.length % 2).toBe(0);
  });

  it('writes a group length that counts exactly what follows it', () => {
    const prefix = part10Prefix(FIELDS);
    expect(prefix.toString('latin1', 128, 132)).toBe('DICM');
    expect(prefix.readUInt32LE(140)).toBe(prefix.length - 144);
  });

  it('does not believe a wrong group length', () => {
    const prefix = part10Prefix(FIELDS);
    const { length } = prefix;
    prefix.writeUInt32LE(7, 140);
    expect(splitPart10(Buffer.concat([prefix, Buffer.alloc(16)])).datasetOffset).toBe(length);
  });

  it('guesses the syntax by the first element when the meta group does not name it', () => {
    const bare = Buffer.alloc(132);
    bare.write('DICM', 128, 'latin1');
    const explicit = Buffer.concat([
      bare,
      Buffer.from('08000500', 'hex'),
      Buffer.from('CS'),
      Buffer.alloc(2),
    ]);
    const implicit = Buffer.concat([bare, Buffer.from('0800050000000000', 'hex')]);
    expect(splitPart10(explicit).transferSyntaxUid).toBe(TRANSFER_SYNTAX_UIDS.explicitLittleEndian);
    expect(splitPart10(implicit).transferSyntaxUid).toBe(TRANSFER_SYNTAX_UIDS.implicitLittleEndian);
  });

  it('says not-part-10 of anything without the prefix, and unreadable of a meta group cut off', () => {
    for (const bytes of [Buffer.alloc(0), Buffer.alloc(131), Buffer.alloc(400), Buffer.from('GIF89a')]) {
      expect(isPart10(bytes)).toBe(false);
      expect(() => splitPart10(bytes)).toThrow(expect.objectContaining({ code: 'not-part-10' }) as Error);
    }
    const cut = part10Prefix(FIELDS).subarray(0, 190);
    expect(() => splitPart10(cut)).toThrow(expect.objectContaining({ code: 'data-set-unreadable' }) as Error);
  });
});
