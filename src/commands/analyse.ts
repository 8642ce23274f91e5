import { mkdir, mkdtemp, open, rename, rm } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { systemClock } from '../clock.ts';
import type { Config } from '../config.ts';
import { reasonText } from '../decide/reason-texts.ts';
import { isPart10 } from '../dicom/part10.ts';
import { asTriageError, TriageError, type ErrorCode } from '../errors.ts';
import {
  type AnalysisResult,
  type ReportedSide,
  type SpineFinding,
  unreadAnalysis,
  type ViewName,
} from '../exam/analysis.ts';
import { startWorkerPool, type WorkerPool } from '../inference/worker-pool.ts';
import type { Log } from '../telemetry.ts';
import { workerSettings } from '../worker-settings.ts';
import type { AnalysisOptions, AnalysisRequest } from '../../workers/messages.ts';
import { listFiles } from './list-files.ts';

const VIEWS: readonly ViewName[] = [
  'panoramic',
  'spine-lateral',
  'spine-frontal',
  'chest-frontal',
  'chest-lateral',
  'other',
];
const MODALITIES = ['PX', 'DX', 'CR'];
const CLOSE_MS_MAX = 1000;
const MAGIC_BYTES = 132;

/** What `osteotriage analyse` is told. */
export interface AnalyseCommand {
  readonly paths: readonly string[];
  /** One JSON object a line (osteotriage.analysis/1) instead of a table. */
  readonly json: boolean;
  /** Folder that gets a PNG for each film. */
  readonly overlay?: string | undefined;
  readonly modality?: string | undefined;
  readonly view?: string | undefined;
  readonly mmPerPx?: number | undefined;
  readonly config: Config;
  readonly log: Log;
  readonly write: (line: string) => void;
}

/**
 * Analyses files and writes a line for each, in their order. Returns the exit status, 0 when every file got its
 * line, also a refused one. Throws configuration-invalid or not-found for arguments that cannot be used.
 */
export async function runAnalyse(command: AnalyseCommand): Promise<number> {
  const options = readOptions(command);
  const files = await listFiles(command.paths);
  if (!command.json) command.write(tableHead());
  if (files.length === 0) return 0;
  if (command.overlay !== undefined) await mkdir(command.overlay, { recursive: true });
  const { config, log } = command;
  const configured = workerSettings(config);
  const settings = { ...configured, workers: Math.max(1, Math.min(configured.workers, files.length)) };
  const pool = await startWorkerPool({ ...settings, clock: systemClock, log });
  try {
    await analyseInOrder(files, pool, options, command);
  } finally {
    await pool.close(CLOSE_MS_MAX);
  }
  return 0;
}

function readOptions({ modality, view, mmPerPx }: AnalyseCommand): AnalysisOptions {
  const viewName = VIEWS.find((name) => name === view);
  if (view !== undefined && viewName === undefined) {
    throw new TriageError('configuration-invalid', `--view must be one of ${VIEWS.join(', ')}`);
  }
  if (modality !== undefined && !MODALITIES.includes(modality)) {
    throw new TriageError('configuration-invalid', `--modality must be one of ${MODALITIES.join(', ')}`);
  }
  return {
    ...(viewName === undefined ? {} : { view: viewName }),
    ...(modality === undefined ? {} : { modality }),
    ...(mmPerPx === undefined ? {} : { mmPerPx }),
  };
}

/** As many films are on their way as the pool has room for; lines wait for those before them. */
async function analyseInOrder(
  files: readonly string[],
  pool: WorkerPool,
  options: AnalysisOptions,
  command: AnalyseCommand,
): Promise<void> {
  const underWay: Promise<AnalysisResult>[] = [];
  const names = new OverlayNames();
  const writeNext = async (): Promise<void> => {
    const result = await underWay.shift();
    if (result !== undefined) command.write(command.json ? JSON.stringify(result) : tableRow(result));
  };
  for (const path of files) {
    if (underWay.length >= pool.filmsMax()) await writeNext();
    const overlayPath = command.overlay === undefined ? null : join(command.overlay, names.nameFor(path));
    underWay.push(analyseFile(path, overlayPath, pool, options));
  }
  while (underWay.length > 0) await writeNext();
}

/** Never rejects: what cannot be read is a refused film with its reason. */
async function analyseFile(
  path: string,
  overlayPath: string | null,
  pool: WorkerPool,
  options: AnalysisOptions,
): Promise<AnalysisResult> {
  try {
    const source = await sniffSource(path);
    const request: AnalysisRequest = { id: path, path, source, options, scratchFolder: null };
    if (overlayPath === null) return (await pool.analyse(request)).analysis;
    const scratchFolder = await mkdtemp(join(overlayPath, '..', '.scratch-'));
    try {
      const reply = await pool.analyse({ ...request, scratchFolder, overlayOnly: true });
      if (reply.artefacts?.overlayPath != null) await rename(reply.artefacts.overlayPath, overlayPath);
      return reply.analysis;
    } finally {
      await rm(scratchFolder, { recursive: true, force: true });
    }
  } catch (thrown) {
    return refusedAnalysis(path, asTriageError(thrown).code);
  }
}

/** DICOM by its prefix, pictures by theirs (PNG, JPEG, TIFF); a name says nothing. */
async function sniffSource(path: string): Promise<'dicom' | 'picture'> {
  const file = await open(path).catch((thrown: unknown) => {
    throw new TriageError('storage-failed', 'the file cannot be read', { cause: thrown });
  });
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAGIC_BYTES), 0, MAGIC_BYTES, 0);
    const start = buffer.subarray(0, bytesRead);
    if (isPart10(start)) return 'dicom';
    const magic = start.toString('latin1', 0, 4);
    if (magic === '\x89PNG' || magic.startsWith('\xff\xd8\xff')) return 'picture';
    if (magic === 'II*\0' || magic === 'MM\0*') return 'picture';
    throw new TriageError('not-part-10', 'neither a DICOM file nor a picture');
  } finally {
    await file.close();
  }
}

function refusedAnalysis(path: string, code: ErrorCode): AnalysisResult {
  const reason = { code, text: reasonText(code, 'en') };
  return unreadAnalysis(path, { outcome: 'refused', reason, problems: [code] });
}

/** Names of overlays: two films of one name in two folders must not overwrite each other. */
class OverlayNames {
  readonly #given = new Set<string>();

  /** The name for the next film. */
  nameFor(path: string): string {
    const stem = basename(path, extname(path));
    let name = `${stem}.png`;
    for (let count = 2; this.#given.has(name); count++) name = `${stem}-${count}.png`;
    this.#given.add(name);
    return name;
  }
}

const COLUMN_WIDTHS = [28, 15, 15, 34, 8];

function tableHead(): string {
  return columns(['film', 'view', 'outcome', 'measured', 'ms', 'reason']);
}

function tableRow(result: AnalysisResult): string {
  return columns([
    basename(result.file),
    result.view?.name ?? '-',
    result.outcome,
    describeFinding(result),
    result.timingsMs.total.toFixed(0),
    result.reasons[0]?.text ?? '',
  ]);
}

function describeFinding({ panoramic, spine, boneDensity }: AnalysisResult): string {
  const parts = [
    ...(panoramic?.sides ?? []).map((side) => `${side.side} ${describeSide(side)}`),
    ...(spine === null ? [] : [describeSpine(spine)]),
    ...(boneDensity === null ? [] : [`score ${boneDensity.score.toFixed(2)}`]),
  ];
  return parts.length === 0 ? '-' : parts.join(', ');
}

/** How many bodies were graded, and the worst of them. */
function describeSpine({ vertebrae, worstGrade }: SpineFinding): string {
  const graded = vertebrae.filter(({ genantGrade }) => genantGrade !== null);
  const worst = graded.find(({ genantGrade }) => genantGrade === worstGrade);
  const told = worst === undefined || worstGrade === 0 ? '' : `, ${worst.level} grade ${worstGrade}`;
  return `${graded.length} of ${vertebrae.length} bodies${told}`;
}

function describeSide(side: ReportedSide): string {
  if (!side.assessable || side.widthPx === null) return side.reason ?? '-';
  return side.widthMm === null ? `PMI ${side.pmi?.toFixed(2) ?? '-'}` : `${side.widthMm.toFixed(2)} mm`;
}

function columns(cells: readonly string[]): string {
  return cells
    .map((cell, index) => cell.padEnd(COLUMN_WIDTHS[index] ?? 0))
    .join(' ')
    .trimEnd();
}
