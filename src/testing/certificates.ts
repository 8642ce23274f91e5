import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A certificate of a test, with its key, as PEM files. */
export interface TestCertificate {
  readonly certificateFile: string;
  readonly keyFile: string;
  /** As a policy is told it. */
  readonly sha256: string;
}

/** An authority of a test and what it issues, in files of one folder. */
export interface TestAuthority {
  readonly authoritiesFile: string;
  /** A certificate for this machine, or for the names given as in `DNS:pacs.invalid`; with -1 day it is past already. */
  issue(name: string, alternativeNames?: string, days?: number): TestCertificate;
}

/** Makes an authority with openssl. */
export function makeAuthority(openssl: string, folder: string, name: string): TestAuthority {
  const run = (...words: string[]): void => {
    execFileSync(openssl, words, { cwd: folder, stdio: 'pipe' });
  };
  const file = (ending: string): string => join(folder, ending);
  const makeKey = (path: string): void =>
    run('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', path);
  const authoritiesFile = file(`${name}.pem`);
  makeKey(file(`${name}.key`));
  run(
    ...['req', '-x509', '-new', '-key', file(`${name}.key`), '-days', '2', '-subj', `/CN=${name}`],
    ...['-out', authoritiesFile],
  );
  return {
    authoritiesFile,
    issue(leaf, alternativeNames = 'IP:127.0.0.1,DNS:localhost', days = 2) {
      const [keyFile, certificateFile] = [file(`${leaf}.key`), file(`${leaf}.pem`)];
      makeKey(keyFile);
      writeFileSync(file(`${leaf}.ext`), `subjectAltName=${alternativeNames}\n`);
      run('req', '-new', '-key', keyFile, '-subj', `/CN=${leaf}`, '-out', file(`${leaf}.csr`));
      run(
        ...[
          'x509',
          '-req',
          '-in',
          file(`${leaf}.csr`),
          '-CA',
          authoritiesFile,
          '-CAkey',
          file(`${name}.key`),
        ],
        ...[
          '-CAcreateserial',
          '-days',
          String(days),
          '-extfile',
          file(`${leaf}.ext`),
          '-out',
          certificateFile,
        ],
      );
      const { fingerprint256 } = new X509Certificate(readFileSync(certificateFile));
      return { certificateFile, keyFile, sha256: fingerprint256.replaceAll(':', '').toLowerCase() };
    },
  };
}
