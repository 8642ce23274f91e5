import { afterEach, describe, expect, it } from 'vitest';
import { TriageError } from '../errors.ts';
import { associateFor, hearCommand, openFor, rawMessage, startServices } from '../testing/served-services.ts';
import { ScriptedPeer } from '../testing/scripted-peer.ts';
import type { Acceptor } from './acceptor.ts';
import { decodeAssociateAccept, encodeAssociateRequest } from './associate-pdu.ts';
import { COMMAND, type CommandSet } from './command-set.ts';
import { encodeReleaseRequest } from './pdu.ts';
import type { Caller, DimseService, EventReporter, NormalizedRequest } from './services.ts';

const COMMITMENT = '1.2.840.10008.1.20.1';
const COMMITMENT_INSTANCE = '1.2.840.10008.1.20.1.1';
const STEP = '1.2.840.10008.3.1.2.3.3';
const EVENT = { sopClassUid: COMMITMENT, sopInstanceUid: COMMITMENT_INSTANCE, typeId: 1 } as const;

let acceptor: Acceptor;

afterEach(() => acceptor.close(0));

describe('a normalized service', () => {
  const request = { sopClassUid: STEP, sopInstanceUid: '1.2.3', dataset: { Modality: 'BMD' } } as const;

  it('is told of N-CREATE, N-SET and N-ACTION, and its answers go back', async () => {
    const told: [string, NormalizedRequest, string][] = [];
    acceptor = await startServices([
      {
        kind: 'normalized',
        sopClassUids: [STEP],
        create: (asked, caller) => {
          told.push(['create', asked, caller.callingAeTitle]);
          return Promise.resolve({ status: 0, sopInstanceUid: '2.25.9', dataset: { PatientID: 'P1' } });
        },
        set: (asked, caller) => {
          told.push(['set', asked, caller.callingAeTitle]);
          return Promise.reject(new TriageError('not-found', 'nothing of that name'));
        },
      },
    ]);
    const association = await openFor(acceptor.port, STEP);
    expect(await association.create({ ...request, sopInstanceUid: null })).toEqual({
      ...{ status: 0, sopInstanceUid: '2.25.9', dataset: { PatientID: 'P1' } },
    });
    expect(await association.set(request)).toEqual({
      ...{ status: 0x0112, comment: 'not-found', sopInstanceUid: '1.2.3' },
    });
    expect(await association.action({ ...request, typeId: 3 })).toMatchObject({ status: 0x0211 });
    await association.release();
    expect(told).toEqual([
      ['create', { ...request, sopInstanceUid: null, typeId: null }, 'SCANNER'],
      ['set', { ...request, typeId: null }, 'SCANNER'],
    ]);
  });

  it.each<[string, Partial<CommandSet>, number]>([
    ['another SOP class than the context', { RequestedSOPClassUID: '1.2.3' }, 0x0118],
    ['no SOP instance', { RequestedSOPInstanceUID: undefined as unknown as string }, 0x0120],
    ['a SOP instance that is no UID', { RequestedSOPInstanceUID: '../x' }, 0x0117],
    ['an operation that is not offered', { CommandField: 0x0110 }, 0x0211],
    ['a C-FIND', { CommandField: 0x0020 }, 0x0211],
    ['a C-STORE', { CommandField: 0x0001, AffectedSOPClassUID: STEP, AffectedSOPInstanceUID: '1.2' }, 0x0122],
  ])('is not bothered with %s', async (_, command, status) => {
    acceptor = await startServices([
      { kind: 'normalized', sopClassUids: [STEP], set: () => Promise.reject(new Error('must not be asked')) },
    ]);
    const peer = await associateFor(acceptor.port, STEP);
    const set = { CommandField: 0x0120, RequestedSOPClassUID: STEP, RequestedSOPInstanceUID: '1.2.3' };
    peer.send(rawMessage({ ...set, MessageID: 4, ...command }, { Modality: 'BMD' }));
    expect(await hearCommand(peer)).toMatchObject({ Status: status, MessageIDBeingRespondedTo: 4 });
    peer.send(encodeReleaseRequest());
    await peer.expectPdu(0x06);
    peer.close();
  });

  it('is served only where the policy lets the site use it', async () => {
    acceptor = await startServices([{ kind: 'normalized', sopClassUids: [STEP] }], {
      acceptAssociation: () => ({ accepted: true, siteId: 'clinic', abstractSyntaxes: new Set() }),
    });
    await expect(openFor(acceptor.port, STEP)).rejects.toThrow('the peer accepted no presentation context');
    const association = await openFor(acceptor.port, '1.2.840.10008.1.1');
    expect(await association.echo()).toBe(0);
    await association.release();
  });
});

describe('event reports', () => {
  /** A service that commits, and reports as a test tells it to. */
  function committing(reporters: EventReporter[]): DimseService {
    return {
      kind: 'normalized',
      sopClassUids: [COMMITMENT],
      action: (_request, _caller, report) => {
        reporters.push(report);
        return Promise.resolve({ status: 0 });
      },
    };
  }

  it('go out on the association of the request, after its answer', async () => {
    const events: NormalizedRequest[] = [];
    acceptor = await startServices([
      {
        kind: 'normalized',
        sopClassUids: [COMMITMENT],
        action: (_request, _caller, report) => {
          // Told before the answer has gone out: it must wait for that.
          void report({ ...EVENT, dataset: { TransactionUID: '2.25.1' } });
          return Promise.resolve({ status: 0 });
        },
      },
    ]);
    const association = await openFor(acceptor.port, COMMITMENT, {
      onEvent: (event) => {
        events.push(event);
        return Promise.resolve({ status: 0 });
      },
    });
    const answer = await association.action({ ...EVENT, dataset: { TransactionUID: '2.25.1' } });
    expect([answer.status, events.length]).toEqual([0, 0]);
    expect(await association.awaitEvent(2000)).toBe(true);
    expect(events).toEqual([{ ...EVENT, dataset: { TransactionUID: '2.25.1' } }]);
    expect(await association.awaitEvent(20)).toBe(false);
    expect((await association.action({ ...EVENT, dataset: {} })).status).toBe(0);
    await association.release();
  });

  it('that never come are waited for in vain, and the release afterwards is answered at once', async () => {
    acceptor = await startServices([{ kind: 'normalized', sopClassUids: [COMMITMENT] }]);
    const association = await openFor(acceptor.port, COMMITMENT);
    expect(await association.awaitEvent(20)).toBe(false);
    await association.release();
    expect(association.isOpen).toBe(false);
  });

  it('give the status of the peer, one after the other', async () => {
    const reporters: EventReporter[] = [];
    acceptor = await startServices([committing(reporters)]);
    const statuses = [0, 0x0110];
    const association = await openFor(acceptor.port, COMMITMENT, {
      onEvent: () => Promise.resolve({ status: statuses.shift() ?? -1 }),
    });
    await association.action({ ...EVENT, dataset: {} });
    const reports = Promise.all([1, 2].map((typeId) => reporters[0]!({ ...EVENT, typeId, dataset: {} })));
    await association.awaitEvent(2000);
    await association.awaitEvent(2000);
    expect(await reports).toEqual([0, 0x0110]);
    await association.release();
    await expect(reporters[0]!({ ...EVENT, dataset: {} })).rejects.toMatchObject({ code: 'peer-aborted' });
  });

  it('may cross a request of the peer: each gets its own answer', async () => {
    const reporters: EventReporter[] = [];
    acceptor = await startServices([committing(reporters)]);
    const peer = await associateFor(acceptor.port, COMMITMENT);
    const action = {
      ...{ CommandField: COMMAND.actionRequest, RequestedSOPClassUID: COMMITMENT, MessageID: 1 },
      ...{ RequestedSOPInstanceUID: COMMITMENT_INSTANCE, ActionTypeID: 1 },
    };
    peer.send(rawMessage(action, { TransactionUID: '2.25.1' }));
    expect(await hearCommand(peer)).toMatchObject({ CommandField: 0x8130, Status: 0, ActionTypeID: 1 });
    const report = reporters[0]!({ ...EVENT, dataset: { TransactionUID: '2.25.1' } });
    const event = await hearCommand(peer);
    expect(event).toMatchObject({ CommandField: COMMAND.eventReportRequest, EventTypeID: 1, MessageID: 1 });
    // The next request goes out before the answer to the event.
    peer.send(rawMessage({ ...action, MessageID: 2 }, { TransactionUID: '2.25.2' }));
    expect(await hearCommand(peer)).toMatchObject({ CommandField: 0x8130, MessageIDBeingRespondedTo: 2 });
    peer.send(
      rawMessage({ CommandField: 0x8100, MessageIDBeingRespondedTo: 1, Status: 0 }, { PatientID: 'reply' }),
    );
    expect(await report).toBe(0);
    peer.send(rawMessage({ CommandField: 0x8100, MessageIDBeingRespondedTo: 1, Status: 0 }));
    expect(await peer.expectPdu(0x07)).toEqual(Buffer.from([0, 0, 2, 5]));
  });

  it('fail when the association ends before the answer', async () => {
    const reporters: EventReporter[] = [];
    acceptor = await startServices([committing(reporters)]);
    const peer = await associateFor(acceptor.port, COMMITMENT);
    const action = { RequestedSOPClassUID: COMMITMENT, RequestedSOPInstanceUID: COMMITMENT_INSTANCE };
    peer.send(
      rawMessage({ CommandField: COMMAND.actionRequest, MessageID: 1, ActionTypeID: 1, ...action }, {}),
    );
    await hearCommand(peer);
    const report = reporters[0]!({ ...EVENT, dataset: {} });
    await hearCommand(peer);
    peer.reset();
    await expect(report).rejects.toMatchObject({ code: 'peer-aborted' });
  });

  it('are taken from a peer that proposes to be their provider', async () => {
    const events: [NormalizedRequest, Caller][] = [];
    acceptor = await startServices([
      {
        kind: 'normalized',
        sopClassUids: [COMMITMENT],
        event: (event, caller) => {
          events.push([event, caller]);
          return Promise.resolve({ status: 0 });
        },
      },
    ]);
    const association = await openFor(acceptor.port, COMMITMENT, { isProvider: true });
    expect((await association.eventReport({ ...EVENT, dataset: { TransactionUID: '2.25.3' } })).status).toBe(
      0,
    );
    await association.release();
    expect(events[0]?.[0]).toEqual({ ...EVENT, dataset: { TransactionUID: '2.25.3' } });
  });

  it('are negotiated by roles: what is not proposed or not served is never granted', async () => {
    acceptor = await startServices([
      { kind: 'normalized', sopClassUids: [COMMITMENT], event: () => Promise.resolve({ status: 0 }) },
      { kind: 'normalized', sopClassUids: [STEP] },
    ]);
    const peer = await ScriptedPeer.connect(acceptor.port);
    const proposed = [COMMITMENT, STEP, '1.2.3'].flatMap((sopClassUid) =>
      [true, false].map((isProvider) => ({ sopClassUid, isUser: isProvider, isProvider })),
    );
    peer.send(
      encodeAssociateRequest({
        ...{ protocolVersion: 1, calledAeTitle: 'OSTEOTRIAGE', callingAeTitle: 'SCRIPTED' },
        applicationContextName: '1.2.840.10008.3.1.1.1',
        presentationContexts: [
          { contextId: 1, abstractSyntax: COMMITMENT, transferSyntaxes: ['1.2.840.10008.1.2'] },
        ],
        userInformation: { pduBytesMax: 16384, implementationClassUid: '1.2.3', roles: proposed },
      }),
    );
    const { userInformation } = decodeAssociateAccept(await peer.expectPdu(0x02));
    expect(userInformation.roles).toEqual(
      proposed.map((role) => ({ ...role, isProvider: role.isProvider && role.sopClassUid === COMMITMENT })),
    );
    peer.reset();
  });

  it('are not sent where the peer does not let us be their provider', async () => {
    acceptor = await startServices([committing([])]);
    const association = await openFor(acceptor.port, COMMITMENT, { isProvider: true });
    const report = association.eventReport({ ...EVENT, dataset: {} });
    await expect(report).rejects.toMatchObject({ code: 'peer-rejected' });
    await association.release();
  });
});
