import { describe, expect, it } from 'vitest';
import { createWholeFilm, FAULTS } from './broken-files.ts';
import { encodeDataSet, LAYOUTS } from './dicom-file.ts';

describe('the broken files', () => {
  it('are at least twenty ways of being broken, each with a name of its own', () => {
    expect(FAULTS.length).toBeGreaterThanOrEqual(20);
    expect(new Set(FAULTS.map((fault) => fault.name)).size).toBe(FAULTS.length);
  });

  it('come from a film whose identity is its own', () => {
    expect(createWholeFilm('one').instance).not.toBe(createWholeFilm('two').instance);
  });

  it.each(FAULTS.map((fault) => [fault.name, fault] as const))(
    '%s differs from the whole film',
    async (_, fault) => {
      const film = createWholeFilm(fault.name);
      const bytes = await fault.make(film);
      expect(bytes.length).toBeLessThan(400_000);
      const whole = film.wrap(encodeDataSet(film.elements(), LAYOUTS.explicit));
      expect(Buffer.compare(bytes, whole)).not.toBe(0);
      // What can be sent has file meta information that names its SOP class and instance.
      const meta = bytes.subarray(0, 600).toString('latin1');
      expect(meta.includes('DICM') && meta.includes(film.instance)).toBe(
        fault.send || fault.name === 'syntax-unknown',
      );
    },
  );
});
