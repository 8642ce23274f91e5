import { reasonText } from '../decide/reason-texts.ts';
import type { HeightLossPercent, SpineFinding, VertebraFinding } from '../exam/analysis.ts';
import { isGraded } from '../exam/worst-vertebra.ts';
import { numberOf } from './display.ts';
import { useLanguage } from './language.tsx';
import { TableCard } from './page-parts.tsx';

/** The vertebrae from top to bottom; one that was not graded says why in place of its grade. */
export function VertebraeTable({ spine }: { readonly spine: SpineFinding }) {
  const { words } = useLanguage();
  return (
    <>
      <TableCard label={words.numbersTitle}>
        <table className="numbers">
          <caption className="unseen">{words.numbersTitle}</caption>
          <thead>
            <tr>
              <th scope="col">{words.level}</th>
              <th scope="col">{words.grade}</th>
              <th scope="col">{words.deformityType}</th>
              <th scope="col">{words.lossWedge}</th>
              <th scope="col">{words.lossBiconcave}</th>
              <th scope="col">{words.lossCrush}</th>
              <th scope="col">{words.remarks}</th>
            </tr>
          </thead>
          <tbody>
            {spine.vertebrae.map((vertebra) => (
              <VertebraRow key={vertebra.level} vertebra={vertebra} />
            ))}
          </tbody>
        </table>
      </TableCard>
      <p className="faint legend">{words.vertebraeLegend}</p>
    </>
  );
}

function VertebraRow({ vertebra }: { readonly vertebra: VertebraFinding }) {
  const { language, words } = useLanguage();
  const { level, reason, remarks } = vertebra;
  const codes = [...(reason === null ? [] : [reason]), ...remarks];
  const graded = isGraded(vertebra);
  return (
    <tr className={graded && vertebra.genantGrade > 0 ? 'row-deformed' : undefined}>
      <th scope="row">{level}</th>
      <td className={graded ? 'strong-number' : 'faint'}>
        {graded ? words[`grade-${vertebra.genantGrade}`] : words.notGraded}
      </td>
      <td>{graded ? words[`deformity-${vertebra.deformity}`] : '–'}</td>
      <LossCell vertebra={vertebra} name="wedge" />
      <LossCell vertebra={vertebra} name="biconcave" />
      <LossCell vertebra={vertebra} name="crush" />
      <td className="remarks">
        {codes.map((code) => (
          <span key={code} className="block">
            {reasonText(code, language, { level })}
          </span>
        ))}
      </td>
    </tr>
  );
}

/** Whole points: nobody measures a loss of height finer than that. */
function LossCell(properties: {
  readonly vertebra: VertebraFinding;
  readonly name: keyof HeightLossPercent;
}) {
  const { language } = useLanguage();
  const { vertebra, name } = properties;
  const loss = vertebra.lossPercent?.[name] ?? null;
  const error = vertebra.lossErrorPercent?.[name] ?? null;
  return (
    <td className="loss">
      {numberOf(loss, 0, language)}
      {error !== null && <span className="faint"> ± {numberOf(error, 0, language)}</span>}
    </td>
  );
}
