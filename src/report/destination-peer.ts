/** A destination of the sites file as a peer to call, over TLS where the file says so. */
import type { Config } from '../config.ts';
import type { Destination } from '../sites.ts';

/** As whom we call, and how we prove it over TLS. */
export type PeerIdentity = Pick<
  Config,
  'aeTitle' | 'tlsCertificateFile' | 'tlsKeyFile' | 'tlsAuthoritiesFile'
>;

/** Certificate files as they are read for each association, so that new ones need no restart. */
export interface PeerTls {
  readonly authoritiesFile: string;
  readonly certificateFile?: string;
  readonly keyFile?: string;
}

/** A destination as the requestor takes it. */
export interface DestinationPeer {
  readonly host: string;
  readonly port: number;
  readonly calledAeTitle: string;
  readonly callingAeTitle: string;
  readonly tls?: PeerTls;
}

/** Whom to call, and as whom. */
export function peerOf({ host, port, aeTitle, tls }: Destination, identity: PeerIdentity): DestinationPeer {
  const peer = { host, port, calledAeTitle: aeTitle, callingAeTitle: identity.aeTitle };
  return tls ? { ...peer, tls: tlsOf(identity) } : peer;
}

function tlsOf({ tlsCertificateFile, tlsKeyFile, tlsAuthoritiesFile }: PeerIdentity): PeerTls {
  const own = tlsCertificateFile === '' ? {} : { certificateFile: tlsCertificateFile, keyFile: tlsKeyFile };
  return { authoritiesFile: tlsAuthoritiesFile, ...own };
}
