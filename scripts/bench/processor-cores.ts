import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import process from 'node:process';

/** The cores that this process may use. */
export function allowedCores(): readonly number[] {
  const list = /Cpus_allowed_list:\s*(\S+)/.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? '0';
  return list.split(',').flatMap((range) => {
    const [from = 0, to = from] = range.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_, index) => from + index);
  });
}

/** Holds a process with all its threads to some cores; what it starts afterwards is held there too. */
export function holdToCores(pid: number, cores: readonly number[]): void {
  const { status, stderr } = spawnSync('taskset', ['-a', '-c', '-p', cores.join(','), String(pid)], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`taskset failed: ${stderr}`);
}

/** Starts something on some cores only: children inherit the cores of the thread that starts them. */
export async function startOnCores<Started>(
  cores: readonly number[],
  start: () => Promise<Started>,
): Promise<Started> {
  const before = allowedCores();
  holdToCores(process.pid, cores);
  try {
    return await start();
  } finally {
    holdToCores(process.pid, before);
  }
}
