import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { PROJECT_FOLDER } from '../src/project-folder.ts';

// One way to run the tests, here and in CI: what they need is found or installed, the pages are built, then vitest.
run('bash', [join('scripts', 'services.sh')], { mayFail: process.env['CI'] !== 'true' });
run(process.execPath, [join('scripts', 'build-pages.ts')], { mayFail: false });
run(process.execPath, [join('node_modules', 'vitest', 'vitest.mjs'), 'run', ...process.argv.slice(2)], {
  mayFail: false,
});

function run(command: string, parameters: readonly string[], options: { readonly mayFail: boolean }): void {
  // Tests start hundreds of processes: they keep the modules that they read as the service does (check-node.js).
  const env = { ...process.env, NODE_COMPILE_CACHE: join(PROJECT_FOLDER, 'node_modules', '.cache', 'node') };
  const { status } = spawnSync(command, parameters, { cwd: PROJECT_FOLDER, stdio: 'inherit', env });
  if (status !== 0 && !options.mayFail) process.exit(status ?? 1);
}
