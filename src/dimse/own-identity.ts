import type { Config } from '../config.ts';
import type { TlsFiles } from './tls-files.ts';

/** As whom this node calls, and how it proves it over TLS. */
export type OwnIdentity = Pick<
  Config,
  'aeTitle' | 'tlsCertificateFile' | 'tlsKeyFile' | 'tlsAuthoritiesFile'
>;

/** The files of a connection that we open; they are read for each, so that new certificates need no restart. */
export function ownTlsFiles(identity: Omit<OwnIdentity, 'aeTitle'>): TlsFiles {
  const { tlsCertificateFile, tlsKeyFile, tlsAuthoritiesFile } = identity;
  const own = tlsCertificateFile === '' ? {} : { certificateFile: tlsCertificateFile, keyFile: tlsKeyFile };
  return { authoritiesFile: tlsAuthoritiesFile, ...own };
}
