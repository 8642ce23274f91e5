/**
 * The only importer of dcmjs-codecs: JPEG (8 and 12 bit, lossless), JPEG-LS in colour, JPEG 2000 and HTJ2K in one
 * WebAssembly module. It is loaded at the first such frame, about 0.2 s once in a process.
 */
import { TriageError } from '../errors.ts';
import { decodeJpegLs } from './charls-codec.ts';

/** The families of compressed frames. */
export type FrameCodec = 'jpeg' | 'jpeg-ls' | 'jpeg-2000' | 'ht-jpeg-2000';

/** The size of a frame and of its samples. */
export interface FrameShape {
  readonly columns: number;
  readonly rows: number;
  readonly components: number;
  readonly bitsAllocated: 8 | 16;
  readonly bitsStored: number;
  readonly signed: boolean;
}

type CodecsModule = typeof import('dcmjs-codecs');

let loading: Promise<CodecsModule> | null = null;

/** Decodes one frame to interleaved samples, as the codestream holds them (no colour conversion). */
export async function decodeFrame(
  codec: FrameCodec,
  frame: Uint8Array,
  shape: FrameShape,
): Promise<Uint8Array> {
  try {
    // Radiographs are grey; colours can lie in memory in several ways, which the other decoder sorts out.
    const isGreyLs = codec === 'jpeg-ls' && shape.components === 1;
    return await (isGreyLs ? decodeJpegLs(frame) : decodeByDcmjs(codec, frame, shape));
  } catch {
    throw new TriageError('pixel-data-unreadable', `the ${codec} frame cannot be decoded`);
  }
}

async function decodeByDcmjs(codec: FrameCodec, frame: Uint8Array, shape: FrameShape): Promise<Uint8Array> {
  const codecs = await loadCodecs();
  const context = contextOf(codecs, shape);
  try {
    context.setEncodedBuffer(frame);
    const decoded = runDecoder(codecs, codec, context).getDecodedBuffer();
    if (decoded === undefined) throw new Error('nothing decoded');
    return decoded;
  } catch (thrown) {
    // Rubbish can trap inside WebAssembly and leave its heap as it was: a fresh module is loaded for the next.
    unloadCodecs(codecs);
    throw thrown;
  }
}

/** How a frame is encoded; lossless unless `lossy`. */
export interface EncodeOptions {
  readonly lossy?: boolean;
  /** JPEG Lossless predictor, 1 to 7 (selection value). */
  readonly predictor?: number;
  /** JPEG-LS near-lossless error. */
  readonly allowedError?: number;
}

/** Encodes interleaved samples; for phantoms and tests. */
export async function encodeFrame(
  codec: FrameCodec,
  samples: Uint8Array,
  shape: FrameShape,
  options: EncodeOptions = {},
): Promise<Uint8Array> {
  const codecs = await loadCodecs();
  const context = contextOf(codecs, shape);
  context.setDecodedBuffer(samples);
  const encoded = runEncoder(codecs, codec, context, options).getEncodedBuffer();
  if (encoded === undefined) throw new TriageError('unexpected', `the ${codec} encoder gave nothing`);
  return encoded;
}

function runDecoder(codecs: CodecsModule, codec: FrameCodec, context: ReturnType<typeof contextOf>) {
  const { NativeCodecs } = codecs;
  switch (codec) {
    case 'jpeg':
      return NativeCodecs.decodeJpeg(context, { convertColorspaceToRgb: false });
    case 'jpeg-ls':
      return NativeCodecs.decodeJpegLs(context);
    case 'jpeg-2000':
      return NativeCodecs.decodeJpeg2000(context);
    case 'ht-jpeg-2000':
      return NativeCodecs.decodeHtJpeg2000(context);
  }
}

function runEncoder(
  codecs: CodecsModule,
  codec: FrameCodec,
  context: ReturnType<typeof contextOf>,
  options: EncodeOptions,
) {
  const { NativeCodecs } = codecs;
  const lossy = options.lossy ?? false;
  switch (codec) {
    case 'jpeg':
      return NativeCodecs.encodeJpeg(context, { lossy, predictor: options.predictor ?? 1 });
    case 'jpeg-ls':
      return NativeCodecs.encodeJpegLs(context, { lossy, allowedLossyError: options.allowedError ?? 0 });
    case 'jpeg-2000':
      return NativeCodecs.encodeJpeg2000(context, { lossy });
    case 'ht-jpeg-2000':
      return NativeCodecs.encodeHtJpeg2000(context, { lossy });
  }
}

function contextOf(codecs: CodecsModule, shape: FrameShape) {
  return new codecs.Context({
    width: shape.columns,
    height: shape.rows,
    bitsAllocated: shape.bitsAllocated,
    bitsStored: shape.bitsStored,
    samplesPerPixel: shape.components,
    pixelRepresentation: shape.signed ? 1 : 0,
    planarConfiguration: 0,
    photometricInterpretation: shape.components === 1 ? 'MONOCHROME2' : 'RGB',
  });
}

function loadCodecs(): Promise<CodecsModule> {
  loading ??= load();
  return loading;
}

async function load(): Promise<CodecsModule> {
  const { default: codecs } = await import('dcmjs-codecs');
  // The library logs to the console, and standard output belongs to the analysis result.
  codecs.log.setLevel('silent');
  await codecs.NativeCodecs.initializeAsync({ logCodecsInfo: false, logCodecsTrace: false });
  return codecs;
}

function unloadCodecs(codecs: CodecsModule): void {
  loading = null;
  try {
    codecs.NativeCodecs.release();
  } catch {
    // A trapped module cannot always be released; the next load replaces it anyway.
  }
}
