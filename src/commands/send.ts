import { systemClock } from '../clock.ts';
import { describeStatus, statusKind } from '../dimse/status.ts';
import { DEFAULT_DIMSE_LIMITS } from '../dimse/limits.ts';
import { type Peer, sendFiles } from '../dimse/send-files.ts';
import { listFiles } from './list-files.ts';

const CONNECT_MS_MAX = 10_000;

/** What `osteotriage send` is told. */
export interface SendCommand {
  readonly paths: readonly string[];
  readonly peer: Peer;
  readonly write: (line: string) => void;
}

/** Sends files (folders stand for all files below them) and says each answer. Returns how many were not taken. */
export async function sendToPeer(command: SendCommand): Promise<number> {
  let failed = 0;
  const results = sendFiles(await listFiles(command.paths), {
    peer: command.peer,
    limits: DEFAULT_DIMSE_LIMITS,
    clock: systemClock,
    connectMsMax: CONNECT_MS_MAX,
  });
  for await (const result of results) {
    if ('error' in result) {
      failed += 1;
      command.write(`${result.path}: not sent, ${result.error.message}`);
      continue;
    }
    const kind = statusKind(result.answer.status);
    if (kind !== 'success' && kind !== 'warning') failed += 1;
    const comment = result.answer.comment === undefined ? '' : `, ${result.answer.comment}`;
    command.write(`${result.path}: ${describeStatus(result.answer.status)}${comment}`);
  }
  return failed;
}
