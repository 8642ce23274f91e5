import { statSync } from 'node:fs';
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { Clock } from '../clock.ts';
import { asTriageError } from '../errors.ts';
import type { DimseLog } from './dimse-log.ts';
import { loadSecureContext, type TlsFiles } from './tls-files.ts';

/** What a listener shows over TLS and what it asks of a caller. */
export interface TlsListening extends Required<TlsFiles> {
  readonly clientCertificate: 'required' | 'optional';
}

/** What a TLS server works with. */
export interface TlsServerOptions {
  readonly tls: TlsListening;
  readonly handshakeSecondsMax: number;
  readonly clock: Clock;
  readonly log: DimseLog;
  /** Takes a caller that may speak; the fingerprint is of its certificate where it showed one that we trust. */
  readonly onCaller: (socket: Socket, certificateSha256: string | null) => void;
  /** Told of a handshake that failed and of a caller that showed no certificate we trust. */
  readonly onRefused: () => void;
}

/** How often the files are looked at for a new certificate. */
const RELOAD_MS = 10_000;

/**
 * A server that speaks TLS 1.2 and 1.3 (PS3.15 Annex B, BCP 195), and takes up new certificates while it runs: when
 * a file has changed it is read, and where the new ones cannot be used the old ones stay and the log says so.
 */
export class TlsServer {
  readonly server: Server;
  readonly #options: TlsServerOptions;
  /** Every transport connection, also those whose handshake is under way. */
  readonly #sockets = new Set<Socket>();
  #version: string;
  #cancelReload: () => void = () => undefined;

  /** Throws configuration-invalid where the files cannot be used. */
  constructor(options: TlsServerOptions) {
    this.#options = options;
    this.#version = versionOf(options.tls);
    this.server = createServer({
      ...loadSecureContext(options.tls),
      requestCert: true,
      // Judged in #admit, where it can be logged.
      rejectUnauthorized: false,
      handshakeTimeout: options.handshakeSecondsMax * 1000,
    });
    this.server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    this.server.on('secureConnection', (socket) => this.#admit(socket));
    this.server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
      this.#refuse(socket, error.code ?? error.message);
    });
    this.#scheduleReload();
  }

  /** Stops looking at the files, and cuts what has not become an association. */
  close(): void {
    this.#cancelReload();
    for (const socket of this.#sockets) socket.destroy();
  }

  #admit(socket: TLSSocket): void {
    const certificate = socket.authorized ? socket.getPeerX509Certificate() : undefined;
    if (certificate === undefined && this.#options.tls.clientCertificate === 'required') {
      this.#refuse(socket, String(socket.authorizationError));
      return;
    }
    const fingerprint = certificate?.fingerprint256.replaceAll(':', '').toLowerCase() ?? null;
    this.#options.onCaller(socket, fingerprint);
  }

  #refuse(socket: TLSSocket, reason: string): void {
    const { remoteAddress } = socket;
    this.#options.log.warn({ reason, remoteAddress }, 'a caller over TLS was refused');
    this.#options.onRefused();
    socket.on('error', () => undefined);
    socket.destroy();
  }

  #scheduleReload(): void {
    this.#cancelReload = this.#options.clock.schedule(RELOAD_MS, () => {
      this.#scheduleReload();
      this.#reload();
    });
  }

  #reload(): void {
    const { tls, log } = this.#options;
    try {
      const version = versionOf(tls);
      if (version === this.#version) return;
      // Also where they cannot be used: they are looked at again when they change again, and complained of once.
      this.#version = version;
      this.server.setSecureContext(loadSecureContext(tls));
      log.info({}, 'new TLS certificates are in use');
    } catch (thrown) {
      const { message } = asTriageError(thrown);
      log.error({ reason: message }, 'the new TLS certificates cannot be used; the ones before stay');
    }
  }
}

/** Changes when one of the files changes; a file that is missing for a moment is a change too. */
function versionOf({ certificateFile, keyFile, authoritiesFile }: TlsListening): string {
  return [certificateFile, keyFile, authoritiesFile]
    .map((file) => {
      const stat = statSync(file, { throwIfNoEntry: false });
      return stat === undefined ? 'none' : `${stat.mtimeMs}/${stat.size}/${stat.ino}`;
    })
    .join(' ');
}
