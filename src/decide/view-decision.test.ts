import { describe, expect, it } from 'vitest';
import type { ViewName } from '../exam/analysis.ts';
import { decideView, type PictureReading, VIEW_ORDER, type ViewClaim } from './view-decision.ts';

/** A picture that looks like a view with a probability; the rest is spread over the others. */
function picture(view: ViewName, probability: number, changes: Partial<PictureReading> = {}): PictureReading {
  const rest = (1 - probability) / (VIEW_ORDER.length - 1);
  return {
    views: VIEW_ORDER.map((name) => (name === view ? probability : rest)),
    turns: [0.97, 0.01, 0.01, 0.01],
    mirrored: 0.02,
    limits: { view: 0.7, turn: 0.8, mirrored: 0.9 },
    ...changes,
  };
}

function says(name: ViewName, source: ViewClaim['source'] = 'dicom'): ViewClaim {
  return { name, source, confidence: source === 'option' ? 1 : 0.95 };
}

function decide(claim: ViewClaim | null, seen: PictureReading) {
  const { view, notes, refusal } = decideView(claim, seen);
  return { view, told: notes.map(({ code }) => code), refused: refusal?.code ?? null, refusal };
}

describe('the view of a film', () => {
  it('is what header and picture agree on', () => {
    const { view, told, refused } = decide(says('spine-lateral'), picture('spine-lateral', 0.8));
    expect(view).toEqual({
      ...{ name: 'spine-lateral', source: 'dicom', confidence: 0.95 },
      ...{ turnDegrees: 0, isMirrored: null },
    });
    expect([told, refused]).toEqual([[], null]);
  });

  it('is what the header says where the picture leaves it a fair chance, but not against something else', () => {
    const torn = (likely: ViewName): PictureReading => ({
      ...picture(likely, 0.6),
      views: VIEW_ORDER.map((name) => (name === likely ? 0.6 : name === 'spine-lateral' ? 0.35 : 0.0125)),
    });
    expect(decide(says('spine-lateral'), torn('chest-lateral'))).toMatchObject({
      view: { name: 'spine-lateral', source: 'dicom' },
      refused: null,
    });
    expect(decide(says('spine-lateral'), torn('other')).refused).toBe('view-unclear');
  });

  it('is the picture’s where nobody says anything and it is sure, else unclear', () => {
    expect(decide(null, picture('chest-lateral', 0.7))).toMatchObject({
      view: { name: 'chest-lateral', source: 'model', confidence: 0.7 },
      refused: null,
    });
    const unclear = decide(null, picture('chest-lateral', 0.69));
    expect(unclear.refused).toBe('view-unclear');
    expect(unclear.refusal?.text).toContain('header: –; picture: perhaps a lateral chest');
    expect(decide(null, picture('other', 0.99))).toMatchObject({ view: { name: 'other' }, refused: null });
  });

  it('is the picture’s against the header where it is clearly sure, and the reason says both', () => {
    const { view, told, refused } = decide(says('chest-frontal'), picture('spine-lateral', 0.9));
    expect(view).toMatchObject({ name: 'spine-lateral', source: 'model', confidence: 0.9 });
    expect([told, refused]).toEqual([['view-contradicts-header'], null]);
    const [note] = decideView(says('chest-frontal'), picture('spine-lateral', 0.9)).notes;
    expect(note?.values).toEqual({ header: 'chest-frontal', picture: 'spine-lateral' });
    expect(note?.text).toContain('says a frontal chest, but the picture clearly shows a lateral spine');
  });

  it('is the picture’s already where it is sure and both are lateral, for these are measured alike', () => {
    expect(decide(says('chest-lateral'), picture('spine-lateral', 0.87))).toMatchObject({
      view: { name: 'spine-lateral', source: 'model' },
      ...{ told: ['view-contradicts-header'], refused: null },
    });
    expect(decide(says('chest-lateral'), picture('spine-lateral', 0.6)).refused).toBe('view-unclear');
  });

  it('is unclear where the picture contradicts the header and is not clearly sure', () => {
    expect(decide(says('chest-frontal'), picture('spine-lateral', 0.89)).refused).toBe('view-unclear');
    expect(decide(says('other'), picture('panoramic', 0.8)).refused).toBe('view-unclear');
  });

  it('is never measured for the header’s sake where the picture is something else', () => {
    for (const name of VIEW_ORDER.filter((view) => view !== 'other')) {
      const code = name === 'panoramic' ? 'not-a-panoramic' : 'film-of-something-else';
      expect(decide(says(name), picture('other', 0.95)).refused).toBe(code);
      // The panoramic model looks again at what is only half like something else.
      const unsure = name === 'panoramic' ? null : 'view-unclear';
      expect(decide(says(name), picture('other', 0.5)).refused).toBe(unsure);
      expect(decide(says(name, 'option'), picture('other', 0.95)).refused).toBe(code);
    }
  });

  it('is left to the panoramic model where the header says panoramic and the picture is not clear', () => {
    const cutOff = { ...picture('chest-lateral', 0.27), views: [0.18, 0.26, 0.05, 0.02, 0.27, 0.22] };
    expect(decide(says('panoramic'), cutOff)).toMatchObject({ view: { name: 'panoramic' }, refused: null });
    const noFilm = { ...cutOff, views: [0.02, 0.08, 0.09, 0.03, 0, 0.78] };
    expect(decide(says('panoramic'), noFilm).refused).toBe('not-a-panoramic');
  });

  it('is left to the panoramic model where the picture resembles nothing much', () => {
    const blurred = (other: number): PictureReading => ({
      ...picture('other', other),
      views: VIEW_ORDER.map((name) => (name === 'other' ? other : name === 'panoramic' ? 0.2 : 0.05)),
    });
    expect(decide(says('panoramic'), blurred(0.6))).toMatchObject({
      view: { name: 'panoramic' },
      refused: null,
    });
    expect(decide(says('panoramic'), blurred(0.7)).refused).toBe('not-a-panoramic');
    expect(decide(says('spine-lateral'), blurred(0.6)).refused).toBe('view-unclear');
  });

  it('is what a person says, unless the picture is clearly something else', () => {
    const said = says('spine-frontal', 'option');
    expect(decide(said, picture('chest-frontal', 0.85))).toMatchObject({
      view: { name: 'spine-frontal', source: 'option', confidence: 1 },
      ...{ told: [], refused: null },
    });
    expect(decide(said, picture('other', 0.6))).toMatchObject({ view: { source: 'option' }, refused: null });
    expect(decide(said, picture('chest-frontal', 0.95))).toMatchObject({
      view: { name: 'chest-frontal', source: 'model' },
      ...{ told: ['view-contradicts-option'], refused: null },
    });
  });
});

describe('a picture that lies wrongly', () => {
  it.each([
    [1, 90],
    [2, 180],
    [3, 270],
  ])('is told how far it is turned and sent back, whatever its view (%i)', (at, degrees) => {
    const turns = [0, 1, 2, 3].map((turn) => (turn === at ? 0.94 : 0.02));
    const seen = picture('panoramic', 0.95, { turns });
    const { view, refused, refusal } = decide(says('panoramic'), seen);
    expect([refused, view.turnDegrees]).toEqual(['film-turned', degrees]);
    expect(refusal?.text).toContain(`turned clockwise by ${degrees} degrees`);
    expect(refusal?.text).toContain('upright');
    // Lying so it may well be unclear: the way out is the same.
    expect(
      decide(says('spine-lateral'), { ...seen, views: picture('spine-frontal', 0.5).views }).refused,
    ).toBe('film-turned');
  });

  it('is measured where it is not sure enough that it is turned, and says that it is not known', () => {
    const turns = [0.5, 0.4, 0.05, 0.05];
    const { view, refused } = decide(says('panoramic'), picture('panoramic', 0.95, { turns }));
    expect([refused, view.turnDegrees]).toEqual([null, null]);
  });

  it('is sent back as mirrored for a frontal chest alone', () => {
    const mirrored = decide(says('chest-frontal'), picture('chest-frontal', 0.95, { mirrored: 0.95 }));
    expect([mirrored.refused, mirrored.view.isMirrored]).toEqual(['film-mirrored', true]);
    const usual = decide(says('chest-frontal'), picture('chest-frontal', 0.95));
    expect([usual.refused, usual.view.isMirrored]).toEqual([null, false]);
    const spine = decide(says('spine-lateral'), picture('spine-lateral', 0.95, { mirrored: 0.95 }));
    expect([spine.refused, spine.view.isMirrored]).toEqual([null, null]);
  });
});
