import { startService } from '../compose.ts';
import type { Config } from '../config.ts';
import type { Log } from '../telemetry.ts';

/**
 * Runs the roles of this process until SIGTERM or SIGINT. When every part listens it prints one line of JSON, with null
 * for what is another process's; a second signal, or ten seconds, cut what does not end.
 */
export async function serve(config: Config, log: Log, print: (line: string) => void): Promise<void> {
  const asked = Promise.withResolvers<string>();
  const ask = (signal: string): void => {
    process.once('SIGTERM', () => process.exit(1));
    process.once('SIGINT', () => process.exit(1));
    log.info({ signal }, 'the service stops');
    asked.resolve(signal);
  };
  // From the beginning: a start may wait for a database, and the first process of a container dies of no signal else.
  process.once('SIGTERM', () => ask('SIGTERM'));
  process.once('SIGINT', () => ask('SIGINT'));
  const service = await Promise.race([startService(config, log), asked.promise.then(() => null)]);
  // Whatever had started by then is as safe as at a crash, and nothing was taken in yet.
  if (service === null) return process.exit(0);
  const { roles, dimse, http, dicomweb } = service;
  print(JSON.stringify({ ready: true, roles, dimse, http, dicomweb }));
  await asked.promise;
  const clean = await service.stop();
  log.info({ clean }, 'the service stopped');
  process.exit(clean ? 0 : 1);
}
