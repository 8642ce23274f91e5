/** The doors of clinics that do not speak DIMSE: DICOMweb and watched folders. */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type { Config } from '../config.ts';
import type { DutyWork } from '../duty.ts';
import { startDicomweb } from '../http/dicomweb-server.ts';
import type { IntakeGate } from '../intake/intake-gate.ts';
import type { InstanceReceiver } from '../intake/receive-instance.ts';
import { WatchedFolder } from '../intake/watched-folder.ts';
import type { RunningPart } from '../lifecycle.ts';
import type { Foundation } from './foundation.ts';

/** The sites file is compared with the folders that are watched this often. */
const SITES_LOOK_MS = 5_000;

/** What the doors stand on. */
export interface ClinicDoorParts extends Foundation {
  readonly receiver: InstanceReceiver;
  readonly gate: IntakeGate;
}

/** The doors that are open. */
export interface ClinicDoors {
  /** Where DICOMweb is served; null where it is not. */
  readonly dicomwebUrl: string | null;
}

/** Opens the doors that are configured and adds them to the parts that are stopped in the end. */
export async function openClinicDoors(common: ClinicDoorParts, parts: RunningPart[]): Promise<ClinicDoors> {
  const { config } = common;
  const folders = new WatchedFolders(common);
  folders.start();
  parts.push({ name: 'watched folders', stop: () => folders.close() });
  if (config.dicomwebPort === null) return { dicomwebUrl: null };
  const server = await startDicomweb(
    { ...common, instanceBytesMax: instanceBytesMax(config) },
    {
      host: config.dicomwebHost,
      port: config.dicomwebPort,
      certificateFile: config.tlsCertificateFile,
      keyFile: config.tlsKeyFile,
    },
  );
  parts.push({ name: 'DICOMweb', stop: () => server.close() });
  return { dicomwebUrl: server.url };
}

/** One watched folder of the sites file. */
interface WantedFolder {
  readonly siteId: string;
  readonly folder: string;
  readonly outTray: string | undefined;
}

/**
 * The watched folders of the sites file as it is now: a changed file opens and closes them without a restart. A folder
 * that several listeners see, as on a share, is watched by one of them; where it is not there, by another or none.
 */
class WatchedFolders {
  readonly #parts: ClinicDoorParts;
  readonly #open = new Map<string, DutyWork>();
  readonly #gone = new Set<string>();
  #cancelLook: () => void = () => undefined;
  #looking: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(parts: ClinicDoorParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#looking = this.#compare().finally(() => {
      if (!this.#closed) this.#cancelLook = this.#parts.clock.schedule(SITES_LOOK_MS, () => this.start());
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelLook();
    await this.#looking;
    await Promise.all([...this.#open.values()].map((folder) => folder.close()));
  }

  async #compare(): Promise<void> {
    const wanted = await this.#findWanted();
    for (const [name, folder] of this.#open) {
      if (wanted.has(name)) continue;
      this.#open.delete(name);
      await folder.close();
    }
    for (const [name, folder] of wanted) {
      if (this.#open.has(name)) continue;
      this.#open.set(name, await this.#parts.duties.hold(dutyName(name), () => this.#watch(folder)));
    }
  }

  /** The folders of the sites file that are there. */
  async #findWanted(): Promise<ReadonlyMap<string, WantedFolder>> {
    const { sites, log } = this.#parts;
    const wanted = new Map<string, WantedFolder>();
    for (const { id: siteId, watchedFolder } of sites.book()?.sites ?? []) {
      if (watchedFolder === undefined) continue;
      const name = JSON.stringify([siteId, watchedFolder]);
      if (await isFolder(watchedFolder.folder)) {
        if (this.#gone.delete(name)) log.info({ siteId }, 'the watched folder is there again');
        wanted.set(name, { siteId, folder: watchedFolder.folder, outTray: watchedFolder.outTray });
      } else if (!this.#gone.has(name)) {
        this.#gone.add(name);
        log.error({ siteId }, 'the watched folder is not there');
      }
    }
    return wanted;
  }

  #watch(folder: WantedFolder): Promise<DutyWork> {
    const { receiver, gate, clock, log, config } = this.#parts;
    const watched = new WatchedFolder({
      ...{ ...folder, receiver, gate, clock, log, instanceBytesMax: instanceBytesMax(config) },
    });
    watched.start();
    return Promise.resolve(watched);
  }
}

/** A path may say more than the record should hold. */
function dutyName(folder: string): string {
  return `folder ${createHash('sha256').update(folder).digest('hex').slice(0, 16)}`;
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

function instanceBytesMax({ instanceMibMax }: Config): number {
  return instanceMibMax * 1024 * 1024;
}
