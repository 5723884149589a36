// Numbers as the story writes them: unknown is a dash, never 0.

export const UNKNOWN = "–";

/** Up to a price's or an amount's own digits, zeros stripped. */
export function exact(value) {
  if (value === null || value === undefined) return UNKNOWN;
  return Number(value.toPrecision(value >= 1000 ? 8 : 6)).toLocaleString("en-US", { maximumFractionDigits: 12, useGrouping: false });
}
export const fixed = (value, decimals) => (value === null || value === undefined ? UNKNOWN : value.toFixed(decimals));

/** A share with its sign, one decimal, two under 1 %. */
export function percent(share) {
  if (share === null || share === undefined) return UNKNOWN;
  const value = share * 100;
  const decimals = Math.abs(value) < 0.995 && value !== 0 ? 2 : 1;
  const text = value.toFixed(decimals);
  return Number(text) === 0 ? "0.0%" : `${value > 0 ? "+" : "−"}${text.replace("-", "")}%`;
}
export const part = (share) => (share === null || share === undefined ? UNKNOWN : `${Math.round(share * 100)}%`);
export const direction = (share) => (!share || Math.abs(share) < 0.00005 ? "" : share > 0 ? "up" : "down");
