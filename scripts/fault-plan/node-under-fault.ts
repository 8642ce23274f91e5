import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { type ServiceProcess, startServiceProcess } from '../demo/service-process.ts';
import type { FaultProxy } from './fault-proxy.ts';

/** Where a node lives and what it is started with. */
export interface NodeOptions {
  readonly dataFolder: string;
  readonly logFile: string;
  /** The wire that senders use; it is led to the node at each start. */
  readonly wire: FaultProxy;
  /** Settings of each start. */
  readonly settings: () => Readonly<Record<string, string>>;
}

/** A service process that is killed and started again; one that ends by itself is counted as a defect. */
export class NodeUnderFault {
  readonly #options: NodeOptions;
  #service: ServiceProcess | undefined;
  #endedByUs = false;
  starts = 0;
  endedByItself = 0;
  peakRssMb = 0;

  constructor(options: NodeOptions) {
    this.#options = options;
  }

  /** AE title of the node. */
  get aeTitle(): string {
    return this.#service?.ready.dimse.aeTitle ?? '';
  }

  /** Starts it, again and again while the disk does not let it. */
  async start(extra: Readonly<Record<string, string>> = {}): Promise<void> {
    const { dataFolder, logFile, wire, settings } = this.#options;
    for (let attempt = 1; ; attempt += 1) {
      try {
        this.#service = await startServiceProcess(dataFolder, { ...settings(), ...extra }, logFile);
        break;
      } catch (thrown) {
        if (attempt === 60) throw thrown;
        await delay(1000);
      }
    }
    this.starts += 1;
    this.#endedByUs = false;
    wire.upstreamPort = this.#service.ready.dimse.port;
    this.#service.process.once('exit', () => {
      if (this.#endedByUs) return;
      this.endedByItself += 1;
      void this.start();
    });
  }

  /** SIGKILL; resolves when it is gone. */
  async kill(): Promise<void> {
    this.#endedByUs = true;
    this.#service?.process.kill('SIGKILL');
    await this.#service?.stop();
  }

  /** SIGTERM; resolves with the exit status. */
  async stop(): Promise<number | null> {
    this.#endedByUs = true;
    return (await this.#service?.stop()) ?? null;
  }

  /** SIGKILL to one of its workers, by the number that the draw gives. */
  async killWorker(draw: number): Promise<void> {
    const pid = this.#service?.process.pid ?? 0;
    const children = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')).trim();
    const workers = children === '' ? [] : children.split(' ');
    const worker = workers[Math.floor(draw * workers.length)];
    if (worker === undefined) return;
    try {
      process.kill(Number(worker), 'SIGKILL');
    } catch {
      // It ended by itself meanwhile.
    }
  }

  /** Reads the peak resident memory of the present process. */
  async noteMemory(): Promise<void> {
    const status = await readFile(`/proc/${this.#service?.process.pid ?? 0}/status`, 'utf8').catch(() => '');
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
    this.peakRssMb = Math.max(this.peakRssMb, Math.round(Number(kilobytes ?? 0) / 1024));
  }
}
