/** The doors of clinics that do not speak DIMSE: DICOMweb, watched folders, and the desk that tells them of results. */
import type { Kysely } from 'kysely';
import type { ObjectStore } from './archive/object-store.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config.ts';
import type { Database } from './database/schema.ts';
import { startDicomweb } from './http/dicomweb-server.ts';
import type { IntakeGate } from './intake/intake-gate.ts';
import type { InstanceReceiver } from './intake/receive-instance.ts';
import { WatchedFolder } from './intake/watched-folder.ts';
import type { RunningPart } from './lifecycle.ts';
import { PRODUCT_VERSION } from './project-folder.ts';
import { OutTrayRunner } from './report/out-tray-runner.ts';
import { ResultDesk } from './report/result-desk.ts';
import type { SiteDirectory } from './site-registry.ts';
import type { Log } from './telemetry.ts';

/** The sites file is compared with the folders that are watched this often. */
const SITES_LOOK_MS = 5_000;

/** What the doors stand on. */
export interface ClinicDoorParts {
  readonly config: Config;
  readonly database: Kysely<Database>;
  readonly objects: ObjectStore;
  readonly receiver: InstanceReceiver;
  readonly gate: IntakeGate;
  readonly sites: SiteDirectory;
  readonly clock: Clock;
  readonly log: Log;
}

/** The doors that are open. */
export interface ClinicDoors {
  /** Where DICOMweb is served; null where it is not. */
  readonly dicomwebUrl: string | null;
}

/** Opens the doors that are configured and adds them to the parts that are stopped in the end. */
export async function openClinicDoors(common: ClinicDoorParts, parts: RunningPart[]): Promise<ClinicDoors> {
  const { config } = common;
  const isWeb = config.dicomwebPort !== null;
  const trays = new OutTrayRunner({ ...common, giveUpAfterMs: config.deliveryDaysMax * 86_400_000 });
  await trays.retireUnknown();
  trays.ring();
  parts.push({ name: 'out-trays', stop: () => trays.close() });
  const desk = new ResultDesk({
    ...common,
    softwareVersion: PRODUCT_VERSION,
    servesLoopback: isWeb,
    onDeliveries: () => trays.ring(),
  });
  desk.start();
  parts.push({ name: 'results for clinics', stop: () => desk.close() });
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

/** The watched folders of the sites file as it is now: a changed file opens and closes them without a restart. */
class WatchedFolders {
  readonly #parts: ClinicDoorParts;
  readonly #open = new Map<string, WatchedFolder>();
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
    const { sites, config } = this.#parts;
    const wanted = new Map(
      (sites.book()?.sites ?? []).flatMap(({ id, watchedFolder }) =>
        watchedFolder === undefined
          ? []
          : [[JSON.stringify([id, watchedFolder]), { siteId: id, ...watchedFolder }] as const],
      ),
    );
    for (const [name, folder] of this.#open) {
      if (wanted.has(name)) continue;
      this.#open.delete(name);
      await folder.close();
    }
    for (const [name, { siteId, folder, outTray }] of wanted) {
      if (this.#open.has(name)) continue;
      const watched = new WatchedFolder({
        ...{ ...this.#parts, siteId, folder, outTray, instanceBytesMax: instanceBytesMax(config) },
      });
      this.#open.set(name, watched);
      watched.start();
    }
  }
}

function instanceBytesMax({ instanceMibMax }: Config): number {
  return instanceMibMax * 1024 * 1024;
}
