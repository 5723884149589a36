// Numbers as the story writes them: unknown is a dash, never 0.

export const UNKNOWN = "–";
const GROUPED = 10_000; // from which on digits stand in groups of three, as in the lines

/** Up to a price's or an amount's own digits, zeros stripped. */
export function exact(value) {
  if (value === null || value === undefined) return UNKNOWN;
  const text = Number(value.toPrecision(Math.abs(value) >= 1000 ? 8 : 6)).toLocaleString("en-US", { maximumFractionDigits: 12, useGrouping: Math.abs(value) >= GROUPED });
  return text === "-0" ? "0" : text;
}
export const fixed = (value, decimals) => (value === null || value === undefined ? UNKNOWN
  : (Number(value.toFixed(decimals)) || 0).toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals, useGrouping: Math.abs(value) >= GROUPED }));

/** A share with its sign, one decimal, two under 1 %, or so many more. */
export function percent(share, more = 0) {
  if (share === null || share === undefined) return UNKNOWN;
  const value = share * 100;
  const decimals = (Math.abs(value) < 0.995 && value !== 0 ? 2 : 1) + more;
  const text = value.toFixed(decimals);
  return Number(text) === 0 ? "0.0%" : `${value > 0 ? "+" : "−"}${text.replace("-", "")}%`;
}
export const score = (value, more = 0) => value.toFixed(1 + more);

/** A value in as many digits as tell it from the limit that stands beside it. */
export function apart(value, limit, text) {
  const most = 4;
  let more = 0;
  while (more < most && value !== limit && text(value, more) === text(limit, more)) more += 1;
  return text(value, more);
}
export const part = (share) => (share === null || share === undefined ? UNKNOWN : `${Math.round(share * 100)}%`);
export const direction = (share) => (!share || Math.abs(share) < 0.00005 ? "" : share > 0 ? "up" : "down");
