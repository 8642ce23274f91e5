import { expect, it } from 'vitest';
import { printBook, readBook, replaced, typedNumber, withRule } from './site-book.ts';

it('keeps what the forms do not know', () => {
  const text = printBook({
    ...{ exchange: { hl7: [] } },
    sites: [{ id: 'a', ...{ watchedFolder: { folder: '/x' } } }],
  });
  const book = readBook(text);
  const [site = {}] = book?.sites ?? [];
  const changed = { ...book, sites: replaced(book?.sites, 0, withRule(site, 'pmiMin', 0.3)) };
  expect(JSON.parse(printBook(changed))).toEqual({
    exchange: { hl7: [] },
    sites: [{ id: 'a', watchedFolder: { folder: '/x' }, rules: { pmiMin: 0.3 } }],
  });
});

it('takes a rule away where nothing stands, and reads numbers with comma or point', () => {
  expect(withRule({ rules: { pmiMin: 0.3, ageYearsMin: 60 } }, 'pmiMin', null).rules).toEqual({
    ageYearsMin: 60,
  });
  expect(['0,25', ' 3 ', '', 'x', '1e9', '-1'].map(typedNumber)).toEqual([
    0.25,
    3,
    null,
    undefined,
    undefined,
    undefined,
  ]);
});

it('shows no forms for a text that is no book', () => {
  for (const text of ['{', '[]', '3', '{"sites":{}}', '{"sites":[1]}', '{"destinations":"x"}']) {
    expect(readBook(text), text).toBeUndefined();
  }
});
