import { createHash, randomBytes } from 'node:crypto';

/** Makes an API key for a site: 256 random bits, and what the sites file holds in its place. */
export function makeApiKey(): { readonly key: string; readonly sha256: string } {
  const key = randomBytes(32).toString('base64url');
  return { key, sha256: createHash('sha256').update(key).digest('hex') };
}
