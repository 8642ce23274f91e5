import type { AssociationVerdict } from '../dimse/services.ts';

/** A policy for tests: whoever calls is of the site `test` and may use all that is served. */
export function acceptEveryone(): AssociationVerdict {
  return { accepted: true, siteId: 'test', abstractSyntaxes: null };
}
