import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, request as callStore, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { findFraud, type Fraud } from './s3-signature.ts';

/** The one account of s3rver. */
const ACCOUNT = { accessKey: 'S3RVER', secretKey: 'S3RVER' };
const REGION = 'us-east-1';
const BUCKET = 'osteotriage-test';

/** What is wrong with the store, for the next `times` requests that it meets or until another fault is set. */
export type S3Fault = { readonly times?: number } & (
  | { readonly kind: 'none' }
  /** Every request waits so long. */
  | { readonly kind: 'slow'; readonly ms: number }
  /** Takes no more bytes: 507. What is there can be read. */
  | { readonly kind: 'full' }
  /** Asks to be left alone for a while: 503 SlowDown. */
  | { readonly kind: 'busy' }
  /** Says that the key is not allowed: 403. */
  | { readonly kind: 'refuse' }
  /** Ends every connection at once, those that are open too. */
  | { readonly kind: 'down' }
  /** Takes requests and never answers. */
  | { readonly kind: 'silent' }
  /** Cuts the connection after so many bytes of a body, in whichever direction; what was cut is not stored. */
  | { readonly kind: 'cut-after-bytes'; readonly bytes: number }
  /** Does what it is asked and cuts the connection before it answers. */
  | { readonly kind: 'lose-answer' }
  /** Turns a byte of every body, in whichever direction. */
  | { readonly kind: 'corrupt' }
);

/** For a store over TLS, as PEM. */
interface ServerCertificate {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** An S3 store of a test. */
export interface TestS3Store {
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly accessKeyFile: string;
  readonly secretKeyFile: string;
  /** Requests so far, as `PUT /bucket/key`. */
  readonly requests: readonly string[];
  setFault(fault: S3Fault): void;
  /** Removes every object. */
  clear(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts s3rver in a child process with a fresh folder and a bucket, and in front of it a small proxy that checks
 * what s3rver does not (the signature and the digests of a body), and that misbehaves where a test asks for it.
 */
export async function startS3Store(certificate?: ServerCertificate): Promise<TestS3Store> {
  const folder = await mkdtemp(join(tmpdir(), 'osteotriage-s3-'));
  await mkdir(join(folder, 'data'));
  const { child, port } = await startS3rver(join(folder, 'data'));
  const accessKeyFile = await writeKey(join(folder, 'access-key'), ACCOUNT.accessKey);
  const secretKeyFile = await writeKey(join(folder, 'secret-key'), ACCOUNT.secretKey);
  const proxy = await startFaultProxy(port, certificate);
  return {
    ...{ endpoint: proxy.endpoint, region: REGION, bucket: BUCKET, accessKeyFile, secretKeyFile },
    requests: proxy.requests,
    setFault: (fault) => proxy.setFault(fault),
    async clear() {
      await rm(join(folder, 'data', BUCKET), { recursive: true });
      await mkdir(join(folder, 'data', BUCKET));
    },
    async stop() {
      await proxy.stop();
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function writeKey(path: string, text: string): Promise<string> {
  await writeFile(path, `${text}\n`);
  await chmod(path, 0o600);
  return path;
}

/** The end of its standard input ends it, so that it never outlives a test that was killed. */
const S3RVER_PROGRAM = `
  process.stdin.on('end', () => process.exit()).resume();
  const S3rver = require(process.argv[1]);
  const [directory, bucket] = process.argv.slice(2);
  new S3rver({ directory, address: '127.0.0.1', port: 0, silent: true, vhostBuckets: false,
    configureBuckets: [{ name: bucket }] }).run().then(({ port }) => console.log(port));
`;

async function startS3rver(
  directory: string,
): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const library = fileURLToPath(import.meta.resolve('s3rver'));
  const child = spawn(
    process.execPath,
    ['--no-deprecation', '--eval', S3RVER_PROGRAM, library, directory, BUCKET],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  const line = await Promise.race([
    once(createInterface(child.stdout), 'line'),
    once(child, 'exit').then(() => Promise.reject(new Error('s3rver did not start'))),
  ]);
  return { child, port: Number(line[0]) };
}

interface FaultProxy {
  readonly endpoint: string;
  readonly requests: readonly string[];
  setFault(fault: S3Fault): void;
  stop(): Promise<void>;
}

async function startFaultProxy(storePort: number, certificate?: ServerCertificate): Promise<FaultProxy> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  let fault: S3Fault = { kind: 'none' };
  let timesLeft = Infinity;
  /** The fault that this request meets. */
  const meet = (): S3Fault => {
    if (timesLeft <= 0) return { kind: 'none' };
    timesLeft -= 1;
    return fault;
  };
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    requests.push(`${request.method} ${request.url}`);
    const { socket } = request;
    void serve(request, response, meet(), storePort).catch(() => socket.destroy());
  };
  const server = certificate === undefined ? createServer(answer) : createTlsServer(certificate, answer);
  server.on('connection', (socket: Socket) => {
    if (fault.kind === 'down') socket.destroy();
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `${certificate === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    setFault(next) {
      fault = next;
      timesLeft = next.times ?? Infinity;
      if (next.kind === 'down') for (const socket of sockets) socket.destroy();
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  fault: S3Fault,
  storePort: number,
): Promise<void> {
  const cutBytes = fault.kind === 'cut-after-bytes' ? fault.bytes : Infinity;
  const body = await readBody(request, cutBytes);
  if (fault.kind === 'silent') return;
  if (fault.kind === 'slow') await delay(fault.ms);
  if (fault.kind === 'corrupt') turnByte(body);
  const refusal = refusalOf(fault, request.method) ?? findFraud(request, body, ACCOUNT);
  if (refusal !== undefined) {
    response.writeHead(refusal.status, { 'content-type': 'application/xml' });
    response.end(`<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${refusal.code}</Code></Error>`);
    return;
  }
  const answer = await forward(request, body, storePort);
  if (fault.kind === 'lose-answer') throw new Error('the answer is lost');
  if (fault.kind === 'corrupt') turnByte(answer.body);
  response.writeHead(answer.status, answer.headers);
  if (answer.body.length > cutBytes) {
    response.write(answer.body.subarray(0, cutBytes));
    await delay(20);
    throw new Error('the answer is cut');
  }
  response.end(answer.body);
}

async function readBody(message: IncomingMessage, bytesMax = Infinity): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new Error('the request is cut');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

interface StoreAnswer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: Buffer;
}

async function forward(request: IncomingMessage, body: Buffer, storePort: number): Promise<StoreAnswer> {
  const call = callStore({
    ...{ host: '127.0.0.1', port: storePort, agent: false },
    ...{ method: request.method, path: request.url, headers: request.headers },
  });
  call.end(body);
  const [answer] = (await once(call, 'response')) as [IncomingMessage];
  return { status: answer.statusCode ?? 500, headers: answer.headers, body: await readBody(answer) };
}

function turnByte(body: Buffer): void {
  if (body.length > 0) body[0] = body[0]! ^ 0xff;
}

function refusalOf({ kind }: S3Fault, method: string | undefined): Fraud | undefined {
  if (kind === 'busy') return { status: 503, code: 'SlowDown' };
  if (kind === 'refuse') return { status: 403, code: 'AccessDenied' };
  const isWriting = method === 'PUT' || method === 'POST';
  return kind === 'full' && isWriting ? { status: 507, code: 'InsufficientStorage' } : undefined;
}
