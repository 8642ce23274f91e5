import { AwaitedNotice } from './page-parts.tsx';

/** Holds the place of the page until it is there. */
export function PersonPage(_properties: { readonly personId: string }) {
  return <AwaitedNotice error={null} />;
}
