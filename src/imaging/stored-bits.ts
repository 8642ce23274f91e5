/** Bits Stored, High Bit and Pixel Representation (PS3.5 section 8.1.1) applied to a grey frame. */
import type { PixelFrame } from './pixel-frame.ts';

/** Values with nothing in them but the stored bits. */
export interface StoredValues {
  readonly samples: Uint8Array | Uint16Array | Int16Array;
  readonly bitsStored: number;
  readonly signed: boolean;
}

/** Moves the stored bits down, drops what lies beside them (overlays), and extends the sign. */
export function alignStoredBits(
  frame: Pick<PixelFrame, 'samples' | 'bitsAllocated' | 'bitsStored' | 'highBit' | 'signed'>,
): StoredValues {
  const { samples, bitsAllocated, bitsStored, signed } = frame;
  const shift = frame.highBit + 1 - bitsStored;
  if (!signed && shift === 0 && bitsStored === bitsAllocated) return { samples, bitsStored, signed };
  const mask = 2 ** bitsStored - 1;
  if (!signed) {
    const values = bitsAllocated === 8 ? new Uint8Array(samples.length) : new Uint16Array(samples.length);
    for (let i = 0; i < values.length; i++) values[i] = ((samples[i] ?? 0) >> shift) & mask;
    return { samples: values, bitsStored, signed };
  }
  const values = new Int16Array(samples.length);
  const up = 32 - bitsStored;
  for (let i = 0; i < values.length; i++) values[i] = (((samples[i] ?? 0) >> shift) << up) >> up;
  return { samples: values, bitsStored, signed };
}
