import { startService } from '../compose.ts';
import type { Config } from '../config.ts';
import type { Log } from '../telemetry.ts';

/**
 * Runs the roles of this process until SIGTERM or SIGINT. When every part listens it prints one line of JSON, with null
 * for what is another process's; a second signal, or ten seconds, cut what does not end.
 */
export async function serve(config: Config, log: Log, print: (line: string) => void): Promise<void> {
  const service = await startService(config, log);
  const stopped = Promise.withResolvers<undefined>();
  const stop = (signal: string): void => {
    process.once('SIGTERM', () => process.exit(1));
    process.once('SIGINT', () => process.exit(1));
    log.info({ signal }, 'the service stops');
    void service.stop().then((clean) => {
      log.info({ clean }, 'the service stopped');
      stopped.resolve(undefined);
      process.exit(clean ? 0 : 1);
    });
  };
  process.once('SIGTERM', () => stop('SIGTERM'));
  process.once('SIGINT', () => stop('SIGINT'));
  const { roles, dimse, http, dicomweb } = service;
  print(JSON.stringify({ ready: true, roles, dimse, http, dicomweb }));
  await stopped.promise;
}
