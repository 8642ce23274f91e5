import { describe, expect, it } from 'vitest';
import { AnswerTable } from './answer-table.ts';

const UPRIGHT = { turns: 0, mirrored: false } as const;

describe('the table of answers about views', () => {
  it('counts an answer below the threshold as unsure and not as right', () => {
    const table = new AnswerTable();
    const sure = { view: 'panoramic', confidence: 0.9, turns: 0, mirrored: false } as const;
    expect(table.add({ view: 'panoramic', ...UPRIGHT }, sure)).toBe(true);
    expect(table.add({ view: 'panoramic', ...UPRIGHT }, { ...sure, view: null, confidence: 0.4 })).toBe(
      false,
    );
    const { recall, confusion } = table.figures();
    expect(recall['panoramic']).toEqual({ right: 1, of: 2, share: 0.5 });
    expect(confusion['panoramic']).toMatchObject({ panoramic: 1, unsure: 1, other: 0 });
  });

  it('tells a wrong turn from one that was left open', () => {
    const table = new AnswerTable();
    const answer = { view: 'spine-lateral', confidence: 0.9, turns: 0, mirrored: false } as const;
    table.add({ view: 'spine-lateral', ...UPRIGHT }, answer);
    table.add({ view: 'spine-lateral', turns: 2, mirrored: false }, answer);
    table.add({ view: 'spine-lateral', turns: 2, mirrored: false }, { ...answer, turns: null });
    expect(table.figures().turn).toEqual({
      right: { right: 1, of: 3, share: 0.3333 },
      wrong: { right: 1, of: 3, share: 0.3333 },
    });
  });

  it('takes a test pattern for right as other and asks it for no turn', () => {
    const table = new AnswerTable();
    const answer = { view: 'other', confidence: 0.9, turns: null, mirrored: true } as const;
    expect(table.add({ view: 'pattern', ...UPRIGHT }, answer)).toBe(true);
    const { recall, turn, chestFrontalCalledMirrored } = table.figures();
    expect(recall['pattern']).toEqual({ right: 1, of: 1, share: 1 });
    expect([turn.right.of, chestFrontalCalledMirrored.of]).toEqual([0, 0]);
  });
});
