import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readConfig } from '../config.ts';
import { type DicomDataset, writePart10 } from '../dicom/write-part10.ts';
import type { AnalysisResult } from '../exam/analysis.ts';
import { encodePng16 } from '../imaging/raster.ts';
import { silentLog } from '../telemetry.ts';
import { type CalibrationFilm, renderCalibrationFilm } from '../testing/calibration-film.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { runAnalyse } from './analyse.ts';
import { describeDevices } from './examine-devices.ts';
import { addDevice, calibrate, type CalibrateOptions, listDevices, removeDevice } from './device.ts';

const FIXTURES = resolve(import.meta.dirname, '..', '..', 'dicom-fixtures');
const PANORAMIC = join(FIXTURES, '02-thin-cortex.dcm');
const CORRECTED = ['19-magnification-stated.dcm', '20-calibrated.dcm'].map((name) => join(FIXTURES, name));
const MM_PER_PX = 0.1;
const BALL_MM = 5;
const MAGNIFICATION = 1.3;
const radius = (MAGNIFICATION * BALL_MM) / MM_PER_PX / 2;
const BALLS = [
  { x: 100.3, y: 110.6, radiusX: 32, radiusY: radius },
  { x: 280.1, y: 120.2, radiusX: 31, radiusY: radius * 1.002 },
  { x: 450.7, y: 115.9, radiusX: 33.5, radiusY: radius * 0.998 },
];
const CALIBRATE: CalibrateOptions = { ballMm: BALL_MM, anyStation: false, json: true };
const BY_HAND = { magnification: 1.25, source: 'letter of the vendor', json: true };

const clock = new ManualClock(Date.parse('2024-03-02T12:00:00Z'));
let folder: string;
let phantomFile: string;
let profilesFile: string;
let sitesFile: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'osteotriage-device-'));
  phantomFile = writeFilm('phantom.dcm', { balls: BALLS });
});
beforeEach(() => {
  profilesFile = join(folder, 'devices.json');
  sitesFile = join(folder, 'sites.json');
  rmSync(profilesFile, { force: true });
  const sites = ['north', 'south'].map((id) => ({ id, name: id, rules: { ageYearsMin: 55 } }));
  writeFileSync(sitesFile, JSON.stringify({ sites }));
});
afterAll(() => rmSync(folder, { recursive: true }));

function writeFilm(name: string, film: CalibrationFilm, header: DicomDataset = {}): string {
  const { columns, rows, samples, values } = renderCalibrationFilm(film);
  const words = Uint16Array.from(samples, (word) => values[word] ?? 0);
  const path = join(folder, name);
  const bytes = writePart10({
    SpecificCharacterSet: 'ISO_IR 192',
    SOPClassUID: '1.2.840.10008.5.1.4.1.1.1.1',
    SOPInstanceUID: '2.25.1',
    StudyInstanceUID: '2.25.2',
    SeriesInstanceUID: '2.25.3',
    StudyDate: '20240301',
    Manufacturer: 'Osteotriage fixtures',
    ManufacturerModelName: 'Fantom 1',
    ImagerPixelSpacing: [MM_PER_PX, MM_PER_PX],
    SamplesPerPixel: 1,
    PhotometricInterpretation: 'MONOCHROME2',
    Rows: rows,
    Columns: columns,
    BitsAllocated: 16,
    BitsStored: 12,
    HighBit: 11,
    PixelRepresentation: 0,
    PixelData: new Uint8Array(words.buffer),
    ...header,
  });
  writeFileSync(path, bytes);
  return path;
}

function config(environment: Record<string, string> = { TRIAGE_DEVICE_PROFILES: profilesFile }) {
  return readConfig({}, { TRIAGE_WORKERS: '1', ...environment }).config;
}

async function listed(environment?: Record<string, string>, film?: string): Promise<Listed> {
  const [line = ''] = await listDevices(config(environment), { json: true, film }, clock);
  return JSON.parse(line) as Listed;
}

interface Listed {
  readonly lists: readonly {
    site: string | null;
    profiles: readonly { name: string; verticalMagnification: number }[];
  }[];
  readonly applied: readonly { profile: string | null; magnification: number | null; why: string }[];
}

async function analyse(...paths: string[]): Promise<AnalysisResult[]> {
  const lines: string[] = [];
  const write = (line: string): number => lines.push(line);
  await runAnalyse({ paths, json: true, config: config(), log: silentLog, write });
  return lines.map((line) => JSON.parse(line) as AnalysisResult);
}

describe('osteotriage device calibrate', { timeout: 180_000 }, () => {
  it('goes from a film of balls to corrected millimetres on the films of that device', async () => {
    const before = await listed(undefined, PANORAMIC);
    expect(before.applied[0]?.why).toBe('no profile: detector scale, not corrected');
    const [line = ''] = await calibrate(
      config(),
      [phantomFile],
      { ...CALIBRATE, add: 'phantom unit' },
      clock,
    );
    const report = JSON.parse(line) as {
      objects: unknown[];
      verticalMagnification: number;
      uncertainty: number;
    };
    expect(report.objects).toHaveLength(BALLS.length);
    expect(Math.abs(report.verticalMagnification / MAGNIFICATION - 1)).toBeLessThan(0.005);
    expect(report.uncertainty).toBeLessThan(0.01);
    const [profile] = (await listed()).lists[0]?.profiles ?? [];
    expect(profile).toMatchObject({
      name: 'phantom unit',
      manufacturer: 'Osteotriage fixtures',
      model: 'Fantom 1',
      source: 'ball phantom 5.00 mm, 3 balls on 1 film',
      calibratedOn: '2024-03-01',
    });
    const [result] = await analyse(PANORAMIC);
    const { panoramic, spacing, reasons } = result!;
    const magnification = profile?.verticalMagnification ?? 0;
    expect(panoramic?.magnification).toBe(magnification);
    expect(panoramic?.deviceProfile).toMatchObject({ name: 'phantom unit', calibratedOn: '2024-03-01' });
    for (const { widthMm, widthPx } of panoramic?.sides ?? [])
      expect(widthMm).toBeCloseTo((widthPx! * spacing.mmPerPx!) / magnification, 9);
    expect(reasons.map(({ code }) => code)).not.toContain('detector-scale-not-corrected');
    expect((await listed(undefined, PANORAMIC)).applied[0]?.profile).toBe('phantom unit');
  });

  it('reads a plain picture at the scale that is given, and says that one ball tells no spread', async () => {
    const { columns, rows, samples, values } = renderCalibrationFilm({ balls: [BALLS[0]!] });
    const path = join(folder, 'ball.png');
    const words = Uint16Array.from(samples, (word) => values[word] ?? 0);
    writeFileSync(path, await encodePng16(words, columns, rows));
    const lines = await calibrate(config(), [path], { ...CALIBRATE, mmPerPx: MM_PER_PX, json: false }, clock);
    expect(lines.join('\n')).toMatch(/vertical magnification 1\.(29|30)\d\d\n/);
    expect(lines.join('\n')).toContain('one object says nothing of the spread');
    await expect(
      calibrate(config(), [path], { ...CALIBRATE, mmPerPx: 0.1, add: 'x' }, clock),
    ).rejects.toThrow('name no manufacturer and model');
    await expect(calibrate(config(), [path], CALIBRATE, clock)).rejects.toThrow('--mm-per-px');
  });

  it.each<[string, CalibrationFilm, DicomDataset, Partial<CalibrateOptions>, string]>([
    ['nothing round on it', { balls: [] }, {}, {}, 'shows no ball of 5 mm that can be measured.'],
    ['a ball cut off', { balls: [{ ...BALLS[0]!, x: 10 }] }, {}, {}, 'is cut off by the edge of the film'],
    [
      'fewer balls than asked for',
      { balls: [BALLS[0]!] },
      {},
      { count: 2 },
      'shows 1 ball that can be measured, not 2',
    ],
    [
      'balls that disagree',
      { balls: [BALLS[0]!, { ...BALLS[1]!, radiusY: radius * 1.06 }] },
      {},
      {},
      'the balls disagree by 5.',
    ],
    [
      'a scale that is corrected already',
      { balls: BALLS },
      { EstimatedRadiographicMagnificationFactor: 1.2 },
      {},
      'corrects its own scale',
    ],
    ['balls of too few pixels', { balls: BALLS }, {}, { ballMm: 1 }, 'take a larger one'],
  ])('refuses a film with %s and says what to do', async (what, film, header, options, message) => {
    const path = writeFilm(`${what}.dcm`, film, header);
    await expect(calibrate(config(), [path], { ...CALIBRATE, ...options }, clock)).rejects.toThrow(message);
  });

  it('refuses films of two devices, and a phantom that is not named', async () => {
    const one = writeFilm('one.dcm', { balls: [BALLS[0]!] });
    const other = writeFilm('other.dcm', { balls: [BALLS[0]!] }, { StationName: 'ROOM2' });
    await expect(calibrate(config(), [one, other], CALIBRATE, clock)).rejects.toThrow('one device at a time');
    const unnamed = { anyStation: false, json: true };
    await expect(calibrate(config(), [phantomFile], unnamed, clock)).rejects.toThrow(
      'either --ball-mm or --step-mm',
    );
  });
});

describe('the device profiles of a file', { timeout: 180_000 }, () => {
  it('say so where they are old, and leave alone what the film corrects itself', async () => {
    await addDevice(config(), 'old unit', { ...BY_HAND, film: PANORAMIC, on: '2020-05-01' }, clock);
    const [usual, ...corrected] = await analyse(PANORAMIC, ...CORRECTED);
    expect(usual?.panoramic).toMatchObject({ magnification: 1.25, deviceProfile: { name: 'old unit' } });
    const note = usual?.reasons.find(({ code }) => code === 'device-calibration-old');
    expect(note?.text).toContain('2020-05-01');
    expect(corrected.map(({ panoramic }) => panoramic?.magnification)).toEqual([null, null]);
    expect(corrected.map(({ panoramic }) => panoramic?.deviceProfile)).toEqual([null, null]);
    expect(corrected.map(({ reasons }) => reasons[0]?.code)).toEqual([
      'mcw-below-threshold',
      'mcw-at-or-above-threshold',
    ]);
    const { applied } = await listed(undefined, CORRECTED[0]);
    expect(applied[0]?.why).toBe('the film corrects its scale itself; no profile is applied');
  });

  it('are entered and removed in the rules of a site; what else the file says stays, the old one beside it', async () => {
    const environment = { TRIAGE_SITES: sitesFile };
    const before = readFileSync(sitesFile, 'utf8');
    await addDevice(config(environment), 'unit 1', { ...BY_HAND, film: PANORAMIC, site: 'south' }, clock);
    expect(readFileSync(`${sitesFile}.bak`, 'utf8')).toBe(before);
    const { sites } = JSON.parse(readFileSync(sitesFile, 'utf8')) as {
      sites: { id: string; rules: object }[];
    };
    expect(sites.map(({ rules }) => Object.keys(rules))).toEqual([
      ['ageYearsMin'],
      ['ageYearsMin', 'deviceProfiles'],
    ]);
    expect((await listed(environment, PANORAMIC)).applied).toMatchObject([
      { profile: null, magnification: null },
      { profile: 'unit 1', magnification: 1.25 },
    ]);
    await removeDevice(config(environment), 'unit 1', { site: 'south', json: true });
    expect((await listed(environment)).lists.map(({ profiles }) => profiles)).toEqual([[], []]);
    await expect(removeDevice(config(environment), 'unit 1', { site: 'south', json: true })).rejects.toThrow(
      'site south has no device profile named unit 1',
    );
  });

  it('are left as they were where the new one cannot be, or the file is not ours', async () => {
    const add = (change: object, environment?: Record<string, string>) =>
      addDevice(config(environment), 'unit 1', { ...BY_HAND, film: PANORAMIC, ...change }, clock);
    await add({});
    const held = readFileSync(profilesFile, 'utf8');
    await expect(add({})).rejects.toThrow('two device profiles are named unit 1');
    await expect(addDevice(config(), 'unit 2', { ...BY_HAND, film: PANORAMIC }, clock)).rejects.toThrow(
      'unit 1 and unit 2 are of the same device',
    );
    await expect(add({ station: 'ROOM2', magnification: 2.5 })).rejects.toThrow('verticalMagnification');
    await expect(add({ station: 'ROOM2', on: '2024-02-30' })).rejects.toThrow('write a day');
    await expect(add({ film: undefined })).rejects.toThrow('say which device it is');
    expect(readFileSync(profilesFile, 'utf8')).toBe(held);
    const link = join(folder, 'link.json');
    symlinkSync(profilesFile, link);
    await expect(
      addDevice(
        config({ TRIAGE_DEVICE_PROFILES: link }),
        'unit 2',
        { ...BY_HAND, film: PANORAMIC, station: 'B' },
        clock,
      ),
    ).rejects.toThrow(/managed elsewhere, let deviceProfiles be there: \[/);
    expect(existsSync(`${link}.bak`)).toBe(false);
  });

  it('are counted by doctor, which names those whose calibration is old', async () => {
    expect(describeDevices(config(), clock)).toContain('none: panoramic millimetres stay at detector scale');
    await addDevice(config(), 'new unit', { ...BY_HAND, film: PANORAMIC, on: '2023-05-01' }, clock);
    expect(describeDevices(config(), clock)).toBe('1 profile');
    await addDevice(
      config(),
      'old unit',
      { ...BY_HAND, film: PANORAMIC, station: 'B', on: '2020-05-01' },
      clock,
    );
    expect(describeDevices(config(), clock)).toBe(
      '2 profiles; calibrated more than two years ago, so calibrate anew: old unit',
    );
    const text = await listDevices(config(), { json: false }, clock);
    expect(text.filter((line) => line.endsWith('OLD'))).toHaveLength(1);
  });

  it('need a place: a setting, or the site where there are several', async () => {
    const add = (environment: Record<string, string>) =>
      addDevice(config(environment), 'unit 1', { ...BY_HAND, film: PANORAMIC }, clock);
    await expect(add({})).rejects.toThrow('set TRIAGE_DEVICE_PROFILES');
    await expect(add({ TRIAGE_SITES: sitesFile })).rejects.toThrow('--site: north, south');
  });
});
