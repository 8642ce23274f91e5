/** What a tiny film says; everything else in it is fixed. */
export interface TinyFilm {
  readonly study: string;
  readonly series: string;
  readonly instance: string;
  readonly pixelValue?: number;
  readonly patientId?: string;
  /** Rows and columns; 2 x 2 where nothing is said. */
  readonly size?: readonly [rows: number, columns: number];
  /** Samples of 12 bits, rows x columns; a ramp where nothing is said. */
  readonly samples?: Uint16Array;
}

/** A data set of a DX image, of four pixels unless a size is given, in explicit little endian, of an invented person. */
export function tinyDataSet(film: TinyFilm): Buffer {
  const [rows, columns] = film.size ?? [2, 2];
  const pixels = Buffer.alloc(rows * columns * 2);
  for (let pixel = 0; pixel < rows * columns; pixel += 1) {
    pixels.writeUInt16LE((film.samples?.[pixel] ?? film.pixelValue ?? pixel) & 0xfff, pixel * 2);
  }
  return Buffer.concat([
    element(0x0008, 0x0016, 'UI', text('1.2.840.10008.5.1.4.1.1.1.1', '\0')),
    element(0x0008, 0x0018, 'UI', text(film.instance, '\0')),
    element(0x0008, 0x0020, 'DA', text('20260101', ' ')),
    element(0x0008, 0x0060, 'CS', text('PX', ' ')),
    element(0x0010, 0x0010, 'PN', text('Invented^Person', ' ')),
    element(0x0010, 0x0020, 'LO', text(film.patientId ?? 'T-1', ' ')),
    element(0x0010, 0x0030, 'DA', text('19500101', ' ')),
    element(0x0020, 0x000d, 'UI', text(film.study, '\0')),
    element(0x0020, 0x000e, 'UI', text(film.series, '\0')),
    element(0x0028, 0x0002, 'US', uint16(1)),
    element(0x0028, 0x0004, 'CS', text('MONOCHROME2', ' ')),
    element(0x0028, 0x0010, 'US', uint16(rows)),
    element(0x0028, 0x0011, 'US', uint16(columns)),
    element(0x0028, 0x0100, 'US', uint16(16)),
    element(0x0028, 0x0101, 'US', uint16(12)),
    element(0x0028, 0x0102, 'US', uint16(11)),
    element(0x0028, 0x0103, 'US', uint16(0)),
    element(0x7fe0, 0x0010, 'OW', pixels),
  ]);
}

function element(group: number, number: number, vr: string, value: Buffer): Buffer {
  const isLong = vr === 'OW';
  const head = Buffer.alloc(isLong ? 12 : 8);
  head.writeUInt16LE(group, 0);
  head.writeUInt16LE(number, 2);
  head.write(vr, 4, 'latin1');
  if (isLong) head.writeUInt32LE(value.length, 8);
  else head.writeUInt16LE(value.length, 6);
  return Buffer.concat([head, value]);
}

function text(value: string, pad: string): Buffer {
  return Buffer.from(value.length % 2 === 0 ? value : value + pad, 'latin1');
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}
