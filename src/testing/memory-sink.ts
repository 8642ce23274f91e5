import type {
  IncomingDescription,
  IncomingObject,
  StorageSink,
  StoreOutcome,
} from '../dimse/storage-sink.ts';

/** An object that a memory sink received, and how it ended. */
export interface ReceivedObject {
  readonly incoming: IncomingDescription;
  readonly dataset: Buffer;
  readonly ending: 'open' | 'finished' | 'aborted';
  /** How often `finish` and `abort` were called together; must never be above one. */
  readonly endings: number;
}

/** What a memory sink does at each step; each may throw or be slow. */
export interface MemorySinkBehaviour {
  readonly onBegin?: (incoming: IncomingDescription) => Promise<void> | void;
  readonly onWrite?: (chunk: Buffer) => Promise<void> | undefined;
  readonly onFinish?: () => Promise<StoreOutcome> | StoreOutcome;
}

/** Keeps received objects in memory, for tests. */
export class MemorySink implements StorageSink {
  readonly objects: ReceivedObject[] = [];
  readonly #behaviour: MemorySinkBehaviour;

  constructor(behaviour: MemorySinkBehaviour = {}) {
    this.#behaviour = behaviour;
  }

  async begin(incoming: IncomingDescription): Promise<IncomingObject> {
    await this.#behaviour.onBegin?.(incoming);
    const chunks: Buffer[] = [];
    const index = this.objects.length;
    let endings = 0;
    const record = (ending: ReceivedObject['ending']): void => {
      if (ending !== 'open') endings += 1;
      this.objects[index] = { incoming, dataset: Buffer.concat(chunks), ending, endings };
    };
    record('open');
    return {
      write: (chunk) => {
        chunks.push(Buffer.from(chunk));
        return this.#behaviour.onWrite?.(chunk);
      },
      finish: async () => {
        record('finished');
        return (await this.#behaviour.onFinish?.()) ?? { status: 0 };
      },
      abort: () => {
        record('aborted');
        return Promise.resolve();
      },
    };
  }
}
