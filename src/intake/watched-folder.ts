import { constants, createReadStream } from 'node:fs';
import {
  type FileHandle,
  lstat,
  mkdir,
  open,
  opendir,
  rename,
  rmdir,
  stat,
  writeFile,
} from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Clock } from '../clock.ts';
import { REASON_TEXTS } from '../decide/reason-texts.ts';
import { asTriageError, ERRORS, TriageError } from '../errors.ts';
import { parseDataSet } from '../dicom/data-set.ts';
import { isPart10 } from '../dicom/part10.ts';
import type { Log } from '../telemetry.ts';
import {
  DEPTH_MAX,
  isOwnFolder,
  isPassedOver,
  isWithin,
  numberedName,
  OWN_FOLDERS,
  compareLooks,
  type SeenFile,
  type SettlingFile,
} from './folder-layout.ts';
import type { IntakeGate } from './intake-gate.ts';
import { receiveFile } from './part10-intake.ts';
import type { InstanceReceiver } from './receive-instance.ts';

const LOOK_MS = 2_000;
/** Unchanged for so long, over three looks: whoever writes it has finished. */
const SETTLE_MS = 4_000;
/** The header of almost every film ends well before this. */
const START_BYTES = 256 * 1024;
/** A file that lacks its end waits so long in `working`: whoever writes it may have paused, and writes on there. */
const PAUSE_MS = 60_000;
/** The end of fragments stands in these last bytes (PS3.5 section A.4); what may follow it is small. */
const END_BYTES = 64 * 1024;
const FRAGMENTS_END = Buffer.from('feffdde000000000', 'hex');
/** Files that one look takes; the rest is for the next, so that stopping never waits long. */
const FILES_EACH_LOOK = 200;
const FILES_SEEN_MAX = 20_000;
/** An empty folder that nobody has touched for so long is no export under way. */
const EMPTY_FOLDER_MS = 3_600_000;
/** The index of an exported medium (PS3.3 annex F): no image, and no error. */
const MEDIA_DIRECTORY_UID = '1.2.840.10008.1.3.10';

/** What a watched folder needs. */
export interface WatchedFolderParts {
  readonly siteId: string;
  /** The folder that the clinic exports into. */
  readonly folder: string;
  /** Where results are put: nothing in there is an export. */
  readonly outTray: string | undefined;
  readonly receiver: InstanceReceiver;
  readonly gate: IntakeGate;
  readonly instanceBytesMax: number;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Takes what a clinic exports into a folder. A file goes from the export to `working` (by rename, when
 * several looks found it alike), from there through the receiver, and then, under the clinic's own name, to `taken` when it is
 * durable in the archive, or to `errors` with a text beside it that says why. What a crash leaves in `working` is
 * taken up again: the receiver knows what it holds already. Modes: waiting, looking, closed.
 */
export class WatchedFolder {
  readonly #parts: WatchedFolderParts;
  readonly #root: string;
  #seen = new Map<string, SettlingFile>();
  #cancelLook: () => void = () => undefined;
  #looking: Promise<void> = Promise.resolve();
  #closed = false;
  #isOut = false;
  #isWaiting = false;

  constructor(parts: WatchedFolderParts) {
    this.#parts = parts;
    this.#root = resolve(parts.folder);
  }

  /** Looks again and again till the end. */
  start(): void {
    this.#looking = this.look().finally(() => {
      if (!this.#closed) this.#cancelLook = this.#parts.clock.schedule(LOOK_MS, () => this.start());
    });
  }

  /** Takes what is there now. Never rejects: a folder that cannot be reached is looked at again later. */
  async look(): Promise<void> {
    const { log, siteId, gate, clock } = this.#parts;
    try {
      for (const folder of Object.values(OWN_FOLDERS)) {
        const path = join(this.#root, folder);
        await mkdir(path).then(() => this.#share(path), isThere);
      }
      const found = await this.#list(this.#root, 0, (name) => !isOwnFolder(name));
      const nowMs = clock.monotonicMs();
      const files = compareLooks(found, this.#seen, nowMs);
      this.#seen = new Map(files.map((file) => [file.name, file]));
      const ready = files.filter(({ sinceMs }) => nowMs - sinceMs >= SETTLE_MS);
      for (const file of ready.slice(0, FILES_EACH_LOOK)) await this.#claim(file);
      // Nothing is taken in while the disk or the queue is full; what waits in `working` stays there.
      this.#isWaiting &&= found.length > 0;
      if ((gate.judgeInstance() ?? gate.judgeAssociation()) === undefined) await this.#takeClaimed();
      if (this.#isOut) log.info({ siteId }, 'the watched folder is there again');
      this.#isOut = false;
    } catch (thrown) {
      if (!this.#isOut) log.error({ siteId, code: codeOf(thrown) }, 'the watched folder cannot be read');
      this.#isOut = true;
    }
  }

  /** Looks no more and waits for the file under way. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelLook();
    await this.#looking;
  }

  async #takeClaimed(): Promise<void> {
    const working = join(this.#root, OWN_FOLDERS.working);
    for (const file of (await this.#list(working, 0, () => true)).slice(0, FILES_EACH_LOOK)) {
      if (this.#closed) return;
      await this.#take(working, file);
    }
  }

  /** Regular files below a folder. Links are not followed: they could lead anywhere. */
  async #list(folder: string, depth: number, isWanted: (name: string) => boolean): Promise<SeenFile[]> {
    const files: SeenFile[] = [];
    for await (const entry of await opendir(folder)) {
      if (!isWanted(entry.name) || files.length >= FILES_SEEN_MAX) continue;
      const path = join(folder, entry.name);
      if (entry.isDirectory() && depth < DEPTH_MAX && !this.#isOutTray(path)) {
        const inner = await this.#list(path, depth + 1, () => true).catch(() => []);
        if (inner.length === 0) await this.#removeStale(path);
        files.push(...inner.map((file) => ({ ...file, name: join(entry.name, file.name) })));
      } else if (entry.isFile() && !isPassedOver(entry.name)) {
        // It may have been moved away since the folder was read.
        const found = await lstat(path).catch(() => undefined);
        if (found !== undefined)
          files.push({ name: entry.name, bytes: found.size, changedAtMs: found.mtimeMs });
      }
    }
    return files;
  }

  #isOutTray(path: string): boolean {
    const { outTray } = this.#parts;
    return outTray !== undefined && isWithin(path, resolve(outTray));
  }

  /** Study folders that were emptied would pile up; one that holds anything cannot be removed this way. */
  async #removeStale(path: string): Promise<void> {
    const { mtimeMs } = await lstat(path);
    if (this.#parts.clock.nowMs() - mtimeMs > EMPTY_FOLDER_MS) await rmdir(path).catch(() => undefined);
  }

  /** A file that cannot be moved, because a program holds it or the rights are missing, is left for the next look. */
  async #claim(file: SeenFile): Promise<void> {
    try {
      await rename(join(this.#root, file.name), await this.#freePlace(OWN_FOLDERS.working, file.name));
    } catch (thrown) {
      const { siteId, log } = this.#parts;
      log.warn({ siteId, code: codeOf(thrown) }, 'a file of a watched folder cannot be moved');
    }
  }

  // Never rejects: one bad file must not keep the next from being taken.
  async #take(working: string, file: SeenFile): Promise<void> {
    const { siteId, log } = this.#parts;
    const { name } = file;
    const path = join(working, name);
    try {
      const refusal = await this.#receive(path, file);
      if (refusal === 'unfinished') return;
      if (refusal === undefined) await rename(path, await this.#freePlace(OWN_FOLDERS.taken, name));
      else if (refusal.class === 'transient') this.#noteWaiting(refusal);
      else await this.#setAside(path, name, refusal);
    } catch (thrown) {
      log.error({ siteId, code: codeOf(thrown) }, 'a file of a watched folder could not be dealt with');
    }
  }

  /** Why the file was refused, or undefined where it is held. */
  async #receive(
    path: string,
    { bytes, changedAtMs }: SeenFile,
  ): Promise<TriageError | 'unfinished' | undefined> {
    const { receiver, siteId, instanceBytesMax, clock } = this.#parts;
    try {
      const kind = await kindOf(path, bytes);
      if (kind === 'index') return undefined;
      if (kind === 'picture')
        return new TriageError('picture-without-identity', 'the file is a plain picture');
      if (kind === 'cut off' && Math.abs(clock.nowMs() - changedAtMs) < PAUSE_MS) return 'unfinished';
      if (kind === 'cut off')
        return new TriageError('data-set-unreadable', 'the file ends before its pixels do');
      const terms = { siteId, door: 'folder' as const, instanceBytesMax };
      const { reception } = await receiveFile(receiver, createReadStream(path), terms);
      return reception.kind === 'refused' ? reception.error : undefined;
    } catch (thrown) {
      return asTriageError(thrown, 'storage-failed');
    }
  }

  /** What passes by itself is tried again at the next look: the file stays in `working`. */
  #noteWaiting({ code }: TriageError): void {
    const { siteId, log } = this.#parts;
    if (!this.#isWaiting) log.warn({ siteId, code }, 'files of a watched folder wait to be taken in');
    this.#isWaiting = true;
  }

  // The text goes first: a crash in between leaves a text too many and no file without one.
  async #setAside(path: string, name: string, refusal: TriageError): Promise<void> {
    const { siteId, log } = this.#parts;
    const place = await this.#freePlace(OWN_FOLDERS.errors, name);
    await writeFile(`${place}.txt`, explain(refusal));
    await this.#share(`${place}.txt`);
    await rename(path, place);
    log.warn({ siteId, code: refusal.code }, 'a file of a watched folder was set aside');
  }

  /** Lets those use what we made who may use the folder, though the service keeps its own files to itself. */
  async #share(path: string): Promise<void> {
    const { mode } = await stat(this.#root);
    const made = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      // A share may know no modes.
      await made.chmod(mode & ((await made.stat()).isDirectory() ? 0o777 : 0o666)).catch(() => undefined);
    } finally {
      await made.close();
    }
  }

  /** Where a file can go in one of our folders: its own name, or the next that is free. Only we write there. */
  async #freePlace(folder: string, name: string): Promise<string> {
    for (let number = 1; ; number += 1) {
      const place = join(this.#root, folder, numberedName(name, number));
      if ((await mkdir(dirname(place), { recursive: true })) !== undefined) await this.#share(dirname(place));
      if ((await lstat(place).catch(() => undefined)) === undefined) return place;
    }
  }
}

/** What a file is, as its first bytes say. */
async function kindOf(
  path: string,
  bytes: number,
): Promise<'film' | 'index' | 'picture' | 'cut off' | 'other'> {
  const file = await open(path, 'r');
  try {
    const start = await readAt(file, 0, START_BYTES);
    if (!isPart10(start)) {
      const magic = start.subarray(0, 4).toString('hex');
      const isPicture = magic.startsWith('ffd8ff') || ['89504e47', '49492a00', '4d4d002a'].includes(magic);
      return isPicture ? 'picture' : 'other';
    }
    if (start.includes(`${MEDIA_DIRECTORY_UID}\0`, 132, 'latin1')) return 'index';
    const end = await readAt(file, Math.max(0, bytes - END_BYTES), END_BYTES);
    return endsWithin(start, end, bytes) ? 'cut off' : 'film';
  } finally {
    await file.close();
  }
}

/** Whether the file ends before its pixels: its copy was broken off. What cannot be read says nothing here. */
function endsWithin(start: Buffer, end: Buffer, bytes: number): boolean {
  try {
    const { pixelData, transferSyntax } = parseDataSet(start);
    if (pixelData == null || transferSyntax?.deflated === true) return false;
    if (pixelData.length === null) return !end.includes(FRAGMENTS_END);
    return pixelData.offset + pixelData.length > bytes;
  } catch {
    return false;
  }
}

async function readAt(file: FileHandle, position: number, bytesMax: number): Promise<Buffer> {
  const bytes = Buffer.alloc(bytesMax);
  const { bytesRead } = await file.read(bytes, 0, bytesMax, position);
  return bytes.subarray(0, bytesRead);
}

/** What was wrong and what to do, in Swedish and English. */
function explain({ code, message }: TriageError): string {
  const { sv, en } = REASON_TEXTS[code];
  const lines = [
    sv,
    'Åtgärda felet och exportera bilden igen till mappen. Den här filen kan sedan tas bort.',
    '',
    en,
    `${ERRORS[code].action} Then export the image into the folder again; this file can be deleted.`,
    '',
    `(${code}: ${message})`,
  ];
  return `\uFEFF${lines.join('\r\n')}\r\n`;
}

function isThere(thrown: unknown): void {
  if (codeOf(thrown) !== 'EEXIST') throw thrown;
}

/** The code alone: a path in a message can hold a patient's name. */
function codeOf(thrown: unknown): string {
  if (thrown instanceof TriageError) return thrown.code;
  return thrown instanceof Error ? ((thrown as NodeJS.ErrnoException).code ?? thrown.name) : 'unknown';
}
