import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PROJECT_FOLDER } from '../src/project-folder.ts';
import { fillTables } from './conformance/tables.ts';

// Writes the tables of the conformance statement anew; a test fails while they are not those of the code.
const path = join(PROJECT_FOLDER, 'docs', 'conformance.md');
await writeFile(path, fillTables(await readFile(path, 'utf8')));
