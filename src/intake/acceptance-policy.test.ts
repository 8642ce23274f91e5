import { describe, expect, it } from 'vitest';
import { DXA_REPORT_SOP_CLASS_UIDS, IMAGE_SOP_CLASS_UIDS, SOP_CLASSES } from '../dicom/uids.ts';
import type { AssociationProposal } from '../dimse/services.ts';
import { parseSites } from '../sites.ts';
import { judgeProposal, mayStore } from './acceptance-policy.ts';

const CERTIFICATE = 'ab'.repeat(32);
const PROPOSAL: AssociationProposal = {
  callingAeTitle: 'DENTAL',
  calledAeTitle: 'OSTEOTRIAGE',
  remoteAddress: '10.1.2.3',
  secure: false,
  certificateSha256: null,
};
const NOT_RECOGNISED = { accepted: false, result: 1, source: 1, reason: 3 };

function judge(peer: Record<string, unknown>, change: Partial<AssociationProposal> = {}) {
  const peers = [{ aeTitle: 'DENTAL', addresses: ['10.1.2.0/24'], ...peer }];
  return judgePeers(peers, change);
}

function judgePeers(peers: readonly Record<string, unknown>[], change: Partial<AssociationProposal> = {}) {
  const book = parseSites(JSON.stringify({ sites: [{ id: 'clinic', name: 'Clinic', peers }] }), 'test');
  return judgeProposal({ ...PROPOSAL, ...change }, book, 'OSTEOTRIAGE');
}

function syntaxes(peer: Record<string, unknown>): string[] {
  const verdict = judge(peer);
  return verdict.accepted ? [...(verdict.abstractSyntaxes ?? [])].sort() : [];
}

describe('who may call', () => {
  it('a peer of a site is accepted for that site', () => {
    expect(judge({})).toMatchObject({ accepted: true, siteId: 'clinic' });
  });

  it('an AE title counts without its padding', () => {
    expect(judge({}, { callingAeTitle: 'DENTAL  ', calledAeTitle: ' OSTEOTRIAGE' }).accepted).toBe(true);
  });

  it('another calling AE title, also one that differs in case, is not recognised', () => {
    expect(judge({}, { callingAeTitle: 'STRANGER' })).toEqual(NOT_RECOGNISED);
    expect(judge({}, { callingAeTitle: 'dental' })).toEqual(NOT_RECOGNISED);
    expect(judge({}, { callingAeTitle: '' })).toEqual(NOT_RECOGNISED);
  });

  it('a known caller that calls another title is told that the called one is not recognised', () => {
    const wrong = { accepted: false, result: 1, source: 1, reason: 7 };
    expect(judge({}, { calledAeTitle: 'ELSEWHERE' })).toEqual(wrong);
    expect(judge({ calledAeTitle: 'CLINICDOOR' })).toEqual(wrong);
    expect(judge({ calledAeTitle: 'CLINICDOOR' }, { calledAeTitle: 'CLINICDOOR' }).accepted).toBe(true);
  });

  it('a stranger is not told which titles there are', () => {
    expect(judge({}, { callingAeTitle: 'STRANGER', calledAeTitle: 'ELSEWHERE' })).toEqual(NOT_RECOGNISED);
  });

  it.each<[string, string, boolean]>([
    ['10.1.2.0/24', '10.1.2.255', true],
    ['10.1.2.0/24', '10.1.3.1', false],
    ['10.1.2.3', '10.1.2.3', true],
    ['10.1.2.3', '10.1.2.30', false],
    ['10.1.2.0/24', '::ffff:10.1.2.9', true],
    ['10.1.2.0/24', '::ffff:10.9.2.9', false],
    ['0.0.0.0/0', '::ffff:10.9.2.9', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['2001:db8::/32', '2001:db8:1::7', true],
    ['2001:db8::/32', '2001:db9::7', false],
    ['fe80::1', 'fe80:0:0:0:0:0:0:1', true],
    ['10.1.2.0/24', '', false],
  ])('of the addresses %s the caller from %j is one: %s', (range, remoteAddress, accepted) => {
    const verdict = judge({ addresses: [range] }, { remoteAddress });
    if (accepted) expect(verdict.accepted).toBe(true);
    else expect(verdict).toEqual(NOT_RECOGNISED);
  });

  it('a peer with a certificate is taken with that one over TLS and not otherwise', () => {
    const peer = { certificateSha256: CERTIFICATE };
    expect(judge(peer)).toEqual(NOT_RECOGNISED);
    expect(judge(peer, { secure: true })).toEqual(NOT_RECOGNISED);
    expect(judge(peer, { secure: true, certificateSha256: 'cd'.repeat(32) })).toEqual(NOT_RECOGNISED);
    expect(judge(peer, { secure: false, certificateSha256: CERTIFICATE })).toEqual(NOT_RECOGNISED);
    expect(judge(peer, { secure: true, certificateSha256: CERTIFICATE }).accepted).toBe(true);
  });

  it('a peer without a certificate may come over TLS too', () => {
    expect(judge({}, { secure: true, certificateSha256: CERTIFICATE }).accepted).toBe(true);
  });

  it('a title with two entries is judged by the one that fits', () => {
    const peers = [
      { aeTitle: 'DENTAL', addresses: ['10.9.0.0/16'], rights: ['worklist'] },
      { aeTitle: 'DENTAL', addresses: ['10.1.0.0/16'], rights: ['store'] },
    ];
    const verdict = judgePeers(peers);
    expect(verdict.accepted && mayStore(verdict.abstractSyntaxes)).toBe(true);
  });
});

describe('what a caller may ask for', () => {
  const { verification, storageCommitment, modalityWorklistFind, performedProcedureStep } = SOP_CLASSES;

  it.each<[string[], readonly string[]]>([
    [[], []],
    [['store'], IMAGE_SOP_CLASS_UIDS],
    [['commit'], [storageCommitment]],
    [['worklist'], [modalityWorklistFind]],
    [['mpps'], [performedProcedureStep]],
    [['dxa-results'], [...DXA_REPORT_SOP_CLASS_UIDS, ...IMAGE_SOP_CLASS_UIDS]],
    [
      ['store', 'commit'],
      [...IMAGE_SOP_CLASS_UIDS, storageCommitment],
    ],
  ])('the rights %j open Verification and their own classes', (rights, uids) => {
    expect(syntaxes({ rights })).toEqual([verification, ...uids].sort());
  });

  it('the SOP classes of a peer narrow what it may store and nothing else', () => {
    const sopClassUids = [SOP_CLASSES.digitalXRayForPresentation];
    expect(syntaxes({ rights: ['store', 'commit'], sopClassUids })).toEqual(
      [verification, storageCommitment, ...sopClassUids].sort(),
    );
  });

  it('no list of a site opens a class that this node does not take', () => {
    const mammography = '1.2.840.10008.5.1.4.1.1.1.2';
    expect(syntaxes({ rights: ['store'], sopClassUids: [mammography] })).toEqual([verification]);
  });

  it('a scanner that only reads the worklist stores nothing', () => {
    const verdict = judge({ rights: ['worklist', 'mpps'] });
    expect(verdict.accepted && mayStore(verdict.abstractSyntaxes)).toBe(false);
  });
});

describe('a node without sites', () => {
  it.each(['127.0.0.1', '::1', '::ffff:127.0.0.1'])('takes everything from %s', (remoteAddress) => {
    const verdict = judgeProposal({ ...PROPOSAL, remoteAddress }, null, 'OSTEOTRIAGE');
    expect(verdict).toEqual({ accepted: true, siteId: 'loopback', abstractSyntaxes: null });
  });

  it.each(['10.1.2.3', '::ffff:10.1.2.3', '2001:db8::1'])('takes nothing from %s', (remoteAddress) => {
    expect(judgeProposal({ ...PROPOSAL, remoteAddress }, null, 'OSTEOTRIAGE')).toEqual(NOT_RECOGNISED);
  });
});
