import { resolve } from 'node:path';

/** The folder that holds package.json, models, fixtures and the built pages. */
export const PROJECT_FOLDER = resolve(import.meta.dirname, '..');
