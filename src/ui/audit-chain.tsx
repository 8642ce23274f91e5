import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { VerificationAnswer, VerificationView } from '../audit/audit-views.ts';
import { AUDIT_WORDS } from './audit-words.ts';
import { momentOf } from './display.ts';
import { useLanguage } from './language.tsx';
import { AwaitedNotice } from './page-parts.tsx';
import { changeJson, readJson } from './requests.ts';
import { TextField } from './text-field.tsx';
import { fillWords } from './words.ts';

const ADDRESS = '/api/audit/verification';
const KEY = ['audit-verification'];
const REFRESH_MS = 15_000;
const REFRESH_RUNNING_MS = 500;

/** How the chain stands, its verification and its export. */
export function AuditChain() {
  const { language } = useLanguage();
  const words = AUDIT_WORDS[language];
  const [head, setHead] = useState('');
  const client = useQueryClient();
  const { data, error } = useQuery({
    queryKey: KEY,
    queryFn: ({ signal }) => readJson<VerificationAnswer>(ADDRESS, signal),
    refetchInterval: ({ state }) => (state.data?.running == null ? REFRESH_MS : REFRESH_RUNNING_MS),
  });
  const verify = useMutation({
    mutationFn: () =>
      changeJson<VerificationAnswer>('POST', ADDRESS, head.trim() === '' ? {} : { head: head.trim() }),
    onSuccess: (answer) => client.setQueryData(KEY, answer),
  });
  if (data === undefined) return <AwaitedNotice error={error} />;
  return (
    <section className="card form-card chain" aria-labelledby="chain">
      <h2 id="chain">{words.chain}</h2>
      <p className="faint">{words.chainIntro}</p>
      <Standing answer={data} />
      <div role="status">
        {data.running !== null && (
          <p className="notice">
            {fillWords(words.verifying, { done: data.running.rows, of: data.running.of })}
          </p>
        )}
        {data.running === null && data.last === null && <p className="faint">{words.neverVerified}</p>}
        {data.running === null && data.last !== null && <Verdict verdict={data.last} />}
      </div>
      {verify.error !== null && <AwaitedNotice error={verify.error} />}
      <div className="chain-tools">
        <TextField
          label={words.knownHead}
          hint={words.knownHeadHint}
          value={head}
          change={setHead}
          maxLength={100}
        />
        <div className="form-buttons">
          <button
            type="button"
            className="button button-main"
            disabled={verify.isPending || data.running !== null}
            onClick={() => verify.mutate()}
          >
            {words.verify}
          </button>
          <a className="button" href="/api/audit/export" download>
            {words.exportTrail}
          </a>
        </div>
      </div>
    </section>
  );
}

function Standing({ answer: { head, unsealed } }: { readonly answer: VerificationAnswer }) {
  const { language } = useLanguage();
  const words = AUDIT_WORDS[language];
  return (
    <ul className="chain-standing">
      <li>
        {head === null ? words.chainEmpty : fillWords(words.chainRows, { n: head.number })}
        {head !== null && (
          <>
            {' · '}
            {words.chainHead}: <span className="code break">{`${head.number}:${head.hash}`}</span>
          </>
        )}
      </li>
      <li>
        {unsealed.oldestAtMs === null
          ? words.noUnsealed
          : fillWords(words.unsealed, {
              n: unsealed.rows,
              time: momentOf(new Date(unsealed.oldestAtMs).toISOString(), language),
            })}
      </li>
    </ul>
  );
}

function Verdict({ verdict }: { readonly verdict: VerificationView }) {
  const { language } = useLanguage();
  const words = AUDIT_WORDS[language];
  const { isWhole, rows, firstBad, at, actor, actorName } = verdict;
  const told = { time: momentOf(at, language), name: actorName ?? actor };
  if (isWhole || firstBad === null) {
    return <p className="notice notice-good">{fillWords(words.verifiedWhole, { n: rows, ...told })}</p>;
  }
  const fault = words[`fault-${firstBad.fault}`];
  return (
    <p className="notice notice-bad" role="alert">
      <strong>{fillWords(words.verifiedBad, { n: firstBad.number, fault, ...told })}</strong>
    </p>
  );
}
