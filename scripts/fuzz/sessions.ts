import { readdir, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { systemClock } from '../../src/clock.ts';
import { part10Prefix } from '../../src/dicom/part10.ts';
import { TRANSFER_SYNTAX_UIDS } from '../../src/dicom/uids.ts';
import { DEFAULT_DIMSE_LIMITS } from '../../src/dimse/limits.ts';
import { openAssociation } from '../../src/dimse/requestor.ts';
import { sendFiles } from '../../src/dimse/send-files.ts';
import { PROJECT_FOLDER } from '../../src/project-folder.ts';
import { readPduFixture } from '../../src/testing/scripted-peer.ts';
import { tinyDataSet } from '../../src/testing/tiny-data-set.ts';
import { SOP_CLASSES } from '../../src/dicom/uids.ts';

const MPPS = '1.2.840.10008.3.1.2.3.3';
const COMMITMENT_INSTANCE = '1.2.840.10008.1.20.1.1';

/** All that a peer says in whole sessions with a node, taken from the wire, and the raw PDUs of the fixtures. */
export async function recordSessions(
  node: { readonly port: number; readonly aeTitle: string },
  folder: string,
): Promise<readonly Buffer[]> {
  const recorder = await listenBetween(node.port);
  const peer = {
    host: '127.0.0.1',
    port: recorder.port,
    calledAeTitle: node.aeTitle,
    callingAeTitle: 'FUZZ',
  };
  const common = { limits: DEFAULT_DIMSE_LIMITS, clock: systemClock, connectMsMax: 5000 };
  const path = await writeTinyFilm(folder);
  for await (const result of sendFiles([path], { ...common, peer })) {
    if ('error' in result) throw result.error;
  }
  const association = await openAssociation({
    ...common,
    ...peer,
    contexts: [
      '1.2.840.10008.1.1',
      SOP_CLASSES.modalityWorklistFind,
      MPPS,
      SOP_CLASSES.storageCommitment,
    ].map((abstractSyntax) => ({
      abstractSyntax,
      transferSyntaxes: [TRANSFER_SYNTAX_UIDS.explicitLittleEndian],
    })),
  });
  await association.echo();
  await ask(association);
  await association.release();
  const sessions = await recorder.close();
  return [...sessions, ...(await rawSessions())];
}

/** What is answered does not matter here, nor whether it is served at all: only the bytes that ask. */
async function ask(association: Awaited<ReturnType<typeof openAssociation>>): Promise<void> {
  const key = {
    PatientName: 'A*',
    PatientID: '',
    ScheduledProcedureStepSequence: [{ Modality: 'BMD', ScheduledProcedureStepStartDate: '20260101-' }],
  };
  const wanted = [
    { ReferencedSOPClassUID: SOP_CLASSES.digitalXRayForPresentation, ReferencedSOPInstanceUID: '2.25.1' },
  ];
  const step = {
    PerformedProcedureStepID: 'P1',
    PerformedProcedureStepStatus: 'IN PROGRESS',
    Modality: 'BMD',
    ScheduledStepAttributesSequence: [{ StudyInstanceUID: '2.25.2' }],
  };
  const asked: unknown[] = [];
  const operations = [
    async () => {
      for await (const match of association.find(SOP_CLASSES.modalityWorklistFind, key)) asked.push(match);
    },
    () => association.action({ sopClassUid: SOP_CLASSES.storageCommitment, sopInstanceUid: COMMITMENT_INSTANCE, typeId: 1, dataset: { TransactionUID: '2.25.3', ReferencedSOPSequence: wanted } }),
    () => association.create({ sopClassUid: MPPS, sopInstanceUid: '2.25.4', dataset: step }),
    () => association.set({ sopClassUid: MPPS, sopInstanceUid: '2.25.4', dataset: { PerformedProcedureStepStatus: 'COMPLETED' } }),
  ]; // prettier-ignore
  for (const operation of operations) await Promise.resolve(operation()).catch(() => undefined);
}

async function rawSessions(): Promise<Buffer[]> {
  const names = (await readdir(join(PROJECT_FOLDER, 'dicom-fixtures', 'pdu'))).filter((name) =>
    name.endsWith('.hex'),
  );
  const begin = readPduFixture('good-associate-rq.hex');
  return names.map((name) =>
    name.includes('associate') ? readPduFixture(name) : Buffer.concat([begin, readPduFixture(name)]),
  );
}

async function writeTinyFilm(folder: string): Promise<string> {
  const names = { study: '2.25.11', series: '2.25.12', instance: '2.25.13' };
  const path = join(folder, 'tiny.dcm');
  const prefix = part10Prefix({
    sopClassUid: SOP_CLASSES.digitalXRayForPresentation,
    sopInstanceUid: names.instance,
    transferSyntaxUid: TRANSFER_SYNTAX_UIDS.explicitLittleEndian,
  });
  await writeFile(path, Buffer.concat([prefix, tinyDataSet(names)]));
  return path;
}

/** Passes connections on and keeps what each client said. */
async function listenBetween(port: number): Promise<{ readonly port: number; close(): Promise<Buffer[]> }> {
  const sessions: Buffer[][] = [];
  const server = createServer((client) => {
    const said: Buffer[] = [];
    sessions.push(said);
    const upstream = connect({ host: '127.0.0.1', port });
    client.on('data', (chunk: Buffer) => said.push(chunk));
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) socket.on('error', () => undefined);
  });
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((settle) => server.close(() => settle(sessions.map((said) => Buffer.concat(said))))),
  };
}
