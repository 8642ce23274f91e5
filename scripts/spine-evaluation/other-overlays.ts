import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ViewName } from '../../src/exam/analysis.ts';
import { readPicture } from '../../src/imaging/read-picture.ts';
import { PROJECT_FOLDER } from '../../src/project-folder.ts';
import type { OverlayWriter } from './overlay-writer.ts';
import { PIXELS_MAX } from './real-films.ts';
import { openSpineReader } from './spine-reader.ts';

/** Films that validate nothing, for training saw them; they are drawn to be looked at. */
export async function drawOtherFilms(data: string, overlays: OverlayWriter): Promise<void> {
  const reader = await openSpineReader(join(PROJECT_FOLDER, 'models'));
  const draw = async (folder: string, view: ViewName, isWanted: (file: string) => boolean): Promise<void> => {
    for (const file of (await readdir(join(data, folder))).filter(isWanted)) {
      const { film } = await readPicture(await readFile(join(data, folder, file)), PIXELS_MAX);
      await overlays(file, film, view, await reader(film, view));
    }
  };
  await draw('spine-lateral/images', 'spine-lateral', (file) => file.startsWith('buu_'));
  await draw('chest/lateral', 'chest-lateral', () => true);
}
