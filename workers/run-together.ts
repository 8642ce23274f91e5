/** One run for all; where it fails, one for each, so that a film that a model chokes on fails alone. */
import type { Clock } from '../src/clock.ts';
import { TriageError, type ErrorCode } from '../src/errors.ts';
import type { ModelOutputs, ModelSession } from './onnx-session.ts';
import { startStopwatch } from './stopwatch.ts';

/** What a run made of one input, and its share of the time. */
export interface RunAnswer<Output> {
  readonly output: Output;
  readonly runMs: number;
}

/** Answers every input in its order; never throws. */
export async function runTogether<Input, Output>(
  inputs: readonly Input[],
  run: (inputs: readonly Input[]) => Promise<readonly Output[]>,
  clock: Clock,
): Promise<readonly (RunAnswer<Output> | TriageError)[]> {
  if (inputs.length === 0) return [];
  const stopwatch = startStopwatch(clock);
  try {
    const outputs = await run(inputs);
    const runMs = Math.round((stopwatch() / inputs.length) * 10) / 10;
    return inputs.map((_, index) => {
      const output = outputs[index];
      return output === undefined
        ? new TriageError('inference-failed', 'the model gave no answer')
        : { output, runMs };
    });
  } catch (thrown) {
    if (inputs.length === 1) return [withoutForeignText(thrown, 'inference-failed')];
    const answers: (RunAnswer<Output> | TriageError)[] = [];
    for (const input of inputs) answers.push(...(await runTogether([input], run, clock)));
    return answers;
  }
}

/** Runs a model over any number of inputs in batches that it can take. */
export async function runInBatches(
  session: ModelSession,
  inputs: readonly Float32Array[],
): Promise<ModelOutputs[]> {
  const { batchSizeMax } = session.model.manifest;
  const answers: ModelOutputs[] = [];
  for (let from = 0; from < inputs.length; from += batchSizeMax) {
    answers.push(...(await session.run(inputs.slice(from, from + batchSizeMax))));
  }
  return answers;
}

/** The message of a foreign error can quote what it choked on, a patient's data: only its type goes on. */
export function withoutForeignText(thrown: unknown, code: ErrorCode): TriageError {
  if (thrown instanceof TriageError) return thrown;
  const type = thrown instanceof Error ? thrown.name : typeof thrown;
  return new TriageError(code, `a stage of the analysis failed (${type})`, { cause: thrown });
}
