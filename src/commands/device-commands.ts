import { systemClock } from '../clock.ts';
import { readConfig } from '../config.ts';
import { type Command, InvalidArgumentError, positiveNumber, print } from './command-line.ts';
import type { CalibrateOptions, DeviceAddOptions } from './device.ts';

interface SiteOption {
  readonly site?: string;
  readonly json: boolean;
}

/** The commands about calibrated panoramic devices: the profiles that millimetres are corrected by. */
export function addDeviceCommands(program: Command): void {
  const device = program
    .command('device')
    .description('calibrated panoramic devices: the profiles that millimetres are corrected by');
  addList(device);
  addAdd(device);
  addRemove(device);
  addCalibrate(device);
}

function addList(device: Command): void {
  device
    .command('list')
    .description('list the profiles; with --film, which of them applies to a film')
    .option('--site <id>', 'only those of one site')
    .option('--film <file>', 'a DICOM file: by its header, what corrects its millimetres')
    .option('--json', 'print one line of JSON (osteotriage.device-profiles/1)', false)
    .action(async (options: SiteOption & { readonly film?: string }) => {
      const { listDevices } = await import('./device.ts');
      for (const line of await listDevices(readConfig().config, options, systemClock)) print(line);
    });
}

function addAdd(device: Command): void {
  device
    .command('add')
    .description('enter a profile by hand; the file is checked before it takes the place of the old one')
    .argument('<name>', 'how people name the device')
    .option('--film <file>', 'a DICOM file of the device: manufacturer, model and station are taken from it')
    .option('--manufacturer <text>', 'Manufacturer (0008,0070)')
    .option('--model <text>', 'Manufacturer’s Model Name (0008,1090)')
    .option('--station <text>', 'Station Name (0008,1010); left out, every unit of the model')
    .requiredOption('--magnification <number>', 'vertical magnification, 1 to 2', positiveNumber)
    .option('--uncertainty <number>', 'one standard error of it', positiveNumber)
    .requiredOption(
      '--source <text>',
      'who or what it comes from, such as "ball phantom 5.00 mm, ten exposures"',
    )
    .option('--on <YYYY-MM-DD>', 'day of the calibration; left out: today')
    .option('--site <id>', 'the site whose device it is; left out: the installation, or the only site')
    .option('--json', 'print one line of JSON (osteotriage.device-profile/1)', false)
    .action(async (name: string, options: DeviceAddOptions) => {
      const { addDevice } = await import('./device.ts');
      for (const line of await addDevice(readConfig().config, name, options, systemClock)) print(line);
    });
}

function addRemove(device: Command): void {
  device
    .command('remove')
    .description('take a profile away')
    .argument('<name>')
    .option('--site <id>', 'the site whose device it is; left out: the installation, or the only site')
    .option('--json', 'print one line of JSON', false)
    .action(async (name: string, options: SiteOption) => {
      const { removeDevice } = await import('./device.ts');
      for (const line of await removeDevice(readConfig().config, name, options)) print(line);
    });
}

function addCalibrate(device: Command): void {
  device
    .command('calibrate')
    .description('measure films of a phantom: steel balls of one diameter, or bars of one height')
    .argument('<file...>', 'DICOM files or pictures; a folder stands for all files below it')
    .option('--ball-mm <number>', 'diameter of the balls, mm', positiveNumber)
    .option('--step-mm <number>', 'height of the bars, mm', positiveNumber)
    .option('--count <number>', 'balls or bars that each film must show; left out: at least one', wholeNumber)
    .option(
      '--mm-per-px <number>',
      'scale of a plain picture at the detector, millimetres a pixel',
      positiveNumber,
    )
    .option('--add <name>', 'enter the profile under this name, for the device of the films’ headers')
    .option('--any-station', 'for every unit of the model, not for the station of the films alone', false)
    .option('--source <text>', 'words for the profile; left out: the phantom and how many were measured')
    .option('--site <id>', 'the site whose device it is; left out: the installation, or the only site')
    .option('--json', 'print one line of JSON (osteotriage.device-calibration/1)', false)
    .action(async (paths: string[], options: CalibrateOptions) => {
      const { calibrate } = await import('./device.ts');
      for (const line of await calibrate(readConfig().config, paths, options, systemClock)) print(line);
    });
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('a whole number above 0 is needed.');
  return value;
}
