/** Grey from a colour frame, as Secondary Captures of films often are. */
import type { PixelFrame } from './pixel-frame.ts';

/** Luminance by ITU-R BT.601, which is what YBR_FULL's Y is by definition (PS3.3 C.7.6.3.1.2). */
export function luminanceOf(
  frame: Pick<PixelFrame, 'samples' | 'layout' | 'photometric' | 'columns' | 'rows' | 'bitsAllocated'>,
): Uint8Array | Uint16Array {
  const { samples, layout } = frame;
  const count = frame.columns * frame.rows;
  const grey = frame.bitsAllocated === 8 ? new Uint8Array(count) : new Uint16Array(count);
  if (layout === 'ybr-422') {
    // Two pixels lie as Y1 Y2 Cb Cr.
    for (let i = 0; i < count; i++) grey[i] = samples[(i >> 1) * 4 + (i & 1)] ?? 0;
    return grey;
  }
  const step = layout === 'planes' ? 1 : 3;
  const green = layout === 'planes' ? count : 1;
  const isLuminanceFirst = frame.photometric.startsWith('YBR_FULL');
  for (let i = 0, at = 0; i < count; i++, at += step) {
    const first = samples[at] ?? 0;
    grey[i] = isLuminanceFirst
      ? first
      : Math.round(
          0.299 * first + 0.587 * (samples[at + green] ?? 0) + 0.114 * (samples[at + 2 * green] ?? 0),
        );
  }
  return grey;
}
