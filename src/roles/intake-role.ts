import type { Config } from '../config.ts';
import { DEFAULT_DIMSE_LIMITS, type DimseLimits } from '../dimse/limits.ts';
import type { NormalizedRequest } from '../dimse/services.ts';
import type { HealthCheck } from '../health.ts';
import { startCommitments } from '../intake/commitment-answers.ts';
import { startDicomNode } from '../intake/dimse-listener.ts';
import { intakeProbes, openIntakeGate } from '../intake/intake-gate.ts';
import { InstanceReceiver } from '../intake/receive-instance.ts';
import type { RunningPart } from '../lifecycle.ts';
import { takeCommitmentReport } from '../report/commitment-report.ts';
import { scannerServices } from '../worklist/scanner-services.ts';
import { openClinicDoors } from './clinic-doors.ts';
import type { Foundation } from './foundation.ts';
import { holdReporting } from './reporting-duty.ts';

const ASSOCIATION_GRACE_MS = 3_000;

/** The doors that are open. */
export interface IntakeRole {
  readonly dimse: {
    readonly aeTitle: string;
    readonly host: string;
    readonly port: number;
    /** null where TLS is not configured. */
    readonly tlsPort: number | null;
  };
  /** null where DICOMweb is not served. */
  readonly dicomweb: { readonly url: string | null };
  readonly checks: readonly HealthCheck[];
}

/** What the configuration says of the DIMSE layer. */
export function dimseLimits(config: Config): DimseLimits {
  return {
    ...DEFAULT_DIMSE_LIMITS,
    pduBytesMax: config.pduBytesMax,
    instanceBytesMax: config.instanceMibMax * 1024 * 1024,
    associationsMax: config.associationsMax,
    connectionsMax: config.associationsMax * 4,
    idleSecondsMax: config.idleSecondsMax,
  };
}

/**
 * Opens every way in, the DICOM node last, and offers to do what one listener does for all: sending reports, answering
 * about commitment, telling clinics, removing old films.
 */
export async function startIntakeRole(foundation: Foundation, parts: RunningPart[]): Promise<IntakeRole> {
  const { config, database, queue, sites, events, meter, clock, log } = foundation;
  const limits = dimseLimits(config);
  const probes = { ...intakeProbes(config.data, database), storeProblem: foundation.storeProblem };
  const gate = await openIntakeGate(config, probes, clock, log);
  parts.push({ name: 'intake gate', stop: () => gate.close() });
  const commitments = startCommitments(config, { ...foundation, limits });
  parts.push({ name: 'commitments', stop: () => commitments.close() });
  await holdReporting({ ...foundation, limits, commitments }, parts);
  const onReferral = (referralId: string) => events.publish({ type: 'referral', referralId });
  const receiver = new InstanceReceiver({
    ...foundation,
    gate,
    onReferral,
    onReceived: (examId, job) => {
      if (job !== null) void queue.announce([job]);
      events.publish({ type: 'exam', examId });
    },
  });
  const commitmentService = {
    ...commitments.service,
    event: (report: NormalizedRequest) =>
      takeCommitmentReport(
        { ...foundation, onRefused: () => events.publish({ type: 'deliveries' }) },
        report,
      ),
  };
  const { dicomwebUrl } = await openClinicDoors({ ...foundation, receiver, gate }, parts);
  const services = [
    ...scannerServices({ database, clock, log, onReferral, days: () => sites.referralDays() }),
    commitmentService,
  ];
  const node = await startDicomNode(config, {
    ...{ limits, receiver, gate, sites, services, meter, clock, log },
  });
  parts.push({ name: 'DICOM node', stop: () => node.close(ASSOCIATION_GRACE_MS) });
  if (sites.book() === null)
    log.warn({}, 'no site is configured: the node listens on loopback only and accepts every caller there');
  return {
    dimse: { aeTitle: config.aeTitle, host: node.host, port: node.port, tlsPort: node.tlsPort },
    dicomweb: { url: dicomwebUrl },
    checks: [{ name: 'intake', look: () => Promise.resolve(gate.problem()) }],
  };
}
