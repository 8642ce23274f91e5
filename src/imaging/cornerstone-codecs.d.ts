/** What is used of the codecs that come without types. */
declare module '@cornerstonejs/codec-charls/decodewasmjs' {
  export interface FrameDecoder {
    /** Makes room for a codestream, inside the module's memory. */
    getEncodedBuffer(byteCount: number): Uint8Array;
    decode(): void;
    /** A copy, no view of the module's memory. */
    getDecodedBuffer(): Uint8ClampedArray;
    delete(): void;
  }
  export interface CharlsModule {
    readonly JpegLSDecoder: new () => FrameDecoder;
    readonly HEAPU8: Uint8Array;
  }
  const load: (options: object) => Promise<CharlsModule>;
  export default load;
}

declare module '@cornerstonejs/codec-openjpeg/decodewasmjs' {
  export interface FrameDecoder {
    /** Makes room for a codestream, inside the module's memory. */
    getEncodedBuffer(byteCount: number): Uint8Array;
    /** At a size halved `levels` times, with all quality layers (0). Says nothing where it fails. */
    decodeSubResolution(levels: number, layers: 0): void;
    /** A copy, no view of the module's memory. */
    getDecodedBuffer(): Uint8ClampedArray;
    delete(): void;
  }
  export interface OpenjpegModule {
    readonly J2KDecoder: new () => FrameDecoder;
    readonly HEAPU8: Uint8Array;
  }
  const load: (options: object) => Promise<OpenjpegModule>;
  export default load;
}
