import { Redis } from 'ioredis';
import type { Clock } from '../clock.ts';
import { TriageError } from '../errors.ts';
import { readSecretFile } from '../secret-file.ts';
import type { Log } from '../telemetry.ts';

/** A server that has not answered for so long is left, and called anew. */
const ANSWER_MS_MAX = 1_000;
const CALL_AGAIN_MS_MAX = 1_000;
/** A start waits this long for a server, then goes on without it. */
const OPEN_MS_MAX = 3_000;
/** A line that nobody speaks on is asked this often, because one that was cut says nothing. */
const ASK_MS = 2_000;

/** Where a Redis is. */
export interface RedisAddress {
  readonly url: string;
  /** Empty: none is needed. */
  readonly passwordFile: string;
}

/** The client library's own connection, for the library of the queue. */
export type RedisCommands = Redis;

/**
 * The way to a Redis, which may be lost at any time. What is asked while it is lost fails at once; what was asked when it
 * was lost fails within a second. It comes back by itself.
 */
export interface RedisLink {
  readonly commands: RedisCommands;
  /** null while it answers, else what is wrong. */
  problem(): string | null;
  /** Tells whoever listens on a channel now, in any process. Rejects while the link is lost. */
  publish(channel: string, text: string): Promise<void>;
  /** Hears a channel of this database of the server; what is told while the link is lost is never heard. */
  listen(channel: string, hear: (text: string) => void): () => void;
  /** Calls back whenever the link is there again, for whatever was not heard meanwhile. */
  onReturn(callback: () => void): () => void;
  close(): Promise<void>;
}

/**
 * Opens the way to a Redis. One that does not answer is no reason not to start; one that refuses the password is:
 * throws configuration-invalid.
 */
export async function openRedis(address: RedisAddress, clock: Clock, log: Log): Promise<RedisLink> {
  const { url, passwordFile } = address;
  const options = {
    ...(passwordFile === '' ? {} : { password: readSecretFile(passwordFile) }),
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    socketTimeout: ANSWER_MS_MAX,
    connectTimeout: ANSWER_MS_MAX,
    retryStrategy: (times: number) => Math.min(times * 50, CALL_AGAIN_MS_MAX),
  };
  const link = new Link(new Redis(url, options), new Redis(url, options), clock, log);
  const refusal = await link.firstAnswer();
  if (refusal !== undefined) {
    await link.close();
    throw refusal;
  }
  return link;
}

/** Two lines, because one that listens may say nothing else to an older server. */
class Link implements RedisLink {
  readonly commands: Redis;
  readonly #news: Redis;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #ears = new Map<string, Set<(text: string) => void>>();
  readonly #returns = new Set<() => void>();
  #problem: string | null = 'it has not answered yet';
  #cancelAsk: () => void;

  constructor(commands: Redis, news: Redis, clock: Clock, log: Log) {
    this.commands = commands;
    this.#news = news;
    this.#clock = clock;
    this.#log = log;
    commands.on('ready', () => this.#noteReturn());
    for (const line of [commands, news]) {
      line.on('error', (thrown: Error) => this.#noteProblem(thrown.message));
      line.on('close', () => this.#noteProblem('the connection was closed'));
    }
    news.on('ready', () => void this.#listenAnew());
    news.on('message', (channel: string, text: string) => {
      for (const hear of this.#ears.get(channel) ?? []) hear(text);
    });
    this.#cancelAsk = this.#scheduleAsk();
  }

  /** Resolves when it answered, was not there, or the wait is over; with an error where it refused us. */
  async firstAnswer(): Promise<TriageError | undefined> {
    const lines = [this.commands, this.#news];
    let cancel: () => void = () => undefined;
    const refusal = await new Promise<TriageError | undefined>((settle) => {
      cancel = this.#clock.schedule(OPEN_MS_MAX, () => settle(undefined));
      for (const line of lines) {
        line.once('ready', () => lines.every(({ status }) => status === 'ready') && settle(undefined));
        line.once('error', (thrown: Error) => settle(refusalOf(thrown)));
        line.once('close', () => settle(undefined));
      }
    });
    cancel();
    return refusal;
  }

  problem(): string | null {
    return this.commands.status === 'ready' ? null : (this.#problem ?? 'it is called anew');
  }

  async publish(channel: string, text: string): Promise<void> {
    await this.commands.publish(this.#nameOf(channel), text);
  }

  listen(channel: string, hear: (text: string) => void): () => void {
    const name = this.#nameOf(channel);
    const ears = this.#ears.get(name) ?? new Set();
    ears.add(hear);
    this.#ears.set(name, ears);
    void this.#listenAnew();
    return () => ears.delete(hear);
  }

  onReturn(callback: () => void): () => void {
    this.#returns.add(callback);
    return () => this.#returns.delete(callback);
  }

  close(): Promise<void> {
    this.#cancelAsk();
    this.commands.disconnect();
    this.#news.disconnect();
    return Promise.resolve();
  }

  // Channels are the same for all databases of a server, so each of ours names its own.
  #nameOf(channel: string): string {
    return `osteotriage:${this.commands.options.db ?? 0}:${channel}`;
  }

  async #listenAnew(): Promise<void> {
    if (this.#news.status !== 'ready' || this.#ears.size === 0) return;
    // A line that breaks meanwhile comes here again when it is back.
    await this.#news.subscribe(...this.#ears.keys()).catch(() => undefined);
    for (const callback of this.#returns) callback();
  }

  #noteReturn(): void {
    if (this.#problem !== null) this.#log.info({}, 'Redis answers');
    this.#problem = null;
  }

  #noteProblem(problem: string): void {
    if (this.commands.status === 'end') return;
    if (this.#problem === null)
      this.#log.warn({ problem }, 'Redis is lost; work goes on through the database');
    this.#problem = problem;
  }

  #scheduleAsk(): () => void {
    return this.#clock.schedule(ASK_MS, () => {
      for (const line of [this.commands, this.#news]) {
        if (line.status === 'ready') line.ping().catch(() => undefined);
      }
      this.#cancelAsk = this.#scheduleAsk();
    });
  }
}

function refusalOf({ message }: Error): TriageError | undefined {
  if (!/^(?:WRONGPASS|NOAUTH|NOPERM)/.test(message)) return undefined;
  return new TriageError(
    'configuration-invalid',
    `the Redis of TRIAGE_REDIS_URL refused user or password (TRIAGE_REDIS_PASSWORD_FILE): ${message}`,
  );
}
