import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A program that runs a model back to back when it is told to; see raw-inference.c. */
export interface RunProgram {
  /** Runs the model so many times, and returns what the program printed of it. */
  run(runs: number): Promise<{ readonly seconds: number; readonly means?: readonly number[] }>;
  stop(): void;
}

/** Starts one; resolves when its model is loaded. */
export async function startRunProgram(program: string, flags: readonly string[]): Promise<RunProgram> {
  const child = spawn(program, flags, { stdio: ['pipe', 'pipe', 'inherit'] });
  const failed = new Promise<never>((_, fail) => {
    child.once('error', fail);
    child.once('exit', (code) => fail(new Error(`${program} ended with status ${code ?? 'none'}`)));
  });
  // It ends when it is stopped, and then nobody waits for it.
  failed.catch(() => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async (): Promise<{ seconds: number; means?: number[] }> => {
    const { value } = await Promise.race([lines.next(), failed]);
    return JSON.parse(value ?? '{}') as { seconds: number; means?: number[] };
  };
  await nextLine();
  return {
    run(runs) {
      child.stdin.write(`${runs}\n`);
      return nextLine();
    },
    stop: () => void child.kill('SIGKILL'),
  };
}

/** Runs a second that some programs make together, each on a core of its own, `runs` of each. */
export async function runsPerSecond(programs: readonly RunProgram[], runs: number): Promise<number> {
  const ends = await Promise.all(programs.map((program) => program.run(runs)));
  return ends.reduce((sum, { seconds }) => sum + runs / seconds, 0);
}
