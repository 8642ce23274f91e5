/** What a figure was to reach, and whether it did. */
export interface JudgedFigure {
  readonly name: string;
  /** null where it was not measured in this run, or could not be: nothing was found to reckon it from. */
  readonly value: number | null;
  readonly target: string;
  /** null where it was not measured in this run. */
  readonly met: boolean | null;
}

/** A figure that must reach the bound. */
export function atLeast(name: string, value: number | null | undefined, bound: number): JudgedFigure {
  return judge(name, value, `>= ${bound}`, (measured) => measured >= bound);
}

/** A figure that must not pass the bound. */
export function atMost(name: string, value: number | null | undefined, bound: number): JudgedFigure {
  return judge(name, value, `<= ${bound}`, (measured) => measured <= bound);
}

function judge(
  name: string,
  value: number | null | undefined,
  target: string,
  isMet: (value: number) => boolean,
): JudgedFigure {
  if (value === undefined) return { name, value: null, target, met: null };
  return { name, value, target, met: value !== null && isMet(value) };
}
