import { encodePdu, PDU_TYPE } from './pdu.ts';
import { invalidParameter } from './protocol-fault.ts';

/** A presentation context as proposed (PS3.8 9.3.2.2). */
export interface ProposedContext {
  readonly contextId: number;
  readonly abstractSyntax: string;
  readonly transferSyntaxes: readonly string[];
}

/** The answer to one proposed context (PS3.8 9.3.3.2): result 0 is acceptance. */
export interface ContextAnswer {
  readonly contextId: number;
  readonly result: number;
  readonly transferSyntax: string;
}

/** SCP/SCU role selection of one SOP class (PS3.7 D.3.3.4): what the one who proposes the association acts as. */
export interface RoleSelection {
  readonly sopClassUid: string;
  readonly isUser: boolean;
  readonly isProvider: boolean;
}

/** The sub-items of user information that we read and write (PS3.7 D.3.3). */
interface UserInformation {
  /** Longest P-DATA-TF the sender of this item will receive; 0 is no limit. */
  readonly pduBytesMax: number;
  readonly implementationClassUid: string;
  readonly implementationVersionName?: string;
  readonly asynchronousOperations?: { readonly invoked: number; readonly performed: number };
  /** Left out: the default roles, the proposer as user. */
  readonly roles?: readonly RoleSelection[];
}

interface AssociateHead {
  readonly protocolVersion: number;
  readonly calledAeTitle: string;
  readonly callingAeTitle: string;
  readonly applicationContextName: string;
  readonly userInformation: UserInformation;
}

/** An A-ASSOCIATE-RQ (PS3.8 9.3.2). */
export interface AssociateRequest extends AssociateHead {
  readonly presentationContexts: readonly ProposedContext[];
}

/** An A-ASSOCIATE-AC (PS3.8 9.3.3). */
export interface AssociateAccept extends AssociateHead {
  readonly presentationContexts: readonly ContextAnswer[];
}

interface Item {
  readonly type: number;
  readonly value: Buffer;
}

const ITEM = {
  applicationContext: 0x10,
  proposedContext: 0x20,
  contextAnswer: 0x21,
  abstractSyntax: 0x30,
  transferSyntax: 0x40,
  userInformation: 0x50,
  pduBytesMax: 0x51,
  implementationClassUid: 0x52,
  asynchronousOperations: 0x53,
  roleSelection: 0x54,
  implementationVersionName: 0x55,
} as const;

const FIXED_BYTES = 68;
const AE_TITLE_PATTERN = /^[\x20-\x5b\x5d-\x7e]*$/;

/** Writes an A-ASSOCIATE-RQ. */
export function encodeAssociateRequest(request: AssociateRequest): Buffer {
  const contexts = request.presentationContexts.map((context) =>
    encodeItem(
      ITEM.proposedContext,
      Buffer.from([context.contextId, 0, 0, 0]),
      encodeText(ITEM.abstractSyntax, context.abstractSyntax),
      ...context.transferSyntaxes.map((uid) => encodeText(ITEM.transferSyntax, uid)),
    ),
  );
  return encodePdu(PDU_TYPE.associateRequest, encodeHead(request, contexts));
}

/** Writes an A-ASSOCIATE-AC. */
export function encodeAssociateAccept(accept: AssociateAccept): Buffer {
  const contexts = accept.presentationContexts.map((context) =>
    encodeItem(
      ITEM.contextAnswer,
      Buffer.from([context.contextId, 0, context.result, 0]),
      encodeText(ITEM.transferSyntax, context.transferSyntax),
    ),
  );
  return encodePdu(PDU_TYPE.associateAccept, encodeHead(accept, contexts));
}

/** Reads the content of an A-ASSOCIATE-RQ; throws a ProtocolFault on whatever the standard forbids. */
export function decodeAssociateRequest(content: Buffer, contextsMax: number): AssociateRequest {
  const items = readItems(variableItems(content, 'A-ASSOCIATE-RQ'));
  const proposals = items.filter((item) => item.type === ITEM.proposedContext);
  if (proposals.length === 0) throw invalidParameter('no presentation context is proposed');
  if (proposals.length > contextsMax) {
    throw invalidParameter(`${proposals.length} presentation contexts are proposed`);
  }
  const presentationContexts = proposals.map((item) => decodeProposal(item.value));
  requireDistinct(presentationContexts.map((context) => context.contextId));
  return { ...decodeHead(content, items), presentationContexts };
}

/** Reads the content of an A-ASSOCIATE-AC; throws a ProtocolFault on whatever the standard forbids. */
export function decodeAssociateAccept(content: Buffer): AssociateAccept {
  const items = readItems(variableItems(content, 'A-ASSOCIATE-AC'));
  const presentationContexts = items
    .filter((item) => item.type === ITEM.contextAnswer)
    .map((item) => decodeAnswer(item.value));
  requireDistinct(presentationContexts.map((context) => context.contextId));
  return { ...decodeHead(content, items), presentationContexts };
}

function variableItems(content: Buffer, name: string): Buffer {
  if (content.length < FIXED_BYTES) throw invalidParameter(`${name} is only ${content.length} bytes long`);
  return content.subarray(FIXED_BYTES);
}

function decodeHead(content: Buffer, items: readonly Item[]): AssociateHead {
  const application = requireSingle(items, ITEM.applicationContext, 'application context');
  const user = requireSingle(items, ITEM.userInformation, 'user information');
  return {
    protocolVersion: content.readUInt16BE(0),
    calledAeTitle: decodeAeTitle(content.subarray(4, 20), 'called'),
    callingAeTitle: decodeAeTitle(content.subarray(20, 36), 'calling'),
    applicationContextName: decodeText(application),
    userInformation: decodeUserInformation(user),
  };
}

function decodeAeTitle(field: Buffer, role: string): string {
  const title = field
    .toString('latin1')
    .replace(/[\0 ]+$/, '')
    .trimStart();
  // Control characters and backslash are no part of an AE title (PS3.5 6.2); they would also forge log lines.
  if (!AE_TITLE_PATTERN.test(title))
    throw invalidParameter(`the ${role} AE title holds forbidden characters`);
  return title;
}

function decodeProposal(value: Buffer): ProposedContext {
  const contextId = decodeContextId(value);
  const items = readItems(value.subarray(4));
  const abstractSyntax = decodeText(requireSingle(items, ITEM.abstractSyntax, 'abstract syntax'));
  const transferSyntaxes = items
    .filter((item) => item.type === ITEM.transferSyntax)
    .map((item) => decodeText(item.value));
  if (transferSyntaxes.length === 0)
    throw invalidParameter(`context ${contextId} proposes no transfer syntax`);
  return { contextId, abstractSyntax, transferSyntaxes };
}

function decodeAnswer(value: Buffer): ContextAnswer {
  const contextId = decodeContextId(value);
  const result = value.readUInt8(2);
  const syntax = readItems(value.subarray(4)).find((item) => item.type === ITEM.transferSyntax);
  // The transfer syntax of a refused context is not significant and may be missing (PS3.8 9.3.3.2).
  if (syntax === undefined && result === 0) {
    throw invalidParameter(`context ${contextId} is accepted without a transfer syntax`);
  }
  return { contextId, result, transferSyntax: syntax === undefined ? '' : decodeText(syntax.value) };
}

function decodeContextId(value: Buffer): number {
  if (value.length < 4) throw invalidParameter('a presentation context item is too short');
  const contextId = value.readUInt8(0);
  if (contextId % 2 === 0) throw invalidParameter(`presentation context identifier ${contextId} is not odd`);
  return contextId;
}

function decodeUserInformation(value: Buffer): UserInformation {
  const items = readItems(value);
  const find = (type: number): Buffer | undefined => items.find((item) => item.type === type)?.value;
  const pduBytesMax = find(ITEM.pduBytesMax);
  const operations = find(ITEM.asynchronousOperations);
  const classUid = find(ITEM.implementationClassUid);
  const versionName = find(ITEM.implementationVersionName);
  if (pduBytesMax !== undefined && pduBytesMax.length !== 4) {
    throw invalidParameter('the maximum length sub-item is not 4 bytes long');
  }
  if (operations !== undefined && operations.length !== 4) {
    throw invalidParameter('the asynchronous operations sub-item is not 4 bytes long');
  }
  const roles = items
    .filter((item) => item.type === ITEM.roleSelection)
    .map((item) => decodeRole(item.value));
  return {
    ...(roles.length === 0 ? {} : { roles }),
    pduBytesMax: pduBytesMax?.readUInt32BE(0) ?? 0,
    implementationClassUid: classUid === undefined ? '' : decodeText(classUid),
    ...(versionName === undefined ? {} : { implementationVersionName: decodeText(versionName) }),
    ...(operations === undefined
      ? {}
      : {
          asynchronousOperations: {
            invoked: operations.readUInt16BE(0),
            performed: operations.readUInt16BE(2),
          },
        }),
  };
}

function decodeRole(value: Buffer): RoleSelection {
  const uidBytes = value.length < 4 ? Number.POSITIVE_INFINITY : value.readUInt16BE(0);
  if (uidBytes + 4 !== value.length)
    throw invalidParameter('a role selection sub-item lies about its length');
  return {
    sopClassUid: decodeText(value.subarray(2, 2 + uidBytes)),
    isUser: value.readUInt8(2 + uidBytes) === 1,
    isProvider: value.readUInt8(3 + uidBytes) === 1,
  };
}

function encodeRole({ sopClassUid, isUser, isProvider }: RoleSelection): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(sopClassUid.length, 0);
  const roles = Buffer.from([isUser ? 1 : 0, isProvider ? 1 : 0]);
  return encodeItem(ITEM.roleSelection, length, Buffer.from(sopClassUid, 'latin1'), roles);
}

function encodeHead(head: AssociateHead, contexts: readonly Buffer[]): Buffer {
  const fixed = Buffer.alloc(FIXED_BYTES);
  fixed.writeUInt16BE(head.protocolVersion, 0);
  fixed.write(head.calledAeTitle.padEnd(16).slice(0, 16), 4, 'latin1');
  fixed.write(head.callingAeTitle.padEnd(16).slice(0, 16), 20, 'latin1');
  return Buffer.concat([
    fixed,
    encodeText(ITEM.applicationContext, head.applicationContextName),
    ...contexts,
    encodeItem(ITEM.userInformation, ...encodeUserInformation(head.userInformation)),
  ]);
}

function encodeUserInformation(user: UserInformation): Buffer[] {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(user.pduBytesMax, 0);
  const items = [
    encodeItem(ITEM.pduBytesMax, length),
    encodeText(ITEM.implementationClassUid, user.implementationClassUid),
  ];
  if (user.asynchronousOperations !== undefined) {
    const window = Buffer.alloc(4);
    window.writeUInt16BE(user.asynchronousOperations.invoked, 0);
    window.writeUInt16BE(user.asynchronousOperations.performed, 2);
    items.push(encodeItem(ITEM.asynchronousOperations, window));
  }
  items.push(...(user.roles ?? []).map((role) => encodeRole(role)));
  if (user.implementationVersionName !== undefined) {
    items.push(encodeText(ITEM.implementationVersionName, user.implementationVersionName));
  }
  return items;
}

function encodeItem(type: number, ...parts: Buffer[]): Buffer {
  const value = Buffer.concat(parts);
  const header = Buffer.alloc(4);
  header.writeUInt8(type, 0);
  header.writeUInt16BE(value.length, 2);
  return Buffer.concat([header, value]);
}

function encodeText(type: number, text: string): Buffer {
  return encodeItem(type, Buffer.from(text, 'latin1'));
}

// UIDs in a PDU carry no padding by PS3.8 Annex F, yet some peers pad them with a zero or a space.
function decodeText(value: Buffer): string {
  return value.toString('latin1').replace(/[\0 ]+$/, '');
}

function readItems(buffer: Buffer): Item[] {
  const items: Item[] = [];
  let offset = 0;
  while (offset < buffer.length) {
    if (offset + 4 > buffer.length) throw invalidParameter('an item header is cut off');
    const end = offset + 4 + buffer.readUInt16BE(offset + 2);
    if (end > buffer.length) throw invalidParameter('an item is longer than what holds it');
    items.push({ type: buffer.readUInt8(offset), value: buffer.subarray(offset + 4, end) });
    offset = end;
  }
  return items;
}

function requireSingle(items: readonly Item[], type: number, name: string): Buffer {
  const found = items.filter((item) => item.type === type);
  const [first] = found;
  if (first === undefined || found.length > 1) {
    throw invalidParameter(`${found.length} items of ${name} where one is due`);
  }
  return first.value;
}

function requireDistinct(contextIds: readonly number[]): void {
  if (new Set(contextIds).size !== contextIds.length) {
    throw invalidParameter('a presentation context identifier is used twice');
  }
}
