/** What is looked for in a clinic's export folder, and where it goes. Pure. */
import { basename, join, relative, sep } from 'node:path';

/** Our own folders within the one that the clinic exports into. */
export const OWN_FOLDERS = { working: 'working', taken: 'taken', errors: 'errors' } as const;

/** A study export is a folder or two; deeper than this nothing is looked for. */
export const DEPTH_MAX = 4;

/** A file as one look found it. */
export interface SeenFile {
  /** Path below the watched folder. */
  readonly name: string;
  readonly bytes: number;
  readonly changedAtMs: number;
}

/** Whether a name is one that programs give to what they have not finished, or that systems leave behind. */
export function isPassedOver(name: string): boolean {
  const file = basename(name).toLowerCase();
  return (
    file.startsWith('.') ||
    file.startsWith('~') ||
    /\.(?:part|partial|tmp|temp|crdownload|filepart)$/.test(file) ||
    ['thumbs.db', 'desktop.ini'].includes(file)
  );
}

/** Whether a path on the top of the watched folder is ours and no export. */
export function isOwnFolder(name: string): boolean {
  return (Object.values(OWN_FOLDERS) as readonly string[]).includes(name);
}

/** A file and since when it has been as it is. */
export interface SettlingFile extends SeenFile {
  readonly sinceMs: number;
}

/** What this look found, with how long each file has been unchanged. */
export function compareLooks(
  now: readonly SeenFile[],
  before: ReadonlyMap<string, SettlingFile>,
  nowMs: number,
): readonly SettlingFile[] {
  return now.map((file) => {
    const earlier = before.get(file.name);
    const isSame = earlier?.bytes === file.bytes && earlier.changedAtMs === file.changedAtMs;
    return { ...file, sinceMs: isSame ? earlier.sinceMs : nowMs };
  });
}

/** A free name: `film.dcm`, then `film (2).dcm` and so on. */
export function numberedName(name: string, number: number): string {
  if (number < 2) return name;
  const dot = name.lastIndexOf('.');
  const hasSuffix = dot > name.lastIndexOf(sep) + 1;
  return hasSuffix ? `${name.slice(0, dot)} (${number})${name.slice(dot)}` : `${name} (${number})`;
}

/** Whether a path lies in a folder, or is it. */
export function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === '' || (!way.startsWith('..') && !way.startsWith(sep) && join(folder, way) === path);
}
