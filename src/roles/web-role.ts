import { join } from 'node:path';
import { type Access, openAccess } from '../access/access.ts';
import { pictureObjectKey } from '../archive/archive.ts';
import { recordAudit } from '../database/audit-trail.ts';
import type { ObjectStore } from '../archive/object-store.ts';
import type { Health } from '../health.ts';
import { serveAdministration } from '../http/admin-routes.ts';
import { serveAudit } from '../http/audit-routes.ts';
import { serveFhir } from '../http/fhir-routes.ts';
import { serveFilms } from '../http/film-routes.ts';
import { serveLetters } from '../http/letter-routes.ts';
import { serveMessages } from '../http/message-routes.ts';
import { servePersons } from '../http/person-routes.ts';
import { serveReferralList } from '../http/referral-list-routes.ts';
import { serveReferrals } from '../http/referral-routes.ts';
import { type HttpServerOptions, startHttpServer } from '../http/server.ts';
import { noteSights } from '../http/sight-hooks.ts';
import { serveSignIn } from '../http/sign-in-routes.ts';
import { serveUsers } from '../http/user-routes.ts';
import { openDisplayReader } from '../imaging/display-process.ts';
import type { RunningPart } from '../lifecycle.ts';
import { openModelDesk } from '../model-desk.ts';
import { PRODUCT_VERSION, PROJECT_FOLDER } from '../project-folder.ts';
import { openDeliveryDesk } from '../worklist/delivery-desk.ts';
import { openReferralDesk } from '../worklist/referral-desk.ts';
import { openPersonDesk } from '../worklist/person-desk.ts';
import { openReferralList } from '../worklist/referral-list.ts';
import { openWorklist } from '../worklist/worklist.ts';
import type { ExamPictures } from '../worklist/worklist-views.ts';
import type { Foundation } from './foundation.ts';

const EVENT_STREAMS_MAX = 200;
const BODY_BYTES_MAX = 64 * 1024;

/** The pages as they are served. */
export interface WebRole {
  readonly http: { readonly url: string };
}

/** Starts the worklist's pages, which also say how this process is. */
export async function startWebRole(
  foundation: Foundation,
  health: Health,
  parts: RunningPart[],
): Promise<WebRole> {
  const access = await openAccess(foundation);
  const http = await startHttpServer(describeServer(foundation, health, access));
  parts.push({ name: 'worklist', stop: () => http.close() });
  return { http: { url: http.url } };
}

/** Every route of the worklist's server with what it stands on. */
export function describeServer(foundation: Foundation, health: Health, access: Access): HttpServerOptions {
  const { config, database, objects, events, meter, clock, log } = foundation;
  const displays = openDisplayReader({
    clock,
    filmPixelsMax: config.filmMpixelMax * 1e6,
    entryPath: join(PROJECT_FOLDER, 'workers', 'film-samples.ts'),
  });
  return {
    host: config.httpHost,
    port: config.httpPort,
    access: access.gate,
    publicUrl: config.publicUrl,
    trustedProxies: config.trustedProxies,
    certificate:
      config.httpCertificateFile === ''
        ? null
        : { certificateFile: config.httpCertificateFile, keyFile: config.httpKeyFile },
    reader: openWorklist(database),
    pictures: openPictures(objects),
    events,
    deliveries: openDeliveryDesk(database, clock, () => events.publish({ type: 'deliveries' })),
    routes: [
      noteSights(foundation),
      serveSignIn(access),
      serveUsers(access.users, clock),
      serveAudit(foundation),
      serveAdministration({
        ...{ ...foundation, health, version: PRODUCT_VERSION },
        models: openModelDesk(foundation),
      }),
      serveFilms({ ...foundation, reader: displays, publish: (event) => events.publish(event) }),
      serveFhir({ ...foundation, publicUrl: config.publicUrl, softwareVersion: PRODUCT_VERSION }),
      serveReferrals({ desk: openReferralDesk(foundation), clock }),
      servePersons({ ...foundation, desk: openPersonDesk(database, clock) }),
      serveReferralList({
        list: openReferralList(foundation),
        record: (entry) => recordAudit(database, entry),
        clock,
      }),
      serveMessages({ ...foundation, onRestarted: () => events.publish({ type: 'deliveries' }) }),
      serveLetters({ ...foundation, softwareVersion: PRODUCT_VERSION }),
    ],
    clock,
    log,
    pagesFolder: join(PROJECT_FOLDER, 'dist', 'pages'),
    operations: { health, metrics: meter },
    limits: { bodyBytesMax: BODY_BYTES_MAX, eventStreamsMax: EVENT_STREAMS_MAX },
  };
}

function openPictures(objects: ObjectStore): ExamPictures {
  const read = async (examId: string, picture: 'preview' | 'overlay'): Promise<Buffer | undefined> => {
    const key = pictureObjectKey(examId, picture);
    return (await objects.has(key)) ? objects.read(key) : undefined;
  };
  return { preview: (examId) => read(examId, 'preview'), overlay: (examId) => read(examId, 'overlay') };
}
