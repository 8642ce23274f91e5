/** Writes the smallest network that is of use in a test, byte by byte: the mean of each channel, weighed into outputs. */

/** Names and sizes of a tiny network. */
export interface TinyNetwork {
  readonly input: string;
  readonly output: string;
  readonly channels: number;
  readonly rows: number;
  readonly columns: number;
  /** Whether channels stand together at every pixel: [N, rows, columns, channels]. */
  readonly isByPixel?: boolean;
  /** For each value of the output, the weight of each channel's mean; the last number is added. */
  readonly weights: readonly (readonly number[])[];
}

/** The bytes of an ONNX file (onnx.proto: field numbers stand in the calls). */
export function writeTinyOnnx(network: TinyNetwork): Buffer {
  const { input, output, channels, rows, columns, weights, isByPixel = false } = network;
  const matrix = Array.from({ length: channels }, (_, channel) => weights.map((row) => row[channel] ?? 0));
  const added = weights.map((row) => row[channels] ?? 0);
  const shape = isByPixel ? [rows, columns, channels] : [channels, rows, columns];
  const axes = isByPixel ? [1, 2] : [2, 3];
  const graph = Buffer.concat([
    field(
      1,
      node('ReduceMean', [input], 'means', [intsAttribute('axes', axes), intAttribute('keepdims', 0)]),
    ),
    field(1, node('Gemm', ['means', 'matrix', 'added'], output, [])),
    field(2, Buffer.from('tiny')),
    field(5, tensor('matrix', [channels, weights.length], matrix.flat())),
    field(5, tensor('added', [weights.length], added)),
    field(11, valueInfo(input, shape)),
    field(12, valueInfo(output, [weights.length])),
  ]);
  return Buffer.concat([number(1, 8), field(8, number(2, 15)), field(7, graph)]);
}

function node(operation: string, inputs: readonly string[], output: string, attributes: Buffer[]): Buffer {
  return Buffer.concat([
    ...inputs.map((name) => field(1, Buffer.from(name))),
    field(2, Buffer.from(output)),
    field(4, Buffer.from(operation)),
    ...attributes.map((attribute) => field(5, attribute)),
  ]);
}

function intsAttribute(name: string, values: readonly number[]): Buffer {
  return Buffer.concat([
    field(1, Buffer.from(name)),
    ...values.map((value) => number(8, value)),
    number(20, 7),
  ]);
}

function intAttribute(name: string, value: number): Buffer {
  return Buffer.concat([field(1, Buffer.from(name)), number(3, value), number(20, 2)]);
}

function tensor(name: string, dims: readonly number[], values: readonly number[]): Buffer {
  return Buffer.concat([
    ...dims.map((dim) => number(1, dim)),
    number(2, 1),
    field(8, Buffer.from(name)),
    field(9, Buffer.from(Float32Array.from(values).buffer)),
  ]);
}

/** A tensor of 32-bit floats whose first size is open. */
function valueInfo(name: string, dims: readonly number[]): Buffer {
  const open = field(1, field(2, Buffer.from('N')));
  const shape = Buffer.concat([open, ...dims.map((dim) => field(1, number(1, dim)))]);
  const type = field(1, Buffer.concat([number(1, 1), field(2, shape)]));
  return Buffer.concat([field(1, Buffer.from(name)), field(2, type)]);
}

function field(at: number, bytes: Buffer): Buffer {
  return Buffer.concat([varint(at * 8 + 2), varint(bytes.length), bytes]);
}

function number(at: number, value: number): Buffer {
  return Buffer.concat([varint(at * 8), varint(value)]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) + 128);
  }
}
