/** Bits Stored, High Bit and Pixel Representation (PS3.5 section 8.1.1) of a grey frame. */
import type { PixelFrame } from './pixel-frame.ts';

/** Where the stored bits lie in a word. */
export type WordBits = Pick<PixelFrame, 'bitsStored' | 'highBit' | 'signed'>;

/** The stored value of a word: its bits moved down, what lies beside them (overlays) dropped, the sign extended. */
export function storedValueOf(word: number, { bitsStored, highBit, signed }: WordBits): number {
  const shifted = word >> (highBit + 1 - bitsStored);
  const up = 32 - bitsStored;
  return signed ? (shifted << up) >> up : shifted & (2 ** bitsStored - 1);
}
