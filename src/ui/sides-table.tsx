import {
  besideText,
  classText,
  foramenText,
  rivalText,
  scaleText,
  signsText,
  widthText,
} from '../decide/cortex-words.ts';
import type { PanoramicFinding, ReportedSide, Spacing } from '../exam/analysis.ts';
import { numberOf, spokenCode } from './display.ts';
import { useLanguage } from './language.tsx';
import { TableCard } from './page-parts.tsx';
import { fillWords } from './words.ts';

/** What was measured, side by side, each number with what explains it; an unmeasured side says why it is. */
export function SidesTable({
  panoramic,
  spacing,
}: {
  readonly panoramic: PanoramicFinding;
  readonly spacing: Spacing;
}) {
  const { language, words } = useLanguage();
  return (
    <>
      <TableCard label={words.numbersTitle}>
        <table className="numbers sides">
          <caption className="unseen">{words.numbersTitle}</caption>
          <thead>
            <tr>
              <th scope="col">{words.side}</th>
              <th scope="col">{words.width}</th>
              <th scope="col" title={words.pmiHint}>
                {words.pmi}
              </th>
              <th scope="col" title={words.mciHint}>
                {words.mci}
              </th>
            </tr>
          </thead>
          {panoramic.sides.map((side) => (
            <SideRows key={side.side} side={side} />
          ))}
          {panoramic.meanWidthMm !== null && (
            <tfoot>
              <tr>
                <th scope="row">{words.mean}</th>
                <td>{numberOf(panoramic.meanWidthMm, 2, language)} mm</td>
                <td colSpan={2}></td>
              </tr>
            </tfoot>
          )}
        </table>
      </TableCard>
      <p className="faint legend">
        {words.scale}: {scaleText(spacing, panoramic, language)}. {words.sidesLegend}
      </p>
    </>
  );
}

function SideRows({ side }: { readonly side: ReportedSide }) {
  const { language, words } = useLanguage();
  const width = widthText(side, language);
  const heading = (
    <th scope="rowgroup" rowSpan={width === null ? 1 : 2}>
      <span className="block">{side.side === 'R' ? words.sideR : words.sideL}</span>
      <span className="faint block">{side.side === 'R' ? words.sideRHint : words.sideLHint}</span>
    </th>
  );
  if (width === null) {
    return (
      <tbody>
        <tr>
          {heading}
          <td colSpan={3} className="side-reason">
            <span className="block">{words.notMeasured}</span>
            {side.reason === null ? words.unknown : spokenCode(side.reason, language)}
          </td>
        </tr>
      </tbody>
    );
  }
  const { mci, widthMm, widthPx, pmi } = side;
  return (
    <tbody>
      <tr>
        {heading}
        <td>
          <span className="strong-number nowrap">{width}</span>
          {widthMm !== null && (
            <span className="faint block">
              {fillWords(words.pixels, { n: numberOf(widthPx, 1, language) })}
            </span>
          )}
        </td>
        <td>{numberOf(pmi, 2, language)}</td>
        <td>{mci?.class ?? '–'}</td>
      </tr>
      <tr className="side-why">
        <td colSpan={3}>
          <SideExplanation side={side} />
        </td>
      </tr>
    </tbody>
  );
}

/** What else the width may be, what was read beside it, how sure the class is and why, and the foramen. */
function SideExplanation({ side }: { readonly side: ReportedSide }) {
  const { language, words } = useLanguage();
  const signs = signsText(side, language);
  const lines = [
    rivalText(side, language),
    besideText(side, language),
    side.mci === null ? null : `${classText(side.mci, language)}${signs === null ? '' : `: ${signs}`}`,
    foramenText(side, language),
  ].filter((line) => line !== null);
  if (lines.length === 0) return <>{words.none}</>;
  return (
    <ul>
      {lines.map((line) => (
        <li key={line}>{line}</li>
      ))}
    </ul>
  );
}
