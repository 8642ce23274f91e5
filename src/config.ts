import { z } from 'zod';
import { TriageError } from './errors.ts';
import { amount, count, port, setting } from './setting-rules.ts';
import { SIGN_IN_SETTINGS } from './sign-in-settings.ts';

// Without a password: `doctor` prints every setting.
const address = (protocol: RegExp) =>
  z
    .string()
    .refine((text) => !URL.canParse(text) || new URL(text).password === '', 'put the password into a file')
    .refine(
      (text) => text === '' || (URL.canParse(text) && protocol.test(new URL(text).protocol)),
      'write an address with its protocol',
    );

/** One PACS that reports are sent to. */
export interface Destination {
  readonly aeTitle: string;
  readonly host: string;
  readonly port: number;
}

const destinations = z
  .string()
  .transform((text) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  )
  .pipe(
    z.array(
      z
        .string()
        .regex(
          /^[^@\s\\]{1,16}@[^:\s]+:\d{1,5}$/,
          'write each PACS as AETITLE@host:port, separated by commas',
        )
        .transform((part): Destination => {
          const [aeTitle = '', address = ''] = part.split('@');
          const [host = '', portText = ''] = address.split(':');
          return { aeTitle, host, port: Number(portText) };
        }),
    ),
  );

/** Every setting: its environment variable, its rule, its default as text, and its meaning with the unit. */
export const SETTINGS = {
  mode: setting(
    'TRIAGE_MODE',
    z.enum(['embedded', 'distributed']),
    'embedded',
    'embedded: one process, SQLite and disk; distributed: PostgreSQL, Redis and S3, any number of processes',
  ),
  roles: setting(
    'TRIAGE_ROLES',
    z
      .string()
      .transform((text) => text.split(',').map((part) => part.trim()))
      .pipe(z.array(z.enum(['intake', 'worker', 'web'])).min(1)),
    'intake,worker,web',
    'what this process does, separated by commas; embedded: all of it',
  ),
  databaseUrl: setting(
    'TRIAGE_DATABASE_URL',
    address(/^postgres(?:ql)?:$/),
    '',
    'PostgreSQL of the distributed mode: postgres://user@host:5432/name',
  ),
  databasePasswordFile: setting(
    'TRIAGE_DATABASE_PASSWORD_FILE',
    z.string(),
    '',
    'file with the password of the database; empty: none is needed',
  ),
  redisUrl: setting(
    'TRIAGE_REDIS_URL',
    address(/^rediss?:$/),
    '',
    'Redis of the distributed mode: redis://host:6379/0',
  ),
  redisPasswordFile: setting(
    'TRIAGE_REDIS_PASSWORD_FILE',
    z.string(),
    '',
    'file with the password of Redis; empty: none is needed',
  ),
  s3Endpoint: setting(
    'TRIAGE_S3_ENDPOINT',
    z.union([z.literal(''), z.url({ protocol: /^https?$/ })]),
    '',
    'object store of the distributed mode: https://host:port',
  ),
  s3Region: setting('TRIAGE_S3_REGION', z.string().min(1), 'us-east-1', 'region of the object store'),
  s3Bucket: setting(
    'TRIAGE_S3_BUCKET',
    z.string().regex(/^[a-z0-9][a-z0-9.-]{2,62}$/),
    'osteotriage',
    'bucket of the object store',
  ),
  s3AccessKeyFile: setting('TRIAGE_S3_ACCESS_KEY_FILE', z.string(), '', 'file with the access key ID'),
  s3SecretKeyFile: setting('TRIAGE_S3_SECRET_KEY_FILE', z.string(), '', 'file with the secret access key'),
  s3ScratchMibMax: setting(
    'TRIAGE_S3_SCRATCH_MIB_MAX',
    count(64, 10_000_000),
    '4096',
    'room on this machine for films on their way to the object store, and as much again for copies of it, MiB',
  ),
  operationsPort: setting(
    'TRIAGE_OPERATIONS_PORT',
    z.union([z.literal('').transform(() => null), port]),
    '',
    'TCP port of /healthz, /readyz and /metrics; empty: only the worklist’s own port serves them',
  ),
  operationsHost: setting(
    'TRIAGE_OPERATIONS_HOST',
    z.string().min(1),
    '127.0.0.1',
    'address of /healthz, /readyz and /metrics; nothing there names a patient',
  ),
  tracesUrl: setting(
    'TRIAGE_TRACES_URL',
    z.union([z.literal(''), z.url({ protocol: /^https?$/ })]),
    '',
    'OpenTelemetry collector that gets the traces (OTLP over HTTP); empty: none are made',
  ),
  backfillDaysMin: setting(
    'TRIAGE_BACKFILL_DAYS_MIN',
    count(1, 36_500),
    '30',
    'days after which a film counts as an old one and waits behind the day’s work',
  ),
  data: setting('TRIAGE_DATA', z.string().min(1), './data', 'folder of the archive and the database'),
  dimsePort: setting('TRIAGE_DIMSE_PORT', port, '11112', 'TCP port of the DICOM node; 0 takes a free one'),
  dimseHost: setting(
    'TRIAGE_DIMSE_HOST',
    z.string().min(1),
    '127.0.0.1',
    'address of the DICOM node; only a loopback one without a sites file',
  ),
  aeTitle: setting(
    'TRIAGE_AE_TITLE',
    z.string().regex(/^[^\\\s]{1,16}$/),
    'OSTEOTRIAGE',
    'AE title of this node',
  ),
  sitesFile: setting(
    'TRIAGE_SITES',
    z.string(),
    '',
    'JSON file of the sites that may call; empty: no site, loopback only',
  ),
  tlsPort: setting(
    'TRIAGE_TLS_PORT',
    z.union([z.literal('').transform(() => null), port]),
    '',
    'TCP port of the DICOM node over TLS; empty: none; 0 takes a free one',
  ),
  tlsCertificateFile: setting(
    'TRIAGE_TLS_CERTIFICATE_FILE',
    z.string(),
    '',
    'PEM file of this node’s certificate and its chain',
  ),
  tlsKeyFile: setting('TRIAGE_TLS_KEY_FILE', z.string(), '', 'PEM file of this node’s private key'),
  tlsAuthoritiesFile: setting(
    'TRIAGE_TLS_CA_FILE',
    z.string(),
    '',
    'PEM file of the authorities whose certificates peers show, and that PACS are checked against',
  ),
  tlsClientCertificate: setting(
    'TRIAGE_TLS_CLIENT_CERTIFICATE',
    z.enum(['required', 'optional']),
    'required',
    'whether a caller over TLS must show a certificate',
  ),
  dicomwebPort: setting(
    'TRIAGE_DICOMWEB_PORT',
    z.union([z.literal('').transform(() => null), port]),
    '',
    'TCP port of DICOMweb (STOW-RS, WADO-RS, QIDO-RS); empty: none; 0 takes a free one',
  ),
  dicomwebHost: setting('TRIAGE_DICOMWEB_HOST', z.string().min(1), '127.0.0.1', 'address of DICOMweb'),
  diskFreeMibMin: setting(
    'TRIAGE_DISK_FREE_MIB_MIN',
    count(0, 100_000_000),
    '2048',
    'free space below which nothing more is taken in (C-STORE A700, STOW 507), MiB',
  ),
  queueItemsMax: setting(
    'TRIAGE_QUEUE_ITEMS_MAX',
    count(1, 10_000_000),
    '100000',
    'films that may wait; above it associations are refused as transient',
  ),
  retentionDays: setting(
    'TRIAGE_RETENTION_DAYS',
    count(0, 36_500),
    '0',
    'days a film is kept after its receipt once all is reported; 0 keeps it for ever',
  ),
  retentionDiskPercent: setting(
    'TRIAGE_RETENTION_DISK_PERCENT',
    count(0, 99),
    '0',
    'share of the disk that films may take, percent; above it the oldest reported ones go; 0 sets no limit',
  ),
  httpPort: setting('TRIAGE_HTTP_PORT', port, '8080', 'TCP port of the worklist; 0 takes a free one'),
  ...SIGN_IN_SETTINGS,
  workers: setting(
    'TRIAGE_WORKERS',
    z.union([z.literal('auto'), count(0, 256)]),
    'auto',
    'worker processes; auto: one for each core, as far as the memory holds them; 0 receives and holds only',
  ),
  modelsFolder: setting('TRIAGE_MODELS', z.string().min(1), 'models', 'folder of the models'),
  executionProviders: setting(
    'TRIAGE_EXECUTION_PROVIDERS',
    z.string().transform((text) => text.split(',').map((part) => part.trim())),
    'cpu',
    'execution providers in order of preference: cpu, cuda, …',
  ),
  pacs: setting(
    'TRIAGE_PACS',
    destinations,
    '',
    'PACS that get the reports: AETITLE@host:port, separated by commas',
  ),
  ageYearsMin: setting('TRIAGE_AGE_YEARS_MIN', count(0, 120), '50', 'age in years from which a film is read'),
  corticalWidthMmMin: setting(
    'TRIAGE_MCW_MM_MIN',
    amount(0.5, 10),
    '3.0',
    'referral below this mandibular cortical width, mm corrected for magnification',
  ),
  corticalWidthDetectorMmMin: setting(
    'TRIAGE_MCW_DETECTOR_MM_MIN',
    z.union([z.literal('').transform(() => null), amount(0.5, 15)]),
    '',
    'the same for films that are not corrected, mm at the detector; empty: PMI and class decide',
  ),
  pmiMin: setting(
    'TRIAGE_PMI_MIN',
    amount(0.01, 1),
    '0.22',
    'referral below this PMI where no width decides',
  ),
  magnification: setting(
    'TRIAGE_MAGNIFICATION',
    z.union([z.literal('').transform(() => null), amount(1, 2)]),
    '',
    'vertical magnification of the panoramic device; empty: not corrected',
  ),
  deviceProfilesFile: setting(
    'TRIAGE_DEVICE_PROFILES',
    z.string(),
    '',
    'JSON file of calibrated panoramic devices, for films of no site or of one without its own; empty: none',
  ),
  genantGradeMin: setting(
    'TRIAGE_GENANT_GRADE_MIN',
    z.enum(['1', '2', '3']).transform((text) => Number(text) as 1 | 2 | 3),
    '2',
    'vertebral deformity from which a lateral film is positive: Genant grade 1, 2 or 3',
  ),
  pduBytesMax: setting(
    'TRIAGE_PDU_BYTES_MAX',
    count(4096, 4_194_304),
    '131072',
    'largest PDU that is received, bytes',
  ),
  instanceMibMax: setting(
    'TRIAGE_INSTANCE_MIB_MAX',
    count(1, 4096),
    '512',
    'largest instance that is received, MiB',
  ),
  associationsMax: setting('TRIAGE_ASSOCIATIONS_MAX', count(1, 1000), '32', 'associations at once'),
  idleSecondsMax: setting(
    'TRIAGE_IDLE_SECONDS_MAX',
    amount(1, 3600),
    '60',
    'seconds an association may be silent',
  ),
  filmMpixelMax: setting(
    'TRIAGE_FILM_MPIXEL_MAX',
    count(1, 400),
    '100',
    'largest film that is decoded, million pixels',
  ),
  jobSecondsMax: setting(
    'TRIAGE_JOB_SECONDS_MAX',
    amount(1, 3600),
    '60',
    'seconds a film may take before its worker is killed',
  ),
  jobAttemptsMax: setting(
    'TRIAGE_JOB_ATTEMPTS_MAX',
    count(1, 20),
    '3',
    'attempts at a film before it is set aside as failed',
  ),
  batchItemsMax: setting(
    'TRIAGE_BATCH_ITEMS_MAX',
    z.union([z.literal('auto'), count(1, 64)]),
    'auto',
    'films in a batch; auto: as measured on the device and remembered, 1 until then',
  ),
  batchWaitMsMax: setting(
    'TRIAGE_BATCH_WAIT_MS_MAX',
    count(0, 10_000),
    '20',
    'milliseconds the oldest film of a batch may wait',
  ),
  deliveryDaysMax: setting(
    'TRIAGE_DELIVERY_DAYS_MAX',
    amount(0.01, 365),
    '7',
    'days a report is tried at a PACS that is down',
  ),
  logLevel: setting(
    'TRIAGE_LOG_LEVEL',
    z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']),
    'info',
    'level of the log on standard error',
  ),
} as const;

type Settings = typeof SETTINGS;

/** The configuration of a process, checked. */
export type Config = { readonly [Name in keyof Settings]: z.output<Settings[Name]['rule']> };

/** Where a value came from, for `doctor`. */
export interface SettingOrigin {
  readonly name: string;
  readonly variable: string;
  readonly value: string;
  readonly source: 'option' | 'environment' | 'default';
  readonly meaning: string;
}

/** By the configuration that they make up. */
const ORIGINS = new WeakMap<Config, readonly SettingOrigin[]>();

/** Options of the command line by setting name; they win over the environment. */
export type ConfigOptions = Readonly<Partial<Record<keyof Settings, string | undefined>>>;

/** Reads every setting. Throws configuration-invalid naming the first setting that is wrong. */
export function readConfig(
  options: ConfigOptions = {},
  environment: Readonly<Record<string, string | undefined>> = process.env,
): { readonly config: Config; readonly origins: readonly SettingOrigin[] } {
  const values: Record<string, unknown> = {};
  const origins: SettingOrigin[] = [];
  for (const [name, row] of Object.entries(SETTINGS)) {
    const option = options[name as keyof Settings];
    const variable = environment[row.variable];
    const source = option !== undefined ? 'option' : variable !== undefined ? 'environment' : 'default';
    const value = option ?? variable ?? row.fallback;
    const checked = row.rule.safeParse(value);
    if (!checked.success) {
      const why = checked.error.issues[0]?.message ?? 'not allowed';
      const place = source === 'option' ? `option for ${name}` : row.variable;
      throw new TriageError(
        'configuration-invalid',
        `${place} = ${JSON.stringify(withoutPassword(value))}: ${why} (${row.meaning})`,
      );
    }
    values[name] = checked.data;
    const { meaning } = row;
    origins.push({ name, variable: row.variable, value: withoutPassword(value), source, meaning });
  }
  const config = values as Config;
  ORIGINS.set(config, origins);
  return { config, origins };
}

/** Where each value of a configuration came from. */
export function originsOf(config: Config): readonly SettingOrigin[] {
  return ORIGINS.get(config) ?? [];
}

function withoutPassword(value: string): string {
  return value.replace(/(\/\/[^:/@]*):[^@]*@/, '$1:…@');
}
