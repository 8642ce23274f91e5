/** What several parts of the sites file are made of. */
import { z } from 'zod';

/** A host name or an address. */
export const host = z.string().regex(/^[^\s:/@]+$|^[0-9a-fA-F:]+$/, 'a host name or an address');

/** A TCP port. */
export const tcpPort = z.number().int().min(1).max(65_535);

/** A name that people give: of a site, a destination, a receiver. */
export const label = z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'lower case letters, digits and hyphens');

/** SHA-256 of a certificate or of an API key, with or without colons. */
export const fingerprint = z
  .string()
  .transform((text) => text.replaceAll(':', '').toLowerCase())
  .pipe(z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 fingerprint of 64 hexadecimal digits'));

/** Those that stand there more than once. */
export function repeated(names: readonly string[]): readonly string[] {
  return names.filter((name, index) => names.indexOf(name) !== index);
}
