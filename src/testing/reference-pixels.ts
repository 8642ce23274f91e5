import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requirePydicom, requireTool, type Tool } from './services.ts';

/** What a reference decoder made of one file. */
export type ReferenceFrame =
  | {
      readonly path: string;
      /** pydicom, gdcmconv, opj_decompress or dcmconv. */
      readonly by: string;
      readonly rows: number;
      readonly columns: number;
      readonly components: number;
      readonly photometric: string;
      /** rows x columns x components, interleaved. */
      readonly values: Int32Array;
    }
  | { readonly path: string; readonly error: string };

/** All programs of the reference, or the first that is missing. */
export function requireReference(): Tool {
  const tools = [
    requirePydicom(),
    ...['gdcmconv', 'opj_decompress', 'dcmconv', 'dcmcjpeg'].map((name) => requireTool(name)),
  ] as const;
  return tools.find((tool) => !tool.available) ?? tools[0];
}

/** Decodes frame 1 of files with GDCM, OpenJPEG (HTJ2K), dcmtk (big endian) and pydicom (the rest). */
export function decodeByReference(python: string, paths: readonly string[]): readonly ReferenceFrame[] {
  const folder = mkdtempSync(join(tmpdir(), 'osteotriage-reference-'));
  try {
    const script = join(import.meta.dirname, 'reference_pixels.py');
    const { status, stdout, stderr } = spawnSync(python, [script, folder, ...paths], {
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    });
    if (status !== 0) throw new Error(`the reference failed: ${stderr.slice(-1000)}`);
    return stdout
      .trim()
      .split('\n')
      .map((line) => readAnswer(JSON.parse(line) as Answer));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type Answer =
  | (Omit<Extract<ReferenceFrame, { by: string }>, 'values'> & { readonly raw: string })
  | Extract<ReferenceFrame, { error: string }>;

function readAnswer(answer: Answer): ReferenceFrame {
  if ('error' in answer) return answer;
  const bytes = readFileSync(answer.raw);
  return { ...answer, values: new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4).slice() };
}
