import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PROJECT_FOLDER } from '../project-folder.ts';
import { startOrthanc } from './orthanc.ts';
import { requireTool } from './services.ts';

const program = requireTool('Orthanc');

describe.skipIf(!program.available)(
  `an Orthanc of a test${program.available ? '' : ` (${program.reason})`}`,
  () => {
    it('holds what it is given, gives it back as it was and knows its modalities', async () => {
      const orthanc = await startOrthanc(program.available ? program.path : '', {
        modalities: { node: { aeTitle: 'OSTEOTRIAGE', host: '127.0.0.1', port: 104 } },
      });
      try {
        const film = await readFile(join(PROJECT_FOLDER, 'dicom-fixtures', '14-implicit-vr.dcm'));
        await orthanc.request('POST', 'instances', film);
        const [instance = '', ...others] = await orthanc.instances();
        expect(others).toEqual([]);
        expect((await orthanc.file(instance)).equals(film)).toBe(true);
        expect(await orthanc.request('GET', 'modalities')).toEqual(['node']);
        await expect(orthanc.request('GET', 'instances/none')).rejects.toThrow('404');
      } finally {
        await orthanc.stop();
      }
      await expect(fetch(orthanc.url)).rejects.toThrow();
    });
  },
);
