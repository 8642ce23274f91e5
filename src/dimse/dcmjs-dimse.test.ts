import dcmjsDimse from 'dcmjs-dimse';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../clock.ts';
import { decodeDataSet } from '../dicom/dimse-data-set.ts';
import type { DicomDataset } from '../dicom/write-part10.ts';
import { freePort } from '../testing/free-port.ts';
import { MemorySink } from '../testing/memory-sink.ts';
import { startServices } from '../testing/served-services.ts';
import type { Acceptor } from './acceptor.ts';
import { DEFAULT_DIMSE_LIMITS } from './limits.ts';
import { openAssociation } from './requestor.ts';
import type { NormalizedRequest } from './services.ts';

const { Client, Dataset, Server, Scp } = dcmjsDimse;
const { CEchoRequest, CFindRequest, CStoreRequest, NActionRequest, NCreateRequest, NSetRequest } =
  dcmjsDimse.requests;
const { CEchoResponse, CFindResponse, NEventReportResponse } = dcmjsDimse.responses;
const { Status } = dcmjsDimse.constants;

const WORKLIST = '1.2.840.10008.5.1.4.31';
const COMMITMENT = '1.2.840.10008.1.20.1';
const COMMITMENT_INSTANCE = '1.2.840.10008.1.20.1.1';
const STEP = '1.2.840.10008.3.1.2.3.3';
const SECONDARY_CAPTURE = '1.2.840.10008.5.1.4.1.1.7';
const IMPLICIT_LITTLE = '1.2.840.10008.1.2';

dcmjsDimse.log.setLevel('silent');

let acceptor: Acceptor | undefined;

afterEach(async () => {
  await acceptor?.close(0);
  acceptor = undefined;
});

type Answer = InstanceType<typeof dcmjsDimse.responses.Response>;

/** Sends requests over one association; gives the answers, by request, once it is closed. */
async function send(
  requests: InstanceType<typeof dcmjsDimse.requests.Request>[],
  lingerMs = 0,
  events: string[] = [],
): Promise<Answer[][]> {
  const client = new Client();
  const answers = requests.map((request): Answer[] => {
    const heard: Answer[] = [];
    request.on('response', (answer: Answer) => heard.push(answer));
    client.addRequest(request);
    return heard;
  });
  client.on(
    'nEventReportRequest',
    (
      request: InstanceType<typeof dcmjsDimse.requests.NEventReportRequest>,
      answer: (response: Answer) => void,
    ) => {
      events.push(String(request.getDataset()?.getElement('TransactionUID')));
      const response = NEventReportResponse.fromRequest(request);
      response.setStatus(Status.Success);
      answer(response);
    },
  );
  await new Promise<void>((resolve, reject) => {
    client.on('networkError', reject);
    client.on('associationRejected', reject);
    client.on('closed', () => resolve());
    client.send('127.0.0.1', acceptor?.port ?? 0, 'SCANNER', 'OSTEOTRIAGE', {
      associationLingerTimeout: lingerMs,
    });
  });
  return answers;
}

describe('with dcmjs-dimse at the other end', () => {
  it('answers its C-ECHO, takes its C-STORE and tells its C-FIND of the worklist', async () => {
    const storage = new MemorySink();
    const asked: DicomDataset[] = [];
    acceptor = await startServices(
      [
        {
          kind: 'find',
          sopClassUids: [WORKLIST],
          async *find(identifier) {
            asked.push(identifier);
            yield { SpecificCharacterSet: 'ISO_IR 192', PatientName: 'Åkerö^Örjan', PatientID: 'P1' };
            await Promise.resolve();
            yield { PatientID: 'P2', ScheduledProcedureStepSequence: [{ Modality: 'BMD' }] };
          },
        },
      ],
      { storage, transferSyntaxes: [IMPLICIT_LITTLE] },
    );
    const film = new Dataset({
      ...{
        SOPClassUID: SECONDARY_CAPTURE,
        SOPInstanceUID: '1.2.3',
        PatientID: 'P1',
        PatientName: 'Invented',
      },
      _vrMap: {},
    });
    const [echoed, found, stored] = await send([
      new CEchoRequest(),
      CFindRequest.createWorklistFindRequest({ PatientID: 'P*' }),
      new CStoreRequest(film),
    ]);
    expect(echoed?.map((answer) => answer.getStatus())).toEqual([0]);
    expect(found?.map((answer) => answer.getStatus())).toEqual([0xff00, 0xff00, 0]);
    const names = found?.map((answer) => answer.getDataset()?.getElements());
    expect(JSON.stringify(names?.[0]?.['PatientName'])).toContain('Åkerö^Örjan');
    expect(names?.[1]).toMatchObject({
      PatientID: 'P2',
      ScheduledProcedureStepSequence: [{ Modality: 'BMD' }],
    });
    expect(asked[0]).toMatchObject({ PatientID: 'P*' });
    expect(stored?.map((answer) => answer.getStatus())).toEqual([0]);
    const [object] = storage.objects;
    expect(decodeDataSet(object!.dataset, IMPLICIT_LITTLE)).toMatchObject({
      SOPInstanceUID: '1.2.3',
      PatientID: 'P1',
    });
    expect(acceptor.stats()).toMatchObject({ associationsAccepted: 1, associationsBroken: 0 });
  });

  it('takes its N-CREATE and N-SET, and reports the commitment that its N-ACTION asks for', async () => {
    const told: [string, NormalizedRequest][] = [];
    const reported: number[] = [];
    acceptor = await startServices([
      {
        kind: 'normalized',
        sopClassUids: [STEP],
        create: (request) => {
          told.push(['create', request]);
          return Promise.resolve({ status: 0 });
        },
        set: (request) => {
          told.push(['set', request]);
          return Promise.resolve({ status: 0x0112, comment: 'not-found' });
        },
      },
      {
        kind: 'normalized',
        sopClassUids: [COMMITMENT],
        action: (request, _caller, report) => {
          const { sopClassUid, sopInstanceUid, dataset } = request;
          void report({ sopClassUid, sopInstanceUid: sopInstanceUid ?? '', typeId: 1, dataset }).then(
            (status) => {
              reported.push(status);
            },
          );
          return Promise.resolve({ status: 0 });
        },
      },
    ]);
    const create = new NCreateRequest(STEP, '1.2.3.4');
    create.setDataset(new Dataset({ PerformedProcedureStepStatus: 'IN PROGRESS', Modality: 'BMD' }));
    const set = new NSetRequest(STEP, '1.2.3.4');
    set.setDataset(new Dataset({ PerformedProcedureStepStatus: 'COMPLETED' }));
    const action = new NActionRequest(COMMITMENT, COMMITMENT_INSTANCE, 1);
    action.setDataset(new Dataset({ TransactionUID: '2.25.7' }));
    const events: string[] = [];
    const answers = await send([create, set, action], 300, events);
    expect(answers.map((heard) => heard.map((answer) => answer.getStatus()))).toEqual([[0], [0x0112], [0]]);
    expect(told).toMatchObject([
      ['create', { sopInstanceUid: '1.2.3.4', dataset: { Modality: 'BMD' } }],
      ['set', { sopInstanceUid: '1.2.3.4', dataset: { PerformedProcedureStepStatus: 'COMPLETED' } }],
    ]);
    expect([events, reported]).toEqual([['2.25.7'], [0]]);
  });

  it('asks its server for an echo and for matches, and cancels', async () => {
    class Peer extends Scp {
      override associationRequested(
        association: InstanceType<typeof dcmjsDimse.association.Association>,
      ): void {
        for (const { context } of association.getPresentationContexts() as unknown as {
          context: InstanceType<typeof dcmjsDimse.association.PresentationContext>;
        }[]) {
          context.setResult(0, IMPLICIT_LITTLE);
        }
        this.sendAssociationAccept();
      }
      override cEchoRequest(
        request: InstanceType<typeof CEchoRequest>,
        answer: (response: Answer) => void,
      ): void {
        const response = CEchoResponse.fromRequest(request);
        response.setStatus(Status.Success);
        answer(response);
      }
      override cFindRequest(
        request: InstanceType<typeof CFindRequest>,
        answer: (responses: Answer[]) => void,
      ): void {
        const pending = ['P1', 'P2', 'P3'].map((PatientID) => {
          const response = CFindResponse.fromRequest(request);
          response.setDataset(new Dataset({ PatientID }));
          response.setStatus(Status.Pending);
          return response;
        });
        const last = CFindResponse.fromRequest(request);
        last.setStatus(Status.Success);
        answer([...pending, last]);
      }
      override associationReleaseRequested(): void {
        this.sendAssociationReleaseResponse();
      }
    }
    const port = await freePort();
    const server = new Server(Peer);
    server.on('networkError', () => undefined);
    server.listen(port);
    try {
      const association = await openAssociation({
        ...{ host: '127.0.0.1', port, callingAeTitle: 'OSTEOTRIAGE', calledAeTitle: 'PEER' },
        contexts: [
          { abstractSyntax: '1.2.840.10008.1.1', transferSyntaxes: [IMPLICIT_LITTLE] },
          { abstractSyntax: WORKLIST, transferSyntaxes: [IMPLICIT_LITTLE] },
        ],
        ...{ limits: DEFAULT_DIMSE_LIMITS, clock: systemClock, connectMsMax: 2000 },
      });
      expect(await association.echo()).toBe(0);
      const found: unknown[] = [];
      for await (const match of association.find(WORKLIST, { PatientID: null }))
        found.push(match['PatientID']);
      expect(found).toEqual(['P1', 'P2', 'P3']);
      for await (const match of association.find(WORKLIST, { PatientID: null })) {
        expect(match).toEqual({ PatientID: 'P1' });
        break;
      }
      await association.release();
    } finally {
      server.close();
    }
  });
});
