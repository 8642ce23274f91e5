import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readPduFixture, ScriptedPeer } from '../../src/testing/scripted-peer.ts';
import { type ServiceProcess, startServiceProcess } from '../demo/service-process.ts';
import { createSeededRandom, pickOne, type SeededRandom } from '../phantom/seeded-random.ts';
import { type Finding, keepFinding } from './finding.ts';
import { mutateSession } from './session-mutator.ts';
import { recordSessions } from './sessions.ts';

/** What one target is run with. */
export interface FuzzRun {
  readonly seed: number;
  readonly seconds: number;
  /** Only this input; else one after the other from 0. */
  readonly only: number | undefined;
  readonly findingsFolder: string;
}

/** What a run of one target came to. */
export interface FuzzResult {
  readonly inputs: number;
  readonly findings: readonly Finding[];
  readonly peakRssMb: number;
}

const [HANG_MS, LOOK_EACH, GROWTH_MB_MAX, FINDINGS_MAX] = [15_000, 250, 150, 20];

/** Plays mutated sessions to a whole service over real sockets and watches that it lives, answers and stays small. */
export async function fuzzPdus(run: FuzzRun): Promise<FuzzResult> {
  const folder = await mkdtemp(join(tmpdir(), 'osteotriage-fuzz-'));
  const target = new PduTarget(folder);
  const findings: Finding[] = [];
  let inputs = 0;
  try {
    await target.start();
    const corpus = await recordSessions(target.node, folder);
    const endsAtMs = Date.now() + run.seconds * 1000;
    for (let input = run.only ?? 0; Date.now() < endsAtMs && findings.length < FINDINGS_MAX; input += 1) {
      const random = createSeededRandom(run.seed * 1_000_003 + input);
      const session = mutateSession(pickOne(random, corpus), random, corpus);
      const found = await target.play(session, random);
      inputs += 1;
      if (found !== undefined) {
        findings.push(await keepFinding(run.findingsFolder, { target: 'pdu', input, ...found }, session));
      }
      if (run.only !== undefined) break;
    }
    return { inputs, findings, peakRssMb: target.peakRssMb };
  } finally {
    await target.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

type Found = Pick<Finding, 'kind' | 'detail'> | undefined;

class PduTarget {
  peakRssMb = 0;
  readonly #folder: string;
  #service: ServiceProcess | undefined;
  #played = 0;
  #baseRssMb = 0;
  #logOffset = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  get node(): { readonly port: number; readonly aeTitle: string } {
    return this.#service?.ready.dimse ?? { port: 0, aeTitle: '' };
  }

  async start(): Promise<void> {
    this.#service = await startServiceProcess(this.#folder, {
      TRIAGE_WORKERS: '0',
      TRIAGE_IDLE_SECONDS_MAX: '5',
      TRIAGE_LOG_LEVEL: 'warn',
      TRIAGE_DISK_FREE_MIB_MIN: '0',
    });
    this.#baseRssMb = 0;
    this.#played = 0;
  }

  async stop(): Promise<void> {
    await this.#service?.stop();
  }

  /** Plays one session; says what went wrong, after which the service is a fresh one. */
  async play(session: Buffer, random: SeededRandom): Promise<Found> {
    const found = (await this.#say(session, random)) ?? (await this.#look());
    if (found !== undefined && found.kind !== 'unexpected-error') {
      this.#service?.process.kill('SIGKILL');
      await this.stop();
      await this.start();
    }
    return found;
  }

  /** Half of the sessions end politely, some with a reset, some say nothing more and wait for the other end. */
  #say(session: Buffer, random: SeededRandom): Promise<Found> {
    const socket = connect({ host: '127.0.0.1', port: this.node.port });
    const [cutAt, ending] = [Math.floor(random.next() * session.length), random.next()];
    return new Promise((settle) => {
      const timer = setTimeout(() => {
        socket.destroy();
        settle({ kind: 'hang', detail: `the connection was still open ${HANG_MS} ms after the last byte` });
      }, HANG_MS);
      socket.on('error', () => undefined);
      socket.on('data', () => undefined);
      socket.once('close', () => {
        clearTimeout(timer);
        settle(undefined);
      });
      socket.once('connect', () => {
        socket.setNoDelay(true);
        socket.write(session.subarray(0, cutAt));
        const rest = session.subarray(cutAt);
        if (ending < 0.1) socket.write(rest, () => socket.resetAndDestroy());
        else if (ending < 0.12) socket.write(rest);
        else socket.end(rest);
      });
    });
  }

  async #look(): Promise<Found> {
    this.#played += 1;
    if (this.#service?.process.exitCode !== null || this.#service.process.signalCode !== null) {
      return { kind: 'crash', detail: (await this.#newLog()).slice(-1500) };
    }
    const unexpected = (await this.#newLog())
      .split('\n')
      .find((line) => line.includes('"code":"unexpected"'));
    if (unexpected !== undefined) return { kind: 'unexpected-error', detail: unexpected.slice(0, 1500) };
    if (this.#played % LOOK_EACH !== 0) return undefined;
    const rssMb = await this.#rssMb();
    this.peakRssMb = Math.max(this.peakRssMb, rssMb);
    if (this.#played === 4 * LOOK_EACH) this.#baseRssMb = rssMb;
    if (this.#baseRssMb > 0 && rssMb > this.#baseRssMb + GROWTH_MB_MAX) {
      return {
        kind: 'memory',
        detail: `grew from ${this.#baseRssMb} to ${rssMb} MB in ${this.#played} sessions`,
      };
    }
    return this.#echo();
  }

  async #echo(): Promise<Found> {
    try {
      const peer = await ScriptedPeer.associate(this.node.port);
      peer.send(readPduFixture('good-echo-rq.hex'));
      await peer.expectPdu(0x04);
      peer.send(readPduFixture('good-release-rq.hex'));
      await peer.expectPdu(0x06);
      peer.close();
      return undefined;
    } catch (thrown) {
      return { kind: 'deaf', detail: thrown instanceof Error ? thrown.message : 'no answer to C-ECHO' };
    }
  }

  async #rssMb(): Promise<number> {
    const status = await readFile(`/proc/${this.#service?.process.pid ?? 0}/status`, 'utf8').catch(() => '');
    return Math.round(Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024);
  }

  async #newLog(): Promise<string> {
    const file = await open(join(this.#folder, 'service.log'), 'r');
    try {
      const { size } = await file.stat();
      const bytes = Buffer.alloc(size - this.#logOffset);
      await file.read(bytes, 0, bytes.length, this.#logOffset);
      this.#logOffset = size;
      return bytes.toString('utf8');
    } finally {
      await file.close();
    }
  }
}
