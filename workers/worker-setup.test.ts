import { describe, expect, it } from 'vitest';
import { readConfig } from '../src/config.ts';
import { parseSites } from '../src/sites.ts';
import { workerSettings } from '../src/worker-settings.ts';
import { rulesOfSite } from './worker-setup.ts';

function rulesFor(environment: Record<string, string>, rules: object) {
  const { setup } = workerSettings(readConfig({}, environment).config);
  const text = JSON.stringify({ sites: [{ id: 'clinic', name: 'Clinic', rules }] });
  return rulesOfSite(setup.rules, parseSites(text, 'sites.json').sites[0]?.rules ?? {});
}

describe('the rules for a film', () => {
  it('count a vertebral deformity from the grade of its site, of the configuration, else from grade 2', () => {
    const setting = { TRIAGE_GENANT_GRADE_MIN: '3' };
    expect(rulesFor({}, {}).fracture).toEqual({ gradeMin: 2, standardErrorsMin: 1 });
    expect(rulesFor(setting, {}).fracture.gradeMin).toBe(3);
    expect(rulesFor(setting, { genantGradeMin: 1 }).fracture).toEqual({ gradeMin: 1, standardErrorsMin: 1 });
  });

  it('know the grades 1 to 3 and no other', () => {
    for (const genantGradeMin of [0, 4, 1.5, '2'])
      expect(() => rulesFor({}, { genantGradeMin })).toThrow('sites.0.rules.genantGradeMin');
  });
});
