/** The only importer of the multipart parser: the parts of a multipart/related body, one after the other (RFC 2387). */
import type { Readable } from 'node:stream';
import { Dicer } from '@fastify/busboy';
import { TriageError } from '../errors.ts';

const HEADER_PAIRS_MAX = 32;
const HEADER_BYTES_MAX = 8 * 1024;

/** One part: its headers by lower-case name, and its bytes as they arrive. */
export interface MultipartPart {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AsyncIterable<Buffer>;
}

/** How much is taken in. */
export interface MultipartLimits {
  readonly partsMax: number;
  readonly bodyBytesMax: number;
}

/**
 * Reads a body part by part, while it arrives; a part that its reader leaves is passed over. Throws
 * request-invalid where the body is not what its boundary says or ends early, request-too-large above a limit.
 */
export async function* readMultipart(
  source: Readable,
  boundary: string,
  limits: MultipartLimits,
): AsyncGenerator<MultipartPart, void, void> {
  // The library's types leave out the second limit.
  const settings = { boundary, maxHeaderPairs: HEADER_PAIRS_MAX, maxHeaderSize: HEADER_BYTES_MAX };
  const parser = new Dicer(settings);
  const queue = new PartQueue();
  parser.on('part', (part: Readable) => {
    // A body that is cut off is an error of the part and of the parser; both are told to whoever reads.
    part.on('error', () => queue.fail(cutOff()));
    part.on('header', (lines: object) => {
      queue.push({ headers: firstValues(lines), stream: part });
      if (queue.count > limits.partsMax) queue.fail(tooLarge(`more than ${limits.partsMax} parts`));
    });
  });
  parser.on('finish', () => queue.end());
  parser.on('error', () => queue.fail(queue.count === 0 ? withoutParts() : cutOff()));
  feed(source, parser, queue, limits.bodyBytesMax);
  try {
    for (let part = await queue.take(); part !== undefined; part = await queue.take()) {
      yield { headers: part.headers, body: bytesOf(part.stream, queue) };
      part.stream.resume();
    }
    if (queue.count === 0) throw withoutParts();
  } finally {
    source.unpipe(parser);
    queue.fail(cutOff());
    // What is left of a body that nobody reads further must not keep the connection from ending.
    source.resume();
  }
}

/** The media type of a header and its parameters, all names in lower case. */
export function parseMediaType(header: string | undefined): {
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
} {
  const [type = '', ...rest] = splitOutsideQuotes(header ?? '', ';');
  const parameters: Record<string, string> = {};
  for (const piece of rest) {
    const at = piece.indexOf('=');
    if (at < 0) continue;
    const value = piece.slice(at + 1).trim();
    parameters[piece.slice(0, at).trim().toLowerCase()] = /^".*"$/.test(value)
      ? value.slice(1, -1).replaceAll(/\\(.)/g, '$1')
      : value;
  }
  return { type: type.trim().toLowerCase(), parameters };
}

/** Parts a header's text at a character, but not within double quotes. */
export function splitOutsideQuotes(text: string, separator: ';' | ','): readonly string[] {
  const pieces: string[] = [];
  let start = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '\\' && quoted) at += 1;
    else if (text[at] === '"') quoted = !quoted;
    else if (text[at] === separator && !quoted) {
      pieces.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return [...pieces, text.slice(start)];
}

interface OpenPart {
  readonly headers: Readonly<Record<string, string>>;
  readonly stream: Readable;
}

/** Parts between the parser, which tells of them, and the reader, which asks: open -> ended, or open -> failed. */
class PartQueue {
  readonly #waiting: OpenPart[] = [];
  #last: Readable | undefined;
  #wake: () => void = () => undefined;
  #ended = false;
  count = 0;
  failure: TriageError | undefined;

  push(part: OpenPart): void {
    this.count += 1;
    this.#last = part.stream;
    this.#waiting.push(part);
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** The part that is on its way fails too, so that nobody waits for the rest of it. */
  fail(failure: TriageError): void {
    if (this.#ended) return;
    this.failure = failure;
    this.#last?.destroy(failure);
    this.end();
  }

  /** The next part; undefined at the end. Throws what ended the body too early. */
  async take(): Promise<OpenPart | undefined> {
    while (this.#waiting.length === 0) {
      if (this.failure !== undefined) throw this.failure;
      if (this.#ended) return undefined;
      await new Promise<void>((settle) => {
        this.#wake = settle;
      });
    }
    return this.#waiting.shift();
  }
}

async function* bytesOf(stream: Readable, queue: PartQueue): AsyncGenerator<Buffer, void, void> {
  try {
    for await (const chunk of stream.iterator({ destroyOnReturn: false })) yield chunk as Buffer;
  } catch {
    throw queue.failure ?? cutOff();
  }
}

function feed(source: Readable, parser: Dicer, queue: PartQueue, bytesMax: number): void {
  let bytes = 0;
  source.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > bytesMax) queue.fail(tooLarge(`more than ${bytesMax} bytes`));
  });
  source.on('error', () => queue.fail(cutOff()));
  source.on('close', () => {
    if (!source.readableEnded) queue.fail(cutOff());
  });
  source.pipe(parser);
}

function firstValues(lines: object): Record<string, string> {
  return Object.fromEntries(
    Object.entries(lines as Record<string, readonly string[]>).map(([name, values]) => [
      name,
      values[0] ?? '',
    ]),
  );
}

function withoutParts(): TriageError {
  return new TriageError('request-invalid', 'the body holds no part with the boundary of its Content-Type');
}

function cutOff(): TriageError {
  return new TriageError('request-invalid', 'the multipart body ends before its last boundary');
}

function tooLarge(what: string): TriageError {
  return new TriageError('request-too-large', `the body has ${what}`);
}
