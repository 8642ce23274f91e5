import type { ReferralView } from '../worklist/referral-views.ts';
import { PageLink } from './address.tsx';
import { dateOf, numberOf } from './display.ts';
import { localDate } from './due-words.ts';
import { useLanguage } from './language.tsx';
import { ReferralBadge } from './page-parts.tsx';
import { letterPath } from './referral-queries.ts';
import { fillWords } from './words.ts';

const REGIONS = ['lumbarSpine', 'femoralNeck', 'totalHip'] as const;

/** The appointment and the result of the DXA. */
export function DxaPart({ referral }: { readonly referral: ReferralView }) {
  const { language, words } = useLanguage();
  const { step, dxa } = referral;
  if (step === null && dxa === null) return null;
  return (
    <section className="part" aria-labelledby="dxa">
      <h2 id="dxa">{words.dxaTitle}</h2>
      <dl className="card details">
        {step !== null && (
          <>
            <div>
              <dt>{words.timeOfDay}</dt>
              <dd>
                {dateOf(step.date)} {step.time}{' '}
                {step.stationAeTitle === null
                  ? words.dxaAnyStation
                  : fillWords(words.dxaStation, { station: step.stationAeTitle })}
              </dd>
            </div>
            <div>
              <dt>{words.accessionNumber}</dt>
              <dd className="code">{step.accessionNumber}</dd>
            </div>
          </>
        )}
        {dxa !== null && (
          <>
            <div>
              <dt>{words.measuredOn}</dt>
              <dd>
                {dateOf(dxa.measuredOn)}{' '}
                <span className="faint">{fillWords(words.by, { name: dxa.enteredBy })}</span>
              </dd>
            </div>
            {REGIONS.map((region) => (
              <div key={region}>
                <dt>{words[region]}</dt>
                <dd>{numberOf(dxa.tScores[region], 1, language).replace('-', '−')}</dd>
              </div>
            ))}
            <div>
              <dt>WHO</dt>
              <dd className="strong">{words[`class-${dxa.densityClass ?? 'none'}`]}</dd>
            </div>
          </>
        )}
      </dl>
    </section>
  );
}

/** The printable referral in both languages. */
export function LetterPart({ referralId }: { readonly referralId: string }) {
  const { words } = useLanguage();
  return (
    <section className="part" aria-labelledby="letter">
      <h2 id="letter">{words.letterTitle}</h2>
      <p className="button-line">
        {(['sv', 'en'] as const).map((language) => (
          <a
            key={language}
            className="button button-plain"
            href={letterPath(referralId, language)}
            target="_blank"
          >
            {words[`letter-${language}`]}
          </a>
        ))}
      </p>
    </section>
  );
}

/** Earlier referrals of the same person. */
export function OtherReferrals({ otherReferrals }: Pick<ReferralView, 'otherReferrals'>) {
  const { words } = useLanguage();
  if (otherReferrals.length === 0) return null;
  return (
    <section className="part" aria-labelledby="others">
      <h2 id="others">{words.otherReferralsTitle}</h2>
      <ul className="reasons">
        {otherReferrals.map(({ referralId, state, createdAt }) => (
          <li key={referralId}>
            <PageLink to={`/referrals/${referralId}`}>{dateOf(localDate(createdAt))}</PageLink>{' '}
            <ReferralBadge state={state} />
          </li>
        ))}
      </ul>
    </section>
  );
}
