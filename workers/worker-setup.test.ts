import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

  it('know the devices of the site, else those of the installation', () => {
    const folder = mkdtempSync(join(tmpdir(), 'osteotriage-setup-'));
    const file = join(folder, 'devices.json');
    const profile = {
      ...{ name: 'room 1', manufacturer: 'Invented', model: 'Pano', verticalMagnification: 1.3 },
      ...{ source: 'ball phantom', calibratedOn: '2024-01-31' },
    };
    writeFileSync(file, JSON.stringify({ deviceProfiles: [profile] }));
    const setting = { TRIAGE_DEVICE_PROFILES: file };
    expect(rulesFor({}, {}).deviceProfiles).toEqual([]);
    expect(rulesFor(setting, {}).deviceProfiles).toEqual([profile]);
    const own = { ...profile, name: 'own', verticalMagnification: 1.25 };
    expect(rulesFor(setting, { deviceProfiles: [own] }).deviceProfiles).toEqual([own]);
    rmSync(folder, { recursive: true });
    expect(() => rulesFor(setting, {})).toThrow('devices.json cannot be read');
  });

  it('know the grades 1 to 3 and no other', () => {
    for (const genantGradeMin of [0, 4, 1.5, '2'])
      expect(() => rulesFor({}, { genantGradeMin })).toThrow('sites.0.rules.genantGradeMin');
  });
});
