import { systemClock } from '../clock.ts';
import { startAcceptor, type Acceptor } from '../dimse/acceptor.ts';
import { DEFAULT_DIMSE_LIMITS } from '../dimse/limits.ts';
import type { DimseService } from '../dimse/services.ts';
import { silentLog } from '../telemetry.ts';
import { MemorySink } from './memory-sink.ts';

/** A node on a free port that serves the given services to everyone. */
export function startScannerNode(services: readonly DimseService[]): Promise<Acceptor> {
  return startAcceptor({
    aeTitle: 'OSTEOTRIAGE',
    host: '127.0.0.1',
    port: 0,
    limits: DEFAULT_DIMSE_LIMITS,
    supportedStorage: new Set(),
    transferSyntaxes: [],
    storage: new MemorySink(),
    services,
    acceptAssociation: () => ({ accepted: true, siteId: 'test', abstractSyntaxes: null }),
    clock: systemClock,
    log: silentLog,
  });
}
