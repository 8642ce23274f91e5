/** How much a disagreement counts by how many grades apart it is: not at all, in proportion, or by its square. */
export type KappaWeights = 'equal' | 'linear' | 'quadratic';

/**
 * Cohen's weighted kappa (Cohen 1968; with equal weights the one of 1960) of a square table of counts, rows by one reader and columns by the other: the
 * agreement beyond that of chance. NaN of no counts, and where both readers name one and the same grade only.
 */
export function weightedKappa(counts: readonly (readonly number[])[], weights: KappaWeights): number {
  const grades = counts.length;
  const rowSums = counts.map((row) => row.reduce((sum, count) => sum + count, 0));
  const columnSums = counts.map((_, column) => counts.reduce((sum, row) => sum + (row[column] ?? 0), 0));
  const total = rowSums.reduce((sum, count) => sum + count, 0);
  let observed = 0;
  let expected = 0;
  for (let row = 0; row < grades; row += 1) {
    for (let column = 0; column < grades; column += 1) {
      const apart = Math.abs(row - column);
      const weight = { equal: Math.min(1, apart), linear: apart, quadratic: apart * apart }[weights];
      observed += weight * (counts[row]?.[column] ?? 0);
      expected += (weight * (rowSums[row] ?? 0) * (columnSums[column] ?? 0)) / total;
    }
  }
  return 1 - observed / expected;
}

/** Counts of pairs of grades from 0: rows by the first of each pair, columns by the second. */
export function countPairs(pairs: readonly (readonly [number, number])[], grades: number): number[][] {
  const counts = Array.from({ length: grades }, () => Array.from({ length: grades }, () => 0));
  for (const [row, column] of pairs) {
    const line = counts[row];
    if (line?.[column] === undefined) throw new RangeError(`no grade ${row} or ${column}`);
    line[column] += 1;
  }
  return counts;
}
