import { readFile } from 'node:fs/promises';

/** The unit of /proc/PID/stat (sysconf(_SC_CLK_TCK)), the same on every Linux this runs on. */
const TICKS_PER_SECOND = 100;

/** Seconds of processor time of a process with all its threads, and of its children that have ended. */
export async function cpuSeconds(pid: number | 'self'): Promise<{ own: number; children: number }> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1');
  // The name may hold blanks and parentheses; what follows it does not (proc_pid_stat(5), fields 14 to 17).
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const seconds = (first: number) => ((fields[first] ?? 0) + (fields[first + 1] ?? 0)) / TICKS_PER_SECOND;
  return { own: seconds(11), children: seconds(13) };
}

/** Peak resident memory of a process so far, MB. */
export async function peakRssMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'latin1');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024;
}
