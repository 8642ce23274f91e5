/** Retrieval (WADO-RS, PS3.18 10.4): objects as they are held, their metadata, a picture, the first frame. */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Kysely } from 'kysely';
import { pictureObjectKey } from '../archive/archive.ts';
import type { ObjectStore } from '../archive/object-store.ts';
import { type HeldInstance, listInstances } from '../database/dicomweb-records.ts';
import type { Database } from '../database/schema.ts';
import { type JsonDataSet, writeDicomJson } from '../dicom/dicom-json.ts';
import { readMetadata, readObject } from '../dicom/read-metadata.ts';
import { TriageError } from '../errors.ts';
import { readFirstFrame } from '../imaging/stored-frame.ts';
import { rootOf, sendDicomJson, siteOf } from './dicomweb-caller.ts';
import { describeInstance, instanceUrl } from './dicomweb-query.ts';
import {
  type AcceptedType,
  acceptedTypes,
  chooseType,
  DICOM_JSON,
  queryOf,
  uidsOf,
} from './dicomweb-request.ts';

/** A frame is taken out of the object in memory. */
const FRAME_OBJECT_BYTES_MAX = 256 * 1024 * 1024;
const METADATA_INSTANCES_MAX = 1000;
const INSTANCE_PATH = '/studies/:study/series/:series/instances/:instance';

/** What retrieval reads. */
export interface RetrieveParts {
  readonly database: Kysely<Database>;
  readonly objects: ObjectStore;
}

/** Adds the addresses of retrieval. */
export function serveRetrieval(app: FastifyInstance, parts: RetrieveParts): void {
  for (const path of ['/studies/:study', '/studies/:study/series/:series', INSTANCE_PATH]) {
    app.get(path, async (request, reply) =>
      sendObjects(request, reply, await findHeld(parts, request), parts),
    );
    app.get(`${path}/metadata`, async (request, reply) => {
      chooseType(acceptOf(request), [DICOM_JSON, 'application/json']);
      const held = await findHeld(parts, request);
      if (held.length > METADATA_INSTANCES_MAX) {
        throw new TriageError(
          'request-too-large',
          `ask for at most ${METADATA_INSTANCES_MAX} instances at once`,
        );
      }
      const all: JsonDataSet[] = [];
      for (const instance of held) all.push(await metadataOf(instance, parts, rootOf(request)));
      return sendDicomJson(reply, all);
    });
  }
  app.get(`${INSTANCE_PATH}/rendered`, async (request, reply) => {
    const [instance] = await findHeld(parts, request);
    if (instance === undefined) throw nothingHeld();
    return sendPicture(request, reply, instance, parts);
  });
  app.get(`${INSTANCE_PATH}/frames/:frame`, async (request, reply) => {
    const [instance] = await findHeld(parts, request);
    if (instance === undefined) throw nothingHeld();
    return sendFrame(request, reply, instance, parts);
  });
}

async function findHeld(parts: RetrieveParts, request: FastifyRequest): Promise<readonly HeldInstance[]> {
  const { study, series, instance } = uidsOf(request.params);
  const held = await listInstances(parts.database, siteOf(request), {
    studyUids: [study],
    ...(series === undefined ? {} : { seriesUid: series }),
    ...(instance === undefined ? {} : { sopUid: instance }),
  });
  // Another site's study and one that nobody holds are answered alike.
  if (held.length === 0) throw nothingHeld();
  return held;
}

async function sendObjects(
  request: FastifyRequest,
  reply: FastifyReply,
  held: readonly HeldInstance[],
  { objects }: RetrieveParts,
): Promise<FastifyReply> {
  const accepted = acceptOf(request).filter((range) => holdsDicom(range));
  if (accepted.length === 0) throw notAcceptable();
  const fitting = accepted.find((range) => held.every((instance) => takesSyntax(range, instance)));
  if (fitting === undefined) {
    throw new TriageError(
      'not-acceptable',
      'objects are given in the transfer syntax they came in: ask for *',
    );
  }
  const scratch = await objects.makeScratch();
  reply.raw.once('close', () => void objects.removeScratch(scratch).catch(() => undefined));
  const paths = await Promise.all(held.map(({ objectKey }) => objects.readablePath(objectKey, scratch)));
  const [path] = paths;
  if (fitting.type === 'application/dicom' && paths.length === 1 && path !== undefined) {
    return reply.type('application/dicom').send(createReadStream(path));
  }
  const parts = held.map((instance, index) => ({
    type: `application/dicom; transfer-syntax=${instance.transferSyntaxUid}`,
    body: (): AsyncIterable<Buffer> => createReadStream(paths[index] ?? ''),
  }));
  return sendMultipart(reply, 'application/dicom', parts);
}

async function metadataOf(
  instance: HeldInstance,
  { objects }: RetrieveParts,
  root: string,
): Promise<JsonDataSet> {
  const dataset = await readMetadata(await objects.readablePath(instance.objectKey));
  const pixels = { '7FE00010': { vr: 'OW', BulkDataURI: `${instanceUrl(instance, root)}/frames/1` } };
  const hasPixels = instance.kind === 'film' || instance.kind === 'SC';
  return { ...writeDicomJson(dataset ?? describeInstance(instance, root)), ...(hasPixels ? pixels : {}) };
}

async function sendPicture(
  request: FastifyRequest,
  reply: FastifyReply,
  { kind, examId }: HeldInstance,
  { objects }: RetrieveParts,
): Promise<FastifyReply> {
  const picture = kind === 'film' ? 'preview' : kind === 'SC' ? 'overlay' : undefined;
  if (picture === undefined) throw new TriageError('not-found', 'this object is no picture');
  const type = chooseType(acceptOf(request), ['image/png', 'image/jpeg']);
  const png = await objects.read(pictureObjectKey(examId, picture));
  if (type === 'image/png') return reply.type(type).send(png);
  // Loaded when first needed: viewers take the PNG, and the listener stays small.
  const { pngToJpeg } = await import('../imaging/picture-format.ts');
  return reply.type(type).send(await pngToJpeg(png));
}

async function sendFrame(
  request: FastifyRequest,
  reply: FastifyReply,
  instance: HeldInstance,
  { objects }: RetrieveParts,
): Promise<FastifyReply> {
  const { frame } = request.params as { readonly frame: string };
  if (frame !== '1') throw new TriageError('not-found', 'the first frame is served only');
  const bytes = await readObject(await objects.readablePath(instance.objectKey), FRAME_OBJECT_BYTES_MAX);
  const { mediaType, frame: body } = readFirstFrame(bytes);
  const type = `${mediaType}; transfer-syntax=${instance.transferSyntaxUid}`;
  return sendMultipart(reply, mediaType, [{ type, body: () => Readable.from([body]) }]);
}

interface OutgoingPart {
  readonly type: string;
  readonly body: () => AsyncIterable<Buffer>;
}

function sendMultipart(reply: FastifyReply, type: string, parts: readonly OutgoingPart[]): FastifyReply {
  const boundary = randomUUID();
  return reply
    .header('content-type', `multipart/related; type="${type}"; boundary=${boundary}`)
    .send(Readable.from(multipartBytes(parts, boundary), { objectMode: false }));
}

async function* multipartBytes(parts: readonly OutgoingPart[], boundary: string): AsyncGenerator<Buffer> {
  for (const { type, body } of parts) {
    yield Buffer.from(`--${boundary}\r\nContent-Type: ${type}\r\n\r\n`);
    yield* body();
    yield Buffer.from('\r\n');
  }
  yield Buffer.from(`--${boundary}--\r\n`);
}

function acceptOf(request: FastifyRequest): readonly AcceptedType[] {
  return acceptedTypes(queryOf(request.query)['accept'] ?? request.headers.accept);
}

function holdsDicom({ type, parameters }: AcceptedType): boolean {
  if (type === '*/*' || type === 'application/dicom' || type === 'application/*') return true;
  return (
    (type === 'multipart/related' || type === 'multipart/*') &&
    ['application/dicom', '*/*'].includes(parameters['type'] ?? 'application/dicom')
  );
}

/** Objects are given as they are held; whoever asks for other transfer syntaxes only is told so. */
function takesSyntax({ parameters }: AcceptedType, instance: HeldInstance): boolean {
  const wanted = parameters['transfer-syntax'];
  return wanted === undefined || wanted === '*' || wanted === instance.transferSyntaxUid;
}

function notAcceptable(): TriageError {
  return new TriageError(
    'not-acceptable',
    'objects are given as multipart/related; type="application/dicom"',
  );
}

function nothingHeld(): TriageError {
  return new TriageError('not-found', 'nothing of that name is held for this site');
}
