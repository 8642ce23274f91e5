import { ABORT_REASON, invalidParameter, ProtocolFault } from './protocol-fault.ts';

/** Command Field values (PS3.7 E.1); the answer to a request has the highest bit set. */
export const COMMAND = {
  storeRequest: 0x0001,
  storeResponse: 0x8001,
  findRequest: 0x0020,
  findResponse: 0x8020,
  echoRequest: 0x0030,
  echoResponse: 0x8030,
  cancelRequest: 0x0fff,
  eventReportRequest: 0x0100,
  eventReportResponse: 0x8100,
  setRequest: 0x0120,
  actionRequest: 0x0130,
  createRequest: 0x0140,
} as const;

/** Command Data Set Type for "no data set follows" (PS3.7 E.1); any other value means that one does. */
export const NO_DATA_SET = 0x0101;
/** Command Data Set Type that we write when a data set follows. */
export const DATA_SET_PRESENT = 0x0000;

/** The elements of group 0000 that are read and written (PS3.7 E.1), in ascending order. */
const ELEMENTS = {
  AffectedSOPClassUID: [0x0002, 'UI'],
  RequestedSOPClassUID: [0x0003, 'UI'],
  CommandField: [0x0100, 'US'],
  MessageID: [0x0110, 'US'],
  MessageIDBeingRespondedTo: [0x0120, 'US'],
  MoveDestination: [0x0600, 'AE'],
  Priority: [0x0700, 'US'],
  CommandDataSetType: [0x0800, 'US'],
  Status: [0x0900, 'US'],
  ErrorComment: [0x0902, 'LO'],
  ErrorID: [0x0903, 'US'],
  AffectedSOPInstanceUID: [0x1000, 'UI'],
  RequestedSOPInstanceUID: [0x1001, 'UI'],
  EventTypeID: [0x1002, 'US'],
  ActionTypeID: [0x1008, 'US'],
  MoveOriginatorApplicationEntityTitle: [0x1030, 'AE'],
  MoveOriginatorMessageID: [0x1031, 'US'],
} as const satisfies Record<string, readonly [number, 'UI' | 'US' | 'AE' | 'LO']>;

type Keyword = keyof typeof ELEMENTS;

type Elements = {
  readonly [K in Keyword]?: (typeof ELEMENTS)[K][1] extends 'US' ? number : string;
};

/** A command set by the keywords of its elements. */
export interface CommandSet extends Elements {
  readonly CommandField: number;
  readonly CommandDataSetType: number;
}

const KEYWORDS = Object.keys(ELEMENTS) as Keyword[];
const KEYWORD_BY_ELEMENT: ReadonlyMap<number, Keyword> = new Map(
  KEYWORDS.map((keyword) => [ELEMENTS[keyword][0], keyword]),
);
const GROUP_LENGTH_BYTES = 12;

/** Writes a command set in Implicit VR Little Endian with its group length (PS3.7 6.3.1). */
export function encodeCommandSet(command: CommandSet): Buffer {
  const elements = KEYWORDS.flatMap((keyword) => {
    const value = command[keyword];
    return value === undefined ? [] : [encodeElement(ELEMENTS[keyword][0], encodeValue(keyword, value))];
  });
  const lengthBytes = elements.reduce((sum, element) => sum + element.length, 0);
  const groupLength = Buffer.alloc(4);
  groupLength.writeUInt32LE(lengthBytes, 0);
  return Buffer.concat([encodeElement(0x0000, groupLength), ...elements]);
}

/** Reads a command set that is complete; throws a ProtocolFault when it lies about itself. */
export function decodeCommandSet(bytes: Buffer): CommandSet {
  checkGroupLength(bytes);
  const values: Partial<Record<Keyword, number | string>> = {};
  let offset = GROUP_LENGTH_BYTES;
  let elementBefore = 0;
  while (offset < bytes.length) {
    if (offset + 8 > bytes.length) throw commandFault('an element header is cut off');
    const element = bytes.readUInt16LE(offset + 2);
    if (bytes.readUInt16LE(offset) !== 0 || element <= elementBefore) {
      throw commandFault('elements are not of group 0000 in ascending order');
    }
    const end = offset + 8 + bytes.readUInt32LE(offset + 4);
    if (end > bytes.length) throw commandFault('an element is longer than the command set');
    const keyword = KEYWORD_BY_ELEMENT.get(element);
    if (keyword !== undefined) values[keyword] = decodeValue(keyword, bytes.subarray(offset + 8, end));
    elementBefore = element;
    offset = end;
  }
  const { CommandField, CommandDataSetType } = values;
  if (CommandField === undefined || CommandDataSetType === undefined) {
    throw commandFault('Command Field or Command Data Set Type is missing');
  }
  return values as unknown as CommandSet;
}

function checkGroupLength(bytes: Buffer): void {
  const isPresent =
    bytes.length >= GROUP_LENGTH_BYTES && bytes.readUInt32LE(0) === 0 && bytes.readUInt32LE(4) === 4;
  if (!isPresent) throw commandFault('Command Group Length does not stand first');
  if (bytes.readUInt32LE(8) !== bytes.length - GROUP_LENGTH_BYTES) {
    throw invalidParameter(
      `Command Group Length says ${bytes.readUInt32LE(8)} bytes, there are ${bytes.length - GROUP_LENGTH_BYTES}`,
    );
  }
}

function decodeValue(keyword: Keyword, value: Buffer): number | string {
  if (ELEMENTS[keyword][1] === 'US') {
    if (value.length !== 2) throw commandFault(`${keyword} is ${value.length} bytes long instead of 2`);
    return value.readUInt16LE(0);
  }
  return value.toString('latin1').replace(/[\0 ]+$/, '');
}

function encodeValue(keyword: Keyword, value: number | string): Buffer {
  if (typeof value === 'number') {
    const number = Buffer.alloc(2);
    number.writeUInt16LE(value, 0);
    return number;
  }
  // Values are padded to an even length, UIDs with a zero and text with a space (PS3.5 6.2).
  const padding = value.length % 2 === 0 ? '' : ELEMENTS[keyword][1] === 'UI' ? '\0' : ' ';
  return Buffer.from(value + padding, 'latin1');
}

function encodeElement(element: number, value: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt16LE(element, 2);
  header.writeUInt32LE(value.length, 4);
  return Buffer.concat([header, value]);
}

function commandFault(message: string): ProtocolFault {
  return new ProtocolFault(ABORT_REASON.invalidPduParameter, `command set: ${message}`);
}
