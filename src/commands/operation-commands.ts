import { readConfig } from '../config.ts';
import { type Command, dataOption, Option, print } from './command-line.ts';
import type { PersonOptions } from './identity.ts';

interface CorrectionOptions {
  readonly data?: string;
  readonly toId?: string;
  readonly toIssuer?: string;
  readonly name?: string;
  readonly json: boolean;
}

interface MergeOptions {
  readonly data?: string;
  readonly from: string;
  readonly fromIssuer?: string;
  readonly into: string;
  readonly intoIssuer?: string;
  readonly json: boolean;
}

/** The commands for running the service over the years: retention, backup, identities, opt-outs. */
export function addOperationCommands(program: Command): void {
  addRetention(program);
  addBackup(program);
  addRestore(program);
  addPatient(program);
  addOptOuts(program);
}

function addRetention(program: Command): void {
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
      const { describeRetention, runRetention } = await import('./retention.ts');
      const report = await runRetention(config, options.apply);
      for (const line of options.json ? [JSON.stringify(report)] : describeRetention(report)) print(line);
    });
}

function addBackup(program: Command): void {
  program
    .command('backup')
    .description(
      'copy the record and every object into a folder, while the service runs; again: only what is new',
    )
    .argument('<folder>', 'an empty folder or that of an earlier backup, best on another disk')
    .addOption(dataOption())
    .option('--json', 'print one line of JSON (osteotriage.backup-report/1)', false)
    .action(async (folder: string, options: { data?: string; json: boolean }) => {
      const { config } = readConfig({ data: options.data });
      const { backUp, describeBackup } = await import('./backup.ts');
      const report = await backUp(config, folder);
      for (const line of options.json ? [JSON.stringify(report)] : describeBackup(report)) print(line);
      if (report.manifest.missing.length > 0) process.exitCode = 1;
    });
}

function addRestore(program: Command): void {
  program
    .command('restore')
    .description(
      'make a new data folder of a backup; everything is checked, and nothing is ever written over',
    )
    .argument('<folder>', 'folder of the backup')
    .requiredOption('--data <folder>', 'the new data folder: empty, or not there yet')
    .option('--json', 'print the manifest as one line of JSON (osteotriage.backup/1)', false)
    .action(async (folder: string, options: { data: string; json: boolean }) => {
      const { config } = readConfig({ data: options.data });
      const { describeRestore, restore } = await import('./backup.ts');
      const manifest = await restore(folder, config);
      for (const line of options.json ? [JSON.stringify(manifest)] : describeRestore(manifest)) print(line);
    });
}

function addPatient(program: Command): void {
  const patient = program
    .command('patient')
    .description('correct who films are of; also while the service runs. Reports are made anew');

  patient
    .command('correct')
    .description('correct the Patient ID, its issuer or the name of a person')
    .option('--id <patientId>', 'the Patient ID that is on record')
    .option('--issuer <issuer>', 'its issuer, where several persons have that ID')
    .option('--referral <referralId>', 'a referral of the person instead, where there is no Patient ID')
    .option('--to-id <patientId>', 'the right Patient ID')
    .option('--to-issuer <issuer>', 'the right issuer')
    .option('--name <name>', 'the right name, as DICOM writes it: family^given')
    .addOption(dataOption())
    .option('--json', 'print one line of JSON (osteotriage.identity/1)', false)
    .action(async (options: PersonOptions & CorrectionOptions) => {
      const { config } = readConfig({ data: options.data });
      const { correctPatient, describeIdentity } = await import('./identity.ts');
      const right = { patientId: options.toId, issuer: options.toIssuer, name: options.name };
      const report = await correctPatient(config, options, right);
      for (const line of options.json ? [JSON.stringify(report)] : describeIdentity(report)) print(line);
    });

  patient
    .command('merge')
    .description('two persons are one: films, reports and referrals of the first go to the second')
    .requiredOption('--from <patientId>', 'Patient ID of the first')
    .option('--from-issuer <issuer>', 'its issuer, where several persons have that ID')
    .requiredOption('--into <patientId>', 'Patient ID of the second')
    .option('--into-issuer <issuer>', 'its issuer, where several persons have that ID')
    .addOption(dataOption())
    .option('--json', 'print one line of JSON (osteotriage.identity/1)', false)
    .action(async (options: MergeOptions) => {
      const { config } = readConfig({ data: options.data });
      const { describeIdentity, mergePatients } = await import('./identity.ts');
      const from = { id: options.from, issuer: options.fromIssuer };
      const report = await mergePatients(config, from, { id: options.into, issuer: options.intoIssuer });
      for (const line of options.json ? [JSON.stringify(report)] : describeIdentity(report)) print(line);
    });
}

function addOptOuts(program: Command): void {
  const optOut = program
    .command('opt-out')
    .description('people who have declined: their films are held and not read; also while the service runs');

  for (const change of ['add', 'remove'] as const) {
    optOut
      .command(change)
      .description(change === 'add' ? 'put a person on the list' : 'take a person off the list')
      .requiredOption('--id <patientId>', 'Patient ID')
      .option('--issuer <issuer>', 'its issuer; left out: this ID whoever issued it')
      .addOption(dataOption())
      .action(async (options: { data?: string; id: string; issuer?: string }) => {
        const { config } = readConfig({ data: options.data });
        const { changeOptOut } = await import('./identity.ts');
        const changed = await changeOptOut(config, change, { ...options, patientId: options.id });
        print(changed ? 'done' : 'nothing to do: the list says so already');
      });
  }

  optOut
    .command('list')
    .description('print the list')
    .addOption(dataOption())
    .option('--json', 'print one line of JSON (osteotriage.opt-outs/1)', false)
    .action(async (options: { data?: string; json: boolean }) => {
      const { config } = readConfig({ data: options.data });
      const { readOptOuts } = await import('./identity.ts');
      const optOuts = await readOptOuts(config);
      if (options.json) print(JSON.stringify({ schema: 'osteotriage.opt-outs/1', optOuts }));
      else for (const { patientId, issuer } of optOuts) print(`${patientId}  ${issuer ?? 'any issuer'}`);
    });
}
