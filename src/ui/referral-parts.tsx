import type { ReferralListRow } from '../worklist/referral-views.ts';
import { dateOf } from './display.ts';
import { localDate, spokenDue } from './due-words.ts';
import { useLanguage } from './language.tsx';
import { useSession } from './session.tsx';
import { fillWords } from './words.ts';

const HIGH_FROM = 600;
const MEDIUM_FROM = 300;

/** When a referral is due and how pressing that is, in words and in colour. */
export function DueLines({ referral, at }: { readonly referral: ReferralListRow; readonly at: string }) {
  const { words } = useLanguage();
  const { dueAt, dueStanding } = referral;
  if (dueAt === null || dueStanding === null) return <span className="faint">{words.notDue}</span>;
  return (
    <time dateTime={dueAt}>
      <span className={`badge badge-due-${dueStanding}`}>
        {dueStanding === 'in-time' ? '' : `${words[`standing-${dueStanding}`]}, `}
        {spokenDue(dueAt, at, words)}
      </span>
      <span className="faint block">{dateOf(localDate(dueAt))}</span>
    </time>
  );
}

/** Who leads a referral. */
export function OwnerName({ owner }: Pick<ReferralListRow, 'owner'>) {
  const { words } = useLanguage();
  const { user } = useSession();
  if (owner === null) return <span className="faint">{words.noOwner}</span>;
  return owner.userId === user.userId ? <strong>{words.ownerYou}</strong> : <>{owner.name}</>;
}

/** How pressing a finding is: a fracture is high, a thin cortex medium. */
export function UrgencyWord({ urgency }: Pick<ReferralListRow, 'urgency'>) {
  const { words } = useLanguage();
  const level = urgency >= HIGH_FROM ? 'high' : urgency >= MEDIUM_FROM ? 'medium' : 'low';
  return (
    <span className={`urgency urgency-${level}`}>
      {words[`urgency-${level}`]}
      <span className="faint block">{fillWords(words.urgencyOf, { n: urgency })}</span>
    </span>
  );
}
