import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { systemClock } from '../clock.ts';
import { freePort } from './free-port.ts';

/** A peer that an Orthanc knows, by the name that its REST interface calls it. */
export interface OrthancModality {
  readonly aeTitle: string;
  readonly host: string;
  readonly port: number;
  /** Whether Orthanc calls it over TLS. */
  readonly tls?: boolean;
}

/** How an Orthanc is started. */
export interface OrthancOptions {
  /** AE title; ORTHANC where nothing is said. */
  readonly aeTitle?: string;
  /** Peers that it may send to, and that may ask it for a storage commitment. */
  readonly modalities?: Readonly<Record<string, OrthancModality>>;
  /** Own and trusted PEM files; then its DICOM port and its calls to TLS peers use TLS. */
  readonly tls?: {
    readonly certificateFile: string;
    readonly keyFile: string;
    readonly authoritiesFile: string;
  };
  /** Any further setting of `orthanc.json`, by Orthanc's own name. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** The storage of an earlier Orthanc that goes on; else a fresh folder that `stop` removes. */
  readonly folder?: string;
}

/** An Orthanc that runs as its own process, on ports of its own. */
export interface Orthanc {
  readonly aeTitle: string;
  readonly host: '127.0.0.1';
  readonly dicomPort: number;
  /** `http://127.0.0.1:port/`, the root of its REST interface. */
  readonly url: string;
  readonly pid: number;
  /** Asks its REST interface; throws with status and text where the answer is no 2xx. */
  request(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<unknown>;
  /** Identifiers (Orthanc's own) of the instances that it holds. */
  instances(): Promise<readonly string[]>;
  /** One held instance as a Part 10 file. */
  file(instance: string): Promise<Buffer>;
  /** SIGTERM, and SIGKILL where that takes over five seconds; removes the folder that it made. */
  stop(): Promise<void>;
}

const READY_MS_MAX = 20_000;
const STOP_MS_MAX = 5_000;

/** Starts an Orthanc (`requireTool('Orthanc')` gives the program) and resolves when its REST interface answers. */
export async function startOrthanc(program: string, options: OrthancOptions = {}): Promise<Orthanc> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'osteotriage-orthanc-')));
  const aeTitle = options.aeTitle ?? 'ORTHANC';
  const [dicomPort, httpPort] = [await freePort(), await freePort()];
  const configuration = join(folder, 'orthanc.json');
  await writeFile(
    configuration,
    JSON.stringify(settingsOf(options, { folder, aeTitle, dicomPort, httpPort })),
  );
  const child = spawn(program, [configuration], { stdio: ['ignore', 'ignore', 'pipe'] });
  child.stderr.pipe(createWriteStream(join(folder, 'orthanc.log'), { flags: 'a' }));
  let hasEnded = false;
  const ended = new Promise<void>((settle) =>
    child.once('exit', () => {
      hasEnded = true;
      settle();
    }),
  );
  // A test that fails must leave nothing running.
  const cut = (): void => void child.kill('SIGKILL');
  process.once('exit', cut);
  const url = `http://127.0.0.1:${httpPort}/`;
  const stop = async (): Promise<void> => {
    process.off('exit', cut);
    child.kill('SIGTERM');
    const cancel = systemClock.schedule(STOP_MS_MAX, cut);
    await ended;
    cancel();
    if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
  };
  await untilReady(url, () => hasEnded).catch(async (thrown: unknown) => {
    const log = await readFile(join(folder, 'orthanc.log'), 'utf8').catch(() => '');
    await stop();
    throw new Error(`Orthanc does not answer: ${log.slice(-2000)}`, { cause: thrown });
  });
  const request: Orthanc['request'] = async (method, path, body) => {
    const answer = await ask(url, method, path, body);
    return answer.headers.get('content-type')?.startsWith('application/json') === true
      ? await answer.json()
      : await answer.text();
  };
  return {
    ...{ aeTitle, host: '127.0.0.1', dicomPort, url, pid: child.pid ?? 0, request, stop },
    instances: async () => (await request('GET', 'instances')) as string[],
    file: async (instance) =>
      Buffer.from(await (await ask(url, 'GET', `instances/${instance}/file`)).arrayBuffer()),
  };
}

function settingsOf(
  options: OrthancOptions,
  own: { folder: string; aeTitle: string; dicomPort: number; httpPort: number },
): Readonly<Record<string, unknown>> {
  const { tls, modalities = {} } = options;
  return {
    Name: 'osteotriage test',
    StorageDirectory: join(own.folder, 'storage'),
    IndexDirectory: join(own.folder, 'storage'),
    Plugins: [],
    DicomAet: own.aeTitle,
    DicomPort: own.dicomPort,
    DicomServerEnabled: true,
    HttpPort: own.httpPort,
    // It binds to every interface; what comes from elsewhere is refused.
    RemoteAccessAllowed: false,
    AuthenticationEnabled: false,
    DicomAlwaysAllowFind: true,
    DicomCheckCalledAet: false,
    StableAge: 1,
    SaveJobs: false,
    OverwriteInstances: true,
    DicomModalities: Object.fromEntries(
      Object.entries(modalities).map(([name, { aeTitle, host, port, tls: secure }]) => [
        name,
        { AET: aeTitle, Host: host, Port: port, AllowTranscoding: false, UseDicomTls: secure ?? false },
      ]),
    ),
    ...(tls === undefined
      ? {}
      : {
          DicomTlsEnabled: true,
          DicomTlsCertificate: tls.certificateFile,
          DicomTlsPrivateKey: tls.keyFile,
          DicomTlsTrustedCertificates: tls.authoritiesFile,
        }),
    ...options.settings,
  };
}

async function untilReady(url: string, hasEnded: () => boolean): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + READY_MS_MAX;
  for (;;) {
    if (hasEnded()) throw new Error('it ended at once');
    try {
      await ask(url, 'GET', 'system');
      return;
    } catch (thrown) {
      if (systemClock.monotonicMs() > deadlineMs) throw thrown;
      await systemClock.sleep(100);
    }
  }
}

/** A body that is bytes goes out as it is, a text as text, anything else as JSON. */
async function ask(url: string, method: string, path: string, body?: unknown): Promise<Response> {
  const isPlain = typeof body === 'string' || body instanceof Uint8Array;
  const payload =
    body === undefined
      ? {}
      : { body: isPlain ? (body as NonNullable<RequestInit['body']>) : JSON.stringify(body) };
  const answer = await fetch(new URL(path, url), { method, ...payload });
  if (!answer.ok)
    throw new Error(`${method} ${path}: ${answer.status} ${(await answer.text()).slice(0, 500)}`);
  return answer;
}
