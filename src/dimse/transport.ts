import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Clock } from '../clock.ts';
import { TriageError } from '../errors.ts';
import { loadSecureContext, type TlsFiles } from './tls-files.ts';

/** Where a transport connection leads, and how long it may take to get there. */
export interface TransportOptions {
  readonly host: string;
  readonly port: number;
  readonly clock: Clock;
  readonly connectMsMax: number;
  /** Left out: no TLS. */
  readonly tls?: TlsFiles;
}

/** Connects; throws peer-unreachable where there is no connection in time, or none that can be trusted. */
export async function openTransport(options: TransportOptions): Promise<Socket> {
  const { host, port, clock, connectMsMax, tls } = options;
  const socket =
    tls === undefined ? connect({ host, port }) : connectTls({ host, port, ...loadSecureContext(tls) });
  return new Promise((resolve, reject) => {
    const fail = (reason: string, cause?: unknown): void => {
      cancel();
      socket.destroy();
      reject(new TriageError('peer-unreachable', `${host}:${port}: ${reason}`, { cause }));
    };
    const cancel = clock.schedule(connectMsMax, () => fail(`no connection within ${connectMsMax} ms`));
    const onError = (error: NodeJS.ErrnoException): void => fail(error.code ?? error.message, error);
    socket.once('error', onError);
    socket.once('close', () => fail('the peer closed the connection'));
    socket.once(tls === undefined ? 'connect' : 'secureConnect', () => {
      cancel();
      resolve(socket);
    });
  });
}
