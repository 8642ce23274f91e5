import { PageLink } from './address.tsx';
import { useDeeds } from './deeds.tsx';
import { useLanguage } from './language.tsx';
import { AwaitedNotice, usePageTitle } from './page-parts.tsx';
import { ReferralFilms } from './referral-films.tsx';
import { ReferralHead } from './referral-head.tsx';
import { ReferralHistory } from './referral-history.tsx';
import { useReferral } from './referral-queries.ts';
import { DxaPart, LetterPart, OtherReferrals } from './referral-side.tsx';
import { RiskPart } from './risk-part.tsx';
import { useSession } from './session.tsx';
import './referral.css';

/** One referral: the film, what was measured, what happened, and what to do next. */
export function ReferralPage({ referralId }: { readonly referralId: string }) {
  const { words } = useLanguage();
  const { user } = useSession();
  const { data, error } = useReferral(referralId);
  const deeds = useDeeds();
  usePageTitle(words.referralTitle);
  const back = (
    <p className="back">
      <PageLink to="/">← {words.toTheWorklist}</PageLink>
    </p>
  );
  if (data === undefined) {
    return (
      <>
        {back}
        <h1 className="unseen">{words.referralTitle}</h1>
        <AwaitedNotice error={error} />
      </>
    );
  }
  const { referral, at } = data;
  return (
    <>
      {back}
      <ReferralHead referral={referral} at={at} deeds={deeds} />
      {error !== null && <AwaitedNotice error={error} />}
      <div className="referral-columns">
        <div>
          <ReferralFilms films={referral.films} />
        </div>
        <div>
          <DxaPart referral={referral} />
          <RiskPart referral={referral} mayChange={user.roles.includes('coordinator')} />
          <ReferralHistory events={referral.events} />
          <LetterPart referralId={referralId} />
          <OtherReferrals otherReferrals={referral.otherReferrals} />
        </div>
      </div>
      {deeds.layer}
    </>
  );
}
