/**
 * A thread that watches whether the service still lives. A busy worker does not see its channel close until
 * the present decode or model run ends, and one that hangs never would: it would outlive its parent
 * (runtime-facts, Installing). The kernel gives an orphan another parent, and this thread sees that.
 */
import { workerData } from 'node:worker_threads';
import { systemClock } from '../src/clock.ts';

const POLL_MS = 500;

const parentPid: unknown = workerData;
while (process.ppid === parentPid) await systemClock.sleep(POLL_MS);
process.kill(process.pid, 'SIGKILL');
