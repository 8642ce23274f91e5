import type { PanoramicFinding, ReportedSide } from '../exam/analysis.ts';
import { numberOf, spokenCode } from './display.ts';
import { useLanguage } from './language.tsx';

/** What was measured, side by side; a side that could not be measured says why in place of its numbers. */
export function SidesTable({ panoramic }: { readonly panoramic: PanoramicFinding }) {
  const { language, words } = useLanguage();
  return (
    <>
      <div className="card">
        <table className="numbers">
          <caption className="unseen">{words.numbersTitle}</caption>
          <thead>
            <tr>
              <th scope="col">{words.side}</th>
              <th scope="col">{words.widthMm}</th>
              <th scope="col">{words.uncertainty}</th>
              <th scope="col">{words.widthPx}</th>
              <th scope="col">{words.uncertainty}</th>
              <th scope="col" title={words.pmiHint}>
                {words.pmi}
              </th>
              <th scope="col" title={words.mciHint}>
                {words.mci}
              </th>
              <th scope="col">{words.assessable}</th>
            </tr>
          </thead>
          <tbody>
            {panoramic.sides.map((side) => (
              <SideRow key={side.side} side={side} />
            ))}
          </tbody>
          {panoramic.meanWidthMm !== null && (
            <tfoot>
              <tr>
                <th scope="row">{words.mean}</th>
                <td>{numberOf(panoramic.meanWidthMm, 2, language)}</td>
                <td colSpan={6}></td>
              </tr>
            </tfoot>
          )}
        </table>
      </div>
      <p className="faint legend">{words.sidesLegend}</p>
    </>
  );
}

function SideRow({ side }: { readonly side: ReportedSide }) {
  const { language, words } = useLanguage();
  const heading = (
    <th scope="row" className="lines">
      <span>{side.side === 'R' ? words.sideR : words.sideL}</span>
      <span className="faint">{side.side === 'R' ? words.sideRHint : words.sideLHint}</span>
    </th>
  );
  if (!side.assessable) {
    return (
      <tr>
        {heading}
        <td colSpan={6} className="side-reason">
          {side.reason === null ? words.unknown : spokenCode(side.reason, language)}
        </td>
        <td>{words.no}</td>
      </tr>
    );
  }
  return (
    <tr>
      {heading}
      <td className="strong-number">{numberOf(side.widthMm, 2, language)}</td>
      <td>{numberOf(uncertaintyMmOf(side), 2, language)}</td>
      <td>{numberOf(side.widthPx, 1, language)}</td>
      <td>{numberOf(side.uncertaintyPx, 1, language)}</td>
      <td>{numberOf(side.pmi, 2, language)}</td>
      <td>{side.mci?.class ?? '–'}</td>
      <td>{words.yes}</td>
    </tr>
  );
}

function uncertaintyMmOf({ widthMm, widthPx, uncertaintyPx }: ReportedSide): number | null {
  if (widthMm === null || uncertaintyPx === null || widthPx === null || widthPx === 0) return null;
  return (uncertaintyPx * widthMm) / widthPx;
}
