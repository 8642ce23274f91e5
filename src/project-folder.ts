import { createRequire } from 'node:module';
import { resolve } from 'node:path';

/** The folder that holds package.json, models, fixtures and the built pages. */
export const PROJECT_FOLDER = resolve(import.meta.dirname, '..');

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

/** The version of this program, as package.json has it. */
export const PRODUCT_VERSION = version;
