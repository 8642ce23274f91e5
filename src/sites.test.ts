import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DEFAULT_REFERRAL_DAYS } from './exam/referral-life.ts';
import { parseSites, readSites } from './sites.ts';

const CLINIC = {
  id: 'clinic',
  name: 'Dental clinic',
  peers: [{ aeTitle: 'DENTAL', addresses: ['10.1.2.0/24'] }],
};
const PACS = { name: 'pacs', aeTitle: 'PACS', host: 'pacs.example', port: 11112 };

function parse(book: unknown) {
  return parseSites(JSON.stringify(book), '/etc/sites.json');
}

function withPeer(peer: Record<string, unknown>) {
  const peers = [{ aeTitle: 'DENTAL', addresses: ['10.1.2.3'], ...peer }];
  return () => parse({ sites: [{ id: 'clinic', name: 'Clinic', peers }] });
}

describe('the sites file', () => {
  it('fills in what is left out: store and commit, every object, no TLS', () => {
    const book = parse({ destinations: [PACS], sites: [{ ...CLINIC, reportsTo: ['pacs'] }] });
    expect(book.sites[0]).toMatchObject({ apiKeySha256: [], reportsTo: ['pacs'], rules: {} });
    expect(book.sites[0]?.peers[0]).toMatchObject({ rights: ['store', 'commit'] });
    expect(book.destinations[0]).toMatchObject({
      tls: false,
      objects: ['SR', 'SC', 'GSPS'],
      commitment: false,
    });
  });

  it('lets the ranges of one peer overlap', () => {
    const addresses = ['10.0.0.0/8', '10.1.2.3'];
    expect(withPeer({ addresses })().sites[0]?.peers[0]?.addresses).toEqual(addresses);
  });

  it('is what its document shows', () => {
    const text = readFileSync(new URL('../docs/sites.md', import.meta.url), 'utf8');
    const [, example = ''] = /```json\n(.*?)```/s.exec(text) ?? [];
    expect(parseSites(example, 'docs/sites.md').sites.map(({ id }) => id)).toEqual([
      'hospital',
      'dental-north',
    ]);
  });

  it('takes a fingerprint as openssl prints it and an AE title without its padding', () => {
    const certificateSha256 = Array.from({ length: 32 }, () => 'AB').join(':');
    const peer = withPeer({ aeTitle: ' DENTAL ', certificateSha256 })().sites[0]?.peers[0];
    expect(peer).toMatchObject({ aeTitle: 'DENTAL', certificateSha256: 'ab'.repeat(32) });
  });

  it('says how long a referral may wait, in part or not at all', () => {
    expect(parse({ sites: [CLINIC] }).worklist.days).toEqual(DEFAULT_REFERRAL_DAYS);
    const { days } = parse({ sites: [CLINIC], worklist: { days: { 'dxa-booked': 42 } } }).worklist;
    expect(days).toEqual({ ...DEFAULT_REFERRAL_DAYS, 'dxa-booked': 42 });
  });

  it.each<[string, () => unknown, RegExp]>([
    ['is not JSON', () => parseSites('{', '/etc/sites.json'), /\/etc\/sites\.json is not JSON/],
    ['does not exist', () => readSites('/nowhere/sites.json'), /\/nowhere\/sites\.json cannot be read/],
    ['names no site', () => parse({ sites: [] }), /at sites/],
    ['has a field that is not known', withPeer({ adresses: [] }), /sites\.0\.peers\.0: .*adresses/],
    ['has an AE title of 17 characters', withPeer({ aeTitle: 'A'.repeat(17) }), /1 to 16 characters/],
    ['has an AE title of spaces', withPeer({ aeTitle: '   ' }), /1 to 16 characters/],
    [
      'has a range that is none',
      withPeer({ addresses: ['10.1.2.0/33'] }),
      /sites\.0\.peers\.0\.addresses\.0/,
    ],
    ['has a host name for an address', withPeer({ addresses: ['clinic.example'] }), /an address or a range/],
    [
      'has a host name for an address of one of two peers',
      () =>
        parse({
          sites: [{ ...CLINIC, peers: [{ aeTitle: 'DENTAL', addresses: ['north'] }, ...CLINIC.peers] }],
        }),
      /an address or a range/,
    ],
    ['leaves out the addresses of a peer', withPeer({ addresses: [] }), /addresses/],
    ['has a right that is not known', withPeer({ rights: ['everything'] }), /rights\.0/],
    ['has a short fingerprint', withPeer({ certificateSha256: 'abcd' }), /64 hexadecimal digits/],
    [
      'reports to a destination that is none',
      () => parse({ sites: [{ ...CLINIC, reportsTo: ['pacs'] }] }),
      /clinic reports to pacs, which is no destination/,
    ],
    [
      'lets a referral wait no day at all',
      () => parse({ sites: [CLINIC], worklist: { days: { flagged: 0 } } }),
      /at worklist\.days\.flagged/,
    ],
    [
      'has two sites of one id',
      () => parse({ sites: [CLINIC, { ...CLINIC, peers: [] }] }),
      /two sites clinic/,
    ],
    [
      'has two destinations of one name',
      () => parse({ destinations: [PACS, PACS], sites: [CLINIC] }),
      /two destinations pacs/,
    ],
    [
      'lets two sites claim one caller',
      () => parse({ sites: [CLINIC, { ...CLINIC, id: 'other' }] }),
      /the same caller: DENTAL calling \(this node\) from 10\.1\.2\.0\/24/,
    ],
    [
      'lets two sites claim callers whose ranges overlap',
      () => {
        const peers = [{ ...CLINIC.peers[0], addresses: ['192.168.1.1', '10.9.9.9/8'] }];
        return parse({ sites: [CLINIC, { ...CLINIC, id: 'other', peers }] });
      },
      /from 10\.1\.2\.0\/24 and from 10\.9\.9\.9\/8/,
    ],
    [
      'lets two sites share an API key',
      () =>
        parse({
          sites: ['a', 'b'].map((id) => ({ id, name: id, apiKeySha256: ['0'.repeat(64)] })),
        }),
      /two sites or systems have the API key 00000000/,
    ],
    [
      'an out-tray that would be taken for an export',
      () =>
        parse({
          sites: [{ id: 'a', name: 'A', watchedFolder: { folder: '/in/', outTray: '/in' } }],
        }),
      /out-tray of site a is its watched folder itself/,
    ],
    [
      'a folder within another site’s',
      () =>
        parse({
          sites: [
            { id: 'a', name: 'A', watchedFolder: { folder: '/in' } },
            { id: 'b', name: 'B', watchedFolder: { folder: '/other', outTray: '/in/b' } },
          ],
        }),
      /site b has a folder within the watched folder of site a/,
    ],
  ])('that %s is refused with the place and what is expected there', (_what, read, message) => {
    expect(read).toThrow(message);
    expect(read).toThrow(expect.objectContaining({ code: 'configuration-invalid' }) as Error);
  });
});
