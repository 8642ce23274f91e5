import { Option } from 'commander';

export { Command, CommanderError, InvalidArgumentError, Option } from 'commander';

/** Writes a line of the answer to standard output. */
export function print(line: string): boolean {
  return process.stdout.write(`${line}\n`);
}

/** Which data folder a command works on. */
export function dataOption(): Option {
  return new Option('--data <folder>', 'folder of the archive and the database (TRIAGE_DATA)');
}
