import { access, constants, mkdir, statfs } from 'node:fs/promises';
import { connect } from 'node:net';
import { systemClock } from '../clock.ts';
import type { Config, SettingOrigin } from '../config.ts';
import { DEFAULT_DIMSE_LIMITS } from '../dimse/limits.ts';
import { openAssociation } from '../dimse/requestor.ts';
import { VERIFICATION_SOP_CLASS } from '../dimse/uid.ts';
import { asTriageError, ERRORS } from '../errors.ts';
import { findModel, PANORAMIC_MODEL } from '../inference/model-registry.ts';

const CONNECT_MS_MAX = 5_000;

/** One thing that was tried. */
export interface Finding {
  readonly what: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** Tries everything that the configuration names. Never throws: what fails is a finding with what to do. */
export async function examine(config: Config): Promise<readonly Finding[]> {
  return [
    await attempt(`data folder ${config.data}`, () => tryFolder(config.data)),
    await attempt('models', () => tryModels(config.modelsFolder)),
    await attempt(`DICOM port ${config.dimsePort}`, () => tryPort(config.dimseHost, config.dimsePort)),
    await attempt(`worklist port ${config.httpPort}`, () => tryPort(config.httpHost, config.httpPort)),
    ...(await Promise.all(
      config.pacs.map((pacs) =>
        attempt(`PACS ${pacs.aeTitle} at ${pacs.host}:${pacs.port}`, async () => {
          const association = await openAssociation({
            host: pacs.host,
            port: pacs.port,
            callingAeTitle: config.aeTitle,
            calledAeTitle: pacs.aeTitle,
            contexts: [{ abstractSyntax: VERIFICATION_SOP_CLASS, transferSyntaxes: ['1.2.840.10008.1.2'] }],
            limits: DEFAULT_DIMSE_LIMITS,
            clock: systemClock,
            connectMsMax: CONNECT_MS_MAX,
          });
          const status = await association.echo();
          await association.release();
          return `C-ECHO answered 0x${status.toString(16).padStart(4, '0')}`;
        }),
      ),
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

async function tryModels(folder: string): Promise<string> {
  const { identity } = await findModel(folder, PANORAMIC_MODEL);
  return `${identity.name} ${identity.version}, digest as in its manifest`;
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
