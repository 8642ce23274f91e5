import { isIP } from 'node:net';
import { DXA_REPORT_SOP_CLASS_UIDS, IMAGE_SOP_CLASS_UIDS, SOP_CLASSES } from '../dicom/uids.ts';
import type { AssociationProposal, AssociationVerdict } from '../dimse/services.ts';
import { isLoopbackHost } from '../site-registry.ts';
import { isInRange, LOOPBACK_SITE_ID, type Peer, type PeerRight, type SiteBook } from '../sites.ts';

/** Why an association is rejected: result, source and reason of A-ASSOCIATE-RJ (PS3.8 Table 9-21). */
export const REJECTIONS = {
  /** Permanent, service user, calling AE title not recognised. */
  callingAeTitle: { result: 1, source: 1, reason: 3 },
  /** Permanent, service user, called AE title not recognised. */
  calledAeTitle: { result: 1, source: 1, reason: 7 },
  /** Transient, service provider (presentation), local limit exceeded. */
  localLimit: { result: 2, source: 3, reason: 2 },
} as const;

/** The SOP classes that each right opens; `sopClassUids` of a peer narrows what it may store. */
const CLASSES_OF_RIGHT: Readonly<Record<PeerRight, readonly string[]>> = {
  store: IMAGE_SOP_CLASS_UIDS,
  commit: [SOP_CLASSES.storageCommitment],
  worklist: [SOP_CLASSES.modalityWorklistFind],
  mpps: [SOP_CLASSES.performedProcedureStep],
  'dxa-results': [...DXA_REPORT_SOP_CLASS_UIDS, ...IMAGE_SOP_CLASS_UIDS],
};

/**
 * Who may open an association, and for which SOP classes. Pure. A caller must fit a peer of the sites file by
 * calling AE title, address and certificate together; the one that does not is told no more than that it is not
 * known (1/1/3), whichever of them it was. Without sites only this machine may call, for everything.
 */
export function judgeProposal(
  proposal: AssociationProposal,
  book: SiteBook | null,
  nodeAeTitle: string,
): AssociationVerdict {
  if (book === null) {
    return isLoopbackHost(withoutMapping(proposal.remoteAddress))
      ? { accepted: true, siteId: LOOPBACK_SITE_ID, abstractSyntaxes: null }
      : { accepted: false, ...REJECTIONS.callingAeTitle };
  }
  const known = book.sites.flatMap((site) =>
    site.peers.filter((peer) => isCaller(peer, proposal)).map((peer) => ({ siteId: site.id, peer })),
  );
  if (known.length === 0) return { accepted: false, ...REJECTIONS.callingAeTitle };
  const called = proposal.calledAeTitle.trim();
  const found = known.find(({ peer }) => (peer.calledAeTitle ?? nodeAeTitle) === called);
  if (found === undefined) return { accepted: false, ...REJECTIONS.calledAeTitle };
  return { accepted: true, siteId: found.siteId, abstractSyntaxes: abstractSyntaxesOf(found.peer) };
}

/** What a peer may ask for: Verification always, the rest by its rights. */
export function abstractSyntaxesOf(peer: Pick<Peer, 'rights' | 'sopClassUids'>): ReadonlySet<string> {
  const { rights, sopClassUids } = peer;
  const stored = (right: PeerRight): boolean => right === 'store' || right === 'dxa-results';
  return new Set([
    SOP_CLASSES.verification,
    ...rights.flatMap((right) =>
      CLASSES_OF_RIGHT[right].filter(
        (uid) => !stored(right) || sopClassUids === undefined || sopClassUids.includes(uid),
      ),
    ),
  ]);
}

/** Whether films can come over an association that was accepted so. */
export function mayStore(abstractSyntaxes: ReadonlySet<string> | null): boolean {
  return abstractSyntaxes === null || IMAGE_SOP_CLASS_UIDS.some((uid) => abstractSyntaxes.has(uid));
}

function isCaller(peer: Peer, proposal: AssociationProposal): boolean {
  const { callingAeTitle, remoteAddress, secure, certificateSha256 } = proposal;
  if (peer.aeTitle !== callingAeTitle.trim()) return false;
  if (!isWithin(remoteAddress, peer.addresses)) return false;
  // A peer with a certificate is taken with that one only, so never on the port without TLS.
  return peer.certificateSha256 === undefined || (secure && peer.certificateSha256 === certificateSha256);
}

function isWithin(remoteAddress: string, ranges: readonly string[]): boolean {
  const address = withoutMapping(remoteAddress);
  return isIP(address) !== 0 && ranges.some((range) => isInRange(address, range));
}

/** An IPv4 caller of a listener on `::` comes as ::ffff:a.b.c.d (RFC 4291 2.5.5.2). */
function withoutMapping(remoteAddress: string): string {
  const mapped = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i.exec(remoteAddress);
  return mapped?.[1] ?? remoteAddress;
}
