import { readConfig } from '../config.ts';
import { type Command, dataOption, print } from './command-line.ts';
import type { ModelChoiceReport, ModelView } from '../operations/admin-views.ts';
import type { ComparisonReport } from './model.ts';

interface Options {
  readonly data?: string;
  readonly json: boolean;
}

/** The commands about models: which versions there are, which works, which runs in shadow, and how they agree. */
export function addModelCommands(program: Command): void {
  const model = program
    .command('model')
    .description(
      'the models and their versions; also while the service runs, which changes over within seconds',
    );
  addList(model);
  addCheck(model);
  addChoices(model);
  addCompare(model);
}

function addList(model: Command): void {
  withOptions(
    model.command('list').description('list versions, and which works, worked before, runs in shadow'),
  )
    .option('--json', 'print one line of JSON (osteotriage.models/1)', false)
    .action(async (options: Options) => {
      const { config } = readConfig({ data: options.data });
      const { listModels } = await import('./model.ts');
      const models = await listModels(config);
      if (options.json) print(JSON.stringify({ schema: 'osteotriage.models/1', models }));
      else if (models.length === 0) print(`no model is installed in ${config.modelsFolder}`);
      else for (const line of models.flatMap(describeModel)) print(line);
    });
}

function addCheck(model: Command): void {
  withOptions(
    model
      .command('check')
      .description('load each version as a service would: manifest, file, names, shapes, golden run'),
  )
    .argument('[name]', 'the model; left out: all of them')
    .option('--json', 'print one line of JSON (osteotriage.model-check/1)', false)
    .action(async (name: string | undefined, options: Options) => {
      const { config } = readConfig({ data: options.data });
      const { checkModels } = await import('./model.ts');
      const versions = await checkModels(config, name);
      if (options.json) print(JSON.stringify({ schema: 'osteotriage.model-check/1', versions }));
      else {
        for (const { name: model, version, fault } of versions)
          print(`${model.padEnd(24)} ${version.padEnd(10)} ${fault ?? 'can be used'}`);
      }
      if (versions.some(({ fault }) => fault !== null)) process.exitCode = 1;
    });
}

function addChoices(model: Command): void {
  withOptions(model.command('use').description('let a version work, after it has proved that it loads'))
    .argument('<name>', 'the model')
    .argument('<version>', 'a version that is installed, or "newest": always the newest on disk')
    .option('--json', 'print one line of JSON (osteotriage.model-choice/1)', false)
    .action(async (name: string, version: string, options: Options) => {
      const { config } = readConfig({ data: options.data });
      const { chooseVersion } = await import('./model.ts');
      printChoice(await chooseVersion(config, name, version), options);
    });

  withOptions(model.command('rollback').description('go back to the version that worked before'))
    .argument('<name>', 'the model')
    .option('--json', 'print one line of JSON (osteotriage.model-choice/1)', false)
    .action(async (name: string, options: Options) => {
      const { config } = readConfig({ data: options.data });
      const { rollBack } = await import('./model.ts');
      printChoice(await rollBack(config, name), options);
    });

  withOptions(
    model
      .command('shadow')
      .description('let a version run beside the one that works; its results are compared, never acted on'),
  )
    .argument('<name>', 'the model')
    .argument('<version>', 'a version that is installed, or "off"')
    .option('--json', 'print one line of JSON (osteotriage.model-choice/1)', false)
    .action(async (name: string, version: string, options: Options) => {
      const { config } = readConfig({ data: options.data });
      const { chooseShadow } = await import('./model.ts');
      printChoice(await chooseShadow(config, name, version === 'off' ? null : version), options);
    });
}

function addCompare(model: Command): void {
  withOptions(model.command('compare').description('how a version in shadow agrees with the one that counts'))
    .argument('<name>', 'the model')
    .argument('[version]', 'a version that is or was in shadow; left out: the one of now, or the newest')
    .option('--json', 'print one line of JSON (osteotriage.model-comparison/1)', false)
    .action(async (name: string, version: string | undefined, options: Options) => {
      const { config } = readConfig({ data: options.data });
      const { compareShadow } = await import('./model.ts');
      const report = await compareShadow(config, name, version);
      if (options.json) print(JSON.stringify({ schema: 'osteotriage.model-comparison/1', ...report }));
      else for (const line of describeComparison(report)) print(line);
    });
}

function withOptions(command: Command): Command {
  return command.addOption(dataOption());
}

function printChoice(report: ModelChoiceReport, { json }: Options): void {
  if (json) {
    print(JSON.stringify({ schema: 'osteotriage.model-choice/1', ...report }));
    return;
  }
  const { name, active, previous, shadow } = report;
  print(`${name} ${active} works, before it ${previous ?? 'none'}, in shadow ${shadow ?? 'none'}`);
}

function describeModel({
  name,
  purpose,
  leftOut,
  active,
  chosen,
  previous,
  shadow,
  agreement,
  versions,
}: ModelView): string[] {
  const roleOf = (version: string): string =>
    version === active
      ? `works${chosen === null ? ' (the newest)' : ''}`
      : version === shadow
        ? 'shadow'
        : version === previous
          ? 'worked before'
          : '';
  const lines = versions.map(({ version, sha256, fault, failure }) => {
    const state = fault ?? failure ?? `digest ${sha256?.slice(0, 12) ?? ''} as in its manifest`;
    return `${name.padEnd(24)} ${version.padEnd(10)} ${roleOf(version).padEnd(20)} ${state}`.trimEnd();
  });
  if (leftOut !== null) lines.push(leftOut);
  if (purpose.length > 0) lines.push(`${name}: for ${purpose.join(', ')}`);
  if (active === null)
    lines.push(`${name}: ${chosen ?? 'no version'} cannot be used; what worked before goes on`);
  if (agreement !== null) {
    lines.push(
      `${name}: shadow ${shadow ?? ''} gave the outcome that counts for ${agreement.sameOutcome} of ${agreement.films} films`,
    );
  }
  return lines;
}

function describeComparison(report: ComparisonReport): string[] {
  const { name, activeVersion, shadowVersion, films, sameOutcome, corticalWidthMm, pmi } = report;
  const { onlyActivePositive, onlyShadowPositive } = report;
  const number = (value: number | null): string => value?.toFixed(3) ?? '-';
  return [
    `${name}: ${shadowVersion} in shadow of ${activeVersion}`,
    `films read by both            ${films}`,
    `the same outcome              ${sameOutcome}`,
    `cortical width, difference    mean ${number(corticalWidthMm.mean)} mm, spread ${number(corticalWidthMm.spread)} mm (${corticalWidthMm.films} films)`,
    `PMI, difference               mean ${number(pmi.mean)}, spread ${number(pmi.spread)} (${pmi.films} films)`,
    `positive by ${activeVersion} alone       ${onlyActivePositive.films} ${onlyActivePositive.examIds.join(' ')}`.trimEnd(),
    `positive by ${shadowVersion} alone       ${onlyShadowPositive.films} ${onlyShadowPositive.examIds.join(' ')}`.trimEnd(),
  ];
}
