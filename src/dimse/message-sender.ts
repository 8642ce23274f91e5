import type { DicomDataset } from '../dicom/write-part10.ts';
import { encodeDataSet } from '../dicom/dimse-data-set.ts';
import type { CommandSet } from './command-set.ts';
import { DATA_SET_PRESENT, encodeCommandSet, NO_DATA_SET } from './command-set.ts';
import type { Connection } from './connection.ts';
import { sendPart } from './message-writer.ts';
import type { AcceptedContext } from './presentation-contexts.ts';

/** A command set before it is known whether a data set follows. */
export type CommandFields = Omit<CommandSet, 'CommandDataSetType'>;

/** Writes whole messages: two that are sent at once go out one after the other, never interleaved. */
export class MessageSender {
  readonly #connection: Connection;
  readonly #peerPduBytesMax: number;
  #last: Promise<void> = Promise.resolve();

  constructor(connection: Connection, peerPduBytesMax: number) {
    this.#connection = connection;
    this.#peerPduBytesMax = peerPduBytesMax;
  }

  /** Sends a command and its data set if it has one; resolves when the peer keeps up with reading. */
  send(context: AcceptedContext, command: CommandFields, dataset?: DicomDataset): Promise<void> {
    const bytes = dataset === undefined ? undefined : [encodeDataSet(dataset, context.transferSyntax)];
    return this.sendEncoded(context, command, bytes);
  }

  /** The same with a data set that is bytes already. */
  sendEncoded(
    context: AcceptedContext,
    command: CommandFields,
    dataset?: AsyncIterable<Buffer> | Iterable<Buffer>,
  ): Promise<void> {
    const sent = this.#last.then(() => this.#write(context, command, dataset));
    this.#last = sent.catch(() => undefined);
    return sent;
  }

  async #write(
    { contextId }: AcceptedContext,
    command: CommandFields,
    dataset: AsyncIterable<Buffer> | Iterable<Buffer> | undefined,
  ): Promise<void> {
    const peerPduBytesMax = this.#peerPduBytesMax;
    const CommandDataSetType = dataset === undefined ? NO_DATA_SET : DATA_SET_PRESENT;
    const set = encodeCommandSet({ ...command, CommandDataSetType });
    await sendPart(this.#connection, { contextId, isCommand: true, peerPduBytesMax }, [set]);
    if (dataset === undefined) return;
    await sendPart(this.#connection, { contextId, isCommand: false, peerPduBytesMax }, dataset);
  }
}
