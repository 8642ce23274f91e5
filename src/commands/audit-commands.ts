import { systemClock } from '../clock.ts';
import { readConfig } from '../config.ts';
import { type Command, dataOption, print, write } from './command-line.ts';

interface VerifyOptions {
  readonly data?: string;
  readonly fromExport?: string;
  readonly head?: string;
  readonly json: boolean;
}

/** The commands on who did what. */
export function addAuditCommands(program: Command): void {
  const audit = program
    .command('audit')
    .description('who saw, searched, changed and exported what; also while the service runs');

  audit
    .command('verify')
    .description('look at every row of the chain for a change to one byte; exit code 1 where it is not whole')
    .addOption(dataOption())
    .option('--from-export <file>', 'hold it against an export too: finds a tail that was cut off')
    .option('--head <number:hash>', 'hold it against a head of the log or of an export')
    .option('--json', 'print one line of JSON (osteotriage.audit-verdict/1)', false)
    .action(async (options: VerifyOptions) => {
      const { config } = readConfig({ data: options.data });
      const { describeVerdict, verifyTrail } = await import('./audit.ts');
      const verdict = await verifyTrail(config, options);
      if (options.json) print(JSON.stringify({ schema: 'osteotriage.audit-verdict/1', ...verdict }));
      else for (const line of describeVerdict(verdict, systemClock.nowMs())) print(line);
      if (!verdict.isWhole) process.exitCode = 1;
    });

  audit
    .command('export')
    .description('print the sealed trail as lines of JSON with their hashes (osteotriage.audit/1)')
    .addOption(dataOption())
    .action(async (options: { data?: string }) => {
      const { config } = readConfig({ data: options.data });
      const { exportAudit } = await import('./audit.ts');
      await exportAudit(config, write);
    });
}
