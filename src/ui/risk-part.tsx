import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { SyntheticEvent } from 'react';
import type { RiskFactors } from '../exam/risk-factors.ts';
import type { ReferralAnswer, ReferralView } from '../worklist/referral-views.ts';
import { numberOf } from './display.ts';
import { useLanguage } from './language.tsx';
import { FailureText } from './page-parts.tsx';
import { saveRiskFactors } from './referral-queries.ts';
import { factorsOf, formOf, RISK_QUESTIONS } from './risk-values.ts';
import type { RiskAnswer, RiskForm } from './risk-values.ts';
import { SelectField } from './select-field.tsx';
import { TextField } from './text-field.tsx';

/** What is known of the person's risk, and the indices that follow from it. */
export function RiskPart(properties: { readonly referral: ReferralView; readonly mayChange: boolean }) {
  const { language, words } = useLanguage();
  const { referral, mayChange } = properties;
  const { riskIndices, riskFactors } = referral;
  const frax = riskFactors?.frax ?? null;
  return (
    <section className="part" aria-labelledby="risk">
      <h2 id="risk">{words.riskTitle}</h2>
      <dl className="card details" aria-label={words.indicesTitle}>
        {riskIndices.map(({ index, score, level }) => (
          <div key={index}>
            <dt>{index}</dt>
            <dd>
              {score === null ? (
                <span className="faint">{words['index-none']}</span>
              ) : (
                <>
                  <span className="strong-number">{numberOf(score, 0, language).replace('-', '−')}</span>
                  {level !== null && <span>, {words[`level-${level}`]}</span>}
                </>
              )}
            </dd>
          </div>
        ))}
        {frax !== null && (
          <div>
            <dt>FRAX</dt>
            <dd>
              <span className="strong-number">{numberOf(frax.majorPercent, 1, language)} %</span>
              <span className="faint block">{words.fraxMajor}</span>
            </dd>
          </div>
        )}
      </dl>
      <p className="faint legend">{words.indicesHint}</p>
      {mayChange && <RiskEditor key={referral.referralId} referral={referral} />}
    </section>
  );
}

function RiskEditor({ referral }: { readonly referral: ReferralView }) {
  const { language, words } = useLanguage();
  const { referralId, riskFactors } = referral;
  const client = useQueryClient();
  const [draft, setDraft] = useState<RiskForm>();
  const [isWrong, setIsWrong] = useState(false);
  const form = draft ?? formOf(riskFactors, language);
  const save = useMutation({
    mutationFn: (factors: RiskFactors) => saveRiskFactors(referralId, factors),
    onSuccess: async (answer) => {
      client.setQueryData<ReferralAnswer>(['referral', referralId], answer);
      setDraft(undefined);
      await client.invalidateQueries({ queryKey: ['referral', referralId] });
    },
  });
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    const factors = factorsOf(form);
    setIsWrong(factors === undefined);
    if (factors !== undefined) save.mutate(factors);
  };
  return (
    <details className="disclosure">
      <summary>{words.riskTitle} …</summary>
      <form className="form risk-form" noValidate onSubmit={submit}>
        <p className="faint">{words.riskIntro}</p>
        <RiskFields form={form} change={(changes) => setDraft({ ...form, ...changes })} />
        <div role="alert">
          {isWrong && <p className="field-error">{words.riskNeedsNumber}</p>}
          {save.error !== null && <FailureText error={save.error} />}
        </div>
        <button type="submit" className="button button-main" disabled={save.isPending}>
          {words.saveRisk}
        </button>
        <div role="status">
          {save.isSuccess && draft === undefined && <p className="notice notice-good">{words.riskSaved}</p>}
        </div>
      </form>
    </details>
  );
}

function RiskFields(properties: {
  readonly form: RiskForm;
  readonly change: (changes: Partial<RiskForm>) => void;
}) {
  const { words } = useLanguage();
  const { form, change } = properties;
  return (
    <>
      <div className="field-pair">
        <TextField
          label={words.weightKg}
          inputMode="decimal"
          value={form.weightKg}
          change={(weightKg) => change({ weightKg })}
        />
        <TextField
          label={words.heightCm}
          inputMode="decimal"
          value={form.heightCm}
          change={(heightCm) => change({ heightCm })}
        />
      </div>
      {RISK_QUESTIONS.map((question) => (
        <SelectField<RiskAnswer>
          key={question}
          label={words[question]}
          value={form.answers[question]}
          options={[
            { value: '', text: words.notKnown },
            { value: 'yes', text: words.yes },
            { value: 'no', text: words.no },
          ]}
          change={(answer) => change({ answers: { ...form.answers, [question]: answer } })}
        />
      ))}
      <FraxFields form={form} change={change} />
    </>
  );
}

function FraxFields(properties: {
  readonly form: RiskForm;
  readonly change: (changes: Partial<RiskForm>) => void;
}) {
  const { words } = useLanguage();
  const { form, change } = properties;
  return (
    <fieldset className="choices">
      <legend>{words.fraxTitle}</legend>
      <div className="field-pair">
        <TextField
          label={words.fraxMajor}
          inputMode="decimal"
          value={form.fraxMajor}
          change={(fraxMajor) => change({ fraxMajor })}
        />
        <TextField
          label={words.fraxHip}
          inputMode="decimal"
          value={form.fraxHip}
          change={(fraxHip) => change({ fraxHip })}
        />
        <TextField
          label={words.fraxVersion}
          maxLength={20}
          value={form.fraxVersion}
          change={(fraxVersion) => change({ fraxVersion })}
        />
        <TextField
          label={words.fraxCountry}
          maxLength={20}
          value={form.fraxCountry}
          change={(fraxCountry) => change({ fraxCountry })}
        />
      </div>
      <label>
        <input
          type="checkbox"
          checked={form.fraxWithBmd}
          onChange={({ target }) => change({ fraxWithBmd: target.checked })}
        />
        {words.fraxWithBmd}
      </label>
    </fieldset>
  );
}
