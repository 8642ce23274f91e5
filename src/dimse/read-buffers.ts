import { Socket } from 'node:net';

/** Room for one read. Larger reads gained nothing; smaller ones cost system calls. */
const ROOM_BYTES = 128 * 1024;
/** A read this small is copied, so that many of them do not hold many rooms. */
const COPIED_BYTES_MAX = 8 * 1024;

/** Bytes as they were read; `room` is what they lie in, where that is to be used again. */
export interface ReadBytes {
  readonly bytes: Buffer;
  readonly room: Buffer | undefined;
}

/**
 * Reads a server's socket into buffers that are used again. Node allocates 64 KB for every read otherwise, which
 * costs three times the processor time of the read itself and fills the heap with buffers to collect.
 */
export class ReadBuffers {
  readonly #free: Buffer[] = [];
  #next: Buffer | undefined;

  /**
   * Moves the connection of an accepted socket to the socket that is returned: what is read into is chosen at
   * construction only (`onread` of node:net), and a server constructs its sockets itself. Other transports, TLS
   * among them, keep their socket and their `data` events.
   */
  attach(accepted: Socket, onRead: (read: ReadBytes) => void): Socket {
    const handle = takeHandle(accepted);
    if (handle === undefined) {
      accepted.on('data', (bytes: Buffer) => onRead({ bytes, room: undefined }));
      return accepted;
    }
    const socket = new Socket({
      handle,
      onread: {
        buffer: () => this.#room(),
        callback: (byteCount: number, room: Buffer) => {
          onRead(this.#take(byteCount, room));
          return true;
        },
      },
    } as unknown as ConstructorParameters<typeof Socket>[0]);
    // The server counts the socket it made; that one ends with its connection.
    socket.once('close', () => accepted.destroy());
    // Without this the end of the stream would never be told.
    return socket.resume();
  }

  /** Gives back what was read and is not needed any more. */
  release({ room }: ReadBytes): void {
    if (room !== undefined) this.#free.push(room);
  }

  #room(): Buffer {
    this.#next ??= this.#free.pop() ?? Buffer.allocUnsafeSlow(ROOM_BYTES);
    return this.#next;
  }

  #take(byteCount: number, room: Buffer): ReadBytes {
    // The room stays under the next read.
    if (byteCount <= COPIED_BYTES_MAX)
      return { bytes: Buffer.from(room.subarray(0, byteCount)), room: undefined };
    this.#next = undefined;
    return { bytes: room.subarray(0, byteCount), room };
  }
}

/** Takes the connection out of a plain TCP socket; undefined where it is not one that can be moved. */
function takeHandle(socket: Socket): object | undefined {
  const owner = socket as unknown as { _handle?: { useUserBuffer?: unknown } | null };
  const handle = owner._handle;
  const isPlain = Object.getPrototypeOf(socket) === Socket.prototype;
  if (!isPlain || handle == null || typeof handle.useUserBuffer !== 'function') return undefined;
  owner._handle = null;
  return handle;
}
