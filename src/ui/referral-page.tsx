import { AwaitedNotice } from './page-parts.tsx';

/** Holds the place of the page until it is there. */
export function ReferralPage(_properties: { readonly referralId: string }) {
  return <AwaitedNotice error={null} />;
}
