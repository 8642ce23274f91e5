import { constants } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { TriageError } from '../errors.ts';

/** What one end of a TLS connection shows and what it believes; all are PEM files. */
export interface TlsFiles {
  /** Our certificate and its chain. */
  readonly certificateFile?: string;
  readonly keyFile?: string;
  /** The authorities that the other end's certificate must come from. */
  readonly authoritiesFile: string;
}

/** BCP 195 (RFC 9325 section 4.2) for TLS 1.2, and the suites of TLS 1.3: forward secrecy and AEAD only. */
export const CIPHER_SUITES: readonly string[] = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
];

/** The oldest and the newest version of TLS that is spoken. */
export const TLS_VERSIONS = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' } as const;

/**
 * Reads the files of one end (PS3.15 Annex B, BCP 195). Throws configuration-invalid with what is
 * missing or wrong.
 */
export function loadSecureContext(files: TlsFiles): SecureContextOptions {
  const { certificateFile, keyFile, authoritiesFile } = files;
  const options: SecureContextOptions = {
    ...TLS_VERSIONS,
    ciphers: CIPHER_SUITES.join(':'),
    ecdhCurve: 'X25519:P-256:P-384',
    honorCipherOrder: true,
    // A resumed session would show no certificate, and a renegotiated one another.
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
    ca: readPem(authoritiesFile),
    ...(certificateFile === undefined ? {} : { cert: readPem(certificateFile) }),
    ...(keyFile === undefined ? {} : { key: readPem(keyFile) }),
  };
  try {
    createSecureContext(options);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const named = [certificateFile, keyFile, authoritiesFile].filter((file) => file !== undefined).join(', ');
    throw new TriageError('configuration-invalid', `the TLS files ${named} cannot be used: ${reason}`, {
      cause,
    });
  }
  return options;
}

function readPem(path: string): Buffer {
  if (path === '') throw new TriageError('configuration-invalid', 'a TLS file is not configured');
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new TriageError('configuration-invalid', `the TLS file ${path} cannot be read`, { cause });
  }
}
