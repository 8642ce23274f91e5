/** The sites file as the forms change it: the parsed JSON, of which they know the common parts and leave the rest. Pure. */

/** Rules that a site may have of its own. */
export const RULE_NAMES = [
  'ageYearsMin',
  'corticalWidthMmMin',
  'corticalWidthDetectorMmMin',
  'pmiMin',
  'magnification',
  'genantGradeMin',
] as const;

/** One of these rules. */
export type RuleName = (typeof RULE_NAMES)[number];

/** A sender. What the form does not know stays as it is. */
export interface BookPeer {
  readonly aeTitle?: string;
  readonly addresses?: readonly string[];
  readonly rights?: readonly string[];
}

/** A site. */
export interface BookSite {
  readonly id?: string;
  readonly name?: string;
  readonly peers?: readonly BookPeer[];
  readonly reportsTo?: readonly string[];
  readonly rules?: Readonly<Partial<Record<RuleName, number>>>;
}

/** A PACS. */
export interface BookDestination {
  readonly name?: string;
  readonly aeTitle?: string;
  readonly host?: string;
  readonly port?: number;
  readonly tls?: boolean;
  readonly commitment?: boolean;
}

/** The file. */
export interface Book {
  readonly destinations?: readonly BookDestination[];
  readonly sites?: readonly BookSite[];
  readonly worklist?: { readonly days?: Readonly<Record<string, number>> };
}

/** The text as a book; undefined where it is none that the forms can show. */
export function readBook(text: string): Book | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined;
  const { sites = [], destinations = [] } = json as Readonly<Record<string, unknown>>;
  const areRows = [sites, destinations].every(
    (rows) => Array.isArray(rows) && rows.every((row) => typeof row === 'object' && row !== null),
  );
  return areRows ? json : undefined;
}

/** A book as the text of the file. */
export function printBook(book: Book): string {
  return `${JSON.stringify(book, null, 2)}\n`;
}

/** A list with another item at a place; undefined takes the item away. */
export function replaced<Item>(
  items: readonly Item[] | undefined,
  index: number,
  item: Item | undefined,
): readonly Item[] {
  const kept = [...(items ?? [])];
  if (item === undefined) kept.splice(index, 1);
  else kept[index] = item;
  return kept;
}

/** Rules with another value; null: as the whole installation. */
export function withRule(site: BookSite, name: RuleName, value: number | null): BookSite {
  return { ...site, rules: withValue(site.rules, name, value) };
}

/** The same values with another one under a name; null takes it away. */
export function withValue<Name extends string>(
  values: Readonly<Partial<Record<Name, number>>> | undefined,
  name: Name,
  value: number | null,
): Readonly<Partial<Record<Name, number>>> {
  const others = Object.entries(values ?? {}).filter(([other]) => other !== name);
  const kept = Object.fromEntries(others) as Readonly<Partial<Record<Name, number>>>;
  return value === null ? kept : { ...kept, [name]: value };
}

/** A number as it was typed, with comma or point; null where nothing stands there, undefined where it is none. */
export function typedNumber(text: string): number | null | undefined {
  const trimmed = text.trim().replace(',', '.');
  if (trimmed === '') return null;
  return /^\d+(\.\d+)?$/.test(trimmed) ? Number(trimmed) : undefined;
}
