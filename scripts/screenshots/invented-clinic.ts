import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { systemClock } from '../../src/clock.ts';
import { DEFAULT_DIMSE_LIMITS } from '../../src/dimse/limits.ts';
import { sendFiles } from '../../src/dimse/send-files.ts';
import { PROJECT_FOLDER } from '../../src/project-folder.ts';
import { signInFirst, TEST_PASSWORD, type WorklistClient } from '../../src/testing/worklist-client.ts';
import { type ServiceProcess, startServiceProcess } from '../demo/service-process.ts';

/** Findings of every kind, a film without one, and one that was not read. */
const FILMS = [
  ...['01-wide-cortex', '02-thin-cortex', '03-thin-cortex-again', '04-porous-cortex', '06-toothless'],
  ...['09-child', '12-rle', '15-big-endian', '17-no-spacing', '19-magnification-stated', '21-no-panoramic'],
  ...[
    '27-spine-wedge-2',
    '28-spine-wedge-3',
    '31-spine-biconcave-3',
    '33-spine-biconcave-2',
    '34-spine-crush-3',
  ],
];

const addresses = ['127.0.0.1'];
const SITES = {
  sites: [
    {
      id: 'dental-north',
      name: 'Folktandvården Norr (invented)',
      peers: [{ aeTitle: 'DENTALNORTH', addresses, rights: ['store'] }],
      rules: { ageYearsMin: 55 },
    },
    {
      id: 'hospital',
      name: 'Sjukhuset (invented)',
      peers: [
        { aeTitle: 'RADIOLOGY', addresses, rights: ['store', 'commit'] },
        { aeTitle: 'DXA1', addresses, rights: ['worklist', 'mpps', 'dxa-results'] },
      ],
    },
  ],
};

/** A service with invented people whose referrals stand in every state. */
export interface InventedClinic {
  readonly service: ServiceProcess;
  readonly administrator: WorklistClient;
  readonly coordinator: {
    readonly client: WorklistClient;
    readonly login: string;
    readonly password: string;
  };
  stop(): Promise<void>;
}

/** Starts the service on a fresh folder, sends the films, and lets two coordinators work for a while. */
export async function openInventedClinic(): Promise<InventedClinic> {
  const folder = await mkdtemp(join(tmpdir(), 'osteotriage-pictures-'));
  const data = join(folder, 'data');
  await mkdir(data);
  const sitesFile = join(folder, 'sites.json');
  await writeFile(sitesFile, JSON.stringify(SITES, null, 2));
  const service = await startServiceProcess(data, { TRIAGE_SITES: sitesFile, TRIAGE_SIGN_IN: 'local' });
  const administrator = await signInFirst(service.ready.http.url, data);
  const login = 'anna.ek';
  const client = await administrator.addColleague(login, 'Anna Ek', [
    'coordinator',
    'auditor',
    'administrator',
  ]);
  const other = await administrator.addColleague('bo.lind', 'Bo Lind', ['coordinator']);
  await administrator.addColleague('rut.hall', 'Rut Hall', ['radiologist']);
  await administrator.addColleague('norr', 'Dental North', ['site-user'], ['dental-north']);
  await sendFilms(service, client);
  await workThroughReferrals(client, other);
  return {
    service,
    administrator,
    coordinator: { client, login, password: TEST_PASSWORD },
    async stop() {
      await service.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function sendFilms(service: ServiceProcess, client: WorklistClient): Promise<void> {
  const { host, port, aeTitle: calledAeTitle } = service.ready.dimse;
  const isOfSpine = (film: string): boolean => film.includes('spine');
  const senders = [
    ['DENTALNORTH', FILMS.filter((film) => !isOfSpine(film))],
    ['RADIOLOGY', FILMS.filter(isOfSpine)],
  ] as const;
  for (const [callingAeTitle, films] of senders) {
    const paths = films.map((film) => join(PROJECT_FOLDER, 'dicom-fixtures', `${film}.dcm`));
    for await (const sent of sendFiles(paths, {
      peer: { host, port, callingAeTitle, calledAeTitle },
      ...{ clock: systemClock, limits: DEFAULT_DIMSE_LIMITS, connectMsMax: 5_000 },
    })) {
      if ('error' in sent) throw sent.error;
    }
  }
  const isRead = async (): Promise<boolean> => {
    const { counts } = await client.read<{ counts: { received: number; pending: number } }>('/api/status');
    return counts.received === FILMS.length && counts.pending === 0;
  };
  for (let attempt = 0; attempt < 300 && !(await isRead()); attempt += 1) {
    await setTimeout(200);
  }
}

/** Leaves somebody in each state. */
async function workThroughReferrals(anna: WorklistClient, bo: WorklistClient): Promise<void> {
  const { rows } = await anna.list('new');
  const ids = rows.map(({ referralId }) => referralId).reverse();
  const take = (): string => ids.shift() ?? '';
  await bo.act(take(), { action: 'dismiss', reason: 'known-and-treated' });
  const closed = take();
  await toBooked(anna, closed);
  await anna.act(closed, {
    ...{ action: 'record-dxa', measuredOn: '2026-11-20' },
    tScores: { lumbarSpine: -0.4, femoralNeck: -0.8, totalHip: -0.6 },
  });
  await anna.act(closed, { action: 'close', outcome: 'normal-bone-density' });
  const done = take();
  await toBooked(anna, done);
  await anna.act(done, {
    ...{ action: 'record-dxa', measuredOn: '2026-11-21' },
    tScores: { lumbarSpine: -2.7, femoralNeck: -2.1, totalHip: null },
  });
  await toBooked(bo, take());
  const ordered = take();
  await anna.act(ordered, { action: 'claim' });
  await anna.act(ordered, { action: 'accept' });
  await anna.act(ordered, { action: 'order-dxa' });
  const accepted = take();
  await anna.act(accepted, { action: 'claim' });
  await anna.act(accepted, {
    action: 'note',
    text: 'Called; wants an appointment after the holidays.',
  });
  await anna.act(accepted, { action: 'accept' });
  await bo.act(take(), { action: 'claim' });
}

async function toBooked(client: WorklistClient, referralId: string): Promise<void> {
  await client.act(referralId, { action: 'claim' });
  await client.act(referralId, { action: 'accept' });
  await client.act(referralId, { action: 'order-dxa' });
  await client.act(referralId, { action: 'book-dxa', date: '2026-12-01', time: '09:30' });
}
