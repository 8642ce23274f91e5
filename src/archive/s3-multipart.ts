import { TriageError } from '../errors.ts';
import type { FileDigests } from './hash-thread.ts';
import { isOtherContent } from './s3-answer.ts';
import type { S3Client } from './s3-client.ts';

/** A file that is sent in parts. */
export interface PartsUpload {
  readonly key: string;
  /** Those that the object keeps. */
  readonly headers: Readonly<Record<string, string>>;
  readonly file: {
    readonly path: string;
    readonly bytes: number;
    readonly partBytes: number;
    readonly sha256: string;
  };
  readonly digestPart: (start: number, end: number) => Promise<FileDigests>;
}

/** Sends a large file part by part; the object is there when all of it is. What fails is taken back. */
export async function uploadInParts(client: S3Client, upload: PartsUpload): Promise<void> {
  const { key, headers } = upload;
  const begun = await client.call({ method: 'POST', key, query: 'uploads', headers });
  const uploadId = /<UploadId>([^<]+)<\/UploadId>/.exec(begun.body.toString('utf8'))?.[1];
  if (uploadId === undefined) throw new TriageError('storage-failed', 'the object store began no upload');
  const query = `uploadId=${encodeURIComponent(uploadId)}`;
  try {
    const etags = await sendParts(client, upload, query);
    const parts = etags.map(
      (etag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${etag}</ETag></Part>`,
    );
    const text = `<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`;
    await client.call({ method: 'POST', key, query, body: { text } });
    await checkWhole(client, upload);
  } catch (thrown) {
    // Parts that cannot be taken back now are the work of the bucket's own rule for unfinished uploads.
    await client.call({ method: 'DELETE', key, query }).catch(() => undefined);
    throw thrown;
  }
}

async function sendParts(client: S3Client, upload: PartsUpload, query: string): Promise<readonly string[]> {
  const { key, file, digestPart } = upload;
  const etags: string[] = [];
  for (let start = 0; start < file.bytes; start += file.partBytes) {
    const end = Math.min(start + file.partBytes, file.bytes);
    const { sha256, md5 } = await digestPart(start, end);
    const { headers } = await client.call({
      ...{ method: 'PUT', key, headers: { 'content-md5': md5 } },
      query: `partNumber=${etags.length + 1}&${query}`,
      body: { path: file.path, start, end, sha256 },
    });
    if (headers.etag === undefined || isOtherContent(headers, md5)) {
      throw new TriageError('storage-failed', 'the object store holds other bytes than it was sent');
    }
    etags.push(headers.etag);
  }
  return etags;
}

// An answer to the last step that was lost makes its repetition fail, although the object is there: look at it.
async function checkWhole(client: S3Client, { key, file }: PartsUpload): Promise<void> {
  const { status, headers } = await client.call({ method: 'HEAD', key });
  const isWhole =
    status === 200 &&
    Number(headers['content-length']) === file.bytes &&
    headers['x-amz-meta-sha256'] === file.sha256;
  if (!isWhole) throw new TriageError('storage-failed', 'the object store did not put an upload together');
}
