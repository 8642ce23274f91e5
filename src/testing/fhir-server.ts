import type { FastifyInstance } from 'fastify';
import type { Kysely } from 'kysely';
import type { CallingSystem } from '../access/access-gate.ts';
import { openWithoutSignIn } from '../access/open-gate.ts';
import { systemClock } from '../clock.ts';
import type { Database } from '../database/schema.ts';
import { serveFhir } from '../http/fhir-routes.ts';
import { buildHttpServer } from '../http/server.ts';
import { ScriptedWorklist } from './scripted-worklist.ts';
import { servedOperations } from './served-operations.ts';

/** A server of FHIR that listens nowhere. */
export interface FhirServer {
  readonly app: FastifyInstance;
  /** What it logged. */
  readonly lines: readonly string[];
  close(): Promise<void>;
}

/** Serves a record to systems by their keys. */
export function buildFhirServer(
  database: Kysely<Database>,
  systems: Readonly<Record<string, CallingSystem>>,
): FhirServer {
  const lines: string[] = [];
  const worklist = new ScriptedWorklist();
  const write = (fields: object, message: string): void =>
    void lines.push(JSON.stringify({ ...fields, message }));
  const log = { info: write, warn: write, error: write };
  const { app, streams } = buildHttpServer({
    ...{ host: '127.0.0.1', port: 0, clock: systemClock, log, pagesFolder: '/nowhere' },
    ...{ reader: worklist, pictures: worklist, events: worklist, deliveries: worklist },
    access: openWithoutSignIn((key) => systems[key]),
    routes: [
      serveFhir({
        ...{ database, clock: systemClock, log, softwareVersion: '1.0' },
        publicUrl: new URL('https://node.test'),
      }),
    ],
    operations: servedOperations(),
    limits: { bodyBytesMax: 1024, eventStreamsMax: 1 },
  });
  return {
    app,
    lines,
    close: async () => {
      streams.close();
      await app.close();
    },
  };
}
