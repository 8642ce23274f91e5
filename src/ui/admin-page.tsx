import { AwaitedNotice } from './page-parts.tsx';

/** Holds the place of the page until it is there. */
export function AdminPage(_properties: { readonly part: string | null }) {
  return <AwaitedNotice error={null} />;
}
