import { readFile } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../clock.ts';
import { splitPart10 } from '../dicom/part10.ts';
import { SOP_CLASSES } from '../dicom/uids.ts';
import type { DicomDataset } from '../dicom/write-part10.ts';
import { DEFAULT_DIMSE_LIMITS } from '../dimse/limits.ts';
import { openAssociation } from '../dimse/requestor.ts';
import type { Association } from '../dimse/requested-association.ts';
import type { NormalizedRequest } from '../dimse/services.ts';
import { startTestNode, type TestNode } from '../testing/dicom-node.ts';
import { freePort } from '../testing/free-port.ts';
import { startOrthanc } from '../testing/orthanc.ts';
import { startServices } from '../testing/served-services.ts';
import { requireTool } from '../testing/services.ts';
import { tinyDataSet } from '../testing/tiny-data-set.ts';
import { COMMITMENT_INSTANCE_UID } from './commitment-service.ts';

const orthanc = requireTool('Orthanc');
const DX = SOP_CLASSES.digitalXRayForPresentation;
const EXPLICIT_LITTLE = '1.2.840.10008.1.2.1';
const HELD = '1.2.3.4.5';

let started: TestNode;

afterEach(() => started.close());

function bookOf(aeTitle: string, port?: number) {
  const listensAt = port === undefined ? {} : { listensAt: { host: '127.0.0.1', port } };
  return {
    sites: [{ id: 'clinic', name: 'Clinic', peers: [{ aeTitle, addresses: ['127.0.0.1'], ...listensAt }] }],
  };
}

/** An association of a modality that stores and asks for commitment. */
function open(onEvent?: (event: NormalizedRequest) => void): Promise<Association> {
  const contexts = [DX, SOP_CLASSES.storageCommitment].map((abstractSyntax) => ({
    abstractSyntax,
    transferSyntaxes: [EXPLICIT_LITTLE],
  }));
  return openAssociation({
    ...{ host: '127.0.0.1', port: started.node.port, contexts, limits: DEFAULT_DIMSE_LIMITS },
    ...{ calledAeTitle: 'OSTEOTRIAGE', callingAeTitle: 'MODALITY', clock: systemClock, connectMsMax: 5_000 },
    ...(onEvent === undefined
      ? {}
      : {
          onEvent: (event: NormalizedRequest) => {
            onEvent(event);
            return Promise.resolve({ status: 0 });
          },
        }),
  });
}

async function storeAndAsk(association: Association, ...missing: string[]): Promise<void> {
  const dataset = tinyDataSet({ study: '1.2.3', series: '1.2.3.4', instance: HELD });
  const object = { sopClassUid: DX, sopInstanceUid: HELD, transferSyntaxUid: EXPLICIT_LITTLE, dataset };
  expect(await association.store(object)).toEqual({ status: 0 });
  const answer = await association.action({
    ...{ sopClassUid: SOP_CLASSES.storageCommitment, sopInstanceUid: COMMITMENT_INSTANCE_UID, typeId: 1 },
    dataset: {
      TransactionUID: '2.25.77',
      ReferencedSOPSequence: [HELD, ...missing].map((uid) => ({
        ReferencedSOPClassUID: DX,
        ReferencedSOPInstanceUID: uid,
      })),
    },
  });
  expect(answer.status).toBe(0);
}

function item(uid: string): DicomDataset {
  return { ReferencedSOPClassUID: DX, ReferencedSOPInstanceUID: uid };
}

describe('storage commitment over the network', () => {
  it('is reported on the association of the request while that is open', async () => {
    started = await startTestNode(bookOf('MODALITY'));
    const events: NormalizedRequest[] = [];
    const association = await open((event) => events.push(event));
    await storeAndAsk(association);
    expect(await association.awaitEvent(10_000)).toBe(true);
    await association.release();
    expect(events).toMatchObject([
      { typeId: 1, dataset: { TransactionUID: '2.25.77', ReferencedSOPSequence: [item(HELD)] } },
    ]);
    await expect.poll(() => stateOfRequest()).toBe('reported');
  });

  it('is reported on a new association, in the role of a provider, when its own was released', async () => {
    const events: { readonly event: NormalizedRequest; readonly from: string }[] = [];
    const modality = await startServices([
      {
        kind: 'normalized',
        sopClassUids: [SOP_CLASSES.storageCommitment],
        event(event, caller) {
          events.push({ event, from: `${caller.callingAeTitle} to ${caller.calledAeTitle}` });
          return Promise.resolve({ status: 0 });
        },
      },
    ]);
    started = await startTestNode(bookOf('MODALITY', modality.port));
    const association = await open();
    await storeAndAsk(association, '1.2.9');
    await association.release();
    await expect.poll(() => events.length, { timeout: 10_000 }).toBe(1);
    expect(events[0]).toMatchObject({
      from: 'OSTEOTRIAGE to MODALITY',
      event: {
        typeId: 2,
        dataset: {
          TransactionUID: '2.25.77',
          ReferencedSOPSequence: [item(HELD)],
          FailedSOPSequence: [{ ...item('1.2.9'), FailureReason: 0x0112 }],
        },
      },
    });
    await expect.poll(() => stateOfRequest()).toBe('reported');
    await modality.close(0);
  });

  it('is not open to a caller without that right', async () => {
    const book = bookOf('MODALITY');
    const [peer] = book.sites[0]?.peers ?? [];
    Object.assign(peer ?? {}, { rights: ['store'] });
    started = await startTestNode(book);
    const association = await open();
    expect(association.accepted.has(SOP_CLASSES.storageCommitment)).toBe(false);
    await association.release();
  });
});

describe.skipIf(!orthanc.available)('Orthanc as the one that asks', () => {
  it('is told that its film is held, and which of two is not', async () => {
    const port = await freePort();
    const node = { aeTitle: 'OSTEOTRIAGE', host: '127.0.0.1', port };
    const program = orthanc.available ? orthanc.path : '';
    const peer = await startOrthanc(program, { modalities: { node } });
    try {
      started = await startTestNode(bookOf('ORTHANC', peer.dicomPort), { dimsePort: port });
      const film = await readFile(new URL('../../dicom-fixtures/02-thin-cortex.dcm', import.meta.url));
      const { ID: instance } = (await peer.request('POST', 'instances', film)) as { ID: string };
      const { sopInstanceUid } = splitPart10(film);
      await peer.request('POST', 'modalities/node/store', [instance]);
      const asked = await askOrthanc([
        { SOPClassUID: DX, SOPInstanceUID: '1.2.9' },
        { SOPClassUID: await classOf(), SOPInstanceUID: sopInstanceUid },
      ]);
      expect(asked).toMatchObject({
        Status: 'Failure',
        Success: [{ SOPInstanceUID: sopInstanceUid }],
        Failures: [{ SOPInstanceUID: '1.2.9', FailureReason: 0x0112 }],
      });
      expect(
        await askOrthanc([{ SOPClassUID: await classOf(), SOPInstanceUID: sopInstanceUid }]),
      ).toMatchObject({
        Status: 'Success',
      });
    } finally {
      await peer.stop();
    }

    async function askOrthanc(instances: readonly object[]): Promise<unknown> {
      const { ID } = (await peer.request('POST', 'modalities/node/storage-commitment', {
        DicomInstances: instances,
      })) as { ID: string };
      const read = async () =>
        (await peer.request('GET', `storage-commitment/${ID}`)) as { readonly Status: string };
      await expect
        .poll(async () => (await read()).Status, { timeout: 15_000, interval: 200 })
        .not.toBe('Pending');
      return read();
    }
  });

  async function classOf(): Promise<string> {
    const exam = await started.database.selectFrom('exams').select('sop_class_uid').executeTakeFirstOrThrow();
    return exam.sop_class_uid;
  }
});

async function stateOfRequest(): Promise<string | undefined> {
  const row = await started.database.selectFrom('commitment_requests').select('state').executeTakeFirst();
  return row?.state;
}
