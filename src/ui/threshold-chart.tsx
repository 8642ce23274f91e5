import { scaleText } from '../decide/cortex-words.ts';
import type { AnalysisResult } from '../exam/analysis.ts';
import { numberOf } from './display.ts';
import { useLanguage } from './language.tsx';
import { thresholdReading } from './threshold-reading.ts';
import type { ReadingLimit, ThresholdReading } from './threshold-reading.ts';
import { fillWords } from './words.ts';
import './threshold-chart.css';

/** What was measured, in words and drawn beside its limit; nothing where nothing was held against one. */
export function ThresholdChart({ analysis }: { readonly analysis: AnalysisResult }) {
  const { language, words } = useLanguage();
  const reading = thresholdReading(analysis);
  if (reading === null) return <p className="faint">{words.noNumbers}</p>;
  const { measure, level, error } = reading;
  const { panoramic, spacing } = analysis;
  return (
    <figure className="threshold">
      <figcaption>
        <span className="strong">{fillWords(words[`chart-${measure}`], { level: level ?? '' })}: </span>
        <span className="strong-number">{valueText(reading, language, words)}</span>
        {', '}
        {standingText(reading, language, words)}.
      </figcaption>
      <Drawing reading={reading} />
      <p className="faint legend">
        {error === null ? words.chartNoError : words.chartLegend}
        {measure === 'width' && panoramic !== null && (
          <>
            {' '}
            {words.scale}: {scaleText(spacing, panoramic, language)}.
          </>
        )}
      </p>
    </figure>
  );
}

/** Places are shares of the width, so that the letters keep their size on every screen. */
function Drawing({ reading }: { readonly reading: ThresholdReading }) {
  const { language, words } = useLanguage();
  const { value, error, limits, from, to, worse } = reading;
  const at = (place: number): string => `${share(place, from, to)}%`;
  const band = (times: number): { readonly x: string; readonly width: string } => {
    const low = share(value - times * (error ?? 0), from, to);
    const high = share(value + times * (error ?? 0), from, to);
    return { x: `${low}%`, width: `${high - low}%` };
  };
  const label = `${valueText(reading, language, words)}; ${limits
    .map((limit) => limitText(limit, reading, language, words))
    .join(', ')}`;
  const [first] = limits;
  const edge = share(first?.at ?? from, from, to);
  return (
    <svg className="threshold-drawing" role="img" aria-label={label} height="96" width="100%">
      <rect className="threshold-track" x="0" y="36" width="100%" height="20" rx="4" />
      <rect
        className="threshold-worse"
        x={worse === 'below' ? '0' : `${edge}%`}
        y="36"
        width={`${worse === 'below' ? edge : 100 - edge}%`}
        height="20"
      />
      {error !== null && <rect className="threshold-band-2" {...band(2)} y="36" height="20" />}
      {error !== null && <rect className="threshold-band-1" {...band(1)} y="36" height="20" />}
      {limits.map((limit, index) => (
        <g key={limit.at}>
          <line className="threshold-limit" x1={at(limit.at)} x2={at(limit.at)} y1="28" y2="64" />
          <text
            x={at(limit.at)}
            y={index % 2 === 0 ? 20 : 8}
            dy="3"
            textAnchor={anchorOf(share(limit.at, from, to))}
          >
            {limitText(limit, reading, language, words)}
          </text>
        </g>
      ))}
      <circle className="threshold-value" cx={at(value)} cy="46" r="7" />
      <text className="threshold-end" x="0" y="82">
        {axisText(from, reading, language)}
      </text>
      <text className="threshold-end" x="100%" y="82" textAnchor="end">
        {axisText(to, reading, language)}
      </text>
      <text className="threshold-number" x={at(value)} y="82" textAnchor={anchorOf(share(value, from, to))}>
        {numberOf(value, reading.decimals, language)}
      </text>
    </svg>
  );
}

type Words = ReturnType<typeof useLanguage>['words'];
type Language = ReturnType<typeof useLanguage>['language'];

const UNITS: Readonly<Record<ThresholdReading['measure'], string>> = {
  width: ' mm',
  pmi: '',
  class: '',
  loss: ' %',
  score: '',
};

function valueText(reading: ThresholdReading, language: Language, words: Words): string {
  const { value, error, decimals, measure } = reading;
  const plain = numberOf(value, decimals, language);
  const written =
    error === null
      ? plain
      : fillWords(words.valueWithError, { value: plain, error: numberOf(error, decimals, language) });
  return `${written}${UNITS[measure]}`;
}

function limitText(limit: ReadingLimit, reading: ThresholdReading, language: Language, words: Words): string {
  if (limit.grade !== null) return fillWords(words['chart-grade'], { grade: limit.grade });
  const decimals = reading.measure === 'width' ? 1 : 2;
  return fillWords(words['chart-limit'], { limit: numberOf(limit.at, decimals, language) });
}

function axisText(end: number, { measure }: ThresholdReading, language: Language): string {
  return `${numberOf(end, measure === 'pmi' ? 1 : 0, language)}${UNITS[measure]}`;
}

/** How far the value is from its first limit, counted in standard errors where there is one. */
function standingText(reading: ThresholdReading, language: Language, words: Words): string {
  const { value, error, worse, limits } = reading;
  const distance = (value - (limits[0]?.at ?? value)) * (worse === 'above' ? 1 : -1);
  if (error === null || error === 0) return distance > 0 ? words.beyondLimit : words.soundSide;
  const times = Math.abs(distance) / error;
  if (times <= 1) return words.nearLimit;
  return fillWords(distance > 0 ? words.beyondBy : words.withinBy, { n: numberOf(times, 1, language) });
}

function share(place: number, from: number, to: number): number {
  return Math.min(100, Math.max(0, (100 * (place - from)) / (to - from)));
}

/** Letters near an end are written inwards. */
function anchorOf(place: number): 'start' | 'middle' | 'end' {
  if (place < 12) return 'start';
  return place > 88 ? 'end' : 'middle';
}
