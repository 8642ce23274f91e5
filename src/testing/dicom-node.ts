import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { OBJECT_KINDS } from '../archive/archive.ts';
import { openDiskObjectStore } from '../archive/disk-object-store.ts';
import type { ObjectStore } from '../archive/object-store.ts';
import { systemClock } from '../clock.ts';
import type { Database } from '../database/schema.ts';
import { DEFAULT_DIMSE_LIMITS } from '../dimse/limits.ts';
import type { TriageError } from '../errors.ts';
import { startCommitments } from '../intake/commitment-answers.ts';
import { type DicomNode, type DicomNodeSettings, startDicomNode } from '../intake/dimse-listener.ts';
import { InstanceReceiver } from '../intake/receive-instance.ts';
import { openSiteRegistry } from '../site-registry.ts';
import { silentLog } from '../telemetry.ts';
import { openTestRecord } from './test-record.ts';

/** A DICOM node with a record in memory and an archive on the disk, and no workers. */
export interface TestNode {
  readonly node: DicomNode;
  readonly folder: string;
  readonly database: Kysely<Database>;
  readonly objects: ObjectStore;
  /** What the gate says; nothing at the start. */
  readonly gate: { instance: TriageError | undefined; association: TriageError | undefined };
  close(): Promise<void>;
}

/** Starts a node named OSTEOTRIAGE for the sites of a book, or for loopback where there is none. */
export async function startTestNode(
  book: unknown,
  settings: Partial<DicomNodeSettings> = {},
): Promise<TestNode> {
  const folder = await mkdtemp(join(tmpdir(), 'osteotriage-node-'));
  const sitesFile = book === undefined ? '' : join(folder, 'sites.json');
  if (sitesFile !== '') await writeFile(sitesFile, JSON.stringify(book));
  const config = {
    ...{ aeTitle: 'OSTEOTRIAGE', dimseHost: '127.0.0.1', dimsePort: 0, sitesFile, pacs: [] },
    ...{ mode: 'embedded' as const, data: folder },
    ...{ dicomwebPort: null, dicomwebHost: '127.0.0.1', deliveryDaysMax: 1 },
    ...{ tlsPort: null, tlsCertificateFile: '', tlsKeyFile: '', tlsAuthoritiesFile: '' },
    ...{ tlsClientCertificate: 'required' as const, ...settings },
  };
  const [clock, log, limits] = [systemClock, silentLog, DEFAULT_DIMSE_LIMITS];
  const database = await openTestRecord();
  const objects = await openDiskObjectStore(join(folder, 'archive'), OBJECT_KINDS);
  const sites = openSiteRegistry(config, clock, log);
  const gate: TestNode['gate'] = { instance: undefined, association: undefined };
  const judge = { judgeInstance: () => gate.instance, judgeAssociation: () => gate.association };
  const receiver = new InstanceReceiver({
    ...{ database, objects, clock, log, gate: judge, onReceived: () => undefined },
  });
  const commitments = startCommitments(config, { database, objects, sites, limits, clock, log });
  commitments.answerForAll();
  const services = [commitments.service];
  const closeParts = async (): Promise<void> => {
    await commitments.close();
    await sites.close();
    await database.destroy();
    await rm(folder, { recursive: true });
  };
  try {
    const node = await startDicomNode(config, {
      ...{ limits, receiver, gate: judge, sites, services, clock, log },
    });
    const close = async (): Promise<void> => {
      await node.close(0);
      await closeParts();
    };
    return { node, folder, database, objects, gate, close };
  } catch (thrown) {
    await closeParts();
    throw thrown;
  }
}
