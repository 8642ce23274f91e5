/** Runs a model. The only importer of onnxruntime-node. */
import { cpus } from 'node:os';
import { env, InferenceSession, listSupportedBackends, Tensor } from 'onnxruntime-node';
import { TriageError } from '../src/errors.ts';
import { scoreOf } from '../src/inference/bone-density-score.ts';
import { sizeOf } from '../src/inference/model-manifest.ts';
import type { RegisteredModel } from '../src/inference/model-registry.ts';

/** The answer to one film: values by the name of the output. */
export type ModelOutputs = Readonly<Record<string, Float32Array>>;

/** A model that is loaded and reproduced its golden run. Its `run` blocks the thread (runtime-facts, Inference). */
export interface ModelSession {
  readonly model: RegisteredModel;
  /** The provider that is really used. */
  readonly executionProvider: string;
  /** Provider, processor and version of the runtime: what the speed of a batch depends on. */
  readonly device: string;
  /** What the operator should know of the choice of provider. */
  readonly warnings: readonly string[];
  /** One run for a batch of prepared films, answers in their order. Throws inference-failed. */
  run(films: readonly Float32Array[]): Promise<readonly ModelOutputs[]>;
}

/**
 * Loads a model on the first provider of the list that works here, else on the CPU with a warning, and checks
 * its golden run. Throws model-invalid.
 */
export async function openSession(
  model: RegisteredModel,
  executionProviders: readonly string[],
): Promise<ModelSession> {
  const { session, executionProvider, warnings } = await createSession(model, executionProviders);
  checkTensors(model, session);
  const run = (films: readonly Float32Array[]): Promise<readonly ModelOutputs[]> =>
    runBatch(session, model, films);
  await checkGolden(model, run);
  const device = `${executionProvider}, ${cpus()[0]?.model ?? 'unknown processor'}, onnxruntime ${env.versions.node ?? ''}`;
  return { model, executionProvider, device, warnings, run };
}

async function createSession(
  model: RegisteredModel,
  wanted: readonly string[],
): Promise<{ session: InferenceSession; executionProvider: string; warnings: readonly string[] }> {
  const passedOver: string[] = [];
  for (const name of [...wanted, 'cpu']) {
    try {
      const session = await InferenceSession.create(model.bytes, sessionOptions(name));
      const warnings = passedOver.map((why) => `${why}; the model runs on ${name}`);
      return { session, executionProvider: name, warnings };
    } catch (thrown) {
      if (name === 'cpu') throw invalid(model, 'cannot be loaded', thrown);
      passedOver.push(whyNot(name));
    }
  }
  throw invalid(model, 'has no execution provider');
}

/** Names and sizes of the file against the manifest, so that the message says what to write and not what failed. */
function checkTensors(model: RegisteredModel, session: InferenceSession): void {
  const { input, outputs } = model.manifest;
  const [inputs, made] = [tensorsOf(session.inputMetadata), tensorsOf(session.outputMetadata)];
  const namesOf = (tensors: readonly FileTensor[]): string => tensors.map(({ name }) => name).join(', ');
  const only = inputs[0];
  if (inputs.length !== 1 || only?.name !== input.name) {
    throw invalid(model, `takes the input ${namesOf(inputs)}; its manifest says input.name ${input.name}`);
  }
  for (const { name, shape } of [input, ...outputs]) {
    const tensor = name === input.name ? only : made.find((one) => one.name === name);
    if (tensor === undefined) {
      throw invalid(model, `has no output ${name}; it has ${namesOf(made)}: write one of these in outputs`);
    }
    if (tensor.type !== 'float32') throw invalid(model, `has ${tensor.type} and not float32 in ${name}`);
    if (!isShapeOf(tensor.shape, shape)) {
      throw invalid(
        model,
        `has the shape [${tensor.shape.join(', ')}] in ${name}; its manifest says ` +
          `[${shape.map((size) => size ?? 'null').join(', ')}] (null stands for the batch)`,
      );
    }
  }
}

interface FileTensor {
  readonly name: string;
  readonly type: string;
  /** Numbers, or names of sizes that are open; empty where the file does not say it. */
  readonly shape: readonly (number | string)[];
}

function tensorsOf(metadata: readonly InferenceSession.ValueMetadata[]): readonly FileTensor[] {
  return metadata.map((one) => (one.isTensor ? one : { name: one.name, type: 'no tensor', shape: [] }));
}

/** What the file leaves open fits anything; a batch of one that it fixes fits null, and then runs are of one film. */
function isShapeOf(given: FileTensor['shape'], said: readonly (number | null)[]): boolean {
  if (given.length === 0) return true;
  return (
    given.length === said.length &&
    given.every((size, axis) => typeof size !== 'number' || size < 0 || size === (said[axis] ?? size))
  );
}

function sessionOptions(executionProvider: string): InferenceSession.SessionOptions {
  return {
    executionProviders: [executionProvider],
    // The nodes that it fuses for this processor are why a run takes two thirds of what it does below this level.
    graphOptimizationLevel: 'all',
    // Two processes of one thread beat one of two; spinning threads of neighbours would cost half the speed.
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
    logSeverityLevel: 3,
  };
}

/** What to do differs: a library that was never installed, a device that is not there, a name that nobody knows. */
function whyNot(name: string): string {
  const known = listSupportedBackends();
  const backend = known.find((one) => one.name === name);
  if (backend === undefined) {
    return `execution provider ${name} is unknown here (known: ${known.map((one) => one.name).join(', ')})`;
  }
  return backend.bundled
    ? `execution provider ${name} finds no device here that it can use`
    : `execution provider ${name} is not installed or finds no device (see docs/operations.md, Models)`;
}

async function runBatch(
  session: InferenceSession,
  model: RegisteredModel,
  films: readonly Float32Array[],
): Promise<readonly ModelOutputs[]> {
  const { input, outputs } = model.manifest;
  const dims = input.shape.map((size) => size ?? films.length);
  const batch = joinFilms(films, sizeOf(input.shape));
  let answers: InferenceSession.OnnxValueMapType;
  try {
    answers = await session.run({ [input.name]: new Tensor('float32', batch, dims) });
  } catch (thrown) {
    throw new TriageError('inference-failed', 'the model run failed', { cause: thrown });
  }
  const parts = outputs.map(({ name, shape }) =>
    splitOutput(name, answers[name]?.data, sizeOf(shape), films.length),
  );
  return films.map((_, film) =>
    Object.fromEntries(outputs.map(({ name }, i) => [name, parts[i]?.[film] ?? new Float32Array(0)])),
  );
}

/** The library takes an empty batch and NaN without a word and answers rubbish, so both are refused here. */
function joinFilms(films: readonly Float32Array[], filmSize: number): Float32Array {
  const [only] = films;
  if (only === undefined) throw new TriageError('inference-failed', 'an empty batch');
  for (const film of films) {
    if (film.length !== filmSize)
      throw new TriageError('inference-failed', 'a film of another size than the model');
    if (!isFinite(film)) throw new TriageError('inference-failed', 'a film holds values that are no numbers');
  }
  // The library reads the array where it is, so that one film needs no copy.
  if (films.length === 1) return only;
  const batch = new Float32Array(films.length * filmSize);
  films.forEach((film, i) => batch.set(film, i * filmSize));
  return batch;
}

function splitOutput(name: string, data: unknown, filmSize: number, films: number): Float32Array[] {
  if (!(data instanceof Float32Array) || data.length !== filmSize * films) {
    throw new TriageError('inference-failed', `the output ${name} has not the size that the manifest says`);
  }
  if (!isFinite(data))
    throw new TriageError('inference-failed', `the output ${name} holds values that are no numbers`);
  return Array.from({ length: films }, (_, i) => data.subarray(i * filmSize, (i + 1) * filmSize));
}

/** The same answers as when the model was exported: a library, a processor or a provider that differs is found here. */
async function checkGolden(model: RegisteredModel, run: ModelSession['run']): Promise<void> {
  const { golden, input, score } = model.manifest;
  const film = hashedNoise(sizeOf(input.shape), golden.input.multiplier, golden.input.modulus);
  const [answer] = await run([film]).catch((thrown: unknown) => {
    throw invalid(model, 'fails on its golden input', thrown);
  });
  for (const [key, expected] of Object.entries(golden.outputs)) {
    const found =
      key === 'score' && score !== undefined ? scoreOf(score, answer ?? {}) : valueOfKey(answer ?? {}, key);
    const tolerance = golden.tolerance[key] ?? 0;
    if (!(Math.abs(found - expected) <= tolerance)) {
      throw invalid(model, `gives ${key} ${found.toPrecision(5)} on its golden input instead of ${expected}`);
    }
  }
}

/** `border` or `borderMean` is the mean of an output; `view[2]` its third value, as the mean of all probabilities says nothing. */
function valueOfKey(answer: ModelOutputs, key: string): number {
  const [, output = '', index] = /^(.*?)(?:Mean)?(?:\[(\d+)\])?$/.exec(key) ?? [];
  const values = answer[output] ?? new Float32Array(0);
  return index === undefined ? mean(values) : (values[Number(index)] ?? NaN);
}

/** Pixel i is ((i x multiplier) mod 2^32 mod modulus) / modulus: a picture that any language can make. */
function hashedNoise(size: number, multiplier: number, modulus: number): Float32Array {
  return Float32Array.from(
    { length: size },
    (_, i) => ((Math.imul(i, multiplier) >>> 0) % modulus) / modulus,
  );
}

function isFinite(values: Float32Array): boolean {
  // One pass: a sum is finite only if every value is, as these values cannot overflow it by themselves.
  let sum = 0;
  for (const value of values) sum += value;
  return Number.isFinite(sum);
}

function mean(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function invalid(model: RegisteredModel, what: string, cause?: unknown): TriageError {
  const { name, version } = model.identity;
  return new TriageError('model-invalid', `model ${name} ${version} ${what}`, { cause });
}
