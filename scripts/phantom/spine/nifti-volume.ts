import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/** A volume whose axes run to the person's left, to the back, and downwards. */
export interface Volume {
  /** Voxels along left, back, down. */
  readonly size: readonly [number, number, number];
  readonly stepMm: readonly [number, number, number];
  /** Left runs fastest, down slowest. */
  readonly values: Int16Array;
}

/** The column of a direction cosine matrix that says where an axis of the file points (x left to right, y to the front, z up). */
type Direction = readonly [number, number, number];

/**
 * Reads a gzipped NIfTI-1 file of 16-bit samples and turns it so that its axes run left, back and down. The axes come
 * from the sform when its code is above 0, else from the qform; only axes along the body's own are accepted.
 */
export function readNifti(path: string): Volume {
  const bytes = gunzipSync(readFileSync(path));
  if (bytes.readInt32LE(0) !== 348)
    throw new Error('not a NIfTI-1 file in little endian: the header is not 348 bytes');
  if (bytes.readInt16LE(70) !== 4) throw new Error('only NIfTI files of signed 16-bit samples are read');
  const size = [42, 44, 46].map((at) => bytes.readInt16LE(at));
  const step = [80, 84, 88].map((at) => bytes.readFloatLE(at));
  const directions = bytes.readInt16LE(254) > 0 ? readSform(bytes) : readQform(bytes);
  // A wanted axis is the file's axis that lies along it, forwards or backwards: left is -x, back is -y, down is -z.
  const axes = [0, 1, 2].map((wanted) => {
    const axis = directions.findIndex((direction) => Math.abs(direction[wanted] ?? 0) > 0.99);
    if (axis < 0) throw new Error('the axes of the NIfTI file are oblique; resample it along the body first');
    return { axis, forwards: (directions[axis]?.[wanted] ?? 0) < 0 };
  });
  const strides = [1, size[0] ?? 0, (size[0] ?? 0) * (size[1] ?? 0)];
  const start = bytes.readFloatLE(108);
  const turned = axes.map(({ axis, forwards }) => {
    const length = size[axis] ?? 0;
    const stride = strides[axis] ?? 0;
    return {
      length,
      stride: forwards ? stride : -stride,
      first: forwards ? 0 : (length - 1) * stride,
      mm: step[axis] ?? 1,
    };
  });
  return gather(bytes, start, turned);
}

interface Axis {
  readonly length: number;
  readonly stride: number;
  readonly first: number;
  readonly mm: number;
}

function gather(bytes: Buffer, start: number, turned: readonly Axis[]): Volume {
  const [left, back, down] = turned;
  if (left === undefined || back === undefined || down === undefined)
    throw new Error('three axes are needed');
  const values = new Int16Array(left.length * back.length * down.length);
  const origin = left.first + back.first + down.first;
  let index = 0;
  for (let k = 0; k < down.length; k += 1) {
    for (let j = 0; j < back.length; j += 1) {
      for (let i = 0; i < left.length; i += 1) {
        values[index] = bytes.readInt16LE(
          start + 2 * (origin + i * left.stride + j * back.stride + k * down.stride),
        );
        index += 1;
      }
    }
  }
  return {
    size: [left.length, back.length, down.length],
    stepMm: [left.mm, back.mm, down.mm],
    values,
  };
}

function readSform(bytes: Buffer): Direction[] {
  return [0, 1, 2].map((axis) => {
    const column = [280, 296, 312].map((row) => bytes.readFloatLE(row + 4 * axis));
    const length = Math.hypot(...column) || 1;
    return [(column[0] ?? 0) / length, (column[1] ?? 0) / length, (column[2] ?? 0) / length];
  });
}

/** The rotation of a quaternion, as the NIfTI-1 header writes it. */
function readQform(bytes: Buffer): Direction[] {
  const [b, c, d] = [bytes.readFloatLE(256), bytes.readFloatLE(260), bytes.readFloatLE(264)];
  const a = Math.sqrt(Math.max(0, 1 - b * b - c * c - d * d));
  const handed = bytes.readFloatLE(76) < 0 ? -1 : 1;
  return [
    [a * a + b * b - c * c - d * d, 2 * (b * c + a * d), 2 * (b * d - a * c)],
    [2 * (b * c - a * d), a * a + c * c - b * b - d * d, 2 * (c * d + a * b)],
    [handed * 2 * (b * d + a * c), handed * 2 * (c * d - a * b), handed * (a * a + d * d - c * c - b * b)],
  ];
}
