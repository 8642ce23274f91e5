import type { ElementReader } from './data-set.ts';

/** A Modality or VOI LUT (PS3.3 C.11.1.1.1, C.11.2.1.1): value to output value, the ends extended. */
export interface ModalityLut {
  readonly firstMapped: number;
  readonly bits: number;
  readonly entries: Uint16Array;
}

/** Reads the Modality LUT Sequence (0028,3000); null when there is none that makes sense. */
export function readModalityLut(values: ElementReader): ModalityLut | null {
  return readLut(values, '00283000');
}

/** Reads the first item of the VOI LUT Sequence (0028,3010); null when there is none that makes sense. */
export function readVoiLut(values: ElementReader): ModalityLut | null {
  return readLut(values, '00283010');
}

function readLut(values: ElementReader, sequence: string): ModalityLut | null {
  const item = values.items(sequence)[0];
  const isSigned = values.uint16('00280103') === 1;
  if (item === undefined) return null;
  const declared = item.uint16('00283002', 0);
  const firstMapped = isSigned ? item.int16('00283002', 1) : item.uint16('00283002', 1);
  const bits = item.uint16('00283002', 2);
  const byteCount = item.raw('00283006')?.length ?? 0;
  if (declared === null || firstMapped === null || bits === null || bits < 8 || bits > 16) return null;
  // Zero stands for 2^16 entries; eight-bit tables may be packed two to a word, which is not told apart otherwise.
  const entryCount = declared === 0 ? 65536 : declared;
  if (byteCount < entryCount * 2) return null;
  const entries = Uint16Array.from({ length: entryCount }, (_, i) => item.uint16('00283006', i) ?? 0);
  return { firstMapped, bits, entries };
}
