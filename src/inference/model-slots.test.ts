import { describe, expect, it } from 'vitest';
import { assignSlots, coverageOf, describeLeftOut, shadowedViews, slotsOf } from './model-slots.ts';

const own = (slots: readonly string[]) => ({ slots });

describe('the places of models', () => {
  it('are one for a task, and for a site’s own model one for each view', () => {
    expect(slotsOf({ task: 'panoramic', views: undefined })).toEqual(['panoramic']);
    expect(slotsOf({ task: 'low-bone-density', views: ['chest-frontal', 'spine-frontal'] })).toEqual([
      'low-bone-density chest-frontal',
      'low-bone-density spine-frontal',
    ]);
  });

  it('go to the first by name; the other is left out, and it is said what to do', () => {
    const frontal = own(['low-bone-density chest-frontal']);
    const models = new Map([
      ['b-model', own(['low-bone-density chest-frontal', 'low-bone-density spine-frontal'])],
      ['a-model', frontal],
      ['c-model', own(['low-bone-density spine-frontal'])],
    ]);
    const { working, leftOut } = assignSlots(models);
    // One that is left out keeps no place from others.
    expect([...working.keys()]).toEqual(['a-model', 'c-model']);
    expect(leftOut).toEqual([{ name: 'b-model', by: 'a-model', slot: 'low-bone-density chest-frontal' }]);
    expect(describeLeftOut(leftOut[0]!)).toContain(
      'model b-model is left out: a-model works for low-bone-density chest-frontal already',
    );
  });
});

describe('what can be assessed', () => {
  it('is what the models that work do together; one of a pair does nothing', () => {
    expect(coverageOf(['panoramic', 'mental-foramen', 'film-view'])).toEqual({
      views: ['panoramic'],
      missing: ['spine-lateral', 'chest-lateral'],
      faults: [],
    });
    const lone = coverageOf(['panoramic', 'mental-foramen', 'vertebra-points']);
    expect(lone.views).toEqual(['panoramic']);
    expect(lone.faults[0]).toContain('a model for vertebra-points and none for vertebra-finding');
    const half = coverageOf(['panoramic']);
    expect(half).toMatchObject({ views: [], missing: ['panoramic', 'spine-lateral', 'chest-lateral'] });
    expect(half.faults[0]).toContain('a model for panoramic and none for mental-foramen');
    const all = coverageOf([
      ...['panoramic', 'mental-foramen', 'vertebra-finding', 'vertebra-points'],
      'low-bone-density chest-frontal',
    ]);
    expect(all).toEqual({
      views: ['panoramic', 'spine-lateral', 'chest-lateral', 'chest-frontal'],
      missing: [],
      faults: [],
    });
  });

  it('is seen by a shadow, too, but not by one that only knows the view', () => {
    expect(shadowedViews(['mental-foramen'])).toEqual(['panoramic']);
    expect(shadowedViews(['vertebra-points'])).toEqual(['spine-lateral', 'chest-lateral']);
    expect(shadowedViews(['low-bone-density chest-frontal'])).toEqual(['chest-frontal']);
    expect(shadowedViews(['film-view'])).toEqual([]);
  });
});
