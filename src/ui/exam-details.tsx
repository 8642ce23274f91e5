import type { ReactNode } from 'react';
import { scaleText } from '../decide/cortex-words.ts';
import { sortingScoreOf } from '../exam/finding-kind.ts';
import type { ExamView } from '../worklist/worklist-views.ts';
import { dateOf, momentOf, numberOf } from './display.ts';
import { useLanguage } from './language.tsx';
import { TableCard } from './page-parts.tsx';
import { fillWords } from './words.ts';

const STAGES = ['read', 'decode', 'prepare', 'inference', 'measure', 'report'] as const;

/** Where the film and its numbers come from. */
export function ExamDetails({ exam }: { readonly exam: ExamView }) {
  const { language, words } = useLanguage();
  const { analysis } = exam;
  const image = analysis?.image ?? null;
  const score = analysis === null ? null : sortingScoreOf(analysis);
  return (
    <section className="part" aria-labelledby="details">
      <h2 id="details">{words.detailsTitle}</h2>
      <dl className="card details">
        <Detail name={words.view}>
          <ViewText exam={exam} />
        </Detail>
        {exam.studyDate !== null && <Detail name={words.examined}>{dateOf(exam.studyDate)}</Detail>}
        <Detail name={words.arrived}>{momentOf(exam.receivedAt, language)}</Detail>
        {exam.finishedAt !== null && (
          <Detail name={words.finished}>{momentOf(exam.finishedAt, language)}</Detail>
        )}
        {exam.callingAeTitle !== null && (
          <Detail name={words.sender}>
            <span className="code">{exam.callingAeTitle}</span>
          </Detail>
        )}
        {image !== null && (
          <Detail name={words.size}>
            {image.columns} × {image.rows} px, {image.bitsStored} bit
          </Detail>
        )}
        {analysis !== null && (
          <Detail name={words.scale}>
            <ScaleText analysis={analysis} />
          </Detail>
        )}
        {score !== null && (
          <Detail name={words.score} hint={words.scoreHint}>
            {numberOf(score, 2, language)}
          </Detail>
        )}
        {analysis !== null && <ModelAndTimings analysis={analysis} />}
        <Detail name={words.identifiers}>
          <span className="code break">{exam.sopInstanceUid}</span>
        </Detail>
      </dl>
    </section>
  );
}

/** Whether the report stands in the archive, and how its sending goes: an axis of its own. */
export function ExamReports({ exam }: { readonly exam: ExamView }) {
  const { words } = useLanguage();
  const expected = exam.state === 'positive' || exam.state === 'negative';
  const absent = exam.state === 'pending' ? words.waitingText : words.reportsMissing;
  return (
    <section className="part" aria-labelledby="reports">
      <h2 id="reports">{words.reportsTitle}</h2>
      <p>{exam.reportsWritten ? words.reportsWritten : expected ? words.reportsPending : absent}</p>
      {exam.reportsWritten && exam.deliveries.length === 0 && <p className="faint">{words.noDeliveries}</p>}
      {exam.deliveries.length > 0 && (
        <TableCard label={words.reportsTitle}>
          <table className="rows">
            <caption className="unseen">{words.reportsTitle}</caption>
            <thead>
              <tr>
                <th scope="col">{words.destination}</th>
                <th scope="col">{words.object}</th>
                <th scope="col">{words.state}</th>
                <th scope="col">{words.attempts}</th>
              </tr>
            </thead>
            <tbody>
              {exam.deliveries.map((delivery) => (
                <tr key={`${delivery.destination} ${delivery.object} ${delivery.revision}`}>
                  <td className="code">{delivery.destination}</td>
                  <td className="lines">
                    <span>{words[delivery.object]}</span>
                    {delivery.revision > 0 && (
                      <span className="faint">{fillWords(words.revision, { n: delivery.revision })}</span>
                    )}
                  </td>
                  <td className="lines">
                    <span className={`badge badge-delivery-${delivery.state}`}>
                      {words[`delivery-${delivery.state}`]}
                    </span>
                    {delivery.commitment !== null && (
                      <span className="faint">{words[`commitment-${delivery.commitment}`]}</span>
                    )}
                    {delivery.note !== null && <span className="faint">{delivery.note}</span>}
                  </td>
                  <td>{delivery.attempts}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableCard>
      )}
    </section>
  );
}

/** The view with how it was told; a contradiction between file and picture stands among the reasons. */
function ViewText({ exam }: { readonly exam: ExamView }) {
  const { language, words } = useLanguage();
  const name = exam.view === null ? words.unknown : words[exam.view];
  const told = exam.analysis?.view ?? null;
  const turn = told?.turnDegrees ?? 0;
  const parts = [
    ...(told === null
      ? []
      : [`${words[`view-from-${told.source}`]}, ${numberOf(told.confidence, 2, language)}`]),
    ...(turn === 0 ? [] : [fillWords(words.turned, { n: turn })]),
    ...(told?.isMirrored === true ? [words.mirrored] : []),
  ];
  return (
    <>
      {exam.modality === null ? name : `${name} (${exam.modality})`}
      {parts.length > 0 && <span className="faint block">{parts.join('; ')}</span>}
    </>
  );
}

function ScaleText({ analysis }: { readonly analysis: NonNullable<ExamView['analysis']> }) {
  const { language, words } = useLanguage();
  const { spacing, panoramic } = analysis;
  const scale = spacing.mmPerPx === null ? [] : [`${numberOf(spacing.mmPerPx, 4, language)} mm/px`];
  const isByHand = panoramic !== null && spacing.source === 'option';
  const parts = [
    ...scale,
    ...(isByHand ? [words['spacing-option']] : []),
    panoramic === null ? words[`spacing-${spacing.source}`] : scaleText(spacing, panoramic, language),
  ];
  return <>{parts.join(', ')}</>;
}

function ModelAndTimings({ analysis }: { readonly analysis: NonNullable<ExamView['analysis']> }) {
  const { language, words } = useLanguage();
  const { models, timingsMs } = analysis;
  // A result of an earlier version has no time of its report.
  const stages = STAGES.filter((stage) => Number.isFinite(timingsMs[stage])).map(
    (stage) => `${words[`timing-${stage}`]} ${numberOf(timingsMs[stage], 0, language)}`,
  );
  return (
    <>
      <Detail name={words.model}>
        {models.length === 0
          ? words.none
          : models.map((model) => (
              <span key={model.name} className="block" title={`SHA-256 ${model.sha256}`}>
                {model.name} {model.version}
              </span>
            ))}
      </Detail>
      <Detail name={words.timings} hint={stages.join(' · ')}>
        {fillWords(words.timingsUnit, { n: numberOf(timingsMs.total, 0, language) })}
      </Detail>
    </>
  );
}

function Detail(properties: { readonly name: string; readonly hint?: string; readonly children: ReactNode }) {
  return (
    <div>
      <dt>{properties.name}</dt>
      <dd>
        {properties.children}
        {properties.hint !== undefined && <span className="faint block">{properties.hint}</span>}
      </dd>
    </div>
  );
}
