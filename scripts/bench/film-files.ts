import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { part10Prefix } from '../../src/dicom/part10.ts';
import { tinyDataSet } from '../../src/testing/tiny-data-set.ts';

/** A file that was written for sending, and what must be found of it afterwards. */
export interface FilmFile {
  readonly path: string;
  readonly sopInstanceUid: string;
  readonly dataSetSha256: string;
  readonly person: string;
}

/**
 * Writes DX films of invented people, explicit little endian, in folders of `eachFolder` files. Sizes vary by a
 * fifth around `bytes` and their pixels are a ramp, for moving bytes; every second one shows `phantom` where one is
 * given, for reading.
 */
export async function writeFilmFiles(options: {
  readonly folder: string;
  readonly count: number;
  readonly bytes: number;
  readonly folders: number;
  readonly persons: number;
  readonly phantom?: { readonly columns: number; readonly rows: number; readonly samples: Uint16Array };
}): Promise<readonly (readonly FilmFile[])[]> {
  const groups: FilmFile[][] = Array.from({ length: options.folders }, () => []);
  for (let index = 0; index < options.count; index += 1) {
    const group = index % options.folders;
    const folder = join(options.folder, `association-${group}`);
    await mkdir(folder, { recursive: true });
    const columns = 2000;
    const rows = Math.max(1, Math.round((options.bytes * (0.8 + (0.4 * (index % 11)) / 10)) / 2 / columns));
    const instance = `1.2.826.0.1.3680043.10.999.1.${index + 1}`;
    const person = `BENCH-${index % options.persons}`;
    const dataSet = tinyDataSet({
      study: `1.2.826.0.1.3680043.10.999.2.${index % options.persons}`,
      series: `1.2.826.0.1.3680043.10.999.3.${index}`,
      instance,
      patientId: person,
      ...(options.phantom === undefined || index % 2 === 0
        ? { size: [rows, columns] }
        : { size: [options.phantom.rows, options.phantom.columns], samples: options.phantom.samples }),
    });
    const path = join(folder, `${index}.dcm`);
    const prefix = part10Prefix({
      sopClassUid: '1.2.840.10008.5.1.4.1.1.1.1',
      sopInstanceUid: instance,
      transferSyntaxUid: '1.2.840.10008.1.2.1',
    });
    await writeFile(path, Buffer.concat([prefix, dataSet]));
    const dataSetSha256 = createHash('sha256').update(dataSet).digest('hex');
    groups[group]?.push({ path, sopInstanceUid: instance, dataSetSha256, person });
  }
  return groups;
}
