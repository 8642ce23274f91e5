import process from 'node:process';
import { configDefaults, defineConfig } from 'vitest/config';
import { requirePostgres } from './src/testing/postgres.ts';

/** Suites of the record and of what stands right on it: they run a second time, on PostgreSQL. */
const ON_EACH_RECORD = [
  'src/access/accounts.test.ts',
  'src/database/{calibration,correction,model,person,query-plan,record-race,referral,revision}*.test.ts',
  'src/audit/*.test.ts',
  'src/queue/{database-job-queue,redis-job-queue,job-leases,reconciler}.test.ts',
  'src/operations/{identity,opt-outs,retention}.test.ts',
  'src/intake/{receive-instance,receiving-race,dxa-results,commitment-runner,intake-gate}.test.ts',
  'src/exchange/exchange-runner.test.ts',
  'src/report/{delivery-runner,commitment-asker,out-tray-runner,result-desk}.test.ts',
  'src/worklist/{modality-worklist,performed-steps,referral-desk,referral-life,referral-list,person-desk,reminders}.test.ts',
  'src/http/{dicomweb-store,dicomweb-retrieve,admin-routes}.test.ts',
  'src/http/{fhir-routes,fhir-sites,site-events}.test.ts',
];

/** What is timed runs when everything else is done. */
const TIMED = ['src/http/pages-speed.test.ts'];

const postgres = requirePostgres();
if (!postgres.available) process.stderr.write(`No suite runs on PostgreSQL: ${postgres.reason}.\n`);

export default defineConfig({
  test: {
    // Services that tests start for the engine have no accounts; tests of sign-in say so themselves.
    env: { TRIAGE_SIGN_IN: 'off' },
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // A page redraws when the machine lets it; what is waited for comes at once or not at all.
    expect: { poll: { timeout: 10_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'embedded',
          include: ['src/**/*.test.ts', 'workers/**/*.test.ts', 'scripts/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...TIMED],
        },
      },
      { extends: true, test: { name: 'timed', include: TIMED, sequence: { groupOrder: 1 } } },
      ...(postgres.available
        ? [
            {
              extends: true as const,
              test: {
                name: 'postgres',
                include: ON_EACH_RECORD,
                globalSetup: './src/testing/postgres-project.ts',
              },
            },
          ]
        : []),
    ],
  },
});
