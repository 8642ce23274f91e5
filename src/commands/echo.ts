import { systemClock } from '../clock.ts';
import { DEFAULT_DIMSE_LIMITS } from '../dimse/limits.ts';
import { openAssociation } from '../dimse/requestor.ts';
import type { Peer } from '../dimse/send-files.ts';
import { describeStatus, STATUS } from '../dimse/status.ts';
import { VERIFICATION_SOP_CLASS } from '../dimse/uid.ts';

const CONNECT_MS_MAX = 5_000;

/** Asks a peer by C-ECHO. Throws where there is no association. */
export async function echoPeer(peer: Peer): Promise<{ readonly ok: boolean; readonly detail: string }> {
  const startMs = systemClock.monotonicMs();
  const association = await openAssociation({
    ...peer,
    contexts: [{ abstractSyntax: VERIFICATION_SOP_CLASS, transferSyntaxes: ['1.2.840.10008.1.2'] }],
    limits: DEFAULT_DIMSE_LIMITS,
    clock: systemClock,
    connectMsMax: CONNECT_MS_MAX,
  });
  const status = await association.echo();
  await association.release();
  const tookMs = Math.round(systemClock.monotonicMs() - startMs);
  const how = peer.tls === undefined ? '' : ' over TLS';
  return {
    ok: status === STATUS.success,
    detail: `C-ECHO${how} answered ${describeStatus(status)} in ${tookMs} ms`,
  };
}
