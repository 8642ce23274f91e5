import { describe, expect, it } from 'vitest';
import type { ModelChoice, ModelFailure } from '../exam/model-choice.ts';
import {
  fitVersions,
  type ModelStanding,
  rollbackVersion,
  shadowBeside,
  startCandidates,
  wantedVersion,
} from './model-choices.ts';

const NAME = 'mandible-contour';

function standing(
  versions: readonly string[],
  choice: Partial<ModelChoice> | null = null,
  failures: readonly Partial<ModelFailure>[] = [],
): ModelStanding {
  return {
    installed: versions.map((text) => {
      const [version = '', fault] = text.split(' ');
      const sha256 = fault === undefined ? `digest of ${version}` : null;
      return { name: NAME, version, sha256, fault: fault ?? null, slots: ['panoramic'] };
    }),
    choices:
      choice === null
        ? []
        : [{ name: NAME, activeVersion: null, previousVersion: null, shadowVersion: null, ...choice }],
    failures: failures.map((failure) => ({
      ...{ name: NAME, version: '', code: 'model-invalid', detail: '', atMs: 0 },
      ...{ sha256: `digest of ${failure.version ?? ''}`, ...failure },
    })),
  };
}

describe('which version of a model works', () => {
  it('is the newest that is whole where nobody chose', () => {
    expect(wantedVersion(standing(['1.0.0', '1.9.0', '1.10.0']), NAME)?.version).toBe('1.10.0');
    expect(wantedVersion(standing(['1.0.0', '1.1.0 half-copied']), NAME)?.version).toBe('1.0.0');
    expect(wantedVersion(standing([]), NAME)).toBeUndefined();
  });

  it('is the one that was chosen, and none where that one cannot be used', () => {
    expect(wantedVersion(standing(['1.0.0', '1.1.0'], { activeVersion: '1.0.0' }), NAME)?.version).toBe(
      '1.0.0',
    );
    expect(wantedVersion(standing(['1.0.0'], { activeVersion: '1.1.0' }), NAME)).toBeUndefined();
    expect(
      wantedVersion(standing(['1.0.0', '1.1.0 gone'], { activeVersion: '1.1.0' }), NAME),
    ).toBeUndefined();
  });

  it('is not one that a worker found to be wrong, until its bytes change', () => {
    const failed = [{ version: '1.1.0' }];
    expect(wantedVersion(standing(['1.0.0', '1.1.0'], null, failed), NAME)?.version).toBe('1.0.0');
    const mended = [{ version: '1.1.0', sha256: 'digest of earlier bytes' }];
    expect(wantedVersion(standing(['1.0.0', '1.1.0'], null, mended), NAME)?.version).toBe('1.1.0');
  });

  it('may be one whose worker died: that may pass', () => {
    const died = [{ version: '1.1.0', code: 'worker-deadline' }];
    expect(fitVersions(standing(['1.0.0', '1.1.0'], null, died), NAME)).toHaveLength(2);
  });

  it('is at a start what worked before, then the newest, where the chosen one cannot be used', () => {
    const known = standing(['1.0.0', '1.1.0', '1.2.0', '1.3.0 gone'], {
      activeVersion: '1.3.0',
      previousVersion: '1.1.0',
    });
    expect(startCandidates(known, NAME).map(({ version }) => version)).toEqual(['1.1.0', '1.2.0', '1.0.0']);
  });
});

describe('where a roll-back leads', () => {
  it('is to what worked before', () => {
    const known = standing(['1.0.0', '1.1.0', '1.2.0'], { activeVersion: '1.2.0', previousVersion: '1.0.0' });
    expect(rollbackVersion(known, NAME)).toBe('1.0.0');
  });

  it('is to the next older version where that is not known', () => {
    expect(rollbackVersion(standing(['1.0.0', '1.1.0', '1.2.0']), NAME)).toBe('1.1.0');
    expect(rollbackVersion(standing(['1.0.0', '1.1.0'], { activeVersion: '1.1.0' }), NAME)).toBe('1.0.0');
  });

  it('is to nowhere where there is one version', () => {
    expect(rollbackVersion(standing(['1.0.0']), NAME)).toBeUndefined();
    expect(rollbackVersion(standing([]), NAME)).toBeUndefined();
  });
});

describe('the shadow', () => {
  it('is the version that was chosen, and never the one that works', () => {
    const known = standing(['1.0.0', '1.1.0'], { activeVersion: '1.0.0', shadowVersion: '1.1.0' });
    expect(shadowBeside(known, NAME, '1.0.0')?.version).toBe('1.1.0');
    expect(shadowBeside(known, NAME, '1.1.0')).toBeUndefined();
    expect(shadowBeside(standing(['1.0.0']), NAME, '1.0.0')).toBeUndefined();
  });
});
