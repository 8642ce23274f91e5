import { InvalidArgumentError, Option } from 'commander';

export { Command, CommanderError, InvalidArgumentError, Option } from 'commander';

/** Writes a line of the answer to standard output. */
export function print(line: string): boolean {
  return process.stdout.write(`${line}\n`);
}

/** Writes to standard output; resolves when it takes more. */
export function write(text: string): Promise<void> {
  return new Promise((settle, fail) => {
    process.stdout.write(text, (error) => (error == null ? settle() : fail(error)));
  });
}

/** Which data folder a command works on. */
export function dataOption(): Option {
  return new Option('--data <folder>', 'folder of the archive and the database (TRIAGE_DATA)');
}

/** Reads a number above 0 of the command line. */
export function positiveNumber(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('a number above 0 is needed.');
  return value;
}
