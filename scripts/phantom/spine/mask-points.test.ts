import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { takeMaskPoints } from './mask-points.ts';
import type { Volume } from './nifti-volume.ts';
import { readNifti } from './nifti-volume.ts';

const folder = mkdtempSync(join(tmpdir(), 'nifti-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** A body whose front is `frontMm` high and whose back is 28 mm high, with an arch behind a canal of 15 mm. */
function createMask(frontMm: number, firstDown = 12): Volume {
  const size = [11, 80, 60] as const;
  const values = new Int16Array(size[0] * size[1] * size[2]);
  for (let down = 0; down < size[2]; down += 1) {
    for (let back = 0; back < size[1]; back += 1) {
      const along = (back - 10) / 34;
      const top = firstDown + (28 - frontMm) * (1 - along);
      const isBody = along >= 0 && along <= 1 && down >= top && down < firstDown + 28;
      const isArch = back > 60 && back < 75 && down > 20 && down < 50;
      if (!isBody && !isArch) continue;
      for (let left = 2; left < 9; left += 1) values[(down * size[1] + back) * size[0] + left] = 20;
    }
  }
  return { size, stepMm: [3, 1, 1], values };
}

describe('six points from a mask', () => {
  it('give the heights of the body, and nothing of the arch behind it', () => {
    const points = takeMaskPoints(createMask(20), 20);
    const [front, middle, back] = [0, 1, 2].map((at) =>
      Math.hypot(
        points!.superior[at]![0] - points!.inferior[at]![0],
        points!.superior[at]![1] - points!.inferior[at]![1],
      ),
    );
    // Each of these sharp corners of voxels loses up to 0.8 mm to the blur.
    expect(Math.abs(front! - 20)).toBeLessThan(1.6);
    expect(Math.abs(middle! - 24)).toBeLessThan(0.5);
    expect(Math.abs(back! - 28)).toBeLessThan(1.6);
    expect(Math.abs(points!.superior[0][0] - 10)).toBeLessThan(1.5);
    expect(Math.abs(points!.superior[2][0] - 44)).toBeLessThan(1.5);
    expect(points!.leftMm).toBe(15);
  });

  it('are not taken from a vertebra that the volume cuts off or does not hold', () => {
    expect(takeMaskPoints(createMask(28, -3), 20)).toBeUndefined();
    expect(takeMaskPoints(createMask(28), 21)).toBeUndefined();
  });
});

describe('a NIfTI file', () => {
  /** 2 x 3 x 4 samples that count up, with a qform of the given quaternion. */
  function writeFile(quaternion: readonly [number, number, number]): string {
    const bytes = Buffer.alloc(352 + 2 * 24);
    bytes.writeInt32LE(348, 0);
    [3, 2, 3, 4].forEach((value, index) => bytes.writeInt16LE(value, 40 + 2 * index));
    bytes.writeInt16LE(4, 70);
    [1, 3, 1, 2].forEach((value, index) => bytes.writeFloatLE(value, 76 + 4 * index));
    bytes.writeFloatLE(352, 108);
    bytes.writeInt16LE(1, 252);
    quaternion.forEach((value, index) => bytes.writeFloatLE(value, 256 + 4 * index));
    for (let index = 0; index < 24; index += 1) bytes.writeInt16LE(index, 352 + 2 * index);
    const path = join(folder, `${quaternion.join('')}.nii.gz`);
    writeFileSync(path, gzipSync(bytes));
    return path;
  }

  it('whose axes run left, back and up is turned so that the last runs down', () => {
    const volume = readNifti(writeFile([0, 0, 1]));
    expect(volume.size).toEqual([2, 3, 4]);
    expect(volume.stepMm).toEqual([3, 1, 2]);
    expect([...volume.values.subarray(0, 6)]).toEqual([18, 19, 20, 21, 22, 23]);
  });

  it('whose axes run right, forwards and up is turned on all three', () => {
    expect([...readNifti(writeFile([0, 0, 0])).values.subarray(0, 3)]).toEqual([23, 22, 21]);
  });

  it('with oblique axes is refused', () => {
    expect(() => readNifti(writeFile([0, 0, 0.4]))).toThrow('oblique');
  });
});
