import { expect, it } from 'vitest';
import { differencesOf } from './setting-difference.ts';

it('names what differs by the names of items, whatever their order', () => {
  const before = { sites: [{ id: 'a', rules: { pmiMin: 0.2 } }, { id: 'b' }], destinations: [] };
  const after = { sites: [{ id: 'c' }, { id: 'a', rules: { pmiMin: 0.3 } }, { id: 'b' }], destinations: [] };
  expect(differencesOf(JSON.stringify(before), JSON.stringify(after))).toEqual([
    { path: 'sites.a.rules.pmiMin', before: 0.2, after: 0.3 },
    { path: 'sites.c', before: undefined, after: { id: 'c' } },
  ]);
});

it('shows lists of plain values, beginnings and what is no JSON as a whole', () => {
  expect(differencesOf('{"rights":["store"]}', '{"rights":["store","mpps"]}')).toEqual([
    { path: 'rights', before: ['store'], after: ['store', 'mpps'] },
  ]);
  expect(differencesOf(null, '{"a":1}')).toEqual([{ path: '', before: undefined, after: { a: 1 } }]);
  expect(differencesOf('{"a":1}', '{')).toEqual([{ path: '', before: { a: 1 }, after: '{' }]);
  expect(differencesOf('{"a":1}', '{ "a": 1 }')).toEqual([]);
});
