import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkTask, parseManifest } from './model-manifest.ts';

const TEXT = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
const [, EXAMPLE = ''] = /```json\n(.*?)```/s.exec(TEXT) ?? [];

function check(edit: (text: string) => string): string {
  const text = edit(EXAMPLE);
  try {
    checkTask(parseManifest(text, 'the manifest'));
    return 'understood';
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

describe('the manifest of a site’s own model', () => {
  it('is what its document shows', () => {
    expect(check((text) => text)).toBe('understood');
  });

  it('may say that channels stand together, and that low is below a number of any size', () => {
    expect(check((text) => text.replace('[null, 3, 224, 224]', '[null, 224, 224, 3]'))).toBe('understood');
    const tScore = (text: string) => text.replace('"sigmoid"', '"none"').replace('0.62', '-2.5');
    expect(check(tScore)).toBe('understood');
    expect(check((text) => text.replace('0.62', '62'))).toContain(
      'thresholds.lowBoneDensity is 62; write a number from 0 to 1',
    );
  });

  it('may leave out lateral views or have them', () => {
    expect(check((text) => text.replace('"chest-frontal"', '"chest-frontal", "spine-lateral"'))).toBe(
      'understood',
    );
    expect(check((text) => text.replace('"chest-frontal"', '"panoramic"'))).toContain('at views.0: ');
  });

  it('is refused with every place that is wrong', () => {
    const message = check((text) => text.replace('"file": "model.onnx",', '').replace('"stretch"', ''));
    expect(message).toContain('the manifest is wrong at file: it is missing (string expected)');
    expect(check((text) => text.replace('"channels": 3', '"channels": 2'))).toContain('preparation.channels');
    expect(check((text) => text.replace('"low": 1, "high": 99.5', '"low": 99, "high": 1'))).toContain(
      'preparation.range: low must be below high',
    );
    expect(check((text) => text.replace('"task": "low-bone-density"', '"task": "panoramic"'))).toContain(
      'lacks the output border',
    );
  });
});
