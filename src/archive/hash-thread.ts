import { Worker } from 'node:worker_threads';
import { TriageError } from '../errors.ts';
import type { FileReply, HashReply, HashRequest, StreamReply } from './hash-worker.ts';

/** The SHA-256 of one stream of bytes. Its calls are awaited one after the other, or not at all. */
export interface StreamHash {
  /** Resolves when the bytes are hashed and their memory may be used again; with the digest where they are the last. */
  update(memory: SharedArrayBuffer, offset: number, bytes: number, isLast: boolean): Promise<StreamReply>;
  /** Gives the stream up. */
  forget(): void;
}

/** Digests of a part of a file: SHA-256 in lower-case hexadecimal, MD5 in base64. */
export interface FileDigests {
  readonly sha256: string;
  readonly md5: string;
}

/**
 * Hashes on a thread of its own: SHA-256 takes half of all the processor time that receiving a film takes, so it runs
 * beside the sockets. The thread starts with the first stream and never keeps the process alive but for a digest
 * that is awaited.
 */
export class HashThread {
  #worker: Worker | undefined;
  #streams = 0;
  #waiting: PromiseWithResolvers<HashReply>[] = [];

  /** Begins a stream. */
  begin(): StreamHash {
    this.#streams += 1;
    const stream = this.#streams;
    const worker = (this.#worker ??= this.#start());
    return {
      update: (memory, offset, bytes, isLast) => {
        if (worker !== this.#worker) return Promise.reject(lostThread());
        return this.#ask(worker, { stream, memory, offset, bytes, isLast }) as Promise<StreamReply>;
      },
      forget: () => worker.postMessage({ stream, forget: true } satisfies HashRequest),
    };
  }

  /** Reads a part of a file and hashes it. */
  async digestFile(path: string, start: number, end: number): Promise<FileDigests> {
    const worker = (this.#worker ??= this.#start());
    const reply = (await this.#ask(worker, { path, start, end })) as FileReply;
    if ('problem' in reply) throw new TriageError('storage-failed', reply.problem);
    return reply;
  }

  // The thread answers in the order it is asked in, each request by what it asks for.
  #ask(worker: Worker, request: HashRequest): Promise<HashReply> {
    const answer = Promise.withResolvers<HashReply>();
    if (this.#waiting.push(answer) === 1) worker.ref();
    worker.postMessage(request);
    return answer.promise;
  }

  #start(): Worker {
    const worker = new Worker(new URL('./hash-worker.ts', import.meta.url), {
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 2 },
    });
    worker.unref();
    worker.on('message', (reply: HashReply) => {
      this.#waiting.shift()?.resolve(reply);
      if (this.#waiting.length === 0) worker.unref();
    });
    // Streams of a thread that is gone fail; the next one starts another.
    worker.once('error', (error) => this.#lose(worker, error));
    worker.once('exit', () => this.#lose(worker));
    return worker;
  }

  #lose(worker: Worker, cause?: unknown): void {
    if (worker !== this.#worker) return;
    this.#worker = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const answer of waiting) answer.reject(lostThread(cause));
  }
}

function lostThread(cause?: unknown): TriageError {
  return new TriageError('storage-failed', 'the thread that hashes has ended', { cause });
}
