import { createHash } from 'node:crypto';
import { availableParallelism, hostname } from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { WorkerSetup } from '../workers/worker-setup.ts';
import type { Config } from './config.ts';
import { DEFAULT_ELIGIBILITY_RULES } from './decide/eligibility.ts';
import { DEFAULT_FRACTURE_POLICY } from './decide/fracture-policy.ts';
import { readDeviceProfiles } from './device-profiles.ts';
import { derivedUid } from './dicom/uids.ts';
import { PRODUCT_VERSION, PROJECT_FOLDER } from './project-folder.ts';
import type { WorkerPoolOptions } from './inference/worker-pool.ts';

/** A worker must have loaded its models within this. */
const START_MS_MAX = 60_000;

/** What is left to the service itself and to the system's cache when workers are counted. */
const RESERVE_BYTES = 512 * 1024 * 1024;

/** What the configuration says of the worker pool and of what each worker does. */
export function workerSettings(
  config: Config,
): Omit<WorkerPoolOptions, 'clock' | 'log'> & { readonly setup: WorkerSetup } {
  const setup: WorkerSetup = {
    modelsFolder: isAbsolute(config.modelsFolder)
      ? config.modelsFolder
      : join(PROJECT_FOLDER, config.modelsFolder),
    modelPins: null,
    shadowPins: {},
    executionProviders: config.executionProviders,
    rules: {
      eligibility: { ...DEFAULT_ELIGIBILITY_RULES, ageYearsMin: config.ageYearsMin },
      policy: {
        corticalWidthMmMin: config.corticalWidthMmMin,
        corticalWidthDetectorMmMin: config.corticalWidthDetectorMmMin,
        pmiMin: config.pmiMin,
      },
      fracture: { ...DEFAULT_FRACTURE_POLICY, gradeMin: config.genantGradeMin },
      deviceProfiles: config.deviceProfilesFile === '' ? [] : readDeviceProfiles(config.deviceProfilesFile),
      magnification: config.magnification,
    },
    filmPixelsMax: config.filmMpixelMax * 1_000_000,
    identity: {
      manufacturer: 'osteotriage',
      modelName: 'osteotriage',
      softwareVersion: PRODUCT_VERSION,
      deviceSerialNumber: createHash('sha256').update(hostname()).digest('hex').slice(0, 16),
      deviceUid: derivedUid(`device ${hostname()} ${config.aeTitle}`),
    },
  };
  return {
    ...(config.workers === 'auto'
      ? {
          workers: availableParallelism(),
          spareMemoryBytes: () => process.availableMemory() - RESERVE_BYTES,
        }
      : { workers: config.workers }),
    workerEntry: join(PROJECT_FOLDER, 'workers', 'triage-worker.ts'),
    setup,
    limits: {
      itemsMax: config.batchItemsMax === 'auto' ? 1 : config.batchItemsMax,
      waitMsMax: config.batchWaitMsMax,
    },
    jobMsMax: config.jobSecondsMax * 1000,
    startMsMax: START_MS_MAX,
  };
}
