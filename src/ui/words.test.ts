import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

/** Texts that are the same in both languages, and meant to be. */
const SAME_IN_BOTH = new Set([
  'Administration',
  'Disk',
  'DXA',
  'FRAX',
  'Mandibular cortical index (Klemetti)',
  'MCI',
  'Original',
  'Person',
  'PMI',
  'PMI {n}',
  'Port',
  'Program',
  'revision {n}',
  'Version',
  'Webhook',
  '{n} ms',
  '{n} px',
]);

/** Every table of words of the pages, whatever file it stands in. */
async function readTables(): Promise<(readonly [string, Record<'en' | 'sv', Record<string, string>>])[]> {
  const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith('words.ts'));
  const modules = await Promise.all(
    files.map(async (file) => [file, (await import(join(import.meta.dirname, file))) as object] as const),
  );
  return modules.flatMap(([file, exports]) =>
    Object.values(exports)
      .filter((value: unknown): value is Record<'en' | 'sv', Record<string, string>> => isTable(value))
      .map((table) => [file, table] as const),
  );
}

function isTable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'en' in value && 'sv' in value;
}

describe('the words of the pages', () => {
  it('are there in both languages, none empty, with the same values to fill in', async () => {
    const tables = await readTables();
    expect(tables.length).toBeGreaterThan(8);
    for (const [file, { en, sv }] of tables) {
      expect(Object.keys(sv).sort(), file).toEqual(Object.keys(en).sort());
      for (const [key, english] of Object.entries(en)) {
        const swedish = sv[key] ?? '';
        expect(english.trim(), `${file} ${key}`).not.toBe('');
        expect(swedish.trim(), `${file} ${key}`).not.toBe('');
        expect(placesOf(swedish), `${file} ${key}`).toEqual(placesOf(english));
      }
    }
  });

  it('differ between the languages unless they stand on the list', async () => {
    const same = (await readTables()).flatMap(([file, { en, sv }]) =>
      Object.entries(en)
        .filter(([key, english]) => sv[key] === english)
        .filter(([, english]) => hasWords(english) && !SAME_IN_BOTH.has(english))
        .map(([key, english]) => `${file} ${key}: ${english}`),
    );
    expect(same).toEqual([]);
  });
});

/** Whether a text is more than figures, signs and places to fill in. */
function hasWords(text: string): boolean {
  return /\p{L}/u.test(text.replaceAll(/\{\w+\}/g, ''));
}

function placesOf(text: string): string[] {
  return [...text.matchAll(/\{\w+\}/g)].map(([place]) => place).sort();
}
