import { AwaitedNotice } from './page-parts.tsx';

/** Holds the place of the page until it is there. */
export function PersonsPage() {
  return <AwaitedNotice error={null} />;
}
