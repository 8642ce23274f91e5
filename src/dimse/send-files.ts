import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Clock } from '../clock.ts';
import { splitPart10 } from '../dicom/part10.ts';
import { asTriageError, TriageError } from '../errors.ts';
import type { DimseLimits } from './limits.ts';
import type { Association, StoreAnswer } from './requested-association.ts';
import { openAssociation } from './requestor.ts';
import type { TlsFiles } from './tls-files.ts';

/** Longer file meta information than this is not what PS3.10 has in mind. */
const META_BYTES_MAX = 65_536;
const READ_BYTES = 1024 * 1024;
/** One association proposes so many presentation contexts (PS3.8 9.3.2.2). */
const CONTEXTS_MAX = 128;

/** Whom to send to, and as whom. */
export interface Peer {
  readonly host: string;
  readonly port: number;
  readonly calledAeTitle: string;
  readonly callingAeTitle: string;
  /** Left out: no TLS. */
  readonly tls?: TlsFiles;
}

/** What became of one file: the peer's answer, or why it was not sent. */
export type SendResult =
  | {
      readonly path: string;
      readonly sopInstanceUid: string;
      readonly answer: StoreAnswer;
      readonly lastByteAtMs: number;
    }
  | { readonly path: string; readonly error: TriageError };

interface FileToSend {
  readonly path: string;
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  readonly datasetOffset: number;
}

/** What sending needs besides the files. */
export interface SendOptions {
  readonly peer: Peer;
  readonly limits: DimseLimits;
  readonly clock: Clock;
  readonly connectMsMax: number;
}

/**
 * Sends Part 10 files over one association, in order, each in the transfer syntax it is in; the data set goes out
 * as it stands in the file. Files that cannot be read or have no accepted context yield an error and the next one
 * goes on. Throws peer-unreachable, peer-rejected or peer-aborted when the association fails; the file that was
 * under way then yields that error first, and those behind it yield nothing.
 */
export async function* sendFiles(
  paths: readonly string[],
  options: SendOptions,
): AsyncGenerator<SendResult, void, undefined> {
  const files: FileToSend[] = [];
  for (const path of paths) {
    try {
      files.push(await describeFile(path));
    } catch (thrown) {
      yield { path, error: asTriageError(thrown, 'not-found') };
    }
  }
  if (files.length === 0) return;
  const association = await openAssociation({
    ...options.peer,
    contexts: contextsOf(files),
    limits: options.limits,
    clock: options.clock,
    connectMsMax: options.connectMsMax,
  });
  try {
    for (const file of files) yield* sendFile(association, file, options.clock);
    await association.release();
  } finally {
    if (association.isOpen) association.abort();
  }
}

async function* sendFile(
  association: Association,
  file: FileToSend,
  clock: Clock,
): AsyncGenerator<SendResult, void, undefined> {
  const { path, sopClassUid, sopInstanceUid, transferSyntaxUid, datasetOffset } = file;
  if (association.contextFor(sopClassUid, transferSyntaxUid) === undefined) {
    const error = new TriageError(
      'peer-rejected',
      'the peer does not accept this SOP class in this transfer syntax',
    );
    yield { path, error };
    return;
  }
  const dataset = createReadStream(path, { start: datasetOffset, highWaterMark: READ_BYTES });
  let lastByteAtMs = clock.nowMs();
  dataset.once('end', () => (lastByteAtMs = clock.nowMs()));
  let answer: StoreAnswer;
  try {
    answer = await association.store({ sopClassUid, sopInstanceUid, transferSyntaxUid, dataset });
  } catch (thrown) {
    yield { path, error: asTriageError(thrown) };
    throw thrown;
  }
  yield { path, sopInstanceUid, answer, lastByteAtMs };
}

function contextsOf(files: readonly FileToSend[]): { abstractSyntax: string; transferSyntaxes: string[] }[] {
  const pairs = new Map(files.map((file) => [`${file.sopClassUid} ${file.transferSyntaxUid}`, file]));
  if (pairs.size > CONTEXTS_MAX) {
    throw new TriageError(
      'request-invalid',
      'more kinds of files than one association can propose; send fewer at once',
    );
  }
  return [...pairs.values()].map((file) => ({
    abstractSyntax: file.sopClassUid,
    transferSyntaxes: [file.transferSyntaxUid],
  }));
}

async function describeFile(path: string): Promise<FileToSend> {
  const file = await open(path, 'r');
  try {
    const start = Buffer.alloc(META_BYTES_MAX);
    const { bytesRead } = await file.read(start, 0, META_BYTES_MAX, 0);
    const meta = splitPart10(start.subarray(0, bytesRead));
    if (meta.sopClassUid === null || meta.sopInstanceUid === null) {
      throw new TriageError(
        'identifiers-missing',
        'the file meta information names no SOP class or instance',
      );
    }
    return {
      path,
      sopClassUid: meta.sopClassUid,
      sopInstanceUid: meta.sopInstanceUid,
      transferSyntaxUid: meta.transferSyntaxUid,
      datasetOffset: meta.datasetOffset,
    };
  } finally {
    await file.close();
  }
}
