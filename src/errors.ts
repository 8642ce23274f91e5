/** How a failure is treated: tried again, looked at first, or final. */
export type ErrorClass = 'transient' | 'ambiguous' | 'permanent';

interface ErrorRow {
  readonly class: ErrorClass;
  readonly http: number;
  /** DIMSE status answered to the sender (PS3.4 Annex B, PS3.7 Annex C). */
  readonly dimse: number;
  /** What the operator does about it. */
  readonly action: string;
}

/** The closed table of everything that can go wrong. Retry looks at the class, never at a message. */
export const ERRORS = {
  'storage-failed': row(
    'transient',
    503,
    0xa700,
    'Check the disk of the data folder (space, permissions, health), or the object store that is named.',
  ),
  'storage-full': row(
    'transient',
    507,
    0xa700,
    'Free space on the data folder or in the object store; intake resumes by itself.',
  ),
  'database-failed': row('transient', 503, 0x0110, 'Check the database file and the disk it is on.'),
  'database-unreachable': row(
    'transient',
    503,
    0xa700,
    'Check the server of TRIAGE_DATABASE_URL and the way to it; work resumes by itself.',
  ),
  'database-newer': row(
    'permanent',
    500,
    0x0110,
    'Start the newer version of the program that wrote this database, or restore a backup from before it.',
  ),
  'migration-failed': row(
    'permanent',
    500,
    0x0110,
    'The database is as it was: go on with the earlier version of the program and report this with the log.',
  ),
  'backup-damaged': row(
    'permanent',
    500,
    0x0110,
    'Restore another backup; this one does not hold what it says.',
  ),
  'instance-too-large': row(
    'permanent',
    413,
    0xa700,
    'Raise TRIAGE_INSTANCE_MIB_MAX if such films are expected.',
  ),
  'data-set-unreadable': row(
    'permanent',
    400,
    0xc000,
    'The sender wrote a data set that cannot be parsed; ask its vendor.',
  ),
  'identifiers-missing': row(
    'permanent',
    400,
    0xc001,
    'SOP Class, SOP Instance, Study and Series Instance UID must be present and valid.',
  ),
  'sop-class-mismatch': row(
    'permanent',
    400,
    0xa900,
    'The data set does not match the SOP class or instance of the request.',
  ),
  'sop-class-not-supported': row(
    'permanent',
    415,
    0x0122,
    'Send CR, DX, intra-oral or Secondary Capture images.',
  ),
  'instance-conflict': row(
    'permanent',
    409,
    0x0111,
    'This SOP Instance UID is held with other content; the sender must use a new UID.',
  ),
  'not-part-10': row(
    'permanent',
    400,
    0xc000,
    'The file is no DICOM Part 10 file and no picture that can be read.',
  ),
  'pixel-data-unreadable': row(
    'permanent',
    422,
    0xc000,
    'The image cannot be decoded; ask the sender to export it again.',
  ),
  'pixel-data-unsupported': row(
    'permanent',
    422,
    0xc000,
    'The image is of a kind that is not decoded yet; it is held.',
  ),
  'film-too-large': row(
    'permanent',
    413,
    0xc000,
    'Rows x columns are above the limit TRIAGE_FILM_MPIXEL_MAX.',
  ),
  'model-missing': row('permanent', 503, 0xc000, 'Put the model folder back: models/<name>/<version>.'),
  'model-invalid': row(
    'permanent',
    503,
    0xc000,
    'The model file does not match its manifest; restore it from the release.',
  ),
  'inference-failed': row(
    'ambiguous',
    500,
    0xc000,
    'The model run failed; it is tried again alone, then set aside.',
  ),
  'worker-crashed': row('ambiguous', 500, 0xc000, 'The worker process ended; the film is tried again alone.'),
  'worker-deadline': row('ambiguous', 500, 0xc000, 'The film took longer than TRIAGE_JOB_SECONDS_MAX.'),
  'queue-unreachable': row(
    'transient',
    503,
    0xa700,
    'Check the server of TRIAGE_REDIS_URL and the way to it; meanwhile jobs are handed out by the database.',
  ),
  'film-kills-workers': row(
    'permanent',
    422,
    0xc000,
    'The film ended its worker twice and is set aside: report it as a defect; after an update, assess it anew.',
  ),
  'lease-lost': row('transient', 409, 0x0110, 'Another process took over the job; nothing to do.'),
  'peer-unreachable': row('transient', 502, 0xa700, 'Check address and port of the peer; run doctor.'),
  'peer-rejected': row(
    'ambiguous',
    502,
    0xa700,
    'The peer refused the association or the object; check AE titles at both ends.',
  ),
  'peer-aborted': row('transient', 502, 0xa700, 'The peer ended the association; it is tried again.'),
  'protocol-error': row('permanent', 400, 0x0110, 'The peer broke the DICOM protocol (PS3.8); see its log.'),
  'configuration-invalid': row(
    'permanent',
    500,
    0x0110,
    'Correct the setting that is named and start again.',
  ),
  'not-found': row('permanent', 404, 0x0112, 'Nothing of that name is held here.'),
  unauthorised: row(
    'permanent',
    401,
    0x0124,
    'Sign in; a program sends its API key: Authorization: Bearer KEY.',
  ),
  forbidden: row('permanent', 403, 0x0124, 'Ask an administrator for the role that this needs.'),
  'too-many-requests': row('transient', 429, 0xa700, 'Ask less often; wait as long as Retry-After says.'),
  'request-too-large': row('permanent', 413, 0xa700, 'Send it in several smaller requests.'),
  'media-type-not-supported': row(
    'permanent',
    415,
    0xc000,
    'Send DICOM files (application/dicom), or JPEG or PNG with metadata as application/dicom+json.',
  ),
  'not-acceptable': row('permanent', 406, 0x0110, 'Ask for a media type that the message names.'),
  'transfer-syntax-not-supported': row(
    'permanent',
    415,
    0xc122,
    'Send the image in a transfer syntax of radiographs that the conformance statement lists.',
  ),
  'picture-without-identity': row(
    'permanent',
    400,
    0xc000,
    'A picture does not say whose it is: export DICOM, or send it with metadata by STOW-RS.',
  ),
  'answer-too-long': row('permanent', 413, 0xa700, 'Ask for less: one day, one patient or one station.'),
  'request-invalid': row('permanent', 400, 0x0110, 'Correct the request as the message says.'),
  'state-conflict': row(
    'permanent',
    409,
    0x0110,
    'The step is not allowed in the present state; reload and look again.',
  ),
  'server-busy': row(
    'transient',
    503,
    0xa700,
    'It passes by itself. If it lasts, close pages that are not used or add workers.',
  ),
  unexpected: row('ambiguous', 500, 0x0110, 'A defect: report it with the log around this time.'),
} as const satisfies Record<string, ErrorRow>;

/** A code of the table of errors. */
export type ErrorCode = keyof typeof ERRORS;

function row(errorClass: ErrorClass, http: number, dimse: number, action: string): ErrorRow {
  return { class: errorClass, http, dimse, action };
}

/** What a message is made of, so that a page can say it in another language; identifies no patient either. */
export type ErrorDetails = Readonly<Record<string, string>>;

/** Any failure of this service. The message must never hold anything that identifies a patient. */
export class TriageError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options?: { readonly cause?: unknown; readonly details?: ErrorDetails },
  ) {
    super(message, options);
    this.name = 'TriageError';
    this.code = code;
    this.details = options?.details;
  }

  /** How retry treats it. */
  get class(): ErrorClass {
    return ERRORS[this.code].class;
  }
}

/** Turns whatever was thrown into a TriageError; unknown failures become `fallback`. */
export function asTriageError(thrown: unknown, fallback: ErrorCode = 'unexpected'): TriageError {
  if (thrown instanceof TriageError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new TriageError(fallback, message, { cause: thrown });
}
