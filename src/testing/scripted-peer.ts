import { readFileSync } from 'node:fs';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { systemClock } from '../clock.ts';

/** A PDU as it came over the wire. */
export interface RawPdu {
  readonly type: number;
  readonly content: Buffer;
}

const PDU_FOLDER = new URL('../../dicom-fixtures/pdu/', import.meta.url);

/** Reads bytes written in hexadecimal, where `#` begins a comment. */
function parseHex(text: string): Buffer {
  return Buffer.from(text.replace(/#.*$/gm, '').replace(/\s+/g, ''), 'hex');
}

/** The bytes of a file of `dicom-fixtures/pdu`. */
export function readPduFixture(file: string): Buffer {
  return parseHex(readFileSync(new URL(file, PDU_FOLDER), 'utf8'));
}

/**
 * One end of a connection that says exactly the bytes it is told to and gathers what it hears. It knows no more
 * of DICOM than the six bytes of a PDU header, and shares no code with what it tests.
 */
export class ScriptedPeer {
  readonly #socket: Socket;
  #heard: Buffer = Buffer.alloc(0);
  #isClosed = false;
  #waiting: (() => void)[] = [];

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.#heard = Buffer.concat([this.#heard, chunk]);
      this.#wake();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#isClosed = true;
      this.#wake();
    });
  }

  /** Connects to a listener on this machine. */
  static async connect(port: number): Promise<ScriptedPeer> {
    const socket = connect({ host: '127.0.0.1', port });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new ScriptedPeer(socket);
  }

  /** Connects and gets the association of `good-associate-rq.hex`. */
  static async associate(port: number): Promise<ScriptedPeer> {
    const peer = await ScriptedPeer.connect(port);
    peer.send(readPduFixture('good-associate-rq.hex'));
    await peer.expectPdu(0x02);
    return peer;
  }

  /** Says bytes. */
  send(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** The next PDU heard, or undefined when the other end closed first; throws when neither comes in time. */
  async nextPdu(waitMsMax = 5000): Promise<RawPdu | undefined> {
    const isThere = (): boolean =>
      this.#heard.length >= 6 && this.#heard.length >= 6 + this.#heard.readUInt32BE(2);
    await this.#until(() => isThere() || this.#isClosed, waitMsMax);
    if (!isThere()) return undefined;
    const end = 6 + this.#heard.readUInt32BE(2);
    const pdu = { type: this.#heard.readUInt8(0), content: this.#heard.subarray(6, end) };
    this.#heard = this.#heard.subarray(end);
    return pdu;
  }

  /** The next PDU heard, which must be of a type; gives its content. */
  async expectPdu(type: number, waitMsMax = 5000): Promise<Buffer> {
    const pdu = await this.nextPdu(waitMsMax);
    if (pdu?.type !== type) {
      throw new Error(`expected a PDU of type ${type}, heard ${pdu === undefined ? 'the close' : pdu.type}`);
    }
    return pdu.content;
  }

  /** Waits until the other end has closed. */
  async expectClose(waitMsMax = 5000): Promise<void> {
    await this.#until(() => this.#isClosed, waitMsMax);
  }

  /** Stops hearing, so that what the other end says piles up. */
  deafen(): void {
    this.#socket.pause();
  }

  /** Closes politely. */
  close(): void {
    this.#socket.end();
  }

  /** Closes with a TCP reset, as a cable or a crash does. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  async #until(isTrue: () => boolean, waitMsMax: number): Promise<void> {
    const deadlineMs = systemClock.monotonicMs() + waitMsMax;
    while (!isTrue()) {
      const leftMs = deadlineMs - systemClock.monotonicMs();
      if (leftMs <= 0) throw new Error(`nothing was heard for ${waitMsMax} ms`);
      await new Promise<void>((resolve) => {
        const cancel = systemClock.schedule(leftMs, resolve);
        this.#waiting.push(() => {
          cancel();
          resolve();
        });
      });
    }
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

/** A listener that plays one script for each connection; `close` ends it and every connection. */
export async function listenScripted(
  script: (peer: ScriptedPeer) => Promise<void>,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    // A script that fails shows in the test by what the tested side then says.
    void script(new ScriptedPeer(socket)).catch(() => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
