/** The DIMSE statuses we send or name (PS3.7 Annex C, PS3.4 B.2.3). */
export const STATUS = {
  success: 0x0000,
  invalidAttributeValue: 0x0106,
  processingFailure: 0x0110,
  duplicateSopInstance: 0x0111,
  noSuchObjectInstance: 0x0112,
  invalidArgumentValue: 0x0115,
  invalidSopInstance: 0x0117,
  noSuchSopClass: 0x0118,
  missingAttribute: 0x0120,
  missingAttributeValue: 0x0121,
  sopClassNotSupported: 0x0122,
  noSuchActionType: 0x0123,
  notAuthorized: 0x0124,
  unrecognizedOperation: 0x0211,
  mistypedArgument: 0x0212,
  resourceLimitation: 0x0213,
  outOfResources: 0xa700,
  dataSetDoesNotMatchSopClass: 0xa900,
  coercionOfDataElements: 0xb000,
  elementsDiscarded: 0xb006,
  dataSetDoesNotMatchSopClassWarning: 0xb007,
  cannotUnderstand: 0xc000,
  cancelled: 0xfe00,
  pending: 0xff00,
  pendingWithUnsupportedKeys: 0xff01,
} as const;

/** What a status means for the one who sent the request. */
export type StatusKind = 'success' | 'warning' | 'failure' | 'cancel' | 'pending';

const GENERAL_WARNINGS: ReadonlySet<number> = new Set([0x0001, 0x0107, 0x0116]);

/** The kind of a status by PS3.7 Annex C; whatever the standard does not name is a failure. */
export function statusKind(status: number): StatusKind {
  if (status === STATUS.success) return 'success';
  if (GENERAL_WARNINGS.has(status) || (status >= 0xb000 && status <= 0xbfff)) return 'warning';
  if (status === STATUS.cancelled) return 'cancel';
  if (status === STATUS.pending || status === STATUS.pendingWithUnsupportedKeys) return 'pending';
  return 'failure';
}

/** A status in the words of the table above and its number, for logs and messages. */
export function describeStatus(status: number): string {
  const name = Object.entries(STATUS).find(([, value]) => value === status)?.[0];
  const number = `0x${status.toString(16).padStart(4, '0').toUpperCase()}`;
  return name === undefined ? `${statusKind(status)} (${number})` : `${name} (${number})`;
}
