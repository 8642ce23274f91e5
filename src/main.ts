import { createRequire } from 'node:module';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { readConfig } from './config.ts';
import { asTriageError, ERRORS } from './errors.ts';
import { openLog } from './telemetry.ts';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

const print = (line: string): boolean => process.stdout.write(`${line}\n`);
const dataOption = () =>
  new Option('--data <folder>', 'folder of the archive and the database (TRIAGE_DATA)');
const program = new Command('osteotriage')
  .description(
    'Reads X-rays taken for other reasons for signs of osteoporosis. Research use: findings for triage, not diagnoses.',
  )
  .version(version)
  .exitOverride();

program
  .command('serve')
  .description('run the DICOM node, the workers and the worklist')
  .addOption(dataOption())
  .option('--dimse-port <port>', 'TCP port of the DICOM node; 0 takes a free one (TRIAGE_DIMSE_PORT)')
  .option('--http-port <port>', 'TCP port of the worklist; 0 takes a free one (TRIAGE_HTTP_PORT)')
  .action(async (options: { data?: string; dimsePort?: string; httpPort?: string }) => {
    const { config } = readConfig(options);
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

program
  .command('send')
  .description('send DICOM files to a peer by C-STORE')
  .argument('<file...>', 'DICOM Part 10 files; a folder stands for all files below it')
  .option('--host <host>', 'host of the peer', '127.0.0.1')
  .requiredOption('--port <port>', 'TCP port of the peer', positiveNumber)
  .option('--called <aeTitle>', 'AE title of the peer', 'OSTEOTRIAGE')
  .option('--calling <aeTitle>', 'our AE title', 'OSTEOSEND')
  .action(
    async (paths: string[], options: { host: string; port: number; called: string; calling: string }) => {
      const { sendToPeer } = await import('./commands/send.ts');
      const { host, port, called: calledAeTitle, calling: callingAeTitle } = options;
      const failed = await sendToPeer({ paths, host, port, calledAeTitle, callingAeTitle, write: print });
      if (failed > 0) process.exitCode = 1;
    },
  );

program
  .command('status')
  .description('count the exams by state; also while the service runs')
  .addOption(dataOption())
  .option('--json', 'print one line of JSON', false)
  .action(async (options: { data?: string; json: boolean }) => {
    const { config } = readConfig({ data: options.data });
    const { readStatus } = await import('./commands/status.ts');
    const counts = await readStatus(config.data);
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
    const { migrateData } = await import('./commands/migrate.ts');
    const { applied, copyPath } = await migrateData(config.data);
    print(applied.length === 0 ? 'nothing to do' : `applied: ${applied.join(', ')}`);
    if (copyPath !== null) print(`the database as it was before: ${copyPath}`);
  });

program
  .command('retention')
  .description(
    'list the films whose time is up (TRIAGE_RETENTION_DAYS, TRIAGE_RETENTION_DISK_PERCENT), or remove them',
  )
  .addOption(dataOption())
  .addOption(new Option('--dry-run', 'list only, as without any option').conflicts('apply'))
  .option('--apply', 'remove them now; the service does it once a day', false)
  .option('--json', 'print one line of JSON (osteotriage.retention/1)', false)
  .action(async (options: { data?: string; apply: boolean; json: boolean }) => {
    const { config } = readConfig({ data: options.data });
    const { describeRetention, runRetention } = await import('./commands/retention.ts');
    const report = await runRetention(config, options.apply);
    for (const line of options.json ? [JSON.stringify(report)] : describeRetention(report)) print(line);
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

function positiveNumber(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('a number above 0 is needed.');
  return value;
}
