import {
  Command,
  CommanderError,
  dataOption,
  Option,
  positiveNumber,
  print,
} from './commands/command-line.ts';
import { addAuditCommands } from './commands/audit-commands.ts';
import { addDeviceCommands } from './commands/device-commands.ts';
import { addModelCommands } from './commands/model-commands.ts';
import { addOperationCommands } from './commands/operation-commands.ts';
import { addPeerCommands } from './commands/peer-commands.ts';
import { addUserCommands } from './commands/user-commands.ts';
import { readConfig } from './config.ts';
import { asTriageError, ERRORS } from './errors.ts';
import type { DeliveryState, ReportKind } from './exam/exam-state.ts';
import {
  DISMISSAL_REASONS,
  type DismissalReason,
  REFERRAL_STATES,
  type ReferralState,
} from './exam/referral-life.ts';
import { PRODUCT_VERSION } from './project-folder.ts';
import { openLog } from './telemetry.ts';

const program = new Command('osteotriage')
  .description(
    'Reads X-rays taken for other reasons for signs of osteoporosis. Research use: findings for triage, not diagnoses.',
  )
  .version(PRODUCT_VERSION)
  .exitOverride();

program
  .command('serve')
  .description('run the DICOM node, the workers and the worklist, or some of them')
  .addOption(dataOption())
  .option('--dimse-port <port>', 'TCP port of the DICOM node; 0 takes a free one (TRIAGE_DIMSE_PORT)')
  .option('--http-port <port>', 'TCP port of the worklist; 0 takes a free one (TRIAGE_HTTP_PORT)')
  .option('--role <roles>', 'what this process does: intake, worker, web, separated by commas (TRIAGE_ROLES)')
  .action(async (options: { data?: string; dimsePort?: string; httpPort?: string; role?: string }) => {
    const { role, ...others } = options;
    const { config } = readConfig({ ...others, roles: role });
    const { serve } = await import('./commands/serve.ts');
    await serve(config, openLog(config.logLevel), print);
  });

program
  .command('analyse')
  .description('analyse files and print what was found')
  .argument('<file...>', 'DICOM files or pictures; a folder stands for all files below it')
  .option('--json', 'print one JSON object a line (osteotriage.analysis/1)', false)
  .option('--overlay <folder>', 'write a PNG for each film with what was found')
  .option('--modality <modality>', 'modality of a plain picture: PX, DX or CR')
  .option('--view <view>', 'view of a plain picture: panoramic, spine-lateral, …')
  .option('--mm-per-px <number>', 'scale of a plain picture, millimetres a pixel', positiveNumber)
  .action(
    async (
      paths: string[],
      options: { json: boolean; overlay?: string; modality?: string; view?: string; mmPerPx?: number },
    ) => {
      const { config } = readConfig();
      const { runAnalyse } = await import('./commands/analyse.ts');
      process.exitCode = await runAnalyse({ paths, ...options, config, log: openLog('error'), write: print });
    },
  );

addPeerCommands(program);

program
  .command('status')
  .description('count the exams by state; also while the service runs')
  .addOption(dataOption())
  .option('--json', 'print one line of JSON', false)
  .action(async (options: { data?: string; json: boolean }) => {
    const { config } = readConfig({ data: options.data });
    const { readStatus } = await import('./commands/status.ts');
    const counts = await readStatus(config);
    if (options.json) print(JSON.stringify(counts));
    else for (const [name, count] of Object.entries(counts)) print(`${name.padEnd(18)} ${count as number}`);
  });

program
  .command('doctor')
  .description('print every setting and where it came from, and try every connection')
  .addOption(dataOption())
  .action(async (options: { data?: string }) => {
    const { config, origins } = readConfig({ data: options.data });
    const { describeSettings, examine } = await import('./commands/doctor.ts');
    for (const line of describeSettings(origins)) print(line);
    print('');
    for (const { what, ok, detail } of await examine(config)) {
      print(`${ok ? 'ok  ' : 'FAIL'} ${what}: ${detail}`);
      if (!ok) process.exitCode = 1;
    }
  });

program
  .command('migrate')
  .description('bring the database to the newest schema')
  .addOption(dataOption())
  .action(async (options: { data?: string }) => {
    const { config } = readConfig({ data: options.data });
    const { migrateRecord } = await import('./commands/migrate.ts');
    const { applied, copyPath } = await migrateRecord(config);
    print(applied.length === 0 ? 'nothing to do' : `applied: ${applied.join(', ')}`);
    if (copyPath !== null) print(`the database as it was before: ${copyPath}`);
  });

addOperationCommands(program);
addModelCommands(program);
addDeviceCommands(program);
addUserCommands(program);
addAuditCommands(program);

const referral = program.command('referral').description('the DXA referrals; also while the service runs');

referral
  .command('list')
  .description('list the referrals')
  .addOption(dataOption())
  .addOption(new Option('--state <state>', 'only those of one state').choices(REFERRAL_STATES))
  .option('--json', 'print one line of JSON (osteotriage.referrals/1)', false)
  .action(async (options: { data?: string; state?: ReferralState; json: boolean }) => {
    const { config } = readConfig({ data: options.data });
    const { describeReferral, listReferrals } = await import('./commands/referral.ts');
    const referrals = await listReferrals(config, options.state);
    if (options.json) print(JSON.stringify({ schema: 'osteotriage.referrals/1', referrals }));
    else for (const entry of referrals) print(describeReferral(entry));
  });

referral
  .command('accept')
  .description('accept a referral: its DXA is on the scanner’s worklist at once')
  .argument('<referralId>')
  .addOption(dataOption())
  .option('--station <aeTitle>', 'the scanner that is to do it; left out: any')
  .option('--date <YYYYMMDD>', 'the day; left out: today')
  .option('--time <HHMM>', 'the time of day')
  .option('--json', 'print one line of JSON', false)
  .action(
    async (
      referralId: string,
      options: { data?: string; station?: string; date?: string; time?: string; json: boolean },
    ) => {
      const { config } = readConfig({ data: options.data });
      const { acceptOne, describeReferral } = await import('./commands/referral.ts');
      const entry = await acceptOne(config, referralId, options);
      print(options.json ? JSON.stringify(entry) : describeReferral(entry));
    },
  );

referral
  .command('dismiss')
  .description('dismiss a referral, and take it off the scanner’s worklist')
  .argument('<referralId>')
  .addOption(dataOption())
  .addOption(new Option('--reason <reason>', 'why').choices(DISMISSAL_REASONS).makeOptionMandatory())
  .option('--note <text>', 'what else there is to say; it stands in the history of the referral')
  .action(async (referralId: string, options: { data?: string; reason: DismissalReason; note?: string }) => {
    const { config } = readConfig({ data: options.data });
    const { dismissOne } = await import('./commands/referral.ts');
    await dismissOne(config, referralId, options);
  });

referral
  .command('results')
  .description('list what came back from scanners, and the referral that it belongs to')
  .addOption(dataOption())
  .option('--unmatched', 'only what no referral fits', false)
  .option('--json', 'print one line of JSON (osteotriage.results/1)', false)
  .action(async (options: { data?: string; unmatched: boolean; json: boolean }) => {
    const { config } = readConfig({ data: options.data });
    const { describeResult, listResults } = await import('./commands/referral.ts');
    const results = await listResults(config, options.unmatched);
    if (options.json) print(JSON.stringify({ schema: 'osteotriage.results/1', results }));
    else for (const entry of results) print(describeResult(entry));
  });

const deliveries = program
  .command('deliveries')
  .description('reports on their way to the PACS; also while the service runs');

deliveries
  .command('list')
  .description('list those that were given up, or those of another state')
  .addOption(dataOption())
  .addOption(
    new Option('--state <state>', 'pending, delivered, dead or superseded')
      .choices(['pending', 'delivered', 'dead', 'superseded'])
      .default('dead'),
  )
  .option('--json', 'print one line of JSON (osteotriage.deliveries/1)', false)
  .action(async (options: { data?: string; state: DeliveryState; json: boolean }) => {
    const { config } = readConfig({ data: options.data });
    const { describeDelivery, readDeliveries } = await import('./commands/deliveries.ts');
    const rows = await readDeliveries(config, options.state);
    if (options.json) print(JSON.stringify({ schema: 'osteotriage.deliveries/1', deliveries: rows }));
    else for (const row of rows) print(describeDelivery(row));
  });

deliveries
  .command('restart')
  .description('send what was given up again')
  .addOption(dataOption())
  .option('--destination <name>', 'only what goes there')
  .option('--exam <examId>', 'only of this exam')
  .addOption(new Option('--kind <kind>', 'only objects of this kind').choices(['SR', 'SC', 'GSPS', 'PDF']))
  .option('--all', 'everything that was given up', false)
  .option('--json', 'print one line of JSON', false)
  .action(async (options: RestartOptions) => {
    const { config } = readConfig({ data: options.data });
    const { restart } = await import('./commands/deliveries.ts');
    const { destination, exam: examId, kind, all } = options;
    const restarted = await restart(config, { destination, examId, kind, all });
    print(options.json ? JSON.stringify({ restarted }) : `${restarted} are sent again`);
  });

program
  .command('reassess')
  .description('read a film anew, as a new revision of its result; also while the service runs')
  .argument('<exam>', 'exam identifier or SOP Instance UID')
  .addOption(dataOption())
  .option('--json', 'print one line of JSON', false)
  .action(async (exam: string, options: { data?: string; json: boolean }) => {
    const { config } = readConfig({ data: options.data });
    const { reassess } = await import('./commands/deliveries.ts');
    const reassessed = await reassess(config, exam);
    if (options.json) print(JSON.stringify({ reassessed }));
    else
      for (const { examId, revision } of reassessed) print(`exam ${examId} is read as revision ${revision}`);
  });

try {
  await program.parseAsync();
} catch (thrown) {
  if (thrown instanceof CommanderError) {
    process.exitCode = thrown.exitCode === 0 ? 0 : 2;
  } else {
    const error = asTriageError(thrown);
    process.stderr.write(`${error.message}\n${ERRORS[error.code].action}\n`);
    process.exitCode = error.code === 'configuration-invalid' || error.code === 'not-found' ? 2 : 1;
  }
}

interface RestartOptions {
  readonly data?: string;
  readonly destination?: string;
  readonly exam?: string;
  readonly kind?: ReportKind;
  readonly all: boolean;
  readonly json: boolean;
}
