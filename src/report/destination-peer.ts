/** A destination of the sites file as a peer to call, over TLS where the file says so. */
import { ownTlsFiles, type OwnIdentity } from '../dimse/own-identity.ts';
import type { TlsFiles } from '../dimse/tls-files.ts';
import type { Destination } from '../sites.ts';

/** As whom we call, and how we prove it over TLS. */
export type PeerIdentity = OwnIdentity;

/** A destination as the requestor takes it. */
export interface DestinationPeer {
  readonly host: string;
  readonly port: number;
  readonly calledAeTitle: string;
  readonly callingAeTitle: string;
  readonly tls?: TlsFiles;
}

/** Whom to call, and as whom. */
export function peerOf({ host, port, aeTitle, tls }: Destination, identity: PeerIdentity): DestinationPeer {
  const peer = { host, port, calledAeTitle: aeTitle, callingAeTitle: identity.aeTitle };
  return tls ? { ...peer, tls: ownTlsFiles(identity) } : peer;
}
