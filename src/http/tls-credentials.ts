/** The certificate that a server of HTTPS shows, taken up anew when its files change. */
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify';
import { readFileSync, statSync } from 'node:fs';
import { Server as HttpsServer } from 'node:https';
import { createSecureContext } from 'node:tls';
import type { Clock } from '../clock.ts';
import { TriageError } from '../errors.ts';
import type { HttpLog } from './http-answers.ts';

const LOOK_MS = 10_000;
/** BCP 195: nothing older, and suites with forward secrecy and authenticated encryption only. */
const TLS_PROFILE = {
  minVersion: 'TLSv1.2',
  ciphers:
    'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:ECDHE+AESGCM:ECDHE+CHACHA20',
} as const;

/** PEM files of a certificate, its chain behind it, and of its key. */
export interface CertificateFiles {
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** What the files hold. */
export interface Credentials {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Throws configuration-invalid where the files cannot be read or do not belong together. */
export function readCredentials({ certificateFile, keyFile }: CertificateFiles): Credentials {
  try {
    const credentials = { cert: readFileSync(certificateFile), key: readFileSync(keyFile) };
    createSecureContext(credentials);
    return credentials;
  } catch (cause) {
    throw new TriageError(
      'configuration-invalid',
      `the certificate ${certificateFile} or its key ${keyFile} cannot be used`,
      { cause },
    );
  }
}

/** A server of HTTPS, or of HTTP where there are no credentials. */
export function openFastify(
  options: FastifyServerOptions,
  credentials: Credentials | undefined,
): FastifyInstance {
  // Fastify's type depends on the option; the routes do not.
  return credentials === undefined
    ? Fastify(options)
    : Fastify({
        ...(options as object),
        https: { ...credentials, ...TLS_PROFILE },
      });
}

/** Looks at the files till the end; a new pair is shown to whoever connects next, a broken one is not taken up. */
export function watchCredentials(
  app: FastifyInstance,
  name: string,
  files: CertificateFiles,
  clock: Clock,
  log: HttpLog,
): () => void {
  let signature = signatureOf(files);
  let cancel: () => void = () => undefined;
  const look = (): void => {
    const now = signatureOf(files);
    if (now !== signature) {
      signature = now;
      try {
        const { server }: { readonly server: unknown } = app;
        const credentials = readCredentials(files);
        if (server instanceof HttpsServer) server.setSecureContext({ ...credentials, ...TLS_PROFILE });
        log.info({}, `${name} shows a new certificate`);
      } catch {
        log.error({}, `the new certificate of ${name} cannot be used: the earlier one is shown on`);
      }
    }
    cancel = clock.schedule(LOOK_MS, look);
  };
  cancel = clock.schedule(LOOK_MS, look);
  return () => cancel();
}

function signatureOf({ certificateFile, keyFile }: CertificateFiles): string {
  return [certificateFile, keyFile]
    .map((path) => {
      const found = statSync(path, { bigint: true, throwIfNoEntry: false });
      return found === undefined ? 'none' : `${found.ino} ${found.size} ${found.mtimeNs}`;
    })
    .join(', ');
}
