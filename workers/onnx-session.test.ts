import { beforeAll, describe, expect, it } from 'vitest';
import { findModel, type RegisteredModel } from '../src/inference/model-registry.ts';
import { openSession, type ModelSession } from './onnx-session.ts';

const SIZE = 320 * 768;
let model: RegisteredModel;
let session: ModelSession;

beforeAll(async () => {
  model = await findModel(new URL('../models', import.meta.url).pathname, 'mandible-contour');
  session = await openSession(model, ['cpu']);
});

function someFilm(seed: number): Float32Array {
  return Float32Array.from({ length: SIZE }, (_, i) => ((i * (seed + 7)) % 251) / 251);
}

describe('a session of the shipped model', () => {
  it('answers with the outputs of the manifest', async () => {
    const [answer] = await session.run([someFilm(1)]);
    expect(Object.keys(answer!).sort()).toEqual(
      ['border', 'borderPresence', 'borderSpread', 'foramen', 'panoramic'].sort(),
    );
    expect(answer!['border']).toHaveLength(768);
    expect(answer!['foramen']).toHaveLength(6);
  });

  it('answers a batch with what each film gets alone, in their order', async () => {
    const films = [someFilm(1), someFilm(2), someFilm(3)];
    const together = await session.run(films);
    for (const [i, film] of films.entries()) {
      const [alone] = await session.run([film]);
      for (const [name, values] of Object.entries(alone!)) {
        const worst = values.reduce((most, value, at) => {
          return Math.max(most, Math.abs(value - together[i]![name]![at]!));
        }, 0);
        expect(worst, name).toBeLessThan(0.01);
      }
    }
  });

  it('refuses what the library would take in silence: nothing, NaN, another size', async () => {
    await expect(session.run([])).rejects.toMatchObject({ code: 'inference-failed' });
    const spoilt = someFilm(1);
    spoilt[1000] = Number.NaN;
    await expect(session.run([spoilt])).rejects.toMatchObject({ code: 'inference-failed' });
    await expect(session.run([new Float32Array(5)])).rejects.toMatchObject({ code: 'inference-failed' });
  });

  it('falls back to the next provider, at last the CPU, and says what it passed over and why', async () => {
    const other = await openSession(model, ['quantum', 'tensorrt', 'cuda']);
    expect(other.executionProvider).toBe('cpu');
    expect(other.warnings).toEqual([
      expect.stringMatching(
        /^execution provider quantum is unknown here \(known: cpu, .*; the model runs on cpu$/,
      ),
      'execution provider tensorrt is not installed or finds no device (see docs/operations.md, Models); the model runs on cpu',
      'execution provider cuda is not installed or finds no device (see docs/operations.md, Models); the model runs on cpu',
    ]);
    const [answer] = await other.run([someFilm(1)]);
    expect(answer!['border']).toHaveLength(768);
  });

  it('names provider, processor and runtime, by which a measured batch size is remembered', () => {
    expect(session.device).toMatch(/^cpu, .+, onnxruntime 1\.\d+\.\d+$/);
  });

  it('leaves a film that it was given as it is, and its answers to whoever asked', async () => {
    const film = someFilm(4);
    const [first] = await session.run([film]);
    const border = Float32Array.from(first!['border']!);
    await session.run([someFilm(5)]);
    expect(Buffer.from(film.buffer).equals(Buffer.from(someFilm(4).buffer))).toBe(true);
    expect(Array.from(first!['border']!)).toEqual(Array.from(border));
  });

  it('refuses a model that does not reproduce its golden run', async () => {
    const { golden } = model.manifest;
    const outputs = { ...golden.outputs, panoramic: (golden.outputs['panoramic'] ?? 0) + 0.1 };
    const manifest = { ...model.manifest, golden: { ...golden, outputs } };
    await expect(openSession({ ...model, manifest }, ['cpu'])).rejects.toMatchObject({
      code: 'model-invalid',
    });
  });

  it('compares one value of an output where the manifest names its place', async () => {
    const { golden } = model.manifest;
    const noise = Float32Array.from(
      { length: SIZE },
      (_, i) => ((Math.imul(i, 2654435761) >>> 0) % 1000) / 1000,
    );
    const [answer] = await session.run([noise]);
    const third = answer!['foramen']![2]!;
    const open = (expected: number): Promise<ModelSession> => {
      const own = { ...golden, outputs: { 'foramen[2]': expected }, tolerance: { 'foramen[2]': 0.002 } };
      return openSession({ ...model, manifest: { ...model.manifest, golden: own } }, ['cpu']);
    };
    await expect(open(third)).resolves.toBeDefined();
    await expect(open(third + 0.01)).rejects.toMatchObject({ code: 'model-invalid' });
  });

  it('refuses bytes that are no model', async () => {
    await expect(openSession({ ...model, bytes: new Uint8Array(64) }, ['cpu'])).rejects.toMatchObject({
      code: 'model-invalid',
    });
  });
});
