import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** What a proxy does to the connections that go through it. */
export type ProxyMode =
  | { readonly kind: 'pass' }
  /** Nobody listens: connections are refused, and those that are open are reset. */
  | { readonly kind: 'down' }
  /** Every chunk waits so long. */
  | { readonly kind: 'slow'; readonly waitMs: number }
  /** Each connection is reset after so many bytes towards the server, as `draw` says. */
  | { readonly kind: 'cut'; readonly draw: () => number };

/** A wire between a client and a server that can be made bad. */
export class FaultProxy {
  /** Where connections go; may change while it runs. */
  upstreamPort: number;
  port = 0;
  #mode: ProxyMode = { kind: 'pass' };
  #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(upstreamPort: number) {
    this.upstreamPort = upstreamPort;
    this.#server = this.#createServer();
  }

  /** Begins to listen on a free port. */
  async open(): Promise<void> {
    await this.#listen(0);
    const address = this.#server.address();
    this.port = typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Changes what it does; open connections meet the new mode at their next chunk. */
  async turn(mode: ProxyMode): Promise<void> {
    const wasDown = this.#mode.kind === 'down';
    this.#mode = mode;
    if (mode.kind === 'down') await this.close();
    else if (wasDown) {
      this.#server = this.#createServer();
      await this.#listen(this.port);
    }
  }

  /** Resets every connection and listens no more. */
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.resetAndDestroy();
    await new Promise<void>((settle) => this.#server.close(() => settle()));
  }

  #createServer(): Server {
    // Half-open connections are passed on as they are.
    return createServer({ allowHalfOpen: true }, (client) => this.#join(client));
  }

  #listen(port: number): Promise<void> {
    return new Promise((settle, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', () => settle());
    });
  }

  #join(client: Socket): void {
    const server = connect({ host: '127.0.0.1', port: this.upstreamPort, allowHalfOpen: true });
    const cut = (): void => {
      client.resetAndDestroy();
      server.resetAndDestroy();
    };
    let bytesLeft = this.#mode.kind === 'cut' ? this.#mode.draw() : Number.POSITIVE_INFINITY;
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('error', cut);
      socket.once('close', () => {
        this.#sockets.delete(socket);
        cut();
      });
    }
    void this.#carry(client, server, (bytes) => {
      bytesLeft -= bytes;
      return bytesLeft > 0;
    }).catch(cut);
    void this.#carry(server, client, () => bytesLeft > 0).catch(cut);
  }

  async #carry(from: Socket, to: Socket, mayPass: (bytes: number) => boolean): Promise<void> {
    for await (const chunk of from as AsyncIterable<Buffer>) {
      if (!mayPass(chunk.length)) throw new Error('cut');
      if (this.#mode.kind === 'slow') await delay(this.#mode.waitMs);
      if (!to.write(chunk))
        await new Promise<void>((settle) => to.once('drain', settle).once('close', settle));
    }
    to.end();
  }
}
