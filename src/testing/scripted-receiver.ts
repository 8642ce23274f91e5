import { Hl7Message } from '@medplum/core';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import {
  createServer as createTlsServer,
  type SecureContextOptions,
  Server as TlsServer,
  type TlsOptions,
} from 'node:tls';

const START_BLOCK = '\u000b';
const END_BLOCK = '\u001c\r';

/** What a receiver does with a message. */
export type ReceiverDeed =
  | { readonly code: string; readonly errorCode?: string }
  | 'silence'
  | 'rubbish'
  | 'foreign answer, then accept'
  | 'foreign answer'
  | 'half a frame'
  | 'accept and hang up'
  | 'hang up'
  | 'flood'
  | 'late duplicate, then accept';

/** Accepts. */
export const ACCEPTS: ReceiverDeed = { code: 'AA' };

/**
 * A receiver of HL7 v2 over MLLP of another make: messages are read, and acknowledgements written, by a library that
 * the client knows nothing of.
 */
export class ScriptedReceiver {
  /** Control identifiers of what came, in order. */
  readonly heard: string[] = [];
  readonly messages: Hl7Message[] = [];
  /** What is done with each message in turn; the last one goes on. */
  deeds: ReceiverDeed[];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, deeds: ReceiverDeed[]) {
    this.#server = server;
    this.deeds = deeds;
  }

  static start(...deeds: ReceiverDeed[]): Promise<ScriptedReceiver> {
    return ScriptedReceiver.#serve(createServer(), 'connection', deeds);
  }

  /** One that speaks TLS. */
  static startTls(tls: TlsOptions, ...deeds: ReceiverDeed[]): Promise<ScriptedReceiver> {
    return ScriptedReceiver.#serve(createTlsServer(tls), 'secureConnection', deeds);
  }

  static async #serve(server: Server, event: string, deeds: ReceiverDeed[]): Promise<ScriptedReceiver> {
    const receiver = new ScriptedReceiver(server, deeds.length === 0 ? [ACCEPTS] : deeds);
    server.on(event, (socket: Socket) => receiver.#listen(socket));
    await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
    return receiver;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** How many connections are open. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** Shows another certificate to whoever connects next. */
  renew(tls: SecureContextOptions): void {
    if (this.#server instanceof TlsServer) this.#server.setSecureContext(tls);
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((settle) => this.#server.close(() => settle()));
  }

  #listen(socket: Socket): void {
    this.#sockets.add(socket);
    let text = '';
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('data', (bytes) => {
      text += bytes.toString('utf8');
      for (let end = text.indexOf(END_BLOCK); end !== -1; end = text.indexOf(END_BLOCK)) {
        const message = Hl7Message.parse(text.slice(text.indexOf(START_BLOCK) + 1, end));
        text = text.slice(end + END_BLOCK.length);
        this.messages.push(message);
        this.heard.push(message.header.getField(10).toString());
        const deed = this.deeds.length > 1 ? this.deeds.shift() : this.deeds[0];
        this.#answer(socket, message, deed ?? ACCEPTS);
      }
    });
  }

  #answer(socket: Socket, message: Hl7Message, deed: ReceiverDeed): void {
    const id = message.header.getField(10).toString();
    const frame = (answers: string, code = 'AA', errorCode?: string): string =>
      `${START_BLOCK}${acknowledgement(answers, code, errorCode)}${END_BLOCK}`;
    if (typeof deed !== 'string') socket.write(frame(id, deed.code, deed.errorCode));
    else if (deed === 'accept and hang up') socket.end(frame(id));
    else if (deed === 'rubbish') socket.write('HTTP/1.1 400 Bad Request\r\n\r\n\u001c\r');
    else if (deed === 'foreign answer') socket.write(frame('SOMETHING-ELSE'));
    else if (deed === 'foreign answer, then accept') socket.write(frame('SOMETHING-ELSE', 'AR') + frame(id));
    else if (deed === 'late duplicate, then accept') {
      socket.write(frame(this.heard.at(-2) ?? 'NONE', 'AE') + frame(id));
    } else if (deed === 'half a frame') socket.end(frame(id).slice(0, 30));
    else if (deed === 'hang up') socket.destroy();
    else if (deed === 'flood') socket.write(Buffer.alloc(200 * 1024, 'x'));
  }
}

/** ERR as since 2.5: the code stands in its third field. */
function acknowledgement(answers: string, code: string, errorCode?: string): string {
  return [
    'MSH|^~\\&|RIS|HOSPITAL|OSTEOTRIAGE||20261122||ACK|X1|P|2.5.1',
    `MSA|${code}|${answers}|Text that may name a patient`,
    ...(errorCode === undefined ? [] : [`ERR|||${errorCode}^Some reason^HL70357|E`]),
    '',
  ].join('\r');
}
