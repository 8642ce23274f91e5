/** Data sets as JSON (PS3.18 Annex F), to and from the keywords of PS3.6. */
import { z } from 'zod';
import { TriageError } from '../errors.ts';
import { elementOfKeyword, elementOfTag } from './element-dictionary.ts';
import type { DicomDataset, DicomValue } from './write-part10.ts';

/** Deeper sequences than this are not data but an attack on the stack. */
const DEPTH_MAX = 16;
/** Longer binary values are left out of metadata: whoever wants them retrieves the instance. */
const INLINE_BYTES_MAX = 64 * 1024;

/** One element as JSON. */
export interface JsonElement {
  readonly vr: string;
  readonly Value?: readonly unknown[];
  readonly InlineBinary?: string;
  readonly BulkDataURI?: string;
}

/** A data set as JSON: elements by tag, eight hexadecimal digits. */
export type JsonDataSet = Readonly<Record<string, JsonElement>>;

const elementSchema = z.object({
  vr: z.string().length(2).optional(),
  Value: z.array(z.unknown()).optional(),
  InlineBinary: z.string().optional(),
  BulkDataURI: z.string().optional(),
});
const dataSetSchema = z.record(z.string().regex(/^[0-9A-Fa-f]{8}$/), elementSchema);
const nameSchema = z.object({
  Alphabetic: z.string().optional(),
  Ideographic: z.string().optional(),
  Phonetic: z.string().optional(),
});

/** What a JSON data set says, and where its pixels are said to be. */
export interface ReadDataSet {
  readonly dataset: DicomDataset;
  readonly pixelDataUri: string | null;
}

/**
 * Reads a data set. Elements that PS3.6 does not have, private ones among them, are left out, as are the file meta
 * group and pixels. Throws data-set-unreadable naming the element that is wrong, never its value.
 */
export function readDicomJson(json: unknown): ReadDataSet {
  const { dataset, pixelDataUri } = readLevel(json, 0);
  return { dataset, pixelDataUri };
}

/** Writes a data set; an element without a value stands there without one. */
export function writeDicomJson(dataset: DicomDataset): JsonDataSet {
  const elements = Object.entries(dataset).flatMap(([keyword, value]): [string, JsonElement][] => {
    const element = elementOfKeyword(keyword);
    if (element === undefined) return [];
    const written = writeElement(element.vr, value);
    return written === undefined ? [] : [[tagText(element.tag), written]];
  });
  return Object.fromEntries(elements.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function readLevel(json: unknown, depth: number): ReadDataSet {
  if (depth > DEPTH_MAX) throw unreadable(`sequences are nested more than ${DEPTH_MAX} deep`);
  const checked = dataSetSchema.safeParse(json);
  if (!checked.success)
    throw unreadable('the metadata is no DICOM JSON: elements by tag of 8 hexadecimal digits');
  const dataset: Record<string, DicomValue> = {};
  let pixelDataUri: string | null = null;
  for (const [tag, element] of Object.entries(checked.data)) {
    const known = elementOfTag(Number.parseInt(tag, 16));
    if (known === undefined || tag.startsWith('0002')) continue;
    if (known.keyword === 'PixelData') {
      pixelDataUri = element.BulkDataURI ?? null;
      continue;
    }
    if (element.BulkDataURI !== undefined) throw unreadable(`${known.keyword} must come within the metadata`);
    dataset[known.keyword] = readValue(known, element, depth);
  }
  return { dataset, pixelDataUri };
}

function readValue(
  { keyword, vr }: { readonly keyword: string; readonly vr: string },
  element: z.output<typeof elementSchema>,
  depth: number,
): DicomValue {
  if (element.InlineBinary !== undefined) return new Uint8Array(Buffer.from(element.InlineBinary, 'base64'));
  const values = element.Value ?? [];
  if (values.length === 0) return null;
  if (vr === 'SQ') return values.map((item) => readLevel(item, depth + 1).dataset);
  const read = values.map((value) => (vr === 'PN' ? readName(value) : value) ?? '');
  const [first] = read;
  if (read.every((value) => typeof value === 'string')) return read.length === 1 ? (first as string) : read;
  if (read.every((value) => typeof value === 'number')) return read.length === 1 ? (first as number) : read;
  throw unreadable(`the value of ${keyword} is neither text nor a number`);
}

function readName(value: unknown): unknown {
  const name = nameSchema.safeParse(value);
  if (!name.success) return value;
  const { Alphabetic = '', Ideographic = '', Phonetic = '' } = name.data;
  return [Alphabetic, Ideographic, Phonetic].join('=').replace(/=+$/, '');
}

function writeElement(vr: string, value: DicomValue): JsonElement | undefined {
  if (value === null || value === '') return { vr };
  if (value instanceof Uint8Array) {
    if (value.length > INLINE_BYTES_MAX) return undefined;
    return { vr, InlineBinary: Buffer.from(value).toString('base64') };
  }
  const values = (Array.isArray(value) ? value : [value]) as readonly (string | number | DicomDataset)[];
  if (values.length === 0) return { vr };
  return { vr, Value: values.map((item) => writeItem(vr, item)) };
}

function writeItem(vr: string, item: string | number | DicomDataset): unknown {
  if (typeof item === 'object') return writeDicomJson(item);
  if (vr !== 'PN') return item === '' ? null : item;
  const [Alphabetic = '', Ideographic = '', Phonetic = ''] = String(item).split('=');
  return {
    ...(Alphabetic === '' ? {} : { Alphabetic }),
    ...(Ideographic === '' ? {} : { Ideographic }),
    ...(Phonetic === '' ? {} : { Phonetic }),
  };
}

function tagText(tag: number): string {
  return tag.toString(16).toUpperCase().padStart(8, '0');
}

function unreadable(message: string): TriageError {
  return new TriageError('data-set-unreadable', message);
}
