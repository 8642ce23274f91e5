import { describe, expect, it } from 'vitest';
import type { ModelChoice } from '../exam/model-choice.ts';
import { PANORAMIC_MODEL as NAME } from '../inference/model-registry.ts';
import { describeModels } from './examine-models.ts';

const NOBODY: ModelChoice = { name: NAME, activeVersion: null, previousVersion: null, shadowVersion: null };

function whole(version: string) {
  return { name: NAME, version, sha256: 'a', fault: null, slots: ['panoramic'] };
}

function examine(installed: ReturnType<typeof whole>[], choice: Partial<ModelChoice> = {}) {
  const standing = { installed, choices: [{ ...NOBODY, ...choice }], failures: [] };
  return describeModels(standing, '/models')
    .filter(({ what }) => what !== 'views of films')
    .map(({ ok, detail }) => `${ok ? 'ok' : 'wrong'} ${detail}`);
}

describe('what the doctor says of models', () => {
  it('is which one works, by choice or as the newest, and how each on disk is', () => {
    const both = [whole('1.0.0'), whole('1.1.0')];
    const digests = ['ok digest as in its manifest', 'ok digest as in its manifest'];
    expect(examine(both)).toEqual(['ok 1.1.0 works (the newest)', ...digests]);
    const choice = { activeVersion: '1.0.0', shadowVersion: '1.1.0' };
    expect(examine(both, choice)).toEqual(['ok 1.0.0 works (chosen), 1.1.0 in its shadow', ...digests]);
  });

  it('is wrong where what is chosen cannot be used, and only a remark where nothing asks for the version', () => {
    const spoilt = { ...whole('1.1.0'), sha256: null, fault: 'not its digest' } as never;
    expect(examine([whole('1.0.0'), spoilt])[2]).toBe('ok cannot be used: not its digest');
    const [working, , version] = examine([whole('1.0.0'), spoilt], { activeVersion: '1.1.0' });
    expect(working).toMatch(/^wrong 1\.1\.0 is chosen and cannot be used/);
    expect(version).toBe('wrong cannot be used: not its digest');
    expect(examine([whole('1.0.0')], { shadowVersion: '1.1.0' })[0]).toBe(
      'wrong 1.0.0 works; 1.1.0 cannot run in its shadow',
    );
  });

  it('is wrong where there is none at all', () => {
    expect(examine([])[0]).toMatch(/^wrong no version can be used in \/models/);
  });
});
