import { createHash } from 'node:crypto';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSiteRegistry, type SiteRegistry, type SiteSettings, sitesPathOf } from './site-registry.ts';
import { silentLog } from './telemetry.ts';
import { ManualClock } from './testing/manual-clock.ts';

const NO_FILE: SiteSettings = {
  mode: 'embedded',
  data: '/nowhere',
  sitesFile: '',
  pacs: [{ aeTitle: 'PACS', host: '127.0.0.1', port: 104 }],
  dimseHost: '127.0.0.1',
  dicomwebPort: null,
  dicomwebHost: '127.0.0.1',
};

let folder: string;
let path: string;
let clock: ManualClock;
let errors: unknown[];
let registry: SiteRegistry | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'osteotriage-sites-'));
  path = join(folder, 'sites.json');
  clock = new ManualClock();
  errors = [];
});
afterEach(async () => {
  await registry?.close();
  rmSync(folder, { recursive: true });
});

function open(change: Partial<SiteSettings> = {}): SiteRegistry {
  const log = { ...silentLog, error: (fields: unknown) => errors.push(fields) };
  registry = openSiteRegistry({ ...NO_FILE, pacs: [], sitesFile: path, ...change }, clock, log);
  return registry;
}

function write(...ids: string[]): void {
  const sites = ids.map((id) => ({
    id,
    name: id,
    reportsTo: ['archive'],
    rules: { ageYearsMin: 60 },
    apiKeySha256: [createHash('sha256').update(`key of ${id}`).digest('hex')],
  }));
  const destinations = [{ name: 'archive', aeTitle: 'ARCHIVE', host: 'pacs.example', port: 104 }];
  writeFileSync(path, JSON.stringify({ destinations, sites }));
}

describe('the sites while the service runs', () => {
  it('answer what a site may and where its reports go', () => {
    write('north');
    const sites = open();
    expect(sites.destinationsOf('north')).toEqual(['archive']);
    expect(sites.destinations()).toMatchObject([{ name: 'archive', aeTitle: 'ARCHIVE' }]);
    expect(sites.rulesOf('north')).toEqual({ ageYearsMin: 60 });
    expect(sites.siteOfApiKey('key of north')?.id).toBe('north');
    expect(sites.siteOfApiKey('key of south')).toBeUndefined();
    expect(sites.destinationsOf('gone')).toEqual([]);
    expect(sites.rulesOf('gone')).toEqual({});
  });

  it('are read anew when the file changes, also when another takes its place', () => {
    write('north');
    const sites = open();
    write('north', 'south');
    expect(sites.book()?.sites).toHaveLength(1);
    clock.advance(2_000);
    expect(sites.book()?.sites).toHaveLength(2);
    writeFileSync(join(folder, 'next.json'), JSON.stringify({ sites: [{ id: 'west', name: 'West' }] }));
    renameSync(join(folder, 'next.json'), path);
    clock.advance(2_000);
    expect(sites.book()?.sites.map(({ id }) => id)).toEqual(['west']);
    expect(errors).toEqual([]);
  });

  it('take up a device that was calibrated meanwhile, and go on with it where the next one cannot be', () => {
    const profile = {
      name: 'room 1',
      manufacturer: 'Invented',
      model: 'Pano',
      verticalMagnification: 1.3,
      source: 'ball phantom',
      calibratedOn: '2024-01-31',
    };
    const put = (...deviceProfiles: object[]): void => {
      writeFileSync(
        path,
        JSON.stringify({ sites: [{ id: 'north', name: 'North', rules: { deviceProfiles } }] }),
      );
      clock.advance(2_000);
    };
    write('north');
    const sites = open();
    put(profile);
    expect(sites.rulesOf('north').deviceProfiles).toEqual([profile]);
    put(profile, { ...profile, name: 'room 2', model: 'PANO ' });
    expect(errors).toHaveLength(1);
    expect(JSON.stringify(errors[0])).toContain('room 1 and room 2 are of the same device');
    expect(sites.rulesOf('north').deviceProfiles).toEqual([profile]);
    put({ ...profile, station: 'B' });
    expect(sites.rulesOf('north').deviceProfiles?.[0]?.station).toBe('B');
  });

  it('stay as they were when the new file is broken or gone, which is said once and mends itself', () => {
    write('north');
    const sites = open();
    writeFileSync(path, '{ "sites": [');
    clock.advance(2_000);
    clock.advance(2_000);
    expect(sites.book()?.sites.map(({ id }) => id)).toEqual(['north']);
    expect(errors).toEqual([{ reason: `the sites file ${path} is not JSON` }]);
    rmSync(path);
    clock.advance(2_000);
    expect(errors).toHaveLength(2);
    expect(sites.book()?.sites).toHaveLength(1);
    write('south');
    clock.advance(2_000);
    expect(sites.book()?.sites.map(({ id }) => id)).toEqual(['south']);
  });

  it('are not looked at any more after the end', async () => {
    write('north');
    const sites = open();
    await sites.close();
    write('south');
    clock.advance(10_000);
    expect(sites.book()?.sites.map(({ id }) => id)).toEqual(['north']);
  });

  it('cannot be opened from a broken file', () => {
    writeFileSync(path, '[]');
    expect(() => open()).toThrow(/sites\.json, at top/);
  });
});

describe('a node without a sites file', () => {
  it('sends the reports of loopback films to the PACS of the configuration, by AE title', () => {
    const sites = open(NO_FILE);
    expect(sites.book()).toBeNull();
    expect(sites.destinationsOf('loopback')).toEqual(['PACS']);
    expect(sites.destinations()).toMatchObject([{ name: 'PACS', host: '127.0.0.1', tls: false }]);
    expect(sites.siteOfApiKey('any')).toBeUndefined();
  });

  it.each(['127.0.0.1', '127.8.0.1', '::1', 'localhost'])('may listen on %s', (dimseHost) => {
    expect(() => open({ ...NO_FILE, dimseHost })).not.toThrow();
  });

  it.each(['0.0.0.0', '::', '10.1.2.3', 'node.example', '127.0.0.1.example', ''])(
    'refuses to listen on %j',
    (host) => {
      expect(() => open({ ...NO_FILE, dimseHost: host })).toThrow(/TRIAGE_DIMSE_HOST.*TRIAGE_SITES/);
      const dicomweb = { ...NO_FILE, dicomwebHost: host, dicomwebPort: 0 };
      expect(() => open(dicomweb)).toThrow(/TRIAGE_DICOMWEB_HOST.*TRIAGE_SITES/);
    },
  );

  it('does not care for the address of a door that is not opened', () => {
    expect(() => open({ ...NO_FILE, dicomwebHost: '0.0.0.0', dicomwebPort: null })).not.toThrow();
  });
});

describe('a node with a sites file', () => {
  it('refuses PACS in two places', () => {
    write('north');
    expect(() => open({ pacs: NO_FILE.pacs })).toThrow(/leave TRIAGE_PACS empty/);
  });

  it('may listen anywhere', () => {
    write('north');
    expect(() => open({ dimseHost: '0.0.0.0' })).not.toThrow();
  });

  it('are taken up where a node without any gets its first file in the data folder', () => {
    const sites = open({ sitesFile: '', data: folder });
    expect(sites.book()).toBeNull();
    clock.advance(2_000);
    expect(sites.book()).toBeNull();
    write('north');
    clock.advance(2_000);
    expect(sites.book()?.sites.map(({ id }) => id)).toEqual(['north']);
    expect(errors).toEqual([]);
  });

  it('stay shut to the network until there is a file, and are none beside PACS that the environment names', () => {
    const open_ = (change: Partial<SiteSettings>) => () => open({ sitesFile: '', data: folder, ...change });
    expect(open_({ dimseHost: '0.0.0.0' })).toThrow('only loopback is listened on');
    expect(sitesPathOf({ ...NO_FILE, data: folder })).toBe('');
    expect(sitesPathOf({ ...NO_FILE, pacs: [], mode: 'distributed' })).toBe('');
    write('north');
    expect(open_({ dimseHost: '0.0.0.0' })().book()?.sites).toHaveLength(1);
  });
});
