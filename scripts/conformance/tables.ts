import { SETTINGS } from '../../src/config.ts';
import { CHARACTER_SET_TERMS } from '../../src/dicom/character-set.ts';
import { MESSAGE_TRANSFER_SYNTAX_UIDS } from '../../src/dicom/dimse-data-set.ts';
import {
  DXA_REPORT_SOP_CLASS_UIDS,
  findTransferSyntax,
  IMAGE_SOP_CLASS_UIDS,
  IMPLEMENTATION_CLASS_UID,
  IMPLEMENTATION_VERSION_NAME,
  SOP_CLASSES,
  TRANSFER_SYNTAXES,
} from '../../src/dicom/uids.ts';
import { DEFAULT_DIMSE_LIMITS } from '../../src/dimse/limits.ts';
import { describeReject } from '../../src/dimse/pdu.ts';
import { describeStatus, STATUS } from '../../src/dimse/status.ts';
import { CIPHER_SUITES, TLS_VERSIONS } from '../../src/dimse/tls-files.ts';
import { DICOM_APPLICATION_CONTEXT } from '../../src/dimse/uid.ts';
import { type ErrorCode, ERRORS } from '../../src/errors.ts';
import { abstractSyntaxesOf, REJECTIONS } from '../../src/intake/acceptance-policy.ts';
import { ANSWERS, CONCEPTS } from '../../src/report/report-codes.ts';
import { classifyStoreStatus } from '../../src/report/report-sender.ts';
import { DELIVERED_OBJECTS, PEER_RIGHTS } from '../../src/sites.ts';
import { listWorklistAttributes } from '../../src/worklist/worklist-item.ts';

/** The SOP class of each object that is delivered. */
const REPORT_CLASSES: Readonly<Record<(typeof DELIVERED_OBJECTS)[number], string>> = {
  SR: SOP_CLASSES.comprehensive3dStructuredReport,
  SC: SOP_CLASSES.secondaryCapture,
  GSPS: SOP_CLASSES.presentationState,
};

/** What a C-STORE or a STOW instance may be answered besides Success. */
const INTAKE_CODES: readonly ErrorCode[] = [
  'storage-full',
  'storage-failed',
  'database-failed',
  'instance-too-large',
  'data-set-unreadable',
  'identifiers-missing',
  'sop-class-mismatch',
  'sop-class-not-supported',
  'instance-conflict',
];

/** Statuses of a PACS, one of each kind that is told apart. */
const PACS_STATUSES: readonly number[] = [0x0000, 0xb000, 0xb006, 0xb007, 0x0111, 0xa700, 0x0110, 0x0122, 0xa900, 0xc000]; // prettier-ignore

const LIMIT_SETTINGS = [
  'pduBytesMax',
  'instanceMibMax',
  'associationsMax',
  'idleSecondsMax',
  'diskFreeMibMin',
  'queueItemsMax',
  'filmMpixelMax',
  'deliveryDaysMax',
] as const;

/** Every table of the conformance statement by its name, made from the code. */
export const TABLES: Readonly<Record<string, () => string>> = {
  identity: () =>
    table(
      ['item', 'value'],
      [
        ['Application Context Name', DICOM_APPLICATION_CONTEXT],
        ['Implementation Class UID', IMPLEMENTATION_CLASS_UID],
        ['Implementation Version Name', IMPLEMENTATION_VERSION_NAME],
        ['Default AE title', SETTINGS.aeTitle.fallback],
      ],
    ),
  provider: () =>
    table(
      ['SOP class', 'UID', 'opened by the right'],
      [...servedClasses()].map(([uid, rights]) => [nameOf(uid), uid, rights.join(', ') || 'always']),
    ),
  user: () =>
    table(
      ['SOP class', 'UID', 'used for'],
      [
        ...DELIVERED_OBJECTS.map((kind) => [
          nameOf(REPORT_CLASSES[kind]),
          REPORT_CLASSES[kind],
          `delivery of ${kind}`,
        ]),
        [
          nameOf(SOP_CLASSES.storageCommitment),
          SOP_CLASSES.storageCommitment,
          'commitment of delivered reports',
        ],
        [nameOf(SOP_CLASSES.verification), SOP_CLASSES.verification, '`osteotriage echo`, `doctor`'],
        ['any class of the files', '', '`osteotriage send`'],
        [nameOf(SOP_CLASSES.modalityWorklistFind), SOP_CLASSES.modalityWorklistFind, '`osteotriage find`'],
        ['Study Root Query/Retrieve FIND', '1.2.840.10008.5.1.4.1.2.2.1', '`osteotriage find`'],
      ],
    ),
  'transfer-syntaxes': () =>
    table(
      ['transfer syntax', 'UID', 'stored', 'decoded', 'other messages'],
      TRANSFER_SYNTAXES.map(({ name, uid, decodable }) => [
        ...[name, uid, 'yes', decodable ? 'yes' : 'no, held as not assessable'],
        MESSAGE_TRANSFER_SYNTAX_UIDS.includes(uid) ? 'yes' : '',
      ]),
    ),
  limits: () =>
    table(
      ['limit', 'setting', 'default'],
      [
        ...LIMIT_SETTINGS.map((name) => {
          const { meaning, variable, fallback } = SETTINGS[name];
          return [meaning, `\`${variable}\``, fallback];
        }),
        ['presentation contexts in one proposal', '', String(DEFAULT_DIMSE_LIMITS.presentationContextsMax)],
        ['data set of a message that is no C-STORE, bytes', '', String(DEFAULT_DIMSE_LIMITS.dataSetBytesMax)],
        ['ARTIM timer, seconds', '', String(DEFAULT_DIMSE_LIMITS.artimSecondsMax)],
        [
          'one message from its first byte to its last, seconds',
          '',
          String(DEFAULT_DIMSE_LIMITS.messageSecondsMax),
        ],
      ],
    ),
  rejections: () =>
    table(
      ['result', 'source', 'reason', 'meaning'],
      Object.values(REJECTIONS).map((reject) => [
        ...[reject.result, reject.source, reject.reason].map(String),
        describeReject(reject),
      ]),
    ),
  'store-statuses': () =>
    table(
      ['status', 'code in Error Comment', 'class', 'what to do'],
      INTAKE_CODES.map((code) => [hex(ERRORS[code].dimse), code, ERRORS[code].class, ERRORS[code].action]),
    ),
  'other-statuses': () =>
    table(
      ['status', 'name'],
      Object.values(STATUS)
        .sort((a, b) => a - b)
        .map((status) => [hex(status), describeStatus(status).replace(/ \(.*/, '')]),
    ),
  'pacs-statuses': () =>
    table(
      ['status of the PACS', 'delivery', 'then'],
      PACS_STATUSES.map((status) => {
        const { kind, note, errorClass } = classifyStoreStatus(status);
        const retried = { transient: 'tried again until it is too old', ambiguous: 'tried again a limited number of times', permanent: 'dead letter' }; // prettier-ignore
        return [hex(status), kind, errorClass === null ? (note ?? 'done') : retried[errorClass]];
      }),
    ),
  worklist: () =>
    table(
      ['attribute', 'VR', 'return type', 'matched'],
      listWorklistAttributes().map(({ keyword, vr, returnType, isMatched, isInStep }) => [
        ...[isInStep ? `> ${keyword}` : keyword, vr, returnType, isMatched ? 'yes' : ''],
      ]),
    ),
  'character-sets': () => CHARACTER_SET_TERMS.map((term) => `\`${term}\``).join(', '),
  tls: () =>
    table(
      ['item', 'value'],
      [
        ['versions', `${TLS_VERSIONS.minVersion} to ${TLS_VERSIONS.maxVersion}`],
        ['cipher suites', CIPHER_SUITES.join(', ')],
      ],
    ),
  codes: () =>
    table(
      ['code', 'meaning'],
      Object.values({ ...CONCEPTS, ...ANSWERS })
        .filter((code) => code.scheme.startsWith('99'))
        .map((code) => [code.value, code.meaning]),
    ),
};

/** Puts each table between its marks; what stands outside of them is written by people. */
export function fillTables(statement: string): string {
  return statement.replace(
    /(<!-- table: ([a-z-]+) -->\n)[\s\S]*?(<!-- end -->)/g,
    (_, begin: string, name: string, end: string) => {
      const make = TABLES[name];
      if (make === undefined) throw new RangeError(`the statement asks for a table ${name}`);
      return `${begin}\n${make()}\n\n${end}`;
    },
  );
}

/** The served SOP classes and which rights open each. */
function servedClasses(): ReadonlyMap<string, string[]> {
  const served = new Map<string, string[]>([[SOP_CLASSES.verification, []]]);
  for (const right of PEER_RIGHTS) {
    for (const uid of abstractSyntaxesOf({ rights: [right] })) {
      if (uid === SOP_CLASSES.verification) continue;
      served.set(uid, [...(served.get(uid) ?? []), right]);
    }
  }
  const known = new Set([
    ...IMAGE_SOP_CLASS_UIDS,
    ...DXA_REPORT_SOP_CLASS_UIDS,
    ...Object.values(SOP_CLASSES),
  ]);
  for (const uid of served.keys()) if (!known.has(uid)) throw new RangeError(`${uid} has no name`);
  return served;
}

function nameOf(uid: string): string {
  const name = Object.entries(SOP_CLASSES).find(([, value]) => value === uid)?.[0];
  if (name === undefined) return findTransferSyntax(uid)?.name ?? uid;
  const words = name.replace(/([A-Z]|3d)/g, ' $1').toLowerCase();
  return words
    .replace('3d', '3D')
    .replace('x ray', 'X-ray')
    .replace(/^./, (letter) => letter.toUpperCase());
}

function hex(status: number): string {
  return status.toString(16).toUpperCase().padStart(4, '0');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
