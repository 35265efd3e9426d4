/** Without the dust that sums of fractions leave behind; far below the price of one token. */
export function rounded(cost: number): number {
  return Math.round(cost * 1e9) / 1e9;
}
