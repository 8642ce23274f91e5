import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';

const ROOT = path.resolve(import.meta.dirname, '..');
const SOURCES = [
  'src/ui',
  'src/decide',
  'src/exam',
  'src/measure',
  'src/operations',
  'package-lock.json',
  'scripts/build-pages.ts',
];
const STAMP = 'sources.sha256';

/** Where the built pages stand. */
export const PAGES_FOLDER = path.join(ROOT, 'dist', 'pages');

/**
 * Builds the pages with Vite unless the last build was made from the same sources; says whether it built.
 * The new build takes the place of the old one by a rename, so that two starts at once do not mix their files.
 */
export async function buildPages(options: { readonly force?: boolean } = {}): Promise<boolean> {
  const stamp = await hashSources();
  if (options.force !== true && (await readStamp()) === stamp) return false;
  // Loaded only when it is needed: an installation without development packages runs on the pages it came with.
  const [{ build }, { default: react }] = await Promise.all([import('vite'), import('@vitejs/plugin-react')]);
  const fresh = path.join(ROOT, 'dist', `pages-${process.pid}`);
  await withProductionMode(() =>
    build({
      configFile: false,
      root: path.join(ROOT, 'src', 'ui'),
      logLevel: 'error',
      mode: 'production',
      plugins: [react()],
      // The viewer's library has workers of several modules.
      worker: { format: 'es' },
      build: {
        outDir: fresh,
        emptyOutDir: true,
        target: 'esnext',
        // The content security policy takes nothing inline, data: addresses included.
        assetsInlineLimit: 0,
        modulePreload: { polyfill: false },
        reportCompressedSize: false,
        // The viewer's library is large, and fetched by those who look at a film.
        chunkSizeWarningLimit: 5000,
      },
    }),
  );
  await compressAssets(path.join(fresh, 'assets'));
  await writeFile(path.join(fresh, STAMP), stamp);
  await replaceFolder(fresh);
  return true;
}

/** Compressed once, here, as small as it gets; the server sends what lies beside the file. */
async function compressAssets(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const file = path.join(folder, name);
    await writeFile(`${file}.gz`, gzipSync(await readFile(file), { level: 9 }));
  }
}

/** React is built for production or for development by NODE_ENV alone, and a test runner sets it to `test`. */
async function withProductionMode(run: () => Promise<unknown>): Promise<void> {
  const before = process.env['NODE_ENV'];
  process.env['NODE_ENV'] = 'production';
  try {
    await run();
  } finally {
    if (before === undefined) delete process.env['NODE_ENV'];
    else process.env['NODE_ENV'] = before;
  }
}

async function replaceFolder(fresh: string): Promise<void> {
  await mkdir(path.dirname(PAGES_FOLDER), { recursive: true });
  await rm(PAGES_FOLDER, { recursive: true, force: true });
  try {
    await rename(fresh, PAGES_FOLDER);
  } catch {
    // Another start was quicker; its build is of the same sources.
    await rm(fresh, { recursive: true, force: true });
  }
}

async function readStamp(): Promise<string | undefined> {
  return readFile(path.join(PAGES_FOLDER, STAMP), 'utf8').catch(() => undefined);
}

/** Content, not times: a fresh clone gives every file the time of the clone. */
async function hashSources(): Promise<string> {
  const hash = createHash('sha256');
  for (const source of SOURCES) {
    const files = source.includes('.') ? [source] : await listFiles(source);
    for (const file of files) {
      hash.update(`${file}\0`);
      hash.update(await readFile(path.join(ROOT, file)));
    }
  }
  return hash.digest('hex');
}

async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(path.join(ROOT, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.test.ts') && !entry.name.endsWith('.md'))
    .map((entry) => path.relative(ROOT, path.join(entry.parentPath, entry.name)))
    .sort();
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await buildPages({ force: process.argv.includes('--force') });
}
