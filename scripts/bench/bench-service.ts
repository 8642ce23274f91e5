import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ServiceProcess, startServiceProcess } from '../demo/service-process.ts';

/** Starts the service as a site does, with so many workers, and without anything that would keep it from working. */
export async function startBenchService(
  folder: string,
  workers: number,
  environment: Readonly<Record<string, string>> = {},
): Promise<ServiceProcess> {
  await mkdir(folder, { recursive: true });
  const log = join(folder, 'service.log');
  const settings = {
    ...{ TRIAGE_MODE: 'embedded', TRIAGE_WORKERS: String(workers), TRIAGE_LOG_LEVEL: 'warn' },
    ...{ TRIAGE_SITES: '', TRIAGE_PACS: '', TRIAGE_DISK_FREE_MIB_MIN: '0' },
    ...environment,
  };
  return startServiceProcess(folder, settings, log).catch(async (thrown: unknown) => {
    const said = await readFile(log, 'utf8').catch(() => '');
    throw new Error(`the service did not start: ${said.slice(-1000)}`, { cause: thrown });
  });
}

/** A process and all that it started, itself first. */
export async function processTree(pid: number): Promise<readonly number[]> {
  const tree = [pid];
  for (const task of await readdir(`/proc/${pid}/task`).catch(() => [])) {
    const path = join('/proc', String(pid), 'task', task, 'children');
    const children = await readFile(path, 'latin1').catch(() => '');
    for (const child of children.split(' ').filter((text) => text !== ''))
      tree.push(...(await processTree(Number(child))));
  }
  return tree;
}
