import type { GenantGrade, SpineFinding, VertebraFinding } from '../../src/exam/analysis.ts';
import type { SixPoints } from '../../src/measure/body-frame.ts';
import { matchBodies, type VisibleBody } from './body-matching.ts';
import { comparePoints, type PointErrors } from './point-errors.ts';

/** A body whose six points are known, by hand or because it was drawn. */
export interface LabelledBody {
  readonly level: string;
  readonly pointsPx: SixPoints;
  readonly genantGrade: GenantGrade;
}

/** A film whose bodies are known. */
export interface LabelledFilm<Body extends LabelledBody = LabelledBody> {
  readonly file: string;
  readonly facing: 'left' | 'right';
  readonly bodies: readonly Body[];
  /** What can be seen besides. */
  readonly visible: readonly VisibleBody[];
}

/** A labelled body and the find that belongs to it. */
export interface BodyComparison<Body extends LabelledBody = LabelledBody> {
  readonly label: Body;
  /** null where the body was missed. */
  readonly find: VertebraFinding | null;
  readonly errors: PointErrors | null;
}

/** A film beside what was read on it. */
export interface FilmComparison<Body extends LabelledBody = LabelledBody> {
  readonly file: string;
  readonly bodies: readonly BodyComparison<Body>[];
  readonly finding: SpineFinding | null;
  /** null where no spine was found. */
  readonly isFacingCorrect: boolean | null;
  readonly finds: {
    readonly onVisible: number;
    readonly onSacrum: number;
    readonly doubled: number;
    readonly offBody: number;
  };
}

/** Lays what was read on a film beside its labels. */
export function compareFilm<Body extends LabelledBody>(
  film: LabelledFilm<Body>,
  finding: SpineFinding | null,
): FilmComparison<Body> {
  const vertebrae = finding?.vertebrae ?? [];
  const matches = matchBodies(
    film.bodies.map(({ pointsPx }) => pointsPx),
    vertebrae.map(({ pointsPx }) => pointsPx),
    film.visible,
  );
  return {
    file: film.file,
    finding,
    bodies: film.bodies.map((label, index) => {
      const find = vertebrae[matches.findOf[index] ?? -1] ?? null;
      return { label, find, errors: find === null ? null : comparePoints(label.pointsPx, find.pointsPx) };
    }),
    isFacingCorrect: finding === null ? null : finding.facing === film.facing,
    finds: {
      onVisible: matches.onVisible.length,
      onSacrum: matches.onSacrum.length,
      doubled: matches.doubled.length,
      offBody: matches.offBody.length,
    },
  };
}
