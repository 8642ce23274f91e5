declare module 'dcmjs' {
  /** An element as DICOM JSON has it. */
  interface JsonElement {
    vr: string;
    Value?: unknown[];
  }
  interface Stream {
    getBuffer(): ArrayBuffer;
  }
  export const log: { setLevel(level: string): void };
  export const data: {
    readonly DicomMetaDictionary: {
      readonly nameMap: Readonly<Record<string, { readonly vr: string } | undefined>>;
      denaturalizeDataset(dataset: object): Record<string, JsonElement>;
    };
    readonly DicomMessage: {
      write(
        elements: Record<string, JsonElement>,
        stream: Stream,
        transferSyntaxUid: string,
        options: { allowInvalidVRLength: boolean },
      ): number;
    };
    readonly WriteBufferStream: new (bytesInitial: number, littleEndian: boolean) => Stream;
  };
}
