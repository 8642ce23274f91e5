import { access, constants, mkdir, statfs } from 'node:fs/promises';
import { connect } from 'node:net';
import { checkAccessSettings, requirePublicUrl } from '../access/access-settings.ts';
import { systemClock } from '../clock.ts';
import type { Config, SettingOrigin } from '../config.ts';
import { ownTlsFiles } from '../dimse/own-identity.ts';
import type { Peer } from '../dimse/send-files.ts';
import { loadSecureContext } from '../dimse/tls-files.ts';
import { asTriageError, ERRORS, TriageError } from '../errors.ts';
import { NO_EXCHANGE } from '../exchange-settings.ts';
import { isReadableByEveryone } from '../secret-file.ts';
import { checkSiteSettings, sitesFileOf } from '../site-registry.ts';
import { readSites, type SiteBook } from '../sites.ts';
import { echoPeer } from './echo.ts';
import { checkDistributedSettings } from '../distributed-settings.ts';
import { describeDevices } from './examine-devices.ts';
import { exchangeTrials } from './examine-exchange.ts';
import { silentLog } from '../telemetry.ts';
import { examineModels } from './examine-models.ts';
import { describeRecord } from './open-record.ts';
import { tryBucket, tryPostgres, tryRedis } from './shared-stores.ts';

const CONNECT_MS_MAX = 5_000;

/** One thing that was tried. */
export interface Finding {
  readonly what: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** Tries everything that the configuration names. Never throws: what fails is a finding with what to do. */
export async function examine(config: Config): Promise<readonly Finding[]> {
  const { mode, roles, data, dimseHost, dimsePort, httpHost, httpPort } = config;
  const stores =
    mode === 'distributed' ? examineShared(config) : [attempt('record', () => describeRecord(data))];
  return [
    await attempt(`data folder ${data}`, () => tryFolder(data)),
    ...(await Promise.all(stores)),
    ...(roles.includes('worker')
      ? [
          ...(await examineModels(config)),
          await attempt('calibrated devices', () => Promise.resolve(describeDevices(config, systemClock))),
        ]
      : []),
    ...(roles.includes('web')
      ? [
          await attempt(`worklist port ${httpPort}`, () => tryPort(httpHost, httpPort)),
          await attempt('sign-in', () => trySignIn(config)),
        ]
      : []),
    ...(roles.includes('intake')
      ? [
          await attempt(`DICOM port ${dimsePort}`, () => tryPort(dimseHost, dimsePort)),
          ...(await examineDoors(config)),
        ]
      : []),
  ];
}

/** What the processes of the distributed mode share; without a setting nothing of it is tried. */
function examineShared(config: Config): readonly Promise<Finding>[] {
  try {
    checkDistributedSettings(config);
  } catch (thrown) {
    return [attempt('settings', () => Promise.reject(asTriageError(thrown)))];
  }
  return [
    attempt('PostgreSQL', () => tryPostgres(config)),
    attempt('Redis', () => tryRedis(config)),
    attempt(`bucket ${config.s3Bucket}`, () => tryBucket(config)),
  ];
}

async function examineDoors(config: Config): Promise<readonly Finding[]> {
  return [
    ...(config.tlsPort === null ? [] : [await attempt('TLS files', () => tryTls(config))]),
    ...(sitesFileOf(config) === '' ? [] : [await attempt('sites file', () => trySites(sitesFileOf(config)))]),
    await attempt('who may call', () => tryDoors(config)),
    ...(await Promise.all(peersOf(config).map(({ what, peer }) => attempt(what, () => tryPeer(peer))))),
    ...(await Promise.all(
      exchangeTrials(config, sitesOf(config).exchange).map(({ what, step }) => attempt(what, step)),
    )),
  ];
}

/** Settings with where each came from, for printing. */
export function describeSettings(origins: readonly SettingOrigin[]): readonly string[] {
  return origins.map(
    ({ variable, value, source, meaning }) =>
      `${variable.padEnd(28)} ${value.padEnd(20)} ${source.padEnd(12)} ${meaning}`,
  );
}

async function attempt(what: string, step: () => Promise<string>): Promise<Finding> {
  try {
    return { what, ok: true, detail: await step() };
  } catch (thrown) {
    const error = asTriageError(thrown);
    return { what, ok: false, detail: `${error.message}. ${ERRORS[error.code].action}` };
  }
}

async function tryFolder(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  await access(folder, constants.R_OK | constants.W_OK);
  const disk = await statfs(folder);
  return `writable, ${((disk.bavail * disk.bsize) / 1024 ** 3).toFixed(1)} GiB free`;
}

function trySites(path: string): Promise<string> {
  const { sites, destinations } = readSites(path);
  const peers = sites.flatMap((site) => site.peers).length;
  return Promise.resolve(`${sites.length} sites, ${peers} peers, ${destinations.length} destinations`);
}

function tryDoors(config: Config): Promise<string> {
  checkSiteSettings(config);
  return Promise.resolve(
    sitesFileOf(config) === '' ? 'this machine only (no sites file)' : 'peers of the sites file',
  );
}

async function trySignIn(config: Config): Promise<string> {
  checkAccessSettings(config);
  if (config.signIn === 'off') return 'OFF: everybody on this machine may see and change everything';
  if (config.signIn === 'local') return 'accounts of this node (osteotriage user list)';
  const { IdentityProvider } = await import('../access/identity-provider.ts');
  await new IdentityProvider(config, requirePublicUrl(config), silentLog).begin();
  return `the identity provider ${config.oidcIssuer} answers`;
}

function tryTls(config: Config): Promise<string> {
  const {
    tlsKeyFile: keyFile,
    tlsCertificateFile: certificateFile,
    tlsAuthoritiesFile: authoritiesFile,
  } = config;
  loadSecureContext({ keyFile, certificateFile, authoritiesFile });
  if (isReadableByEveryone(keyFile)) {
    throw new TriageError(
      'configuration-invalid',
      `everyone on this machine can read ${keyFile}: chmod 600 it`,
    );
  }
  return Promise.resolve('certificate, key and authorities can be used');
}

/** Everyone whom this node calls: PACS, destinations, and peers that say where they listen. */
function peersOf(config: Config): readonly { readonly what: string; readonly peer: Peer }[] {
  const book = sitesOf(config);
  const tlsFiles = ownTlsFiles(config);
  const destinations: readonly CalledNode[] = [
    ...config.pacs.map((pacs) => ({ ...pacs, what: 'PACS', tls: false, from: config.aeTitle })),
    ...book.destinations.map((destination) => ({
      ...{ ...destination, what: `destination ${destination.name}`, from: config.aeTitle },
    })),
    ...book.sites.flatMap(({ id, peers }) =>
      peers.flatMap(({ listensAt, aeTitle, calledAeTitle }) =>
        listensAt === undefined
          ? []
          : [{ ...listensAt, aeTitle, what: `peer of ${id},`, from: calledAeTitle ?? config.aeTitle }],
      ),
    ),
  ];
  return destinations.map(({ what, aeTitle, host, port, tls, from }) => ({
    what: `${what} ${aeTitle} at ${host}:${port}${tls ? ' over TLS' : ''}`,
    peer: { host, port, calledAeTitle: aeTitle, callingAeTitle: from, ...(tls ? { tls: tlsFiles } : {}) },
  }));
}

interface CalledNode {
  readonly what: string;
  readonly aeTitle: string;
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** The title that we call as. */
  readonly from: string;
}

/** What is wrong with the file is a finding of its own. */
function sitesOf(config: Config): Pick<SiteBook, 'sites' | 'destinations' | 'exchange'> {
  const sitesFile = sitesFileOf(config);
  const none = { sites: [], destinations: [], exchange: NO_EXCHANGE };
  if (sitesFile === '') return none;
  try {
    return readSites(sitesFile);
  } catch {
    return none;
  }
}

async function tryPeer(peer: Peer): Promise<string> {
  const { ok, detail } = await echoPeer(peer);
  if (!ok) throw new TriageError('peer-rejected', detail);
  return detail;
}

/** A port that answers is a service that runs, which is fine; a refused one is free. */
function tryPort(host: string, port: number): Promise<string> {
  if (port === 0) return Promise.resolve('a free one is taken at the start');
  return new Promise((settle) => {
    const socket = connect({ host, port, timeout: CONNECT_MS_MAX });
    const end = (detail: string) => {
      socket.destroy();
      settle(detail);
    };
    socket.once('connect', () => end('in use: is the service running?'));
    socket.once('timeout', () => end('no answer'));
    socket.once('error', () => end('free'));
  });
}
